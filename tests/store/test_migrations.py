"""The revisions make what `tables` describes, from nothing, and a second time do nothing."""

from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select, update
from sqlalchemy.exc import IntegrityError

from dialer.store import migrate, users
from dialer.store.database import Database
from dialer.store.tables import metadata
from dialer.store.tables.users import user
from tests.support.databases import Databases, opened

NOON = datetime(2026, 5, 6, 12, tzinfo=UTC)


def _is_described(_found: object, name: str | None, kind: str, *_more: object) -> bool:
    """Indexes over expressions, which PostgreSQL's lists need, are made by the revision only; test_browsing.py uses them."""
    return not (kind == "index" and str(name).startswith("ix_list_"))


def _differences(connection: Connection) -> list[object]:
    opts = {"compare_type": True, "include_object": _is_described}
    context = MigrationContext.configure(connection, opts=opts)
    return list(compare_metadata(context, metadata))


def _deletions(connection: Connection) -> dict[str, dict[str, str | None]]:
    """What happens to a row whose parent is deleted; alembic compares neither this nor partial indexes."""
    seen = inspect(connection)
    return {
        table: {
            key["constrained_columns"][0]: key.get("options", {}).get("ondelete")
            for key in seen.get_foreign_keys(table)
        }
        for table in metadata.tables
    }


def _conditions(connection: Connection, dialect: str) -> dict[str, bool]:
    """Which indexes are partial."""
    seen = inspect(connection)
    return {
        str(index["name"]): index.get("dialect_options", {}).get(f"{dialect}_where") is not None
        for table in metadata.tables
        for index in seen.get_indexes(table)
        if not index.get("duplicates_constraint") and _is_described(None, index["name"], "index")
    }


def test_the_newest_revision_is_the_one_with_the_highest_number() -> None:
    assert migrate.newest() == ScriptDirectory.from_config(migrate.config()).get_current_head()


async def test_the_revisions_and_the_tables_agree(db: Database) -> None:
    async with db.read() as tx:
        assert await tx.run_sync(_differences) == []


async def test_rows_go_with_their_parents_as_the_tables_say(db: Database) -> None:
    described = {
        name: {key.parent.name: key.ondelete for key in table.foreign_keys} for name, table in metadata.tables.items()
    }
    async with db.read() as tx:
        assert await tx.run_sync(_deletions) == described


async def test_partial_indexes_are_partial(db: Database) -> None:
    dialect = "sqlite" if db.is_sqlite else "postgresql"
    described = {
        str(index.name): index.dialect_options[dialect]["where"] is not None
        for table in metadata.tables.values()
        for index in table.indexes
    }
    async with db.read() as tx:
        assert await tx.run_sync(lambda connection: _conditions(connection, dialect)) == described


async def test_upgrade_from_nothing_and_again(databases: Databases) -> None:
    url = await databases.make(migrated=False)
    async with opened(url) as db:
        assert await migrate.pending(db)
        before, after = await migrate.upgrade(db)
        assert before is None
        assert after is not None
        assert not await migrate.pending(db)
        assert await migrate.upgrade(db) == (after, after)
        async with db.read() as tx:
            assert await tx.run_sync(_differences) == []
    await databases.drop(url)


async def test_users_whose_names_differ_only_by_case_stay_and_no_more_are_made(databases: Databases) -> None:
    url = await databases.make(migrated=True)
    async with opened(url) as db:
        async with db.write() as tx:
            for name in ("Ann", "ben"):
                await users.add(tx, name, "", "viewer", NOON)
            await tx.run_sync(_again, "downgrade")
            await tx.execute(update(user).where(user.c.name == "ben").values(name="aNN"))
            await tx.run_sync(_again, "upgrade")
        async with db.read() as tx:
            found = await tx.execute(select(user.c.name, user.c.folded_name).order_by(user.c.id))
            assert [tuple(row) for row in found] == [("Ann", "ann"), ("aNN", None)]
        with pytest.raises(IntegrityError):
            async with db.write() as tx:
                await users.add(tx, "ANN", "", "viewer", NOON)
    await databases.drop(url)


def _again(connection: Connection, move: str) -> None:
    """`downgrade` or `upgrade` of the revision that folds the names."""
    script = ScriptDirectory.from_config(migrate.config()).get_revision("0032")
    with Operations.context(MigrationContext.configure(connection)):
        getattr(script.module, move)()


def _unindexed(connection: Connection) -> list[str]:
    """References whose table would be searched from end to end for each deleted parent."""
    seen = inspect(connection)
    found = []
    for table in metadata.tables:
        leading = {index["column_names"][0] for index in seen.get_indexes(table)}
        leading |= {key["column_names"][0] for key in seen.get_unique_constraints(table)}
        leading |= set(seen.get_pk_constraint(table)["constrained_columns"][:1])
        columns = {key["constrained_columns"][0] for key in seen.get_foreign_keys(table)}
        found += [f"{table}.{column}" for column in columns - leading]
    return sorted(found)


async def test_deleting_a_row_searches_no_large_table_from_end_to_end(db: Database) -> None:
    small = ["campaign.sms_gateway", "campaign.voice_gateway", "session.user_id"]
    async with db.read() as tx:
        assert await tx.run_sync(_unindexed) == small
