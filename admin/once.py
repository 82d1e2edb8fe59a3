"""`Idempotency-Key`: a call that creates something, sent again, creates nothing and is answered the same."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import orjson
from aiohttp import web
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from admin.keys import CONTEXT, IDENTITY
from admin.openapi import MAX_HEADER
from dialer.domain.errors import DomainError, InvalidInput
from dialer.operations import once
from dialer.operations.once import Answer, Call, Made

ONCE = "Idempotency-Key"
#: For the declaration of an operation that takes it.
HEADERS = {
    ONCE: "The same call again, with the same key and body within 24 hours, does nothing and is answered the same."
}
_KEPT_HEADERS = ("Location", "ETag")

T = TypeVar("T")


def key_of(request: web.Request) -> str | None:
    """Raises `InvalidInput`."""
    key = request.headers.get(ONCE)
    if key is not None and not (0 < len(key) <= MAX_HEADER and key.isprintable()):
        raise InvalidInput.single(ONCE, f"should be 1 to {MAX_HEADER} printable characters, such as a UUID")
    return key


async def created(
    request: web.Request, make: Callable[[Made], Awaitable[T]], tell: Callable[[T], web.Response]
) -> web.Response:
    """`make` creates it, and is given what it has to call with it in its transaction; `tell` is the answer about it."""
    key = key_of(request)
    if key is None:
        return tell(await make(once.nobody))
    ctx = request.app[CONTEXT]
    who = request[IDENTITY]  # by its digest: a token and a user may have one name
    call = Call.of(who.key or who.name, f"{request.method} {request.path}", key, await request.read())

    async def keep(tx: AsyncConnection, made: T) -> None:
        await once.keep(tx, ctx, call, _kept(tell(made)))

    if answer := await once.known(ctx, call):
        return _again(answer)
    try:
        return tell(await make(keep))
    except (DomainError, IntegrityError):
        if answer := await once.known(ctx, call):  # the same call at the same moment was faster
            return _again(answer)
        raise


def _kept(response: web.Response) -> Answer:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    body: Any = response.body
    return Answer(response.status, headers, orjson.loads(body))


def _again(answer: Answer) -> web.Response:
    return web.Response(
        body=orjson.dumps(answer.body), status=answer.status, headers=answer.headers, content_type="application/json"
    )
