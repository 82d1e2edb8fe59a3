"""`/users`: who may come in, and whose telephone is whose; for managers."""

from aiohttp import web

from admin.keys import CONTEXT, IDENTITY
from admin.openapi import Operations, answer, etag, if_match
from admin.previewing import previews_of
from admin.schemas.users import TelephoneIn, UserIn, UserOut, UserPatch, UsersOut
from dialer.operations import staff, users
from dialer.operations.staff import Change

api = Operations("users")


@api("GET", "/users", "List users", answers={200: UsersOut})
async def listing(request: web.Request) -> web.Response:
    """By name; for managers."""
    return await _all(request)


@api("POST", "/users", "Create a user", answers={201: UserOut})
async def create(request: web.Request, body: UserIn) -> web.Response:
    await users.create_user(request.app[CONTEXT], body.name, body.password, body.role)
    return await _shown(request, body.name, 201)


@api(
    "PATCH",
    "/users/{name}",
    "Change a user's role or password, disable or enable",
    answers={200: UserOut},
    problems=(409,),
)
async def edit(request: web.Request, name: str, body: UserPatch) -> web.Response:
    """The user's sessions end at once. 409 for the last manager who can log in, and for a person who changes themselves."""
    change = Change(body.role, body.disabled, body.password)
    await staff.edit(request.app[CONTEXT], name, change, by=person(request), revision=if_match(request))
    return await _shown(request, name)


@api("DELETE", "/users/{name}", "Delete a user", answers={204: None}, problems=(409,), versioned=True)
async def delete(request: web.Request, name: str) -> web.Response:
    """With all sessions. 409 for the last manager who can log in, and for oneself."""
    await staff.remove(request.app[CONTEXT], name, by=person(request), revision=if_match(request))
    return web.Response(status=204)


@api("PUT", "/users/{name}/agent", "Say which telephone is a user's", answers={200: UsersOut}, problems=(409,))
async def give(request: web.Request, name: str, body: TelephoneIn) -> web.Response:
    """The user is not ready any more, and the log says who did it (`telephone_given`); 409 while a contact is offered to the user."""
    await previews_of(request).give(name, body.agent or "", by=request[IDENTITY].name)
    return await _all(request)


def person(request: web.Request) -> str | None:
    """The user who asks; None for a program."""
    caller = request[IDENTITY]
    return caller.name if caller.csrf else None


async def _shown(request: web.Request, name: str, status: int = 200) -> web.Response:
    found = UserOut.of(next(one for one in await users.listed(request.app[CONTEXT]) if one.name == name))
    return answer(found, status, etag(found.revision))


async def _all(request: web.Request) -> web.Response:
    found = await users.listed(request.app[CONTEXT])
    return answer(UsersOut(items=[UserOut.of(one) for one in found]))
