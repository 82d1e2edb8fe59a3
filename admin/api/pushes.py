"""The REST source: `POST /campaigns/{campaign_id}/contacts`, and the key that opens it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict

import orjson
from aiohttp import web

from admin.errors import Refused, malformed, too_large
from admin.keys import CONTEXT, LARGE, PUSHES
from admin.once import HEADERS, key_of
from admin.openapi import BASE, Media, Operations, answer
from admin.schemas.pushes import AnsweredOut, KeyOut, PushedOut, counts
from dialer.domain.errors import InvalidInput
from dialer.intake.pushed import LARGE_BYTES, MOST_ITEMS, UnreadableBodyError, opened
from dialer.operations import pushes, rest_keys
from dialer.operations.pushes import Item, Once, StillRunning

api = Operations("REST source")

MAX_MB = 16
CHUNK = 1 << 18
STALLED_S = 30.0
_CONTACT = {"type": "object", "additionalProperties": True, "examples": [{"phone": "+12025550123", "city": "Bonn"}]}
_BODY = Media({"application/json": {"oneOf": [_CONTACT, {"type": "array", "maxItems": MOST_ITEMS}]}})


@api(
    "POST",
    "/campaigns/{campaign_id}/contacts",
    "Push contacts",
    answers={200: AnsweredOut, 201: PushedOut},
    problems=(409, 429),
    sends=_BODY,
    headers=HEADERS,
)
async def push(request: web.Request, campaign_id: int) -> web.Response:
    """One object, or a list of up to 10,000; a token's or the campaign's own key opens it.

    Keys are those of CSV columns (`phone`, `mobile`, `sms`, `email`, `first_name`, `last_name`, `name`, `time_zone`,
    `external_id`), `addresses` and `attributes` as a contact is read; any other is an attribute. A single contact is
    answered 201 when it was created, 200 when it was merged and 422 when it was refused; a list always 200, with every
    item's result in its order. A call that a crash cut off goes on where it was when it is repeated with its key.
    """
    ctx, once = request.app[CONTEXT], key_of(request)
    _check_type(request)
    rules = await pushes.rules(ctx, campaign_id)
    _check_rate(request, campaign_id)
    async with _content(request) as content:
        try:
            async with opened(content, rules) as body:
                request.app[PUSHES].came(campaign_id, body.total, asyncio.get_running_loop().time())
                items = await pushes.push(ctx, campaign_id, body, Once.of(once, content) if once else None)
        except UnreadableBodyError as error:
            raise (InvalidInput.single("body", str(error)) if error.is_json else malformed(str(error))) from None
        except StillRunning as error:
            raise Refused(409, str(error), {"Retry-After": str(error.retry_after_s)}) from None
    return _single(items[0]) if body.single else await _batch(items)


@api("GET", "/campaigns/{campaign_id}/key", "Read the key of a REST source", answers={200: KeyOut})
async def read_key(request: web.Request, campaign_id: int) -> web.Response:
    """The campaign's own key, which opens the push of contacts and nothing else; for managers."""
    return _key(campaign_id, await rest_keys.get(request.app[CONTEXT], campaign_id))


@api("POST", "/campaigns/{campaign_id}/key", "Change the key of a REST source", answers={200: KeyOut})
async def renew_key(request: web.Request, campaign_id: int) -> web.Response:
    """From now on only the new one opens it."""
    return _key(campaign_id, await rest_keys.renew(request.app[CONTEXT], campaign_id))


def _key(campaign_id: int, key: str) -> web.Response:
    return answer(KeyOut(key=key, endpoint=f"{BASE}/campaigns/{campaign_id}/contacts"))


def _check_type(request: web.Request) -> None:
    if request.content_type != "application/json" and not request.content_type.endswith("+json"):
        raise Refused(415, "send the body as `Content-Type: application/json`")
    if request.content_length is not None and request.content_length > MAX_MB << 20:
        raise too_large(MAX_MB)


def _check_rate(request: web.Request, campaign_id: int) -> None:
    wait_s = request.app[PUSHES].wait_s(campaign_id, asyncio.get_running_loop().time())
    if wait_s:
        detail = f"more contacts than this campaign takes at a time: go on in {wait_s} s"
        raise Refused(429, detail, {"Retry-After": str(wait_s)})


@asynccontextmanager
async def _content(request: web.Request) -> AsyncIterator[bytes]:
    """The body; a large one waits until there is room for it."""
    if request.content_length is not None and request.content_length < LARGE_BYTES:
        yield await _read(request)
        return
    async with request.app[LARGE]:
        yield await _read(request)


async def _read(request: web.Request) -> bytes:
    content = bytearray()
    try:
        async with asyncio.timeout(STALLED_S):
            while chunk := await request.content.read(CHUNK):
                content += chunk
                if len(content) > MAX_MB << 20:
                    raise too_large(MAX_MB)
    except TimeoutError:
        raise Refused(408, f"the body did not come within {STALLED_S:.0f} s") from None
    return bytes(content)


def _single(item: Item) -> web.Response:
    if item.reason is not None:
        raise InvalidInput.single("contact", item.reason)
    return answer(PushedOut.of(0, item), 201 if item.result == "created" else 200)


async def _batch(items: Sequence[Item]) -> web.Response:
    return web.Response(body=await asyncio.to_thread(_written, items), content_type="application/json")


def _written(items: Sequence[Item]) -> bytes:
    """As a `PushOut`: ten thousand models would keep the dialer waiting."""
    told = [{"index": index, **asdict(item)} for index, item in enumerate(items)]
    return orjson.dumps({**counts(items), "items": told})
