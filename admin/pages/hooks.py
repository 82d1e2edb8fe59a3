"""Event webhooks: the list, one form, and what became of each delivery. A secret is shown once."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from admin.keys import CONTEXT, IDENTITY
from admin.language import _, said
from admin.pages import stale, words
from admin.pages.faults import by_field
from admin.pages.forms import read_from, revision
from admin.pages.lists import ListView, wanted
from admin.pages.render import page, saved
from admin.schemas.hooks import hint
from admin.shown_once import Secret, shown, then_show
from dialer.domain.errors import Conflict, Fault, InvalidInput, StaleEdit
from dialer.domain.hooks import TOLD
from dialer.domain.transitions import DeliveryState
from dialer.operations import hooks, reports
from dialer.operations.context import Context
from dialer.store.listing import Query
from dialer.store.types import AnyRow

SECTION = "Webhooks"
FIELDS = ("name", "url", "campaign_id", "enabled")
NEW: Mapping[str, Any] = {"name": "", "url": "", "campaign_id": "", "enabled": "yes", "events": ()}
LONGEST_NAME, LONGEST_ID = 200, 18


def _states() -> list[tuple[str, str]]:
    """Conditions on the state of deliveries, in words."""
    known = ((f"state:eq:{state.value}", words.upper_first(words.plain(state))) for state in DeliveryState)
    return [("", _("All")), *known]


async def index(request: web.Request) -> web.StreamResponse:
    ctx = request.app[CONTEXT]
    rows = (await hooks.page(ctx, Query(limit=100, sort="name"))).items
    return page(request, "webhooks.html", section=SECTION, webhooks=rows, titles=await _titles(ctx))


async def new(request: web.Request) -> web.StreamResponse:
    return await _form(request, NEW)


async def create(request: web.Request) -> web.StreamResponse:
    form = await _typed(request)
    try:
        row = await hooks.create(request.app[CONTEXT], _fields(form))
    except InvalidInput as error:
        return await _form(request, form, error.faults, 422)
    raise then_show(request, f"/webhooks/{row.id}", Secret(row.secret))


async def show(request: web.Request) -> web.StreamResponse:
    return await _stored(request, await _row(request))


async def save(request: web.Request) -> web.StreamResponse:
    row, form = await _row(request), await _typed(request)
    try:
        await hooks.edit(request.app[CONTEXT], row.id, _fields(form), revision(await request.post()))
    except InvalidInput as error:
        return await _stored(request, row, form, error.faults, status=422)
    except StaleEdit:
        row = await _row(request)
        found = await stale.told(
            request, "webhook", row.id, name=row.name, revision=row.revision, again=f"/webhooks/{row.id}"
        )
        return await _stored(request, row, form, status=409, stale=found)
    raise web.HTTPSeeOther(f"/webhooks/{row.id}?saved=1")


async def renew(request: web.Request) -> web.StreamResponse:
    row = await hooks.renew_secret(request.app[CONTEXT], (await _row(request)).id)
    raise then_show(request, f"/webhooks/{row.id}", Secret(row.secret))


async def remove(request: web.Request) -> web.StreamResponse:
    await hooks.remove(request.app[CONTEXT], (await _row(request)).id)
    raise web.HTTPSeeOther("/webhooks")


async def test(request: web.Request) -> web.StreamResponse:
    row = await _row(request)
    try:
        await hooks.test(request.app[CONTEXT], row.id, request[IDENTITY].name)
    except Conflict as error:
        return await _stored(request, row, None, [Fault("", str(error))], status=409)
    raise web.HTTPSeeOther(f"/webhooks/{row.id}#deliveries")


async def resend(request: web.Request) -> web.StreamResponse:
    row = await _row(request)
    try:
        await hooks.resend(request.app[CONTEXT], row.id, int(request.match_info["delivery"]))
    except Conflict as error:
        return await _stored(request, row, None, [Fault("", str(error))], status=409)
    raise web.HTTPSeeOther(f"/webhooks/{row.id}#deliveries")


async def _row(request: web.Request) -> AnyRow:
    return await hooks.get(request.app[CONTEXT], int(request.match_info["webhook"]))


async def _typed(request: web.Request) -> dict[str, Any]:
    form = await request.post()
    typed = {name: str(form.get(name, "")).strip() for name in FIELDS}
    events = tuple(str(one) for one in form.getall("events", ()))
    return {**typed, "events": events, "revision": read_from(form)}


def _fields(form: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed as fields of the operation; raises `InvalidInput` for what none can be."""
    campaign = form["campaign_id"]
    if len(form["name"]) > LONGEST_NAME or not form["name"].isprintable():
        raise InvalidInput.single("name", _("should be at most %(most)s printable characters", most=LONGEST_NAME))
    if campaign and not (campaign.isascii() and campaign.isdigit() and len(campaign) <= LONGEST_ID):
        raise InvalidInput.single("campaign_id", _("is no campaign; choose one of the list"))
    return {
        "name": form["name"], "url": form["url"], "events": form["events"], "enabled": bool(form["enabled"]),
        "campaign_id": int(campaign) if campaign else None,
    }  # fmt: skip


def _of_row(row: AnyRow) -> dict[str, Any]:
    return {
        "name": row.name, "url": row.url, "events": tuple(row.events), "enabled": row.enabled,
        "campaign_id": str(row.campaign_id or ""), "revision": row.revision,
    }  # fmt: skip


async def _titles(ctx: Context) -> dict[int, str]:
    rows = (await reports.campaigns_page(ctx, Query(limit=100, sort="title"))).items
    return {one.campaign.id: one.campaign.title for one in rows}


async def _stored(
    request: web.Request,
    row: AnyRow,
    form: Mapping[str, Any] | None = None,
    faults: Sequence[Fault] = (),
    *,
    status: int = 200,
    **told: Any,
) -> web.Response:
    looked = wanted(request, "-id")
    query = looked.query() if request.method == "GET" else Query()
    found = await hooks.deliveries_page(request.app[CONTEXT], row.id, query)
    view = ListView(looked, found.items, found.total, found.next_cursor)
    states = _states()
    state = next((one for one in view.given if one in dict(states)), "")
    more = {"row": row, "hint": hint(row.secret), "list": view, "states": states, "state": state}
    more |= {"secret": shown(request), "notice": saved(request), **told}
    return await _form(request, form or _of_row(row), faults, status, **more)


async def _form(
    request: web.Request, form: Mapping[str, Any], faults: Sequence[Fault] = (), status: int = 200, **more: Any
) -> web.Response:
    titles = await _titles(request.app[CONTEXT])
    choices = [
        ("", _("All campaigns")),
        *((str(key), _("Only “%(title)s”", title=title)) for key, title in titles.items()),
    ]
    if form["campaign_id"] and form["campaign_id"] not in dict(choices):
        choices.append((form["campaign_id"], _("Only campaign %(id)s", id=form["campaign_id"])))
    allowed = sorted(request.app[CONTEXT].settings.webhooks.allowed_hosts)
    known = {"row": None, "secret": None, "list": None, **more}
    return page(
        request, "webhook.html", status=status, section=SECTION, form=form, faults=by_field(faults), choices=choices,
        told={kind: said(meaning) for kind, meaning in TOLD.items()},
        allowed=allowed, **known,
    )  # fmt: skip
