"""Connections: many readers, one writer on SQLite, and every commit on disk before it is believed."""

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

import orjson
from sqlalchemy import Connection, CursorResult, Engine, Executable, StaticPool, create_engine, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from dialer.store.types import dump_json

READERS = 4
BUSY_TIMEOUT_MS = 30_000
WAL_TRIES, WAL_PAUSE_S = 200, 0.02

T = TypeVar("T")


class Database:
    """`async with db.read() as tx` for a snapshot, `async with db.write() as tx` for a transaction that commits at the end."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self._turns = _Turns()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._threaded: Engine | None = None
        if self.is_sqlite:
            self._writer = _sqlite_engine(url, begin="BEGIN IMMEDIATE", pool_size=1)
            self._readers = _sqlite_engine(url, begin="BEGIN", pool_size=READERS, query_only=True)
            self._threaded = _sqlite_thread_engine(url)
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

    async def transact(self, work: Callable[[AsyncConnection], Coroutine[Any, Any, T]], *, urgent: bool = False) -> T:
        """`write` for the busy paths: the whole transaction is one coroutine, which awaits nothing but its connection.

        On SQLite it is driven to its end in the writer's own thread, instead of changing threads at every statement:
        a third of the time, which every call and every outcome would pay.
        """
        if self._threaded is None:
            async with self._writer.begin() as connection:
                return await work(connection)
        await self._turns.take(urgent=urgent)
        running = asyncio.get_running_loop().run_in_executor(self._thread, _drive, self._threaded, work)
        # The thread goes on when its caller is cancelled: the turn ends, and the next writer begins, with the thread.
        running.add_done_callback(lambda _: self._turns.give())
        return await asyncio.shield(running)

    async def close(self) -> None:
        if self._threaded is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._threaded.dispose)
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


class _InThread:
    """What a transaction's coroutine asks of an `AsyncConnection`, answered on the spot: it is never suspended."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.dialect = connection.dialect

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        return self._connection.execute(statement, parameters)

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        return self._connection.scalar(statement, parameters)

    async def run_sync(self, function: Callable[..., T], *arguments: Any, **named: Any) -> T:
        return function(self._connection, *arguments, **named)


def _drive(engine: Engine, work: Callable[[AsyncConnection], Coroutine[Any, Any, T]]) -> T:
    with engine.begin() as connection:
        coroutine = work(cast("AsyncConnection", _InThread(connection)))
        try:
            coroutine.send(None)
        except StopIteration as end:
            return cast("T", end.value)
        coroutine.close()
        raise RuntimeError("a transaction waited for something else than its connection")


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
        _use_wal(cursor)
        for pragma in (
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


def _use_wal(cursor: Any) -> None:
    """SQLite does not wait for others when it turns a new file to WAL (its busy timeout does not count there): we do."""
    for _ in range(WAL_TRIES):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            time.sleep(WAL_PAUSE_S)
        else:
            return
    cursor.execute("PRAGMA journal_mode=WAL")
