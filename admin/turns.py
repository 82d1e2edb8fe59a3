"""Reads over the API take turns, so that a program that asks without pause takes no call's time: the dialer has the same processor.

So many are answered at once, and after each its place rests as long as it took. Who comes meanwhile waits, in order; who finds
too many waiting is told to come again. Nothing that changes anything waits: an unpublish must get through.

Who asks for the same page of a list, with the same token, as somebody who still waits gets the same answer: it is read after
both have asked, so it is as fresh as each of them may expect.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.typedefs import Handler
from multidict import CIMultiDict

from admin.errors import Refused
from admin.openapi import Operation, takes_turns
from admin.schemas.common import ListQuery
from dialer.domain.said import Said

AT_ONCE, MOST_WAITING = 3, 500
# Of how long an answer took, but no longer than that: a search of seconds is the database's time, not the dialer's.
REST, LONGEST_REST_S = 0.5, 0.02
# After each who went along, whose answer takes half a millisecond to write: all places together take half of the time at most, in pieces
# between which a call gets its turn.
EACH_S = 0.001 * AT_ONCE
# A file that is read slowly, or a search of many seconds, keeps nobody else from reading for longer.
LONGEST_S = 1.0


@dataclass(slots=True)
class _Asked:
    """A question that waits for its turn, and who waits with it."""

    others: list["asyncio.Future[Kept | None]"] = field(default_factory=list)

    async def give(self, kept: "Kept | None") -> None:
        """To one after the other: each of them now writes it to its own connection."""
        for other in self.others:
            if not other.done():
                other.set_result(kept)
                await asyncio.sleep(EACH_S)

    def fail(self, error: Exception) -> None:
        """They would meet the same."""
        for other in self.others:
            if not other.done():
                other.set_exception(error)

    def leave(self) -> None:
        """Whoever was not answered asks again."""
        for other in self.others:
            if not other.done():
                other.set_result(None)


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, to be given to several."""

    status: int
    body: bytes
    headers: CIMultiDict[str]

    @classmethod
    def of(cls, response: web.StreamResponse) -> "Kept | None":
        """None for one that is sent bit by bit."""
        if not isinstance(response, web.Response) or not isinstance(response.body, bytes):
            return None
        return cls(response.status, response.body, response.headers.copy())

    def again(self) -> web.Response:
        return web.Response(status=self.status, body=self.body, headers=self.headers)


class Turns:
    def __init__(self, at_once: int = AT_ONCE, most_waiting: int = MOST_WAITING) -> None:
        self._places, self._most_waiting, self._waiting = asyncio.Semaphore(at_once), most_waiting, 0
        self._asked: dict[Hashable, _Asked] = {}

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Raises `Refused` (503) when too many wait."""
        with self._wait():
            await self._places.acquire()
        place = _Place(self._places)
        try:
            yield
        finally:
            place.leave()

    async def together(
        self, question: Hashable, read: Callable[[], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """`turn` for what may be answered to several at once: to all who ask the same before its turn has come."""
        while (asked := self._asked.get(question)) is not None:
            with self._wait():
                mine: asyncio.Future[Kept | None] = asyncio.get_running_loop().create_future()
                asked.others.append(mine)
                if kept := await mine:
                    return kept.again()
        asked = self._asked[question] = _Asked()
        try:
            async with self.turn():
                del self._asked[question]
                response = await read()
                await asked.give(Kept.of(response))
                return response
        except Exception as error:
            asked.fail(error)
            raise
        finally:
            if self._asked.get(question) is asked:
                del self._asked[question]
            asked.leave()

    @contextmanager
    def _wait(self) -> Iterator[None]:
        if self._waiting >= self._most_waiting:
            raise Refused(
                503,
                Said("%(number)s reads wait for an answer; come again in a second", number=self._waiting),
                {"Retry-After": "1"},
            )
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1


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
    if not takes_turns(request.method, request.path):
        return await handler(request)
    turns = request.app[TURNS]
    if _is_list(request):
        words = request.headers
        question = (request.method, request.path_qs, words.get("Authorization"), words.get("Cookie"))
        return await turns.together(question, lambda: handler(request))
    async with turns.turn():
        return await handler(request)


def _is_list(request: web.Request) -> bool:
    """A page of a list, whose answer depends on nothing but its address and who asks."""
    operation = getattr(request.match_info.handler, "__self__", None)
    return isinstance(operation, Operation) and operation.query is not None and issubclass(operation.query, ListQuery)
