"""The real store without threads: SQLite's statements run on the spot, the turns and their delays are the loop's.

Tables, migrations, statements and transactions are the product's; only who drives them is not. Before and after each
transaction time passes, so that a process can be killed before its commit, after it, and before it learns of it.
"""

import asyncio
import random
import sqlite3
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.store import database
from dialer.store.database import Database
from dialer.store.in_thread import InThread, Work, drive

T = TypeVar("T")


class _Files:
    """Connections to whichever file: one engine for all of them, so that each statement is compiled once, not in each life."""

    def __init__(self) -> None:
        self._path = ""
        self._engine = create_engine(
            "sqlite://", creator=self._connect, poolclass=NullPool, isolation_level="AUTOCOMMIT", **database._OPTIONS
        )
        database._set_up(self._engine, query_only=False)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, **database._CONNECT)

    def open(self, path: str) -> Connection:
        self._path = path
        return self._engine.connect()


FILES = _Files()


class _Stepwise:
    """An `AsyncConnection` to those who hold a transaction themselves: others run between two of its statements."""

    def __init__(self, connection: InThread) -> None:
        self._inner = connection
        self.dialect = connection.dialect

    async def execute(self, statement: Any, parameters: Any = None) -> Any:
        await asyncio.sleep(0)
        return await self._inner.execute(statement, parameters)

    async def scalar(self, statement: Any, parameters: Any = None) -> Any:
        await asyncio.sleep(0)
        return await self._inner.scalar(statement, parameters)

    async def run_sync(self, function: Any, *arguments: Any, **named: Any) -> Any:
        return await self._inner.run_sync(function, *arguments, **named)


class WorldDatabase(Database):
    """One process's connections to the SQLite file at `path`."""

    def __init__(self, path: str, chance: random.Random) -> None:
        self.url, self.is_sqlite, self.projection = f"sqlite+aiosqlite:///{path}", True, None
        self._chance = chance
        self._path = path
        self._own = InThread(FILES.open(path))
        self._own.driver.execute("PRAGMA synchronous=OFF")  # the machine itself never fails here
        self._own.driver.execute("PRAGMA wal_autocheckpoint=1000")
        self._idle: list[InThread] = []
        self._taken = False
        self._waiting: tuple[deque[asyncio.Future[None]], deque[asyncio.Future[None]]] = (deque(), deque())

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        await asyncio.sleep(self._chance.uniform(0, 0.001))
        connection = self._idle.pop() if self._idle else InThread(FILES.open(self._path))
        connection.driver.execute("BEGIN")
        try:
            yield cast("AsyncConnection", connection)
        finally:
            connection.driver.rollback()
            self._idle.append(connection)

    async def ask(self, work: Work[T]) -> T:
        async with self.read() as tx:
            return drive(work(tx))

    @asynccontextmanager
    async def write(self, *, urgent: bool = False) -> AsyncIterator[AsyncConnection]:
        async with self._turn(urgent=urgent):
            driver = self._own.driver
            driver.execute("BEGIN IMMEDIATE")
            try:
                yield cast("AsyncConnection", _Stepwise(self._own))
                driver.commit()
            except BaseException:
                driver.rollback()
                raise
        await asyncio.sleep(self._heard_s())

    async def transact(self, work: Work[T], *, urgent: bool = False, durable: bool = True) -> T:  # noqa: ARG002
        async with self._turn(urgent=urgent):
            driver = self._own.driver
            driver.execute("BEGIN IMMEDIATE")
            try:
                result = drive(work(cast("AsyncConnection", self._own)))
                driver.commit()
            except BaseException:
                driver.rollback()
                raise
        await asyncio.sleep(self._heard_s())
        return result

    @asynccontextmanager
    async def _turn(self, *, urgent: bool) -> AsyncIterator[None]:
        await asyncio.sleep(0)
        if self._taken:
            mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting[0 if urgent else 1].append(mine)
            try:
                await mine
            except asyncio.CancelledError:
                if mine.done() and not mine.cancelled():
                    self._hand_on()
                raise
        self._taken = True
        try:
            await asyncio.sleep(self._disk_s())
            yield
        finally:
            self._hand_on()

    def _hand_on(self) -> None:
        for queue in self._waiting:
            while queue:
                if not (waiter := queue.popleft()).done():
                    waiter.set_result(None)
                    return
        self._taken = False

    def _disk_s(self) -> float:
        """Mostly a tenth of a millisecond, and now and then a disk that stalls."""
        return self._chance.uniform(0.2, 2.0) if self._chance.random() < 0.0005 else self._chance.uniform(0.0001, 0.001)

    def _heard_s(self) -> float:
        """From the commit until whoever waits for it goes on: now and then the loop is busy with others."""
        return self._chance.uniform(0.001, 0.1) if self._chance.random() < 0.05 else self._chance.uniform(0, 0.001)

    def crash(self) -> None:
        """As the process's end leaves it: what was not committed is gone."""
        for connection in [self._own, *self._idle]:
            with suppress(sqlite3.Error):
                connection.driver.rollback()
            connection.close()

    async def close(self) -> None:
        self.crash()
