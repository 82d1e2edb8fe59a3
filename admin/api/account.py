"""`/account`: who asks, and what a person may change of themselves; as My account of the pages."""

from aiohttp import web

from admin import auth
from admin.keys import CONTEXT, IDENTITY
from admin.openapi import Operations, answer
from admin.schemas.users import AccountOut, PasswordIn, TimeZoneIn
from dialer.operations import staff

api = Operations("account")


@api("GET", "/account", "Say who asks", answers={200: AccountOut})
async def show(request: web.Request) -> web.Response:
    """A person or a token, and all that it may do; for everybody. The rest is for people who are logged in: a token is answered 403."""
    me = request[IDENTITY]
    sessions = await staff.sessions(request.app[CONTEXT], me.name) if me.csrf else None
    return answer(AccountOut.of(me, sessions))


@api("PUT", "/account/time-zone", "Choose the own time zone", answers={204: None})
async def set_time_zone(request: web.Request, body: TimeZoneIn) -> web.Response:
    """The one in which pages show times; null: none of one's own."""
    await staff.set_time_zone(request.app[CONTEXT], auth.account_of(request), body.time_zone)
    return web.Response(status=204)


@api("PUT", "/account/password", "Change the own password", answers={204: None}, problems=(409, 429))
async def change_password(request: web.Request, body: PasswordIn) -> web.Response:
    """All sessions end, and the answer's cookie is a new one. Wrong tries are slowed down as at the login (429)."""
    response = web.Response(status=204)
    cookie = await auth.change_password(request, auth.account_of(request), body.old, body.new)
    auth.set_cookie(request, response, cookie)
    return response


@api("DELETE", "/account/sessions", "Log out everywhere else", answers={204: None})
async def end_others(request: web.Request) -> web.Response:
    """Ends every session but the one that asks."""
    await staff.end_others(request.app[CONTEXT], auth.account_of(request))
    return web.Response(status=204)
