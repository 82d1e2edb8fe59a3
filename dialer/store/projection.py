"""Keeps up the file beside SQLite's database from which contacts are listed, sorted and searched.

Names, attributes and words come in no order: indexed in the database itself each of them would cost an import a page of
its log. Here nothing is lost when the file is: it is made again. It follows the database in short transactions of its own
connection, off the event loop, which only read the database.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from operator import le
from pathlib import Path
from typing import NamedTuple

from dialer.store.projection_schema import (
    ADD,
    CHANGE,
    CHANGED,
    NEW,
    SCHEMA,
    VERSION,
    indexes,
    sheets,
    write_sheet,
)

CHUNK = 10_000  # contacts in a transaction: some tenths of a second
MANY = 50_000
# So many are caught up with before a list is answered; more are told as the number that is missing.
AT_ONCE = 4_000
PATIENCE_S = 0.1  # how long a list waits for a chunk that is being written
BUSY_S = 30.0

#: What its methods raise if the file can't be read or written.
ProjectionError = sqlite3.Error


@dataclass(frozen=True, slots=True)
class Progress:
    """Up to which contact and which change the file has come, and how many of both are missing."""

    contact_id: int
    change_id: int
    missing: int


class Behind(NamedTuple):
    """How many contacts and changes lists do not have yet, and how many contacts an import is just bringing in."""

    missing: int
    landing: int


class Projection:
    """Of the database in `path`. Everything but `caught_up` blocks and is safe to be called from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.file = path.with_name(f"{path.name}-search")
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    async def caught_up(self) -> "Behind":
        """Catch up, if that is soon done; returns what is still missing."""
        return await asyncio.to_thread(self._catch_up)

    async def follow(self) -> bool:
        """One step, however far behind; False if there was nothing to do."""
        return await asyncio.to_thread(self._follow)

    async def settled(self) -> int:
        """Put what is there on disk; returns the last change that will not be asked for again."""
        return await asyncio.to_thread(self._settle)

    def prepare(self) -> None:
        """Make the file, if there is none that fits."""
        with self._lock:
            self._open()

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    # -- off the loop ---------------------------------------------------------------------------------------------

    def _catch_up(self) -> "Behind":
        if not self._lock.acquire(timeout=PATIENCE_S):
            with closing(self._connect()) as connection:
                return _behind(connection)
        try:
            connection = self._open()
            missing = _progress(connection).missing
            while 0 < missing <= AT_ONCE:
                _step(connection)
                missing = _progress(connection).missing
            if not missing and _progress(connection).contact_id <= MANY:  # with more it takes seconds: `follow` does it
                _index(connection)
            return _behind(connection)
        finally:
            self._lock.release()

    def _follow(self) -> bool:
        with self._lock:
            connection = self._open()
            progress = _progress(connection)
            if progress.missing:
                _unindex_for_many(connection, progress)
                _step(connection)
            else:
                _index(connection)
            return progress.missing > 0

    def _settle(self) -> int:
        with self._lock:
            connection = self._open()
            change = _progress(connection).change_id
            connection.execute(
                "PRAGMA main.wal_checkpoint(PASSIVE)"
            ).fetchall()  # the database is not written from here
            return change

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                self._connection = self._fitting()
            except sqlite3.DatabaseError:  # damaged: it is made again from the database
                self._remove()
                self._connection = self._fitting()
        return self._connection

    def _fitting(self) -> sqlite3.Connection:
        connection = self._connect()
        connection.execute("BEGIN IMMEDIATE")  # of two processes that start together one makes it
        version = connection.execute("PRAGMA main.user_version").fetchone()[0]
        if version == 0:
            _run(connection, SCHEMA)
        elif version != VERSION or not _is_of(connection):
            connection.close()
            self._remove()
            return self._fitting()
        connection.commit()
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.file, timeout=BUSY_S, isolation_level=None, check_same_thread=False, uri=True)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "temp_store=MEMORY", "cache_size=-32768"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        connection.execute("ATTACH ? AS app", (f"{self._path.absolute().as_uri()}?mode=ro",))
        return connection

    def _remove(self) -> None:
        for end in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                self.file.with_name(f"{self.file.name}{end}").unlink()


