"""One campaign: its overview, its settings, and a clone that is not saved yet."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from aiohttp import web

from admin.keys import CONTEXT, IDENTITY, LIVE
from admin.language import _, said
from admin.pages import draft_words, forms, rates, stale, views, words
from admin.pages.faults import by_field
from admin.pages.render import page, saved, to_html
from dialer.domain.campaign import Campaign
from dialer.domain.errors import Fault, IllegalTransition, Incomplete, InvalidInput, StaleEdit
from dialer.domain.rules.catalogue import NONE, packs
from dialer.domain.windows import WEEK
from dialer.operations import campaigns, gateways, metering
from dialer.store.listing import Query


def campaign_id(request: web.Request) -> int:
    return int(request.match_info["campaign"])


async def load(request: web.Request) -> Campaign:
    """The campaign the address names; raises `NotFound`."""
    return await campaigns.get(request.app[CONTEXT], campaign_id(request))


async def show(request: web.Request) -> web.StreamResponse:
    return await overview(request)


async def overview(request: web.Request, *, status: int = 200, refused: Any = None) -> web.Response:
    campaign = await load(request)
    parts = await live_parts(request.app, campaign)
    return page(
        request, "campaign/overview.html", status=status, section="Campaigns", tab="Overview", refused=refused,
        kept_draft=await draft_words.notice(request.app[CONTEXT], campaign), **parts,
        **await rates.shown(request.app[CONTEXT], campaign),
    )  # fmt: skip


async def live_parts(app: web.Application, campaign: Campaign) -> dict[str, Any]:
    """What the overview shows and the stream keeps up to date."""
    ctx, live = app[CONTEXT], app[LIVE]
    snapshot = live.snapshot() if live else views.NO_LIVE
    counted = await views.counts(ctx, campaign)
    return {
        "campaign": campaign,
        **counted,
        "readiness": await views.readiness(ctx, campaign),
        **views.picture(ctx, campaign, snapshot, counted["counts"]),
        "meter": (await metering.meters(ctx, [campaign]))[campaign.id],
    }


async def readiness(request: web.Request, campaign: Campaign) -> dict[str, Any]:
    """What publishing still needs, as the part of that name takes it."""
    ctx = request.app[CONTEXT]
    return {"readiness": await views.readiness(ctx, campaign), "counts": (await views.counts(ctx, campaign))["counts"]}


# -- settings ---------------------------------------------------------------------------------------------------------


async def settings(request: web.Request) -> web.StreamResponse:
    campaign = await load(request)
    form = {**forms.shown_fields(_fields(campaign)), "revision": campaign.revision}
    return await _settings_page(request, campaign, form)


async def save(request: web.Request) -> web.StreamResponse:
    """Store the settings; whatever speaks against it stands at its field, and nothing is stored then (C3)."""
    ctx, campaign = request.app[CONTEXT], await load(request)
    form = await request.post()
    fields, faults = forms.read(form)
    try:
        if faults:
            raise InvalidInput([*faults, *await campaigns.check(ctx, campaign.id, fields)])
        await campaigns.edit(ctx, campaign.id, fields, forms.revision(form))
    except (InvalidInput, Incomplete) as error:
        return await _settings_page(request, campaign, forms.typed_in(form), error.faults, 422)
    except IllegalTransition as error:
        return await _settings_page(request, campaign, forms.typed_in(form), [Fault("", str(error))], 409)
    except StaleEdit:
        return await _stale_page(request, await load(request), forms.typed_in(form))
    raise web.HTTPSeeOther(f"/campaigns/{campaign.id}/settings?saved=1")


async def check(request: web.Request) -> web.StreamResponse:
    """While typing: what a save would refuse, field by field. Answers with the place for faults of every field."""
    fields, faults = forms.read(await request.post())
    found = await campaigns.check(request.app[CONTEXT], campaign_id(request), fields)
    reasons = by_field([*faults, *found], forms.FIELDS)
    told = to_html(request, "parts/faults.html", names=forms.FIELDS, faults=reasons)
    rules = to_html(request, "parts/rules.html", oob=True, **await _rules(request, fields))
    return web.Response(text=told + rules, content_type="text/html")


async def _rules(request: web.Request, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The chosen pack in words, and what does not fit to it."""
    warned = await campaigns.warnings(request.app[CONTEXT], campaign_id(request), fields)
    return {"rules": packs().get(fields.get("rule_pack", NONE)), "rule_warnings": warned}


