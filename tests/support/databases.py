"""Fresh, migrated databases, quickly: one is migrated and the others are copies of it."""

import asyncio
import atexit
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import cache
from itertools import count
from pathlib import Path
from typing import Protocol

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from dialer.store import migrate
from dialer.store.database import Database
from dialer.store.tables import metadata
from tests.support.postgres import PostgresServer

SQLITE = "sqlite+aiosqlite:///"


@cache
def template() -> Path:
    """A SQLite file of the newest revision, to be copied; made once in this process. Not from within an event loop."""
    folder = Path(tempfile.mkdtemp(prefix="dialer-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / "template.db"
    asyncio.run(_migrate(f"{SQLITE}{file}"))
    with closing(sqlite3.connect(file)) as connection:  # everything into the one file that is copied
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file


async def made_ready(url: str) -> None:
    """A SQLite file that isn't there yet is a copy of the template, so that an upgrade finds nothing to do."""
    file = Path(url.removeprefix(SQLITE))
    if url.startswith(SQLITE) and not file.exists():
        shutil.copyfile(await asyncio.to_thread(template), file)


class Databases(Protocol):
    """Makes databases of one kind; every address is good for as many `Database` objects as a test wants."""

    async def make(self, *, migrated: bool = True) -> str:
        """The address of a fresh database."""

    async def drop(self, url: str) -> None:
        """It is not needed any more and nobody is connected."""


class SqliteDatabases:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()

    async def make(self, *, migrated: bool = True) -> str:
        file = self._folder / f"test{next(self._numbers)}.db"
        if migrated:
            shutil.copyfile(await asyncio.to_thread(template), file)
        return f"{SQLITE}{file}"

    async def drop(self, url: str) -> None:
        file = Path(url.removeprefix(SQLITE))
        for name in (file.name, f"{file.name}-search"):
            for end in ("", "-wal", "-shm"):
                file.with_name(f"{name}{end}").unlink(missing_ok=True)


class PostgresDatabases:
    """A database that a test is done with is emptied and used again: that is faster than to make another."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._numbers = count()
        self._empty: list[str] = []
        asyncio.run(self._maketemplate())

    async def make(self, *, migrated: bool = True) -> str:
        if migrated and self._empty:
            return self._empty.pop()
        name = f"test{next(self._numbers)}"
        await self._run("postgres", f"CREATE DATABASE {name} TEMPLATE {'template_dialer' if migrated else 'template0'}")
        return self._server.url(name)

    async def drop(self, url: str) -> None:
        tables = ", ".join(metadata.tables)
        await self._run(url.partition("@/")[2].partition("?")[0], f"TRUNCATE {tables} RESTART IDENTITY")
        self._empty.append(url)

    async def _maketemplate(self) -> None:
        await self._run("postgres", "CREATE DATABASE template_dialer TEMPLATE template0")
        await _migrate(self._server.url("template_dialer"))

    async def _run(self, database: str, statement: str) -> None:
        engine = create_async_engine(self._server.url(database), isolation_level="AUTOCOMMIT", poolclass=NullPool)
        async with engine.connect() as connection:
            await connection.execute(text(statement))
        await engine.dispose()


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    db = Database(url)
    try:
        yield db
    finally:
        await db.close()


async def _migrate(url: str) -> None:
    async with opened(url) as db:
        await migrate.upgrade(db)
