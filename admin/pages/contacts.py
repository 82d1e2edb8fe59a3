"""A campaign's contacts: the list, and one contact with its delivery, its trail, and what holds it back now."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from admin.keys import CONTEXT
from admin.pages import trail_words, views
from admin.pages.campaign import load
from admin.pages.lists import ListView, wanted
from admin.pages.render import local, page
from dialer.domain.campaign import Campaign
from dialer.operations import history, reports, why_not
from dialer.store.listing import Query

DEFAULT_SORT = "id"
COLUMNS = (
    ("last_name", "Name"),
    ("", "Number"),
    ("status", "Status"),
    ("result", "Result"),
    ("attempts", "Attempts"),
    ("next_due_at", "Next due"),
    ("stop_reason", "Stopped because"),
)
# How many calls and texts of one contact are shown; the API has the rest.
MOST_SHOWN = 100


async def index(request: web.Request) -> web.StreamResponse:
    campaign, looked = await load(request), wanted(request, DEFAULT_SORT)
    found = await reports.contacts_page(request.app[CONTEXT], looked.query(), campaign.id)
    view = ListView(looked, [views.contact_row(item) for item in found.items], found.total, found.next_cursor)
    return page(
        request, "campaign/contacts.html", section="Campaigns", tab="Contacts",
        campaign=campaign, list=view, columns=COLUMNS,
    )  # fmt: skip


async def show(request: web.Request) -> web.StreamResponse:
    ctx, campaign, contact_id = request.app[CONTEXT], await load(request), int(request.match_info["contact"])
    item = await reports.contact_in(ctx, campaign.id, contact_id)
    own = _of(campaign, contact_id)
    attempts, messages, trail, held = await asyncio.gather(
        reports.attempts_page(ctx, own),
        reports.messages_page(ctx, own),
        history.trail_of(ctx, contact_id, campaign.id),
        why_not.why_not(ctx, campaign.id, contact_id),
    )
    return page(
        request, "campaign/contact.html", section="Campaigns", campaign=campaign, zone=campaign.time_zone,
        contact=views.contact_row(item), facts=views.contact_facts(item),
        addresses=[(known.address, known.channels()) for known in item["addresses"]],
        attributes=sorted(item["attributes"].items()), attempts=attempts.items, messages=messages.items,
        trail=_told(trail, campaign.time_zone), held=held,
    )  # fmt: skip


def _of(campaign: Campaign, contact_id: int) -> Query:
    return Query(limit=MOST_SHOWN, filters=(f"contact_id:eq:{contact_id}", f"campaign_id:eq:{campaign.id}"))


def _told(trail: Sequence[Mapping[str, Any]], zone: str) -> list[dict[str, Any]]:
    def shown(moment: Any) -> str:
        return local(moment, zone)

    return [{"at": entry["at"], "line": trail_words.trail_line(entry["kind"], entry["data"], shown)} for entry in trail]