def _progress(connection: sqlite3.Connection) -> Progress:
    contact_id, change_id = connection.execute("SELECT contact_id, change_id FROM progress").fetchone()
    contacts, changes = _complete(connection), _newest(connection)[1]
    return Progress(contact_id, change_id, max(0, contacts - contact_id) + max(0, changes - change_id))


def _behind(connection: sqlite3.Connection) -> Behind:
    return Behind(_progress(connection).missing, _newest(connection)[0] - _complete(connection))


def _newest(connection: sqlite3.Connection) -> tuple[int, int]:
    """The last numbers that were given to a contact and to a change."""
    numbers = dict(connection.execute("SELECT name, seq FROM app.sqlite_sequence").fetchall())
    return numbers.get("contact", 0), numbers.get("contact_change", 0)


def _complete(connection: sqlite3.Connection) -> int:
    """The last contact before those that an import is just bringing in and that have no address yet (store/bulk.py)."""
    landing = "SELECT min(json_extract(landing, '$.first')) FROM app.source WHERE landing IS NOT NULL"
    first = connection.execute(landing).fetchone()[0]
    newest = _newest(connection)[0]
    return newest if first is None else min(newest, first - 1)


def _is_of(connection: sqlite3.Connection) -> bool:
    """Not of a database that has since been replaced by an older copy of itself."""
    seen = connection.execute("SELECT contact_id, change_id FROM progress").fetchone()
    return seen == (0, 0) or all(map(le, seen, _newest(connection)))


def _step(connection: sqlite3.Connection) -> None:
    """The next changes, or else the next new contacts, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        seen, change = connection.execute("SELECT contact_id, change_id FROM progress").fetchone()
        contacts, changes = _complete(connection), _newest(connection)[1]
        if change < changes:
            last = min(change + CHUNK, changes)
            given = {"seen": change, "last": last, "newest": seen}
            _run(connection, CHANGE, given)
            _run(connection, (write_sheet(table, CHANGED) for table in _sheets(connection)), given)
            connection.execute("UPDATE progress SET change_id = ?", (last,))
        elif seen < contacts:
            last = min(seen + CHUNK, contacts)
            _run(connection, ADD, {"seen": seen, "last": last})
            _run(connection, (write_sheet(table, NEW) for table in _sheets(connection)), {"seen": seen, "last": last})
            connection.execute("UPDATE progress SET contact_id = ?", (last,))
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _run(
    connection: sqlite3.Connection, statements: Iterable[str], parameters: Mapping[str, int] | None = None
) -> None:
    for statement in statements:
        connection.execute(statement, parameters or {})


def _index(connection: sqlite3.Connection) -> None:
    """Each column and each custom field has an index and a sheet, and nothing else has."""
    fields = dict(connection.execute("SELECT name, type FROM app.contact_field").fetchall())
    wanted, there = indexes(fields), _indexed(connection)
    for name in there - wanted.keys():
        connection.execute(f'DROP INDEX "{name}"')
    for name in wanted.keys() - there:
        connection.execute(wanted[name])
    wanted, there = sheets(fields), _sheets(connection)
    for name in there - wanted.keys():
        connection.execute(f'DROP TABLE "{name}"')
    for name in wanted.keys() - there:
        _begin_sheet(connection, name, wanted[name])


def _begin_sheet(connection: sqlite3.Connection, name: str, statement: str) -> None:
    """In one transaction: whoever finds it relies on it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(statement)
        contacts = connection.execute("SELECT contact_id FROM progress").fetchone()[0]
        for seen in range(-1, contacts, CHUNK):
            connection.execute(write_sheet(name, NEW), {"seen": seen, "last": min(seen + CHUNK, contacts)})
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _indexed(connection: sqlite3.Connection) -> set[str]:
    return _named(connection, "SELECT name FROM main.sqlite_master WHERE type = 'index' AND name LIKE 'by %'")


def _sheets(connection: sqlite3.Connection) -> set[str]:
    return _named(connection, "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name LIKE 'sheet %'")


def _named(connection: sqlite3.Connection, query: str) -> set[str]:
    return {name for (name,) in connection.execute(query)}


def _unindex_for_many(connection: sqlite3.Connection, progress: Progress) -> None:
    """More than there is are to come: each of them would be put into the midst of every index, which is slower by far."""
    if progress.missing > max(MANY, progress.contact_id):
        for name in _indexed(connection):
            connection.execute(f'DROP INDEX "{name}"')
