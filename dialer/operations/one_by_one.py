"""Work that takes a core: one at a time, and not too many who wait for their turn."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dialer.domain.errors import DomainError
from dialer.domain.said import Said

MOST_WAITING = 3


class Crowded(DomainError):  # noqa: N818 -- named by what happened
    """So many wait already that one more would wait for minutes (HTTP 429)."""

    def __init__(self, what: str, waiting: int) -> None:
        self.what, self.waiting = what, waiting
        super().__init__(what, waiting)

    def __str__(self) -> str:
        return Said(
            "%(number)s others wait for their %(what)s already: try again in a minute",
            number=self.waiting, what=Said(self.what),
        )  # fmt: skip


class OneByOne:
    """`what` is done is named in the error. Whoever is cancelled while waiting leaves its place."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._lock = asyncio.Lock()
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Raises `Crowded` at once."""
        if self._waiting >= MOST_WAITING:
            raise Crowded(self._what, self._waiting)
        self._waiting += 1
        try:
            await self._lock.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._lock.release()
