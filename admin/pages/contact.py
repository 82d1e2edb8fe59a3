"""One contact: in a campaign, with what holds it back, and in the whole system. Delivery and trail are the same on both."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from admin.keys import CONTEXT
from admin.pages import trail_words, views
from admin.pages.campaign import load
from admin.pages.render import local, page, saved
from dialer.domain.campaign import Campaign
from dialer.operations import do_not_contact, history, reports, sources, why_not
from dialer.operations.context import Context

# The newest entries of a trail that are shown; the API has all of them.
MOST_SHOWN = 500
SENDING = "sms-sending"


@dataclass(frozen=True, slots=True)
class Names:
    """What sources and custom fields are called."""

    sources: Mapping[int, str]
    fields: Mapping[str, str]


async def show(request: web.Request) -> web.StreamResponse:
    """In a campaign. With `?why` it says at once what holds the contact back; the button asks for the same."""
    parts = await in_campaign(request)
    held = await _held(request) if "why" in request.query else None
    return page(request, "campaign/contact.html", section="Campaigns", held=held, notice=saved(request), **parts)


async def why(request: web.Request) -> web.StreamResponse:
    """What holds the contact back now, as a part of its page."""
    campaign = await load(request)
    return page(
        request, "parts/contact_why.html", campaign=campaign, contact={"id": _contact(request)},
        zone=campaign.time_zone, held=await _held(request),
    )  # fmt: skip


async def show_anywhere(request: web.Request) -> web.StreamResponse:
    """In the whole system: its places in all campaigns, and all that happened to it."""
    ctx, contact_id = request.app[CONTEXT], _contact(request)
    item, entries = await asyncio.gather(history.contact(ctx, contact_id), history.trail_of(ctx, contact_id))
    zone = item["time_zone"] or "UTC"
    titles = {place["campaign_id"]: place["title"] for place in item["campaigns"]}
    names = await _names(ctx, entries)
    return page(
        request, "contact.html", section="Contacts", contact=views.contact_row(item), places=item["campaigns"],
        facts=views.person_facts(item), attributes=views.attributes(item["attributes"], names.fields),
        **await _delivery(ctx, item), zone=zone, own=None, notice=saved(request), **await _trail(ctx, entries, zone, names, titles),
    )  # fmt: skip


async def in_campaign(request: web.Request) -> dict[str, Any]:
    """What the page in a campaign shows, and its stream keeps up to date."""
    return await parts_of(request.app[CONTEXT], await load(request), _contact(request))


async def parts_of(ctx: Context, campaign: Campaign, contact_id: int) -> dict[str, Any]:
    """Raises `NotFound` for a contact that is not in the campaign."""
    item, entries = await asyncio.gather(
        history.contact_in(ctx, campaign.id, contact_id), history.trail_of(ctx, contact_id, campaign.id)
    )
    source = item["source"]
    names = await _names(ctx, entries, [source] if source else [])
    told = await _trail(ctx, entries, campaign.time_zone, names)
    own = item["time_zone"] if item["time_zone"] != campaign.time_zone else None
    return {
        "campaign": campaign,
        "contact": views.contact_row(item),
        "facts": views.contact_facts({**item, "step": told["last_step"] or item["step"]}),
        "source": {"id": source, "name": names.sources.get(source, f"#{source}")} if source else None,
        "attributes": views.attributes(item["attributes"], names.fields),
        **await _delivery(ctx, item, campaign.id),
        "zone": campaign.time_zone,
        "own": own,
        **told,
    }


async def _delivery(ctx: Context, item: Mapping[str, Any], campaign_id: int | None = None) -> dict[str, Any]:
    """What became of each address, and which of them nobody, or not this campaign, may call or text."""
    addresses = [one.address for one in item["addresses"]]
    return {"delivery": item["delivery"], "barred": await do_not_contact.barred(ctx, addresses, campaign_id)}


def _contact(request: web.Request) -> int:
    return int(request.match_info["contact"])


async def _held(request: web.Request) -> why_not.WhyNot:
    return await why_not.why_not(request.app[CONTEXT], int(request.match_info["campaign"]), _contact(request))


async def _names(ctx: Context, entries: Sequence[Mapping[str, Any]], more: Iterable[int] = ()) -> Names:
    """Of the sources that a trail tells of, and more."""
    told = {entry["data"]["source"] for entry in entries if entry["data"].get("source")}
    found, fields = await asyncio.gather(sources.names(ctx, {*told, *more}), reports.custom_fields(ctx))
    return Names(found, dict(fields))


def _named(data: Mapping[str, Any], names: Names) -> dict[str, Any]:
    """An entry's data, in which a source stands by its name, and a change of a custom field has its label."""
    made = dict(data)
    if data.get("source"):
        made["source"] = names.sources.get(data["source"], data["source"])
    if isinstance(data.get("changes"), list):
        labels = {f"attributes.{name}": label for name, label in names.fields.items()}
        made["changes"] = [{**change, "label": labels.get(change["field"])} for change in data["changes"]]
    return made


async def _trail(
    ctx: Context, entries: Sequence[Mapping[str, Any]], zone: str, names: Names, titles: Mapping[int, str] | None = None
) -> dict[str, Any]:
    """The lines of a trail, how many older ones are left out, and the name of the step where the contact stands."""
    steps = await history.step_names(ctx, entries)
    versions: dict[int, int] = {}
    lines, last = [], ""
    texts = {entry["data"].get("message"): entry["data"].get("text") for entry in entries if entry["kind"] == SENDING}
    for entry in entries:
        campaign_id, data = entry["campaign_id"], _named(entry["data"], names)
        if campaign_id and data.get("version"):
            versions[campaign_id] = data["version"]
        known = steps.get((campaign_id, versions.get(campaign_id, 0)), {})
        if entry["kind"] == "replied":
            data["answers"] = texts.get(data.get("message"))
        if data.get("node"):
            node = str(data["node"])
            data["node"] = last = known.get(node, node)
        line = trail_words.trail_line(entry["kind"], data, lambda moment: local(moment, zone))
        lines.append({"at": entry["at"], "line": line, "campaign": (titles or {}).get(campaign_id or 0)})
    return {"trail": lines[-MOST_SHOWN:], "left_out": max(0, len(lines) - MOST_SHOWN), "last_step": last}
