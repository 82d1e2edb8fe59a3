"""Connections: many readers, one writer on SQLite, and every commit on disk before it is believed."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import orjson
from sqlalchemy import Connection, Engine, StaticPool, create_engine, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from dialer.store.types import dump_json

READERS = 4
BUSY_TIMEOUT_MS = 30_000

T = TypeVar("T")


class Database:
    """`async with db.read() as tx` for a snapshot, `async with db.write() as tx` for a transaction that commits at the end."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self._turns = _Turns()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._at_once: Engine | None = None
        if self.is_sqlite:
            self._writer = _sqlite_engine(url, begin="BEGIN IMMEDIATE", pool_size=1)
            self._readers = _sqlite_engine(url, begin="BEGIN", pool_size=READERS, query_only=True)
            self._at_once = _sqlite_thread_engine(url)
        else:
            self._writer = self._readers = create_async_engine(url, pool_size=10, pool_pre_ping=True, **_JSON)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A consistent view; writing through it fails."""
        async with self._readers.connect() as connection:
            yield connection

    @asynccontextmanager
    async def write(self, *, urgent: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction, committed at the end and on disk then, or rolled back if the block raises.

        SQLite has one writer: the turns are taken in order, `urgent` ones (a call that is about to start) first.
        """
        if not self.is_sqlite:
            async with self._writer.begin() as connection:
                yield connection
            return
        await self._turns.take(urgent=urgent)
        try:
            async with self._writer.begin() as connection:
                yield connection
        finally:
            self._turns.give()

    async def write_at_once(self, work: Callable[[Connection], T]) -> T:
        """A short, urgent transaction as one function, so that it does not change threads at every statement.

        On SQLite it runs in a thread of its own (a third of the time of `write`, which every call waits for).
        """
        if self._at_once is None:
            async with self._writer.begin() as connection:
                return await connection.run_sync(work)
        await self._turns.take(urgent=True)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, self._at_once, work)
        finally:
            self._turns.give()

    @staticmethod
    def _run(engine: Engine, work: Callable[[Connection], T]) -> T:
        with engine.begin() as connection:
            return work(connection)

    async def close(self) -> None:
        if self._at_once is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._at_once.dispose)
        self._thread.shutdown()
        await self._readers.dispose()
        await self._writer.dispose()


class _Turns:
    """A lock that serves urgent waiters first, each kind in order of arrival."""

    def __init__(self) -> None:
        self._taken = False
        self._waiting: tuple[deque[asyncio.Future[None]], deque[asyncio.Future[None]]] = (deque(), deque())

    async def take(self, *, urgent: bool) -> None:
        if not self._taken:
            self._taken = True
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting[0 if urgent else 1].append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give()
            raise

    def give(self) -> None:
        for queue in self._waiting:
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self._taken = False


def _sqlite_engine(url: str, *, begin: str, pool_size: int, query_only: bool = False) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=pool_size, max_overflow=0, connect_args=_CONNECT, **_JSON)
    _set_up(engine.sync_engine, begin, query_only=query_only)
    return engine


def _sqlite_thread_engine(url: str) -> Engine:
    engine = create_engine(url.replace("+aiosqlite", "", 1), poolclass=StaticPool, connect_args=_CONNECT, **_JSON)
    _set_up(engine, "BEGIN IMMEDIATE", query_only=False)
    return engine


_JSON: dict[str, Any] = {"json_serializer": dump_json, "json_deserializer": orjson.loads}
# We say BEGIN ourselves: a deferred transaction fails when it turns from reading to writing.
_CONNECT: dict[str, Any] = {"isolation_level": None, "check_same_thread": False}


def _set_up(engine: Engine, begin: str, *, query_only: bool) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",  # an intent that was committed survives a power cut
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-65536",
            f"query_only={'ON' if query_only else 'OFF'}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begins(connection: Any) -> None:
        connection.exec_driver_sql(begin)
