"""The writer's turns: one after the other, also when somebody who waited for the writer is gone."""

import asyncio
import io
import threading
from pathlib import Path

import pytest
import structlog
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.logs import PlainLines, without_rows
from dialer.store.database import Database
from dialer.store.tables.users import user
from tests.support.waiting import until


@pytest.mark.req("D3")
async def test_a_cancelled_transaction_keeps_the_writer_until_its_thread_is_done(tmp_path: Path) -> None:
    """SQLite: the thread can't be stopped, so the next writer waits for it, and what it did is committed whole."""
    db = Database(f"sqlite+aiosqlite:///{tmp_path}/turns.db")
    began, go_on, order = threading.Event(), threading.Event(), []

    async def slow(tx: AsyncConnection) -> None:
        await tx.execute(text("CREATE TABLE seen (who TEXT)"))
        began.set()
        assert go_on.wait(60)
        await tx.execute(text("INSERT INTO seen VALUES ('slow')"))
        order.append("slow")

    async def next_writer() -> None:
        async with db.write(urgent=True) as tx:
            order.append("next")
            assert (await tx.execute(text("SELECT who FROM seen"))).scalars().all() == ["slow"]

    try:
        first = asyncio.create_task(db.transact(slow))
        assert await asyncio.to_thread(began.wait, 60)
        first.cancel()
        assert isinstance((await asyncio.gather(first, return_exceptions=True))[0], asyncio.CancelledError)
        second = asyncio.create_task(next_writer())
        await asyncio.sleep(0.1)
        assert db._writer
        assert db._writer.waiting == 1, "the next writer waits for its turn, not for a lock of SQLite"
        go_on.set()
        await asyncio.wait_for(second, 60)
        assert order == ["slow", "next"]
    finally:
        go_on.set()
        await db.close()


@pytest.mark.req("A2")
async def test_the_log_of_a_statement_that_failed_tells_nobodys_values(db: Database) -> None:
    """Not what it was given, and not the row that PostgreSQL shows in its own words."""
    row = {"name": "Ann Secret", "password_hash": "argon2-secret", "role": None, "created_at": None}
    with pytest.raises(IntegrityError) as failed:
        async with db.write() as tx:
            await tx.execute(insert(user).values(row))
    written = io.StringIO()
    for renderer in (PlainLines(), structlog.processors.JSONRenderer()):
        event = {"event": "x", "level": "error", "timestamp": "now", "exc_info": failed.value}
        event = without_rows(None, "error", structlog.processors.format_exc_info(None, "error", event))
        written.write(str(renderer(None, "error", event)))
    assert "IntegrityError" in written.getvalue()
    assert "secret" not in written.getvalue().lower()


async def test_a_transaction_that_was_cancelled_before_its_turn_never_runs(tmp_path: Path) -> None:
    db = Database(f"sqlite+aiosqlite:///{tmp_path}/turns.db")
    ran: list[int] = []

    async def work(_tx: AsyncConnection) -> None:
        ran.append(1)

    try:
        async with db.write():
            waiting = asyncio.create_task(db.transact(work))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        await db.transact(work)
        assert ran == [1]
    finally:
        await db.close()


async def test_the_log_is_moved_into_the_file_beside_the_writer(tmp_path: Path) -> None:
    """SQLite: no commit does it, and it is done all the same."""
    db = Database(f"sqlite+aiosqlite:///{tmp_path}/log.db")
    try:
        async with db.write() as tx:
            await tx.execute(text("CREATE TABLE big (cell TEXT)"))
            await tx.execute(text("INSERT INTO big VALUES (:cell)"), {"cell": "x" * (8 << 20)})
        size = (tmp_path / "log.db").stat().st_size
        assert size < 8 << 20, "the commit itself did not move it"
        await until(lambda: (tmp_path / "log.db").stat().st_size > 8 << 20, "the checkpoint")
    finally:
        await db.close()


async def test_only_hasty_transactions_are_hasty(tmp_path: Path) -> None:
    db = Database(f"sqlite+aiosqlite:///{tmp_path}/hasty.db")

    async def synchronous(tx: AsyncConnection) -> int:
        return int(await tx.scalar(text("PRAGMA synchronous")))

    async def failing(_tx: AsyncConnection) -> None:
        raise KeyError

    try:
        full, normal = await db.transact(synchronous), await db.transact(synchronous, durable=False)
        with pytest.raises(KeyError):
            await db.transact(failing, durable=False)
        assert (full, normal, await db.transact(synchronous, urgent=True)) == (2, 1, 2)
    finally:
        await db.close()


async def test_a_database_that_is_closed_waits_for_who_still_reads(tmp_path: Path) -> None:
    """A connection in use when its pool goes would be closed by nobody."""
    db = Database(f"sqlite+aiosqlite:///{tmp_path}/readers.db")
    order: list[str] = []

    async def read() -> None:
        async with db.read() as tx:
            await tx.execute(text("SELECT 1"))
            order.append("reads")
            await asyncio.sleep(0.1)
        order.append("has read")

    reading = asyncio.create_task(read())
    async with asyncio.timeout(60):
        while not order:
            await asyncio.sleep(0.01)
    await db.close()
    order.append("closed")
    await reading
    assert order == ["reads", "has read", "closed"]
