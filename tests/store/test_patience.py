"""Who waits for a store that can't be written to, and who is told."""

import asyncio
import errno
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.store import patience, writer
from dialer.store.database import Database
from dialer.store.patience import RESERVE, URGENT_RESERVE, patient
from tests.support.waiting import until

Write = Callable[[Database], Awaitable[None]]
LOCK_HELD_S = 0.3


@pytest.fixture
async def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    monkeypatch.setattr(patience, "LOOK_AGAIN_S", 0.01)
    monkeypatch.setattr(writer, "LOOK_AGAIN_MS", 20)
    monkeypatch.setattr(writer, "BUSY_TIMEOUT_S", 0.1)
    made = Database(f"sqlite+aiosqlite:///{tmp_path}/test.db")
    async with made.write() as tx:
        await tx.execute(text("CREATE TABLE t (n)"))
    await made.transact(one)
    yield made
    await made.close()


async def one(tx: AsyncConnection) -> int:
    await tx.execute(text("INSERT INTO t VALUES (1)"))
    return 1


async def by_block(db: Database) -> None:
    async with db.write() as tx:
        await one(tx)


async def by_transact(db: Database) -> None:
    await db.transact(one)


def disk(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _path: SimpleNamespace(f_bavail=free, f_frsize=1))


@pytest.mark.req("D3", "A4")
@pytest.mark.parametrize("write", [by_block, by_transact])
async def test_who_is_patient_waits_for_the_lock_and_the_reason_is_told(
    db: Database, tmp_path: Path, write: Write
) -> None:
    with closing(sqlite3.connect(tmp_path / "test.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with patient():
            waiting = asyncio.ensure_future(write(db))
        await until(lambda: "write lock" in (db.trouble.reason or ""), "the reason")
        await asyncio.sleep(LOCK_HELD_S)
        assert not waiting.done()
        other.execute("ROLLBACK")
        await waiting
    assert db.trouble.reason is None


async def test_who_is_not_patient_is_refused(db: Database, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "test.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await db.transact(one)


@pytest.mark.req("D3", "A4")
@pytest.mark.parametrize("write", [by_block, by_transact])
async def test_who_is_patient_waits_for_room(db: Database, monkeypatch: pytest.MonkeyPatch, write: Write) -> None:
    disk(monkeypatch, RESERVE - 1)
    with patient():
        waiting = asyncio.ensure_future(write(db))
    await write(db)  # not patient: SQLite is asked, and it finds room
    await until(lambda: "make room" in (db.trouble.reason or ""), "the reason")
    await asyncio.sleep(0.05)
    assert not waiting.done()
    disk(monkeypatch, URGENT_RESERVE)
    await waiting
    assert db.trouble.reason is None


async def test_the_last_room_is_for_what_is_under_way(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    disk(monkeypatch, URGENT_RESERVE - 1)
    with patient():
        new = asyncio.ensure_future(db.transact(one, urgent=True))
        await db.transact(one)
    await until(lambda: db.trouble.reason is not None, "the reason")
    await asyncio.sleep(0.05)
    assert not new.done()
    disk(monkeypatch, URGENT_RESERVE)
    await new
    assert db.trouble.reason is None


async def test_a_disk_found_full_on_the_way_is_waited_for_and_all_is_done_again(db: Database) -> None:
    tries = 0

    async def work(tx: AsyncConnection) -> int:
        nonlocal tries
        tries += 1
        await one(tx)
        if tries < 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return tries

    with pytest.raises(OSError, match="No space"):
        await db.transact(work)
    with patient():
        assert await db.transact(work) == 3
    async with db.read() as tx:
        assert await tx.scalar(text("SELECT count(*) FROM t")) == 2
