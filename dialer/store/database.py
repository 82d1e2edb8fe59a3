"""Connections: many readers, one writer on SQLite, and every commit on disk before it is believed."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import orjson
from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from dialer.store.checkpoints import Checkpointer
from dialer.store.in_thread import Work
from dialer.store.patience import Disk, Trouble
from dialer.store.projection import Projection
from dialer.store.readers import Readers
from dialer.store.types import dump_json
from dialer.store.writer import BUSY_TIMEOUT_S, Writer

READERS = 4
BUSY_TIMEOUT_MS = int(1000 * BUSY_TIMEOUT_S)
WAL_TRIES, WAL_PAUSE_S = 200, 0.02
GIVEN_BACK_S = 2.0  # how long a database that is closed waits for who still reads
# Pages in memory, for each connection: what readers lack comes from the system's own cache.
WRITER_KIB, READER_KIB = 65_536, 8_192
STATEMENTS = 1_024  # that each connection keeps prepared: many in a few sizes (in_sets.py)
_ALONE = 0x736F7572  # PostgreSQL's locks of sources; any number that no other lock of ours begins with
WAL_KEPT = 64 << 20  # bytes of the log that stay when it begins anew

T = TypeVar("T")


class Database:
    """`async with db.read() as tx` for a snapshot, `async with db.write() as tx` for a transaction that commits at the end."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self._writer: Writer | None = None
        self._readers: Readers | None = None
        self._disk: Disk | None = None
        self.trouble = Trouble()
        self.projection: Projection | None = None  # what contacts are listed from on SQLite
        if self.is_sqlite:
            self.projection = Projection(Path(str(make_url(url).database)))
            self._disk = Disk(Path(str(make_url(url).database)), self.trouble)
            self._checkpointer = Checkpointer(str(make_url(url).database))
            self._writer = Writer(_sqlite_writing_engine(url), self._checkpointer.start, self.trouble)
            self._writers = _sqlite_engine(url)
            self._readers = Readers(_sqlite_reading_engine(url, self.projection), READERS)
        else:
            self._writers = create_async_engine(url, pool_size=10, pool_pre_ping=True, **_OPTIONS)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A consistent view; writing through it fails."""
        async with self._writers.connect() if self._readers is None else self._readers.read() as connection:
            yield connection

    async def ask(self, work: Work[T]) -> T:
        """`read` for what is asked often: the whole of it is one coroutine, which awaits nothing but its connection."""
        if self._readers is not None:
            return await self._readers.ask(work)
        async with self._writers.connect() as connection:
            return await work(connection)

    @asynccontextmanager
    async def write(self, *, urgent: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction, committed at the end and on disk then, or rolled back if the block raises.

        SQLite has one writer: the turns are taken in order, `urgent` ones (a call that is about to start) first. It
        waits for a turn as store/patience.py says.
        """
        async with AsyncExitStack() as stack:
            if self._disk is not None:
                await self._disk.room(urgent=urgent)
            if self._writer is not None:
                await stack.enter_async_context(self._writer.turn(urgent=urgent))
            yield await stack.enter_async_context(self._writers.begin())

    async def transact(self, work: Work[T], *, urgent: bool = False, durable: bool = True) -> T:
        """`write` for the busy paths: the whole transaction is one coroutine, which awaits nothing but its connection.

        On SQLite it is driven to its end in the writer's own thread, instead of changing threads at every statement,
        which every call and every outcome would pay for. One that is not `durable` outlives a crash of this process,
        but is on disk only with the next that is: for work that is done again if a power cut takes it back. Where it is
        patient (store/patience.py), it may be begun again.
        """
        if (writer := self._writer) is not None and self._disk is not None:
            return await self._disk.having_room(
                lambda: writer.transact(work, urgent=urgent, durable=durable), urgent=urgent
            )
        async with self._writers.begin() as connection:
            return await work(connection)

    @asynccontextmanager
    async def alone(self, number: int) -> AsyncIterator[bool]:
        """Whether no other node is in such a block with that number; whoever dies leaves it. SQLite has one node."""
        if self.is_sqlite:
            yield True
            return
        async with self._writers.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            values = {"space": _ALONE, "number": number}
            got = await connection.scalar(text("SELECT pg_try_advisory_lock(:space, :number)"), values)
            try:
                yield bool(got)
            finally:
                if got:
                    await connection.execute(text("SELECT pg_advisory_unlock(:space, :number)"), values)

    @asynccontextmanager
    async def attached(self, path: str, name: str) -> AsyncIterator[None]:
        """SQLite: to `transact` the database file at `path` is the schema `name` while the block runs."""
        assert self._writer is not None  # noqa: S101  (asked for SQLite only)
        await self._writer.outside(lambda driver: driver.execute("ATTACH DATABASE ? AS " + name, (path,)))
        try:
            yield
        finally:
            await self._writer.outside(lambda driver: driver.execute("DETACH DATABASE " + name))

    async def close(self) -> None:
        if self._writer is not None:
            await self._writer.close()
            await asyncio.to_thread(self._checkpointer.stop)
        if self._readers is not None:
            await self._given_back(self._readers)
            await self._readers.close()
        await self._writers.dispose()
        if self.projection is not None:
            self.projection.close()

    async def _given_back(self, readers: Readers) -> None:
        """Until nobody reads, a short while at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GIVEN_BACK_S):
                while readers.reading:  # noqa: ASYNC110  (nobody tells)
                    await asyncio.sleep(GIVEN_BACK_S / 200)


def _sqlite_engine(url: str) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=1, max_overflow=0, connect_args=_CONNECT, **_OPTIONS)
    _set_up(engine.sync_engine, query_only=False)

    @event.listens_for(engine.sync_engine, "begin")
    def _begins(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _sqlite_thread_engine(url: str, **options: Any) -> Engine:
    """Whose connections begin and end no transaction themselves."""
    return create_engine(
        url.replace("+aiosqlite", "", 1),
        connect_args={**_CONNECT, "cached_statements": STATEMENTS},
        isolation_level="AUTOCOMMIT",
        **_OPTIONS,
        **options,
    )


def _sqlite_writing_engine(url: str) -> Engine:
    engine = _sqlite_thread_engine(url)
    _set_up(engine, query_only=False)
    return engine


def _sqlite_reading_engine(url: str, projection: Projection) -> Engine:
    """Readers see the projection as `search`."""
    engine = _sqlite_thread_engine(url, pool_size=READERS)
    _set_up(engine, query_only=True)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        projection.prepare()
        cursor = connection.cursor()
        cursor.execute("ATTACH ? AS search", (str(projection.file),))
        cursor.close()

    return engine


# What a statement that failed was about is somebody's name or password, and errors are logged.
_OPTIONS: dict[str, Any] = {
    "json_serializer": dump_json,
    "json_deserializer": orjson.loads,
    "hide_parameters": True,
}
# We say BEGIN ourselves: a deferred transaction fails when it turns from reading to writing.
_CONNECT: dict[str, Any] = {"isolation_level": None, "check_same_thread": False}


def _set_up(engine: Engine, *, query_only: bool) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        _use_wal(cursor)
        for pragma in (
            "synchronous=FULL",  # an intent that was committed survives a power cut
            "wal_autocheckpoint=0",  # store/checkpoints.py
            f"journal_size_limit={WAL_KEPT}",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            f"cache_size=-{READER_KIB if query_only else WRITER_KIB}",
            f"query_only={'ON' if query_only else 'OFF'}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


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
