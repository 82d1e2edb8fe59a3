"""SQLite's readers: each sees one moment, gives its connection back however it ends, and takes no longer than it is waited for."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.store import database, readers
from dialer.store.database import Database
from tests.support.waiting import until

NUMBER = text("SELECT count(*) FROM seen")
ENDLESS = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    db = Database(f"sqlite+aiosqlite:///{tmp_path}/readers.db")
    async with db.write() as tx:
        await tx.execute(text("CREATE TABLE seen (who TEXT)"))
    yield db
    await db.close()


async def add(db: Database) -> None:
    async with db.write() as tx:
        await tx.execute(text("INSERT INTO seen VALUES ('one')"))


@pytest.mark.req("D3")
async def test_a_reader_sees_one_moment_and_the_next_one_what_is_there_then(db: Database) -> None:
    async with db.read() as tx:
        assert await tx.scalar(NUMBER) == 0
        await add(db)
        assert await tx.scalar(NUMBER) == 0
    async with db.read() as tx:
        assert await tx.scalar(NUMBER) == 1
    await add(db)
    assert await db.ask(number) == 2


async def number(tx: AsyncConnection) -> int:
    return int(await tx.scalar(NUMBER) or 0)


async def test_nobody_writes_through_a_reader(db: Database) -> None:
    with pytest.raises(OperationalError, match="readonly"):
        async with db.read() as tx:
            await tx.execute(text("INSERT INTO seen VALUES ('one')"))
    assert await db.ask(number) == 0


async def test_rows_are_there_after_the_connection_was_given_back(db: Database) -> None:
    await add(db)
    async with db.read() as tx:
        rows = await tx.execute(text("SELECT who, 1 AS one FROM seen"))
        names = await tx.scalars(text("SELECT who FROM seen"))
    assert [dict(row._mapping) for row in rows] == [{"who": "one", "one": 1}]
    assert list(names) == ["one"]


@pytest.mark.parametrize("whole", [True, False])
async def test_what_nobody_waits_for_any_more_is_broken_off(db: Database, *, whole: bool) -> None:
    """It would keep its connection for ever: all are tried, so that one that never ends is met."""

    async def endless(tx: AsyncConnection) -> None:
        await tx.execute(ENDLESS)

    async def read() -> None:
        async with db.read() as tx:
            await endless(tx)

    assert db._readers
    reads = [asyncio.create_task(db.ask(endless) if whole else read()) for _ in range(database.READERS)]
    await until(lambda: db._readers is not None and db._readers.reading == database.READERS, "all read")
    for task in reads:
        task.cancel()
    await asyncio.gather(*reads, return_exceptions=True)
    async with asyncio.timeout(60):
        assert await asyncio.gather(*(db.ask(number) for _ in range(2 * database.READERS))) == [0] * 8


async def test_who_comes_when_all_are_reading_waits_and_is_told_if_that_lasts(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = asyncio.Event()

    async def hold() -> None:
        async with db.read() as tx:
            await tx.scalar(NUMBER)
            await go.wait()

    assert db._readers
    held = [asyncio.create_task(hold()) for _ in range(database.READERS)]
    await until(lambda: db._readers is not None and db._readers.reading == database.READERS, "all read")
    monkeypatch.setattr(readers, "FREE_WITHIN_S", 0.01)
    with pytest.raises(TimeoutError):
        await db.ask(number)
    monkeypatch.setattr(readers, "FREE_WITHIN_S", 60)
    waiting = asyncio.create_task(db.ask(number))
    await asyncio.sleep(0)
    go.set()
    assert await waiting == 0
    await asyncio.gather(*held)


async def test_what_is_asked_as_a_whole_waits_for_nothing_else(db: Database) -> None:
    never = asyncio.get_running_loop().create_future()

    async def sleepy(_tx: AsyncConnection) -> None:
        await never

    with pytest.raises(RuntimeError, match="something else than its connection"):
        await db.ask(sleepy)
    assert await db.ask(number) == 0


async def test_a_closed_database_says_so(tmp_path: Path) -> None:
    db = Database(f"sqlite+aiosqlite:///{tmp_path}/closed.db")
    async with db.read() as tx:
        await tx.scalar(text("SELECT 1"))
    await db.close()
    with pytest.raises(RuntimeError, match="the database is closed"):
        async with db.read():
            pass
