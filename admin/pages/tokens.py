"""Tokens of programs, for managers: the list, where a new one is shown once, the form for it, and the end of one."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from aiohttp import web

from admin.keys import CONTEXT
from admin.language import N_, _, labelled
from admin.pages.faults import by_field
from admin.pages.render import page
from admin.pages.users import ROLES
from admin.shown_once import Secret, shown, then_show
from dialer.domain.errors import Fault, InvalidInput
from dialer.operations import reports, tokens, users
from dialer.operations.users import Right, Scope
from dialer.store.listing import Query

NEW = {"name": "", "role": "viewer", "campaign": "", "until": ""}
RIGHTS = (
    (Right.READ, N_("See")), (Right.OPERATE, N_("Publish and unpublish")), (Right.WRITE, N_("Create, edit and delete")),
    (Right.MANAGE, N_("Users, tokens and the audit log")), (Right.TALK, N_("Be offered contacts")),
)  # fmt: skip


async def index(request: web.Request) -> web.StreamResponse:
    return await _list(request)


async def create(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    typed = {name: str(form.get(name, "")).strip() for name in NEW}
    chosen = frozenset(Right(str(one)) for one in form.getall("right", []) if one in list(Right))
    try:
        made = await users.create_token(request.app[CONTEXT], typed["name"], typed["role"], _scope(typed, chosen))
    except InvalidInput as error:
        return await _list(request, 422, form=typed, chosen=chosen, faults=by_field(error.faults))
    raise then_show(request, "/tokens", Secret(made, typed["name"]))


async def revoke(request: web.Request) -> web.StreamResponse:
    await tokens.revoke(request.app[CONTEXT], int(request.match_info["token"]))
    raise web.HTTPSeeOther("/tokens")


def _scope(typed: Mapping[str, str], chosen: frozenset[Right]) -> Scope:
    """No right that is ticked means all of the role; the day is included."""
    campaign, until, faults = typed["campaign"], None, []
    if campaign and not (campaign.isascii() and campaign.isdigit() and len(campaign) <= 18):  # noqa: PLR2004
        faults.append(Fault("campaign", _("is no campaign; choose one of the list")))
    try:
        if typed["until"]:
            until = datetime.combine(date.fromisoformat(typed["until"]) + timedelta(days=1), time(), UTC)
    except (ValueError, OverflowError):
        faults.append(Fault("until", _("should be a day such as 2026-12-31")))
    if faults:
        raise InvalidInput(faults)
    return Scope(chosen or None, int(campaign) if campaign else None, until)


async def _list(
    request: web.Request,
    status: int = 200,
    *,
    form: Mapping[str, str] = NEW,
    chosen: frozenset[Right] = frozenset(),
    faults: Mapping[str, Sequence[str]] | None = None,
) -> web.Response:
    ctx = request.app[CONTEXT]
    campaigns = (await reports.campaigns_page(ctx, Query(limit=100, sort="title"))).items
    titles = {one.campaign.id: one.campaign.title for one in campaigns}
    choices = [
        ("", _("All campaigns")),
        *((str(key), _("Only “%(title)s”", title=title)) for key, title in titles.items()),
    ]
    return page(
        request, "tokens.html", status=status, section="Tokens", tokens=await tokens.listed(ctx), roles=labelled(ROLES),
        rights=labelled(RIGHTS),
        titles=titles, choices=choices, form=form, chosen=chosen, faults=faults or {}, made=shown(request),
        now=ctx.clock(),
    )  # fmt: skip
