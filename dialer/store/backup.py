"""Copies of a SQLite database: one that is whole while a server writes, and one that becomes the database of a server."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from dialer.domain.errors import InvalidInput
from dialer.store.migrate import absent, newest

# What SQLite and the lists keep beside a database.
BESIDE = ("-wal", "-shm", "-search", "-search-wal", "-search-shm")


def copy(database: Path, to: Path) -> int:
    """A whole copy of one moment, on disk when this returns; its size in bytes. The writer of a running server goes on.

    Only its owner may read it. InvalidInput if there is no such database, if `to` is there already, or can't be written.
    """
    if not database.exists():
        raise absent(database)
    _must_be_free(to)
    try:
        return _written(database, to)
    except (OSError, sqlite3.Error) as error:
        raise InvalidInput.single("file", f"{to} can't be made: {error}: name a file that you may write to") from None


def _written(database: Path, to: Path) -> int:
    draft = to.with_name(f".{to.name}.part")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("VACUUM INTO ?", (str(draft),))
        _sync(draft)
        draft.rename(to)
        _sync(to.parent)
    finally:
        draft.unlink(missing_ok=True)
    return to.stat().st_size


def put(backup: Path, database: Path) -> None:
    """A copy of the backup in the place of the database. InvalidInput if it is no backup, or a database is there already."""
    _examine(backup)
    _must_be_free(database, *(database.with_name(f"{database.name}{end}") for end in BESIDE))
    database.parent.mkdir(parents=True, exist_ok=True)
    copy(backup, database)


def _must_be_free(*paths: Path) -> None:
    for path in paths:
        if path.exists():
            raise InvalidInput.single("file", f"{path} is there already: move it away, nothing is overwritten")


def _examine(backup: Path) -> None:
    if not backup.is_file():
        raise InvalidInput.single("file", f"there is no {backup}")
    try:
        with closing(sqlite3.connect(f"{backup.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            (state,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            (version,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except (sqlite3.DatabaseError, TypeError) as error:
        raise InvalidInput.single("file", f"{backup} is no backup of a dialer's database: {error}") from None
    if state != "ok":
        raise InvalidInput.single("file", f"{backup} is damaged ({state}): take another one")
    if version > newest():
        raise InvalidInput.single("file", f"{backup} is of a newer version ({version}): install that one")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
