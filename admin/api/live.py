"""`/live` and `/queues`: what is happening now."""

from collections.abc import Mapping

import orjson
from aiohttp import web

from admin import streams
from admin.errors import Refused
from admin.keys import CONTEXT, LIVE
from admin.openapi import Media, Operations, answer
from admin.schemas.live import QueueOut, QueuesOut

api = Operations("live")

AT_MOST_EVERY_S = 0.25
AT_LEAST_EVERY_S = 15.0


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
    """Server-sent events: each `data` is the whole picture as JSON, at most four times a second, only when it changed.

    Each event has an `id`. A client that comes back with it as `Last-Event-ID` hears nothing until there is something it
    has not seen.
    """
    source = request.app[LIVE]
    if source is None:
        raise Refused(503, "no engine runs in this process, so nothing is live")

    async def draw() -> tuple[Mapping[str, str], float]:
        return {"picture": orjson.dumps(source.snapshot(), default=str).decode()}, AT_LEAST_EVERY_S

    return await streams.shared(request, "api", draw, AT_MOST_EVERY_S)