async def clone(request: web.Request) -> web.StreamResponse:
    """A copy in the form; nothing is stored until it is saved (C11)."""
    fields, *_ = await campaigns.clone(request.app[CONTEXT], campaign_id(request))
    return await _draft_page(request, forms.shown_fields(fields))


async def save_clone(request: web.Request) -> web.StreamResponse:
    ctx, form = request.app[CONTEXT], await request.post()
    fields, faults = forms.read(form)
    _copied, strategy, drawings = await campaigns.clone(ctx, campaign_id(request))
    try:
        if faults:
            raise InvalidInput(faults)
        made = await campaigns.create(ctx, fields, strategy, replace(drawings, by=request[IDENTITY].name))
    except InvalidInput as error:
        return await _draft_page(request, forms.typed_in(form), error.faults, 422)
    raise web.HTTPSeeOther(f"/campaigns/{made.id}/settings?saved=1")


async def _draft_page(
    request: web.Request, form: Mapping[str, Any], faults: Sequence[Fault] = (), status: int = 200
) -> web.Response:
    choices = await _choices(request, form)
    context = {"campaign": None, "draft": campaign_id(request), "form": form, "faults": by_field(faults, forms.FIELDS)}
    return page(request, "campaign/settings.html", status=status, section="Campaigns", **context, **choices)


async def _stale_page(request: web.Request, campaign: Campaign, form: Mapping[str, Any]) -> web.Response:
    again = f"/campaigns/{campaign.id}/settings"
    found = await stale.told(
        request, "campaign", campaign.id, name=campaign.title, revision=campaign.revision, again=again
    )
    return await _settings_page(request, campaign, form, status=409, stale=found)


async def _settings_page(
    request: web.Request,
    campaign: Campaign,
    form: Mapping[str, Any],
    faults: Sequence[Fault] = (),
    status: int = 200,
    **more: Any,
) -> web.Response:
    context = {
        "campaign": campaign,
        "draft": None,
        "form": form,
        "faults": by_field(faults, forms.FIELDS),
        "notice": None if faults else saved(request),
    }
    choices = await _choices(request, form)
    still = await readiness(request, campaign)
    return page(
        request,
        "campaign/settings.html",
        status=status,
        section="Campaigns",
        tab="Settings",
        **context,
        **choices,
        **still,
        **more,
    )


async def _choices(request: web.Request, form: Mapping[str, Any]) -> dict[str, Any]:
    """What there is to choose from. A choice that is gone stays visible, so that saving does not change it silently."""
    ctx = request.app[CONTEXT]
    rows = (await gateways.page(ctx, Query(limit=100))).items
    reported = ctx.engine.queues()
    return {
        "days": [(day, words.day(day)) for day in WEEK],
        "modes": forms.modes(),
        "queues": _options(((name, name) for name in sorted(reported or ())), form["queue"]),
        "queue_hint": "" if reported is not None else _("Asterisk can't be asked for its queues now."),
        "voice_gateways": _options(_of_kind(rows, "voice"), form["voice_gateway"]),
        "sms_gateways": _options(_of_kind(rows, "sms"), form["sms_gateway"]),
        "rule_packs": [(one.id, said(one.name)) for one in packs().values()],
        **await _rules(request, {"rule_pack": form["rule_pack"]}),
    }


def _of_kind(rows: Sequence[Mapping[str, Any]], kind: str) -> list[tuple[str, str]]:
    return [(row["id"], row["name"]) for row in rows if row["kind"] == kind]


def _options(known: Any, chosen: str | None) -> list[tuple[str, str]]:
    choices = [("", _("– none –")), *known]
    if chosen and chosen not in dict(choices):
        choices.append((chosen, _("%(chosen)s (not there now)", chosen=chosen)))
    return choices


def _fields(campaign: Campaign) -> dict[str, Any]:
    return {name: getattr(campaign, name) for name in Campaign.__dataclass_fields__}
