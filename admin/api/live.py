"""`/live` and `/queues`: what is happening now."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import ClientConnectionResetError, web
from aiohttp_sse import EventSourceResponse, sse_response

from admin.errors import Refused
from admin.keys import CONTEXT, LIVE
from admin.openapi import Media, Operations, answer
from admin.schemas.live import QueueOut, QueuesOut
from dialer.engine.live import Live

api = Operations("live")

AT_MOST_EVERY_S = 0.25
AT_LEAST_EVERY_S = 15.0
SEND_S = 10.0
STREAMS: web.AppKey[set[asyncio.Task[Any]]] = web.AppKey("live_streams")


def install(app: web.Application) -> None:
    app[STREAMS] = set()
    app.on_shutdown.append(_end_streams)


@api("GET", "/queues", "List queues", answers={200: QueuesOut})
async def queues(request: web.Request) -> web.Response:
    """Queues and members as Asterisk reports them."""
    live = request.app[LIVE]
    snapshot = live.snapshot() if live else {}
    names = sorted(request.app[CONTEXT].engine.queues() or ())
    known = snapshot.get("queues") or [{"name": name, "members": []} for name in names]
    link = snapshot.get("link", {"state": "down", "reason": "no engine runs in this process"})
    items = [QueueOut.model_validate(queue) for queue in known]
    return answer(QueuesOut(items=items, total=len(items), next_cursor=None, link=link))


@api(
    "GET",
    "/live",
    "Agents, calls and rates as they change",
    answers={200: Media({"text/event-stream": {"type": "string"}})},
    problems=(503,),
)
async def live(request: web.Request) -> web.StreamResponse:
    """Server-sent events: each `data` is the whole picture as JSON, at most four times a second, only when it changed."""
    return await following(request, _follow)


async def following(
    request: web.Request, follow: Callable[[Live, EventSourceResponse], Awaitable[None]]
) -> web.StreamResponse:
    """A stream of events that `follow` sends until the reader leaves or the server stops. Refused (503) without an engine."""
    source = request.app[LIVE]
    task = asyncio.current_task()
    if source is None or task is None:
        raise Refused(503, "no engine runs in this process, so nothing is live")
    request.app[STREAMS].add(task)
    try:
        async with sse_response(request, send_timeout=SEND_S) as stream:
            await follow(source, stream)
    except (ClientConnectionResetError, ConnectionResetError, TimeoutError):
        pass  # the page was left, or stopped reading
    finally:
        request.app[STREAMS].discard(task)
    return stream


async def _follow(source: Live, stream: EventSourceResponse) -> None:
    with source.watch() as bell:
        while True:
            await stream.send(orjson.dumps(source.snapshot(), default=str).decode())
            await asyncio.sleep(AT_MOST_EVERY_S)
            await bell.wait(AT_LEAST_EVERY_S)


async def _end_streams(app: web.Application) -> None:
    """They would hold up the stop until its deadline."""
    for task in app[STREAMS]:
        task.cancel()
