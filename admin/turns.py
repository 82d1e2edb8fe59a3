"""Reads over the API take turns, so that a program that asks without pause takes no call's time: the dialer has the same processor.

So many are answered at once, and after each its place rests as long as it took. Who comes meanwhile waits, in order; who finds
too many waiting is told to come again. Nothing that changes anything waits: an unpublish must get through.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.typedefs import Handler

from admin.errors import Refused
from admin.openapi import BASE

AT_ONCE, MOST_WAITING = 3, 500
# Of how long an answer took, but no longer than that: a search of seconds is the database's time, not the dialer's.
REST, LONGEST_REST_S = 0.5, 0.02
# A file that is read slowly, or a search of many seconds, keeps nobody else from reading for longer.
LONGEST_S = 1.0
STREAM = f"{BASE}/live"


class Turns:
    def __init__(self, at_once: int = AT_ONCE, most_waiting: int = MOST_WAITING) -> None:
        self._places, self._most_waiting, self._waiting = asyncio.Semaphore(at_once), most_waiting, 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Raises `Refused` (503) when too many wait."""
        if self._waiting >= self._most_waiting:
            raise Refused(
                503, f"{self._waiting} reads wait for an answer; come again in a second", {"Retry-After": "1"}
            )
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
        place = _Place(self._places)
        try:
            yield
        finally:
            place.leave()


class _Place:
    """Given back once: a rest after it is left, or when it was held for as long as anybody may."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places, self._loop = places, asyncio.get_running_loop()
        self._began = self._loop.time()
        self._kept = True
        self._end = self._loop.call_later(LONGEST_S, self._give_back)

    def leave(self) -> None:
        rest = min(LONGEST_REST_S, REST * (self._loop.time() - self._began))
        self._end.cancel()
        self._loop.call_later(rest, self._give_back)

    def _give_back(self) -> None:
        if self._kept:
            self._kept = False
            self._places.release()


TURNS = web.AppKey("turns", Turns)


@web.middleware
async def take_turns(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Before the login, which costs a read itself."""
    if request.method not in {"GET", "HEAD"} or not request.path.startswith(f"{BASE}/") or request.path == STREAM:
        return await handler(request)
    async with request.app[TURNS].turn():
        return await handler(request)
