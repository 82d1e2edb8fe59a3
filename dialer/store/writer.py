"""SQLite's one writer: a thread that serves transactions one after the other, urgent ones (a call about to start) first.

Work that is handed over whole is run in the thread, with no change of threads before it, within it or after it. What waits
when it is done goes into the same transaction: one wait for the disk for all of them, and nobody hears of anything before it.
Whoever has a connection of its own is lent the turn meanwhile.
"""

import asyncio
import sqlite3
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, TypeVar, cast

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.store.in_thread import InThread, Work, drive, tell
from dialer.store.patience import Trouble, is_patient

# Another process that writes is waited for; who is patient asks again and again.
BUSY_TIMEOUT_S = 30.0
LOOK_AGAIN_MS = 1_000
_PRIMARY = 0xFF  # of SQLite's extended result codes
# What has begun waits so long at most for others to go along, and a little longer for the last of them.
TOGETHER_S = 0.004

T = TypeVar("T")


@dataclass(slots=True)
class _Whole:
    """A transaction that is handed over whole, and who waits for what it returns."""

    work: Work[Any]
    done: "asyncio.Future[Any]"
    patient: bool

    def fail(self, error: BaseException) -> None:
        tell(self.done, self.done.set_exception, error)


Job = Callable[[], None] | _Whole


