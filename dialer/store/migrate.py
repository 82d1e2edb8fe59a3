"""Brings the database to the newest revision (Alembic); a test proves that the revisions and `tables` agree."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

from dialer.store.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"
# The advisory lock under which PostgreSQL is migrated; any number that is this program's own.
LOCK = 0x6469616C6572


async def upgrade(db: Database) -> tuple[str | None, str | None]:
    """Run what is missing, in one transaction; returns the revision before and after."""
    async with db.write() as tx:
        return await tx.run_sync(_upgrade)


async def pending(db: Database) -> bool:
    """Whether `upgrade` would do anything."""
    async with db.read() as tx:
        return await tx.run_sync(lambda connection: _current(connection) != _newest())


def _upgrade(connection: Connection) -> tuple[str | None, str | None]:
    if connection.dialect.name == "postgresql":  # nodes that start together: one migrates, the others find it done
        connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
    before = _current(connection)
    if before != _newest():
        command.upgrade(config(connection), "head")
    return before, _current(connection)


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _newest() -> str | None:
    return ScriptDirectory.from_config(config()).get_current_head()


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without a file; `connection` is what migrations/env.py runs on."""
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    attributes: dict[str, Any] = made.attributes
    attributes["connection"] = connection
    return made
