"""SQLite's readers: a few connections, each with a thread of its own in which a statement is run and its rows are fetched.

One visit of the thread is all that a statement costs: the event loop and the thread hand Python back and forth once. What is
given as a whole (`ask`) is done in one visit, however many statements it takes.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, TypeVar, cast

from sqlalchemy import CursorResult, Engine, Executable
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.store.in_thread import InThread, Visited, Work, drive, tell

# Who waits so long for a connection is told so: the others read for ever.
FREE_WITHIN_S = 30.0
AGAIN_S = 0.05

T = TypeVar("T")
Visit = Callable[[InThread], T]


class Readers:
    """At most `number` transactions at a time, on connections of `engine`, which begins and ends none itself."""

    def __init__(self, engine: Engine, number: int) -> None:
        self._engine, self._number = engine, number
        self._idle: list[_Reader] = []
        self._all: list[_Reader] = []
        self._free = asyncio.Semaphore(number)
        self._closed = False

    @property
    def reading(self) -> int:
        """How many read at this moment."""
        return len(self._all) - len(self._idle)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A consistent view, which begins with the first statement. Raises `TimeoutError` if no connection gets free."""
        async with self._reader() as reader:
            reading = Reading(reader)
            try:
                yield cast("AsyncConnection", reading)
            finally:
                reader.end()

    async def ask(self, work: Work[T]) -> T:
        """`read` for what awaits nothing but its connection: all of it in one visit of the thread."""
        async with self._reader() as reader:
            try:
                return await reader.visit(lambda thread: drive(work(cast("AsyncConnection", thread))))
            finally:
                reader.end()

    async def close(self) -> None:
        """After what is being read."""
        self._closed = True
        for reader in self._all:
            await asyncio.to_thread(reader.close)
        self._engine.dispose()

    @asynccontextmanager
    async def _reader(self) -> "AsyncIterator[_Reader]":
        if self._free.locked():
            async with asyncio.timeout(FREE_WITHIN_S):
                await self._free.acquire()
        else:
            await self._free.acquire()
        try:
            if self._closed:
                raise RuntimeError("the database is closed")
            if not self._idle:
                self._idle.append(_Reader(self._engine))
                self._all.append(self._idle[-1])
            reader = self._idle.pop()  # the one that was used last: its pages are in memory
            try:
                yield reader
            finally:
                self._idle.append(reader)
        finally:
            self._free.release()


class Reading(Visited):
    """What is asked of an `AsyncConnection`, answered by the reader's thread with all rows fetched."""

    def __init__(self, reader: "_Reader") -> None:
        self._reader, self.dialect = reader, reader.dialect

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        return await self._reader.visit(lambda thread: _fetched(thread.connection.execute(statement, parameters)))

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        return await self._reader.visit(lambda thread: thread.connection.scalar(statement, parameters))

    async def scalars(self, statement: Executable, parameters: Any = None) -> Any:
        return (await self.execute(statement, parameters)).scalars()

    async def exec_driver_sql(self, statement: str, parameters: Any = None) -> CursorResult[Any]:
        return await self._reader.visit(
            lambda thread: _fetched(thread.connection.exec_driver_sql(statement, parameters))
        )

    async def run_sync(self, function: Callable[..., T], *arguments: Any, **named: Any) -> T:
        return await self._reader.visit(lambda thread: function(thread.connection, *arguments, **named))

    async def visit(self, do: Visit[T]) -> T:
        return await self._reader.visit(do)


@dataclass(eq=False, slots=True)
class _Job:
    do: Visit[Any]
    done: "asyncio.Future[Any]"


class _Reader:
    """A connection and its thread. It begins a transaction at the first visit and ends it when it is told to."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self.dialect = engine, engine.dialect
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._tx: InThread | None = None
        self._turn, self._under_way = threading.Lock(), cast("_Job | None", None)
        # A daemon: a process that is about to die of an error does not wait for it.
        self._thread = threading.Thread(target=self._serve, name="reader", daemon=True)
        self._thread.start()

    async def visit(self, do: Visit[T]) -> T:
        """What `do` returns or raises. Who is cancelled meanwhile takes the statement along that is being run."""
        job = _Job(do, asyncio.get_running_loop().create_future())
        self._jobs.put(lambda: self._do(job))
        try:
            return cast("T", await job.done)
        except asyncio.CancelledError:
            self._break_off(job)
            raise

    def _break_off(self, job: "_Job") -> None:
        """Its statement, and the next one if it is just between two of them."""
        with self._turn:
            if self._under_way is job:
                if self._tx is not None:
                    self._tx.driver.interrupt()
                job.done.get_loop().call_later(AGAIN_S, self._break_off, job)

    def end(self) -> None:
        """Whoever reads next sees what is there then."""
        self._jobs.put(self._end)

    def close(self) -> None:
        """Blocks until its thread has ended."""
        self._jobs.put(None)
        self._thread.join()

    # -- in the thread --------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
        if self._tx is not None:
            self._tx.close()

    def _do(self, job: "_Job") -> None:
        if job.done.cancelled():
            return
        with self._turn:
            self._under_way = job
        try:
            if self._tx is None:
                self._tx = InThread(self._engine.connect())
            if not self._tx.driver.in_transaction:
                self._tx.driver.execute("BEGIN")
            result = job.do(self._tx)
        except BaseException as error:  # noqa: BLE001  (whoever waits for it gets it)
            self._over(job.done.set_exception, error, job)
        else:
            self._over(job.done.set_result, result, job)

    def _over(self, how: Callable[[Any], None], what: Any, job: "_Job") -> None:
        with self._turn:
            self._under_way = None
        tell(job.done, how, what)

    def _end(self) -> None:
        if self._tx is not None and self._tx.driver.in_transaction:
            self._tx.driver.rollback()


def _fetched(result: CursorResult[Any]) -> CursorResult[Any]:
    """With all its rows in memory, so that nobody else has to ask the database for them."""
    if result.returns_rows:
        cursor = result.cursor
        result.cursor_strategy = FullyBufferedCursorFetchStrategy(cursor)
    return result
