"""Prepared statements: the same rows, values and errors, whichever way they reach the store."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.store.database import Database
from dialer.store.prepared import Prepared
from dialer.store.tables import contact, gateway

AT = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)

ADD = Prepared(insert(contact).returning(contact.c.id, sort_by_parameter_order=True))
ALL = Prepared(select(contact).where(contact.c.id.in_(bindparam("ids", expanding=True))).order_by(contact.c.id))
RENAME = Prepared(
    update(contact)
    .where(contact.c.first_name == bindparam("_old"))
    .values(first_name=bindparam("_new"), revision=contact.c.revision + 1)
    .returning(contact.c.id, contact.c.revision)
)
GATEWAY = Prepared(insert(gateway))


def row(name: str, **attributes: Any) -> dict[str, Any]:
    return {
        "first_name": name,
        "last_name": "",
        "time_zone": None,
        "external_id": None,
        "attributes": attributes,
        "revision": 1,
        "created_at": AT,
        "modified_at": AT,
    }


async def everything(tx: AsyncConnection) -> list[Any]:
    ids = await ADD.ids(tx, [row("Ann", age=41), row("Bob"), row("Zoë 🦉", note='a "quote"')])
    await RENAME.run(tx, {"_old": "Bob", "_new": "Rob"})
    renamed = await RENAME.rows(tx, {"_old": "Rob", "_new": "Robert"})
    found = await ALL.rows(tx, {"ids": ids})
    return [
        [i - ids[0] for i in ids],
        [(r.id - ids[0], r.revision) for r in renamed],
        [(r.first_name, r.attributes, r.time_zone, r.created_at, r.revision) for r in found],
        await ALL.rows(tx, {"ids": []}),
    ]


async def test_a_prepared_statement_answers_the_same_in_the_writers_thread_and_through_sqlalchemy(db: Database) -> None:
    in_thread = await db.transact(everything)
    async with db.write() as tx:
        through_sqlalchemy = await everything(tx)
    assert in_thread == through_sqlalchemy
    assert in_thread == [
        [0, 1, 2],
        [(1, 3)],
        [
            ("Ann", {"age": 41}, None, AT, 1),
            ("Robert", {}, None, AT, 3),
            ("Zoë 🦉", {"note": 'a "quote"'}, None, AT, 1),
        ],
        [],
    ]


async def test_what_breaks_a_rule_of_the_store_is_sqlalchemys_error_and_undoes_the_transaction(db: Database) -> None:
    def named(key: str) -> dict[str, Any]:
        fixed = {"kind": "voice", "name": "Carrier", "settings": {}, "revision": 1}
        return {"id": key, **fixed, "created_at": AT, "modified_at": AT}

    async def twice(tx: AsyncConnection) -> None:
        await GATEWAY.run_many(tx, [named("a"), named("b")])

    async def one_after_the_other(tx: AsyncConnection) -> None:
        await GATEWAY.run(tx, named("a"))
        await GATEWAY.run(tx, named("b"))

    for work in (twice, one_after_the_other):
        with pytest.raises(IntegrityError):
            await db.transact(work)
    async with db.read() as tx:
        assert (await tx.execute(select(gateway))).all() == []


async def test_a_naive_time_is_refused_before_it_is_written(db: Database) -> None:
    async def work(tx: AsyncConnection) -> None:
        await ADD.ids(tx, [row("Ann") | {"created_at": AT.replace(tzinfo=None)}])

    with pytest.raises(Exception, match="naive time"):
        await db.transact(work)


async def test_nothing_to_do_is_nothing_done(db: Database) -> None:
    async def work(tx: AsyncConnection) -> list[int]:
        await GATEWAY.run_many(tx, [])
        return await ADD.ids(tx, [])

    assert await db.transact(work) == []


async def test_a_column_that_only_sqlalchemy_would_fill_in_must_be_named(tmp_path: Any) -> None:
    db = Database(f"sqlite+aiosqlite:///{tmp_path}/defaults.db")

    async def work(tx: AsyncConnection) -> None:
        await ADD.ids(tx, [{"first_name": "Ann"}])

    try:
        with pytest.raises(ValueError, match="last_name, revision missing"):
            await db.transact(work)
    finally:
        await db.close()


STAMP = Prepared(
    update(contact)
    .where(contact.c.id == bindparam("_id"), or_(contact.c.revision == 1, contact.c.first_name == bindparam("_name")))
    .values(last_name=bindparam("_last"), modified_at=bindparam("_now"), revision=contact.c.revision + 1)
)
FORGET = Prepared(delete(contact).where(contact.c.id == bindparam("_id")))


@pytest.mark.parametrize("many", [1, 3, 64, 151])
async def test_a_batch_of_any_size_is_written_row_by_row_as_the_store_sees_it(db: Database, many: int) -> None:
    """Each row with its own values, whether the statement has others of its own before or behind them."""

    async def work(tx: AsyncConnection) -> list[Any]:
        ids = await ADD.ids(tx, [row(f"N{n}", number=n) for n in range(many)])
        last = [{"_id": one, "_name": "", "_last": f"L{n}", "_now": AT} for n, one in enumerate(ids)]
        await STAMP.run_many(tx, last[::-1])
        await STAMP.run_many(tx, [one | {"_last": "again", "_name": "N0"} for one in last])
        await FORGET.run_many(tx, [{"_id": one} for one in ids[40:]])
        found = await ALL.rows(tx, {"ids": ids})
        return [(r.id - ids[0], r.first_name, r.last_name, r.attributes, r.modified_at, r.revision) for r in found]

    in_thread = await db.transact(work)
    async with db.write() as tx:
        assert in_thread == await work(tx)
    assert in_thread == [
        (n, f"N{n}", f"L{n}" if n else "again", {"number": n}, AT, 2 if n else 3) for n in range(min(many, 40))
    ]
