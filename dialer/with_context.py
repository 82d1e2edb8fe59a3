"""What commands share: the settings they run with, and an operations context over the database, without an engine."""

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import make_url

from config.load import SettingsError, load
from config.settings import Settings
from dialer.domain.errors import DomainError, InvalidInput
from dialer.operations.audit import Doer, Kind, acting
from dialer.operations.context import Context
from dialer.store.database import Database
from dialer.store.migrate import must_be_there, pending, reaching

Config = Annotated[Path | None, typer.Option("--config", help="The settings file (TOML); also DIALER_CONFIG.")]


def settings_of(config: Path | None) -> Settings:
    """Ends the command with every fault if they are wrong."""
    with refusing():
        return load(config)


def with_context(settings: Settings, work: Callable[[Context], Awaitable[None]], *, begins: bool = False) -> None:
    """Ends the command with what the work refuses.

    Also without a database of this version, which only what `begins` one may find: a database that a command made by
    itself would be another than the server's.
    """

    async def run() -> None:
        if not begins:
            must_be_there(settings.database.url)
        db = Database(settings.database.url)
        try:
            if not begins and await _is_behind(db):
                raise InvalidInput.single("database", f"{_told(db)} is not that of this version: run `dialer migrate`")
            with acting(Doer(_user_name(), Kind.COMMAND)):
                await work(Context(db, settings))
        finally:
            await db.close()

    with refusing():
        asyncio.run(run())


async def _is_behind(db: Database) -> bool:
    with reaching(db.url):
        return await pending(db)


def _told(db: Database) -> str:
    """Where it is, without a password."""
    return make_url(db.url).render_as_string(hide_password=True)


@contextmanager
def refusing() -> Iterator[None]:
    """Ends the command with what is refused within, told on standard error."""
    try:
        yield
    except SettingsError as error:
        for fault in error.faults:
            print(f"setting {fault}", file=sys.stderr)
        raise typer.Exit(2) from None
    except DomainError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None


def _user_name() -> str:
    """Who runs the command, as the system calls them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a number without a name, as in some containers
        return "(no name)"
