"""Whether an error says that the disk is full, which passes when somebody makes room, and is no fault of the program."""

import errno
import sqlite3

from sqlalchemy.exc import DBAPIError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
# SQLite tells a full disk by SQLITE_FULL, or where it grows its shared memory by SQLITE_IOERR_SHMSIZE (sqlite.org/rescode.html).
_SQLITE_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})
_POSTGRESQL_FULL = "53100"  # disk_full


def is_full(error: BaseException) -> bool:
    """Of a file, of SQLite's own driver, or of either database through SQLAlchemy."""
    if isinstance(error, DBAPIError) and isinstance(error.orig, BaseException):
        return is_full(error.orig)
    if isinstance(error, OSError):
        return error.errno in FULL
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) in _SQLITE_FULL
    return _POSTGRESQL_FULL in (getattr(error, "sqlstate", None), getattr(error, "pgcode", None))
