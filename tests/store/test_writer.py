"""SQLite's one writer: what waits goes along with what is under way, each for itself if it fails."""

import asyncio
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.store.database import Database
from dialer.store.tables import do_not_contact
from tests.support.databases import SQLITE, made_ready

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@pytest.fixture
async def db(tmp_path: Path) -> Any:
    url = f"{SQLITE}{tmp_path}/writer.db"
    await made_ready(url)
    made = Database(url)
    yield made
    await made.close()


async def add(tx: AsyncConnection, *names: str) -> tuple[str, ...]:
    for name in names:
        row = {"digest": name, "address": name, "campaign_id": None, "reason": "", "created_at": NOW}
        await tx.execute(insert(do_not_contact).values(row))
    return names


async def stored(db: Database) -> int:
    async with db.read() as tx:
        return int(await tx.scalar(select(func.count()).select_from(do_not_contact)) or 0)


class Held:
    """A transaction that does not end before it is told, so that others come to wait behind it."""

    def __init__(self) -> None:
        self.may_end = threading.Event()

    async def work(self, tx: AsyncConnection) -> str:
        await add(tx, "held")
        self.may_end.wait(60)
        return "held"


async def behind(db: Database, *works: Any, hold: Held | None = None) -> list[Any]:
    """What each says that waited behind the first, or raised."""
    held = hold or Held()
    asked = [asyncio.create_task(db.transact(held.work))]
    asked += [asyncio.create_task(db.transact(work)) for work in works]
    await asyncio.sleep(0.05)
    assert await stored(db) == 0
    held.may_end.set()
    return await asyncio.gather(*asked, return_exceptions=True)


async def test_each_of_those_that_go_along_has_its_own_answer(db: Database) -> None:
    assert await behind(db, lambda tx: add(tx, "a"), lambda tx: add(tx, "b", "c")) == ["held", ("a",), ("b", "c")]
    assert await stored(db) == 4


async def test_one_that_fails_is_undone_alone(db: Database) -> None:
    held, failed, other = await behind(db, lambda tx: add(tx, "a", "held"), lambda tx: add(tx, "b"))
    assert (held, other) == ("held", ("b",))
    assert isinstance(failed, IntegrityError)
    assert await stored(db) == 2


async def test_the_first_that_fails_takes_nobody_with_it(db: Database) -> None:
    class Failing(Held):
        async def work(self, tx: AsyncConnection) -> str:
            await super().work(tx)
            raise LookupError("held")

    failed, other = await behind(db, lambda tx: add(tx, "b"), hold=Failing())
    assert isinstance(failed, LookupError)
    assert other == ("b",)
    assert await stored(db) == 1


async def test_where_the_whole_transaction_is_given_up_nobody_is_told_that_it_is_written(db: Database) -> None:
    async def give_up(tx: AsyncConnection) -> None:
        await tx.execute(insert(do_not_contact).values(digest="x", address="x", reason="", created_at=NOW))
        tx.driver.rollback()  # type: ignore[attr-defined]  (as SQLite does when the disk is full)
        raise OSError("the disk is full")

    answers = await behind(db, lambda tx: add(tx, "a"), give_up, lambda tx: add(tx, "b"))
    written = {name for answer in answers if not isinstance(answer, BaseException) for name in (answer, *answer)}
    assert "held" not in written
    assert sum(isinstance(answer, OSError) for answer in answers) >= 2
    assert await stored(db) == len([one for one in answers if isinstance(one, tuple)])