class Writer:
    """`engine` makes the thread's connection, on which nobody but this begins and commits; `began` hears of the first."""

    def __init__(self, engine: Engine, began: Callable[[], None], trouble: Trouble) -> None:
        self._engine, self._began, self._trouble = engine, began, trouble
        self._waiting: tuple[deque[Job], deque[Job]] = (deque(), deque())  # the urgent ones first
        self._bell: SimpleQueue[None] = SimpleQueue()  # rung once for everything that waits, and once to close
        self._thread: threading.Thread | None = None
        self._tx: InThread | None = None
        self._closing = False

    async def transact(self, work: Work[T], *, urgent: bool, durable: bool = True) -> T:
        """Run `work`, which awaits nothing but its connection, and commit. Cancelled before its turn, it never runs."""
        waits = is_patient()
        if not durable:
            return await self._done(lambda: self._run_hastily(work, patient=waits), urgent=urgent)
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._put(_Whole(work, done, waits), urgent=urgent)
        return await done

    async def outside(self, do: Callable[[sqlite3.Connection], T]) -> T:
        """What can't be done within a transaction, between two of them."""
        return await self._done(lambda: do(self._connection().driver), urgent=False)

    async def _done(self, do: Callable[[], T], *, urgent: bool) -> T:
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def job() -> None:
            if done.cancelled():
                return
            try:
                result = do()
            except BaseException as error:  # noqa: BLE001  (whoever waits for it gets it)
                tell(done, done.set_exception, error)
            else:
                tell(done, done.set_result, result)

        self._put(job, urgent=urgent)
        return await done

    @asynccontextmanager
    async def turn(self, *, urgent: bool) -> AsyncIterator[None]:
        """Nobody else writes while the block runs."""
        came: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        over, waits = threading.Event(), is_patient()

        def lend() -> None:
            try:
                if waits:
                    self._begin(patient=True).rollback()  # nobody else holds it
            except BaseException as error:  # noqa: BLE001  (whoever waits for it gets it)
                tell(came, came.set_exception, error)
                return
            tell(came, came.set_result, None)
            over.wait()

        self._put(lend, urgent=urgent)
        try:
            await came
            yield
        finally:
            over.set()

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return sum(map(len, self._waiting))

    async def close(self) -> None:
        """After everything that waits."""
        if self._thread is not None:
            self._closing = True
            self._bell.put(None)
            await asyncio.to_thread(self._thread.join)
            self._thread = None

    def _put(self, job: Job, *, urgent: bool) -> None:
        self._waiting[0 if urgent else 1].append(job)
        self._bell.put(None)
        if self._thread is None:
            # A daemon: a process that is about to die of an error does not wait for it.
            self._thread = threading.Thread(target=self._serve, name="writer", daemon=True)
            self._thread.start()
            self._began()

    # -- in the thread --------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        while True:
            self._bell.get()
            is_urgent, job = self._next()
            if isinstance(job, _Whole):
                self._together(job, is_urgent=is_urgent)
            elif job is not None:
                job()
            elif self._closing:
                if self._tx is not None:
                    self._tx.close()
                self._engine.dispose()
                return

    def _next(self) -> tuple[bool, Job | None]:
        for is_urgent, queue in zip((True, False), self._waiting, strict=True):
            if queue:
                return is_urgent, queue.popleft()
        return False, None

    def _next_whole(self, *, is_urgent: bool) -> tuple[bool, _Whole | None]:
        """What may go along with others: an urgent one waits for none that is not."""
        urgent, other = self._waiting
        queue = urgent if urgent or is_urgent else other
        if queue and isinstance(found := queue[0], _Whole):
            queue.popleft()
            return queue is urgent, found
        return is_urgent, None

    def _together(self, first: _Whole, *, is_urgent: bool) -> None:
        """One transaction for `first` and what waits behind it."""
        if first.done.cancelled():
            return
        went: list[tuple[_Whole, Any]] = []
        one: _Whole | None = first
        try:
            tx, driver = self._connection(), self._begin(patient=first.patient)
            went.append((first, drive(first.work(cast("AsyncConnection", tx)))))
            until = time.monotonic() + TOGETHER_S
            while time.monotonic() < until:
                is_urgent, one = self._next_whole(is_urgent=is_urgent)
                if one is None:
                    break
                if not one.done.cancelled():
                    self._go_along(tx, one, went)
            driver.commit()
        except BaseException as error:  # noqa: BLE001  (whoever waits for it gets it)
            if self._tx is not None:
                with suppress(sqlite3.Error):
                    self._tx.driver.rollback()
            for failed in {id(job): job for job in (*(job for job, _ in went), one or first)}.values():
                failed.fail(error)
            return
        for job, result in went:
            tell(job.done, job.done.set_result, result)

    def _go_along(self, tx: InThread, one: _Whole, went: list[tuple[_Whole, Any]]) -> None:
        """What it raises is its own affair, unless SQLite has given up the whole transaction for it."""
        tx.driver.execute("SAVEPOINT along")
        try:
            result = drive(one.work(cast("AsyncConnection", tx)))
        except BaseException as error:
            if not tx.driver.in_transaction:
                raise
            tx.driver.execute("ROLLBACK TO along")
            one.fail(error)
        else:
            went.append((one, result))
        tx.driver.execute("RELEASE along")

    def _run_hastily(self, work: Work[T], *, patient: bool) -> T:
        """Without waiting for the disk."""
        driver = self._connection().driver
        driver.execute("PRAGMA synchronous=NORMAL")
        try:
            return self._run(work, patient=patient)
        finally:
            driver.execute("PRAGMA synchronous=FULL")

    def _connection(self) -> InThread:
        if self._tx is None:
            self._tx = InThread(self._engine.connect())
            self._tx.driver.execute(f"PRAGMA busy_timeout={LOOK_AGAIN_MS}")
        return self._tx

    def _begin(self, *, patient: bool) -> sqlite3.Connection:
        """Begin, once no other process holds the write lock; the error of SQLite after half a minute for who is not patient."""
        driver, until = self._connection().driver, time.monotonic() + BUSY_TIMEOUT_S
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                is_busy = error.sqlite_errorcode & _PRIMARY == sqlite3.SQLITE_BUSY
                if not is_busy or not (patient or time.monotonic() < until):
                    raise
                self._trouble.begins("locked", "another process holds the write lock of the database: end it")
            else:
                self._trouble.ends("locked")
                return driver

    def _run(self, work: Work[T], *, patient: bool) -> T:
        tx, driver = self._connection(), self._begin(patient=patient)
        try:
            result = drive(work(cast("AsyncConnection", tx)))
            driver.commit()
        except BaseException:
            with suppress(sqlite3.Error):
                driver.rollback()
            raise
        return result
