"""Users, for managers: the list, and one page for each with what can be changed of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from admin.api.users import person
from admin.errors import Refused
from admin.keys import CONTEXT, IDENTITY, PREVIEWS
from admin.language import N_, _, labelled, said
from admin.pages.faults import by_field
from admin.pages.render import page, saved
from admin.previewing import previews_of
from dialer.domain.errors import Conflict, InvalidInput, NotFound
from dialer.operations import staff, users
from dialer.operations.staff import Change
from dialer.store.types import AnyRow

ROLES = (
    ("manager", N_("Manager: everything")),
    ("supervisor", N_("Supervisor: sees all, publishes and unpublishes")),
    ("viewer", N_("Viewer: sees")),
    ("agent", N_("Agent: the agent page only")),
)
NEW = {"name": "", "role": "agent"}
Faults = Mapping[str, Sequence[str]]


async def index(request: web.Request) -> web.StreamResponse:
    return await _list(request)


async def create(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    typed = {name: str(form.get(name, "")).strip() for name in NEW}
    try:
        await users.create_user(request.app[CONTEXT], typed["name"], str(form.get("password", "")), typed["role"])
    except InvalidInput as error:
        return await _list(request, 422, form=typed, faults=by_field(error.faults))
    raise web.HTTPSeeOther("/users")


async def show(request: web.Request) -> web.StreamResponse:
    return _one(request, await _user(request))


async def save(request: web.Request) -> web.StreamResponse:
    """The role, and whether the user may log in."""
    form = await request.post()
    return await _change(request, Change(role=str(form.get("role", "")), disabled=form.get("enabled") != "yes"))


async def reset_password(request: web.Request) -> web.StreamResponse:
    return await _change(request, Change(password=str((await request.post()).get("password", ""))))


async def give_telephone(request: web.Request) -> web.StreamResponse:
    user, form = await _user(request), await request.post()
    try:
        await previews_of(request).give(user.name, str(form.get("agent", "")), by=request[IDENTITY].name)
    except (InvalidInput, Conflict, Refused) as error:
        return _refused(request, user, error)
    raise web.HTTPSeeOther(f"/users/{user.id}?saved=telephone")


async def remove(request: web.Request) -> web.StreamResponse:
    user = await _user(request)
    try:
        await staff.remove(request.app[CONTEXT], user.name, by=person(request))
    except Conflict as error:
        return _refused(request, user, error)
    raise web.HTTPSeeOther("/users")


async def _change(request: web.Request, change: Change) -> web.StreamResponse:
    user = await _user(request)
    try:
        await staff.edit(request.app[CONTEXT], user.name, change, by=person(request))
    except (InvalidInput, Conflict) as error:
        return _refused(request, user, error)
    raise web.HTTPSeeOther(f"/users/{user.id}?saved=yes")


async def _user(request: web.Request) -> AnyRow:
    number = int(request.match_info["user"])
    for one in await users.listed(request.app[CONTEXT]):
        if one.id == number:
            return one
    raise NotFound("user", number)


async def _list(
    request: web.Request, status: int = 200, *, form: Mapping[str, str] = NEW, faults: Faults | None = None
) -> web.Response:
    found = await users.listed(request.app[CONTEXT])
    return page(
        request,
        "users.html",
        status=status,
        section="Users",
        users=found,
        roles=labelled(ROLES),
        form=form,
        faults=faults or {},
    )


def _refused(request: web.Request, user: AnyRow, error: InvalidInput | Conflict | Refused) -> web.Response:
    if isinstance(error, InvalidInput):
        return _one(request, user, 422, by_field(error.faults))
    detail = said(error.problem.detail if isinstance(error, Refused) else str(error))
    return _one(request, user, 409, {"": [detail]})


def _notice(request: web.Request, user: AnyRow) -> str | None:
    if request.query.get("saved") == "yes":
        return _("Saved. Whoever was logged in as %(name)s is logged out.", name=user.name)
    return saved(request)


def _one(request: web.Request, user: AnyRow, status: int = 200, faults: Faults | None = None) -> web.Response:
    previews = request.app[PREVIEWS]
    known = sorted({*(previews.agents() if previews else ()), *([user.agent] if user.agent else [])})
    agents = [("", _("– none –")), *((one, one) for one in known)]
    told: dict[str, Any] = {"one": user, "roles": labelled(ROLES), "agents": agents, "faults": faults or {}}
    is_me = user.name == person(request)
    return page(
        request,
        "user.html",
        status=status,
        section="Users",
        is_me=is_me,
        notice=_notice(request, user),
        **told,
    )
