"""Streams of server-sent events: many readers of few drawings, each with a bound on what is kept for it and for how long."""

import asyncio
import socket
from collections.abc import Hashable
from functools import partial
from typing import Any

from aiohttp import ClientConnectionResetError, web
from aiohttp_sse import EventSourceResponse, sse_response

from admin.drawing import Draw, Drawing
from admin.errors import Refused
from admin.keys import CONTEXT, IDENTITY, LIVE, Identity
from admin.language import spoken
from dialer.domain.errors import NotFound
from dialer.operations import users
from dialer.operations.context import Ended

# Who takes nothing for so long is not there any more.
SEND_S = 10.0
# What the system keeps for one that reads slowly; more would be pictures of the past.
SEND_BUFFER = 64 << 10
# How soon a page that was left is noticed when there is nothing to send.
LOOK_S = 2.0
# How soon a stream ends whose session or token was ended by another process.
ADMITTED_S = 15.0
# A drawing that nobody looks at is kept for whoever comes back.
KEEP_S = 60.0

STREAMS: web.AppKey[dict[asyncio.Task[Any], Identity | None]] = web.AppKey("live_streams")
TASKS: web.AppKey[set[asyncio.Task[None]]] = web.AppKey("drawing_tasks")
DRAWINGS: web.AppKey[dict[Hashable, Drawing]] = web.AppKey("drawings")


def install(app: web.Application) -> None:
    app[STREAMS], app[TASKS], app[DRAWINGS] = {}, set(), {}
    app[CONTEXT].watchers.append(partial(_end_of, app))
    app.on_shutdown.append(_end_streams)
    app.on_cleanup.append(_end_drawings)


async def shared(request: web.Request, key: Hashable, draw: Draw, at_most_every_s: float) -> web.StreamResponse:
    """A stream of the drawing with this key; `draw` must not hold anything of this request or its user.

    There is one drawing for each language that somebody reads: it begins with its first reader, so it is drawn in theirs.
    """
    drawings, key = request.app[DRAWINGS], (key, spoken.get().tag)
    if (drawing := drawings.get(key)) is None:
        drawing = drawings[key] = _drawing(request, draw, at_most_every_s)
    try:
        return await _following(request, drawing)
    finally:
        asyncio.get_running_loop().call_later(KEEP_S, _forget, drawings, key)


async def private(request: web.Request, draw: Draw, at_most_every_s: float) -> web.StreamResponse:
    """A stream for this reader alone."""
    return await _following(request, _drawing(request, draw, at_most_every_s))


def _drawing(request: web.Request, draw: Draw, at_most_every_s: float) -> Drawing:
    live = request.app[LIVE]
    if live is None:
        raise Refused(503, "no engine runs in this process, so nothing is live")
    return Drawing(draw, live.watch, at_most_every_s, request.app[TASKS])


async def _following(request: web.Request, drawing: Drawing) -> web.StreamResponse:
    """Until the reader leaves, stops reading, or the server stops."""
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a stream is served outside a task")
    request.app[STREAMS][task] = request.get(IDENTITY)
    _bound_buffer(request)
    try:
        async with sse_response(request, send_timeout=SEND_S) as stream:
            with drawing.watch(stream.last_event_id) as watcher:
                may = _Admission(request)
                while stream.is_connected() and request.transport is not None and await may.goes_on():
                    if frame := await watcher.next(LOOK_S):
                        await _send(request, stream, frame)
    except (ClientConnectionResetError, ConnectionResetError, TimeoutError):
        pass  # the page was left, or stopped reading
    except NotFound:
        pass  # what it shows was deleted
    finally:
        request.app[STREAMS].pop(task, None)
    return stream


async def _send(request: web.Request, stream: EventSourceResponse, frame: bytes) -> None:
    try:
        async with asyncio.timeout(SEND_S):
            await stream.write(frame)
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()  # a polite end would wait for the same reader
        raise


class _Admission:
    """Whether what the reader came in with is still good; asked now and then only."""

    def __init__(self, request: web.Request) -> None:
        self._ctx, self._who = request.app[CONTEXT], request.get(IDENTITY)
        self._loop = asyncio.get_running_loop()
        self._next = self._loop.time() + ADMITTED_S

    async def goes_on(self) -> bool:
        if self._who is None or self._loop.time() < self._next:
            return True
        self._next = self._loop.time() + ADMITTED_S
        return await users.still_valid(self._ctx, self._who)


def _end_of(app: web.Application, whose: Ended) -> None:
    """At once, of those whose session or token was ended in this process."""
    for task, who in app[STREAMS].items():
        if who is not None and whose(who):
            task.cancel()


def _bound_buffer(request: web.Request) -> None:
    transport = request.transport
    found = transport.get_extra_info("socket") if transport is not None else None
    if found is not None and found.family in {socket.AF_INET, socket.AF_INET6}:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)


def _forget(drawings: dict[Hashable, Drawing], key: Hashable) -> None:
    if key in drawings and not drawings[key].is_watched:
        del drawings[key]


async def _end_streams(app: web.Application) -> None:
    """They would hold up the stop until its deadline."""
    for task in app[STREAMS]:
        task.cancel()


async def _end_drawings(app: web.Application) -> None:
    """With the last reader each ends by itself, once it has read what it is reading."""
    await asyncio.gather(*app[TASKS], return_exceptions=True)
