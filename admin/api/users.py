"""`/users`: who may come in, and whose telephone is whose. Users are made with the command `dialer user create`."""

from aiohttp import web

from admin.keys import CONTEXT, IDENTITY
from admin.openapi import Operations, answer
from admin.previewing import previews_of
from admin.schemas.users import TelephoneIn, UserOut, UsersOut
from dialer.operations import users

api = Operations("users")


@api("GET", "/users", "List users", answers={200: UsersOut})
async def listing(request: web.Request) -> web.Response:
    """By name; for managers."""
    return await _all(request)


@api("PUT", "/users/{name}/agent", "Say which telephone is a user's", answers={200: UsersOut}, problems=(409,))
async def give(request: web.Request, name: str, body: TelephoneIn) -> web.Response:
    """The user is not ready any more, and the log says who did it (`telephone_given`); 409 while a contact is offered to the user."""
    await previews_of(request).give(name, body.agent or "", by=request[IDENTITY].name)
    return await _all(request)


async def _all(request: web.Request) -> web.Response:
    found = await users.listed(request.app[CONTEXT])
    return answer(UsersOut(items=[UserOut(name=one.name, role=one.role, agent=one.agent) for one in found]))
