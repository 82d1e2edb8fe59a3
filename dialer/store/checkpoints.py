"""Checkpoints: what commits appended to SQLite's write-ahead log is moved into the database file, beside the writer.

Left to itself SQLite does that within whatever commit fills the log, and a call that is about to start would wait for
it (20 to 40 ms while contacts are imported).
"""

import sqlite3
import threading
from contextlib import closing, suppress

PAUSE_S = 0.5
# A log that never comes to rest, because somebody always writes, is brought to an end: its last frames are few by then.
LONG_LOG = 16_384  # pages of 4 KiB
LONGEST_STOP_MS = 20  # what a writer may wait for that; if readers are in the way, the next time is soon


class Checkpointer:
    """A thread with a connection of its own to the database file at `path`."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """May be called again and again."""
        if self._thread is None and not self._over.is_set():
            self._thread = threading.Thread(target=self._serve, name="checkpoints", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Waits for the one under way."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _serve(self) -> None:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA busy_timeout={LONGEST_STOP_MS}")
            while not self._over.wait(PAUSE_S):
                with suppress(sqlite3.OperationalError):  # the file is locked, or being turned to WAL: next time
                    _checkpoint(connection)


def _checkpoint(connection: sqlite3.Connection) -> None:
    _, log, moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    if log > LONG_LOG and moved > log // 2:
        connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
