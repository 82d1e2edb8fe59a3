"""`comms`: the editor's WebSocket. It hears how many contacts stand at each node, and that somebody else has deployed."""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from admin.auth import COOKIE
from admin.errors import Refused
from admin.keys import CONTEXT, IDENTITY, LIVE
from admin.pages.campaign import load
from admin.streams import STREAMS
from admin.studio import standing
from dialer.engine.bell import Bell
from dialer.engine.live import Live
from dialer.operations import counting, flows, users
from dialer.operations.context import Context

HEARTBEAT_S = 15.0
# A look costs a count of the campaign's contacts: after each a pause of at least this many times its length.
REST, AT_MOST_EVERY_S, AT_LEAST_EVERY_S = 5.0, 0.4, 2.0
RARELY = 20.0  # the same for a look at the flow, which may be large
SEND_S = 10.0
DEPLOYS = "notification/runtime-deploy"
LARGEST = 64 << 10  # the editor sends topics and nothing else


async def comms(request: web.Request) -> web.StreamResponse:
    campaign, task, streams = await load(request), asyncio.current_task(), request.app[STREAMS]
    _refuse_other_sites(request)
    socket = web.WebSocketResponse(heartbeat=30.0, max_msg_size=LARGEST)
    await socket.prepare(request)
    with _watching(request.app[LIVE]) as bell:
        teller = Teller(request.app[CONTEXT], campaign.id, socket, bell, request.cookies.get(COOKIE))
        telling = asyncio.create_task(teller.run(), name=f"studio {campaign.id}")
        if task is not None:
            streams[task] = request.get(IDENTITY)  # ended when the server stops
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await teller.hear(message.data)
        finally:
            teller.stop()
            if task is not None:
                streams.pop(task, None)
            await _to_its_end(telling)
    return socket


async def _to_its_end(telling: asyncio.Task[None]) -> None:
    """A look at the database is not broken off, not even when the request is cancelled meanwhile."""
    cancelled: asyncio.CancelledError | None = None
    while not telling.done():
        try:
            await asyncio.wait([telling])
        except asyncio.CancelledError as error:
            cancelled = error
    telling.result()
    if cancelled is not None:
        raise cancelled


class Teller:
    """What one open editor is told, and what of it has been told already."""

    def __init__(
        self, ctx: Context, campaign_id: int, socket: web.WebSocketResponse, bell: Bell, cookie: str | None
    ) -> None:
        self._ctx, self._campaign, self._socket, self._bell, self._cookie = ctx, campaign_id, socket, bell, cookie
        self._rev: str | None = None
        self._asked = False  # which revision is deployed
        self._drawn = standing.Drawn()
        self._told: dict[str, standing.Status] = {}
        self._over = asyncio.Event()

    def stop(self) -> None:
        self._over.set()
        self._bell.ring()

    async def hear(self, text: str) -> None:
        """Whoever subscribes is told everything again. The session came with the request, so a token proves nothing more."""
        try:
            said = orjson.loads(text)
        except orjson.JSONDecodeError:
            return
        if not isinstance(said, dict):
            return
        if "auth" in said:
            await self._send({"auth": "ok"})
        if "subscribe" in said:
            self._told = {}
            self._asked |= said["subscribe"] == DEPLOYS
            self._bell.ring()

    async def run(self) -> None:
        """Until the page is left. A reader that is too slow is closed; the editor connects again by itself."""
        loop = asyncio.get_running_loop()
        beat = look_at = 0.0
        try:
            while not self._socket.closed and not self._over.is_set():
                began = loop.time()
                messages: list[dict[str, Any]] = []
                if began >= beat:
                    if self._cookie and not await users.still_in(self._ctx, self._cookie):
                        break  # logged out, in this window or another
                    messages.append({"topic": "hb", "data": int(time.time() * 1000)})
                    beat = began + HEARTBEAT_S
                if began >= look_at:
                    messages += await self._deployed()
                    look_at = loop.time() + max(AT_LEAST_EVERY_S, RARELY * (loop.time() - began))
                messages += await self._moved()
                if messages:
                    await self._send(messages)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._over.wait(), max(AT_MOST_EVERY_S, REST * (loop.time() - began)))
                await self._bell.wait(AT_LEAST_EVERY_S)
        except (ConnectionError, TimeoutError):
            pass
        finally:
            await self._socket.close()

    async def _deployed(self) -> list[dict[str, Any]]:
        flow, rev = await flows.read(self._ctx, self._campaign)
        before, self._rev = self._rev, rev
        asked, self._asked = self._asked, False
        if rev != before:
            self._drawn = standing.drawn(flow)
        is_news = rev != before and before is not None
        return [{"topic": DEPLOYS, "data": {"revision": rev}}] if is_news or asked else []

    async def _moved(self) -> list[dict[str, Any]]:
        """The nodes whose numbers are others than were told; an empty status takes the words away."""
        counts = await counting.by_step(self._ctx, self._campaign)
        now = standing.statuses(self._drawn, counts)
        gone: dict[str, standing.Status] = {node: {} for node in self._told if node not in now}
        news = {node: status for node, status in {**gone, **now}.items() if self._told.get(node) != status}
        self._told = now
        return [{"topic": f"status/{node}", "data": status} for node, status in news.items()]

    async def _send(self, message: object) -> None:
        await asyncio.wait_for(self._socket.send_str(orjson.dumps(message).decode()), SEND_S)


@contextlib.contextmanager
def _watching(live: Live | None) -> Iterator[Bell]:
    """Rings when something changed; without an engine in this process there is only the clock."""
    if live is None:
        yield Bell()
        return
    with live.watch() as bell:
        yield bell


def _refuse_other_sites(request: web.Request) -> None:
    """A browser sends cookies with a WebSocket from any site, and no CSRF token: its `Origin` is all there is."""
    origin = request.headers.get("Origin")
    if origin is not None and origin.partition("://")[2] != request.host:
        raise Refused(403, "this came from another site")
