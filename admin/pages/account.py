"""My account, for everybody: the own password and time zone, and where one is logged in."""

from collections.abc import Mapping, Sequence

from aiohttp import web

from admin import auth
from admin.errors import Refused
from admin.keys import CONTEXT
from admin.language import N_, _, said
from admin.pages.faults import by_field
from admin.pages.render import page
from dialer.domain.errors import InvalidInput
from dialer.operations import staff

NOTICES = {
    "password": N_("The password was changed, and you are logged out everywhere else."),
    "time-zone": N_("Saved."),
    "sessions": N_("You are logged out everywhere else."),
}


async def show(request: web.Request) -> web.StreamResponse:
    return await _page(request)


async def change_password(request: web.Request) -> web.StreamResponse:
    """The old one is asked for, as seldom as at the login; the cookie is another one afterwards."""
    me, form = auth.account_of(request), await request.post()
    old, new, again = (str(form.get(name, "")) for name in ("old", "new", "again"))
    try:
        if new != again:
            raise InvalidInput.single("again", _("is not the same as the new password"))
        cookie = await auth.change_password(request, me, old, new)
    except InvalidInput as error:
        return await _page(request, 422, by_field(error.faults))
    except Refused as error:
        return await _page(request, error.problem.status, {"old": [said(error.problem.detail)]})
    answer = web.Response(status=303, headers={"Location": "/account?saved=password"})
    auth.set_cookie(request, answer, cookie)
    return answer


async def set_time_zone(request: web.Request) -> web.StreamResponse:
    name = str((await request.post()).get("time_zone", "")).strip()
    try:
        await staff.set_time_zone(request.app[CONTEXT], auth.account_of(request), name or None)
    except InvalidInput as error:
        return await _page(request, 422, {"time_zone": [said(fault.reason) for fault in error.faults]})
    raise web.HTTPSeeOther("/account?saved=time-zone")


async def end_others(request: web.Request) -> web.StreamResponse:
    await staff.end_others(request.app[CONTEXT], auth.account_of(request))
    raise web.HTTPSeeOther("/account?saved=sessions")


async def _page(
    request: web.Request, status: int = 200, faults: Mapping[str, Sequence[str]] | None = None
) -> web.Response:
    me = auth.account_of(request)
    return page(
        request, "account.html", status=status, section="My account", faults=faults or {},
        sessions=await staff.sessions(request.app[CONTEXT], me.name), zone=me.time_zone or "UTC",
        notice=said(NOTICES.get(request.query.get("saved", ""), "")),
    )  # fmt: skip
