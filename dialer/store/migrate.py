"""Brings the database to the newest revision (Alembic); a test proves that the revisions and `tables` agree."""

from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, inspect, make_url, select, text
from sqlalchemy.exc import DBAPIError

from dialer.domain.errors import InvalidInput
from dialer.store.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
# The advisory lock under which PostgreSQL is migrated; any number that is this program's own.
LOCK = 0x6469616C6572


async def upgrade(db: Database) -> tuple[str | None, str | None]:
    """Run what is missing, in one transaction; returns the revision before and after. Raises as `reaching` does."""
    async with AsyncExitStack() as stack:
        with reaching(db.url):
            tx = await stack.enter_async_context(db.write())
        return await tx.run_sync(_upgrade)


async def pending(db: Database) -> bool:
    """Whether `upgrade` would do anything."""
    async with db.read() as tx:
        return await tx.run_sync(lambda connection: _current(connection) != newest())


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Raises `InvalidInput` for a database that does not answer, or is none: in a line, to whoever starts on it."""
    try:
        if url.startswith("sqlite"):
            folder = Path(str(make_url(url).database)).parent
            folder.stat()  # for SQLite a folder that is not there is one fault of many
        yield
    except (OSError, DBAPIError) as error:
        where = make_url(url).render_as_string(hide_password=True)
        told = f"{where}: {cause(error)}: check DIALER_DATABASE__URL, and that it can be reached"
        raise InvalidInput.single("database", told) from None


def cause(error: Exception) -> str:
    """What the driver says, without what SQLAlchemy adds for programmers."""
    return str(error.orig if isinstance(error, DBAPIError) and error.orig is not None else error)


def must_be_there(url: str) -> None:
    """Raises `InvalidInput` if it is SQLite and there is no such file: opening it would make one."""
    file = Path(str(make_url(url).database))
    if url.startswith("sqlite") and not file.exists():
        raise absent(file, " (`dialer migrate` makes a new one)")


def absent(file: Path, otherwise: str = "") -> InvalidInput:
    return InvalidInput.single(
        "database", f"there is no {file}: name it by --config or DIALER_DATABASE__URL{otherwise}"
    )


def _upgrade(connection: Connection) -> tuple[str | None, str | None]:
    if connection.dialect.name == "postgresql":  # nodes that start together: one migrates, the others find it done
        connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
    before = _current(connection)
    if before != newest():
        from alembic import command  # a start that migrates nothing has a tenth of a second less to load

        command.upgrade(config(connection), "head")
    return before, _current(connection)


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def newest() -> str:
    """The revisions are numbered, and so are their files."""
    return max(file.name for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))[:4]


def config(connection: Connection | None = None) -> "Config":
    """Alembic's configuration, without a file; `connection` is what migrations/env.py runs on."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    attributes: dict[str, Any] = made.attributes
    attributes["connection"] = connection
    return made
