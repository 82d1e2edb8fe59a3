"""The import's own process: reads a file, turns rows into contacts, and lays them out in small database files.

`python -m dialer.intake.staging` takes a `Job` as a line of JSON. For each lot of rows it writes one SQLite file, which the
store can read set by set (addresses in their own order, so that the index they go into is filled page by page), and
tells it in a line of JSON. Two lots ahead it waits for a line that says one was taken; it ends with its reader.
"""

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

import orjson

from dialer.domain.columns import ColumnMap, Refusal, map_columns, row_to_contact
from dialer.domain.contact import NewContact
from dialer.domain.fields import Field, FieldType
from dialer.domain.suppression import address_digest
from dialer.intake.csv_reader import FileShape, RefusedRow, Row, read
from dialer.intake.faults import UnreadableFile

LOT_ROWS = 50_000
AHEAD = 2
NICE = 5  # a call that is about to start comes first
_BATCH = 1_000

_TABLES = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
CREATE TABLE row (n INTEGER PRIMARY KEY, line, first_name, last_name, time_zone, external_id, attributes, notes, cells);
CREATE TABLE address (n, position, address, voice, sms, email, digest);
CREATE TABLE refused (line INTEGER PRIMARY KEY, cells, reason);
CREATE TABLE double (n INTEGER PRIMARY KEY);
"""
_ADDRESS = itemgetter(2)


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be read. `secret` is given if addresses are to be hashed for the do-not-contact lists."""

    path: str
    shape: FileShape
    mapping: dict[str, str | None]
    region: str | None
    time_zone: str | None
    fields: dict[str, Field]
    after: int  # the line up to which the file was read before
    secret: str | None
    lot_rows: int = LOT_ROWS

    @classmethod
    def of_json(cls, line: str | bytes) -> "Job":
        found: dict[str, Any] = orjson.loads(line)
        shape, fields = found["shape"], found["fields"]
        found["shape"] = FileShape(**{**shape, "columns": tuple(shape["columns"]), "sample_rows": ()})
        found["fields"] = {
            name: Field(**{**field, "type": FieldType(field["type"]), "choices": tuple(field["choices"])})
            for name, field in fields.items()
        }
        return cls(**found)


@dataclass(frozen=True, slots=True)
class Lot:
    """Some rows of a file, laid out in the SQLite file `path`; it was read up to line `last_line`."""

    path: str
    contacts: int
    addresses: int
    refused: int
    last_line: int


def lots(job: Job) -> Iterator[Lot]:
    """Raises UnreadableFile in the middle if the file is unreadable from there on."""
    columns = map_columns(job.shape.columns, job.mapping)
    rows = read(Path(job.path), job.shape, after=job.after)
    last = job.after
    for number in count():
        path = f"{job.path}.{number}.lot"
        Path(path).unlink(missing_ok=True)
        with closing(sqlite3.connect(path, isolation_level=None)) as file:
            lot = _Layout(file, job, columns).fill(path, rows, last)
        last = lot.last_line
        if lot.contacts or lot.refused:
            yield lot
        else:
            Path(path).unlink()
            return


class _Layout:
    """One lot while it is written."""

    def __init__(self, file: sqlite3.Connection, job: Job, columns: ColumnMap) -> None:
        self._file, self._job, self._columns = file, job, columns
        self._secret = job.secret.encode() if job.secret is not None else None
        self._contacts = self._refused = 0
        self._rows: list[tuple[Any, ...]] = []
        self._held: list[tuple[Any, ...]] = []
        self._wrong: list[tuple[Any, ...]] = []
        file.executescript(_TABLES)
        file.execute("BEGIN")

    def fill(self, path: str, rows: Iterator[Row | RefusedRow], last: int) -> Lot:
        for row in rows:
            last = row.number
            self._take(row)
            if len(self._rows) >= _BATCH or len(self._wrong) >= _BATCH:
                self._write()
            if self._contacts + self._refused == self._job.lot_rows:
                break
        self._write()
        self._write_addresses()
        self._file.execute("COMMIT")
        return Lot(path, self._contacts, len(self._held), self._refused, last)

    def _take(self, row: Row | RefusedRow) -> None:
        if isinstance(row, RefusedRow):
            self._refuse(row, row.reason)
            return
        contact = row_to_contact(row.cells, self._columns, self._job.region, self._job.fields)
        if isinstance(contact, Refusal):
            self._refuse(row, contact.reason)
        else:
            self._add(row, contact)

    def _refuse(self, row: Row | RefusedRow, reason: str) -> None:
        self._refused += 1
        self._wrong.append((row.number, orjson.dumps(row.cells).decode(), reason))

    def _add(self, row: Row, contact: NewContact) -> None:
        n, secret = self._contacts, self._secret
        self._contacts += 1
        notes = orjson.dumps(contact.notes).decode() if contact.notes else None
        cells = orjson.dumps(row.cells).decode() if secret is not None else None  # it may have to be refused yet
        self._rows.append((
            n, row.number, contact.first_name, contact.last_name, contact.time_zone or self._job.time_zone,
            contact.external_id, orjson.dumps(contact.attributes).decode(), notes, cells,
        ))  # fmt: skip
        for position, a in enumerate(contact.addresses):
            digest = address_digest(secret, a.address) if secret is not None else None
            self._held.append((n, position, a.address, a.voice, a.sms, a.email, digest))

    def _write(self) -> None:
        self._file.executemany("INSERT INTO row VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", self._rows)
        self._file.executemany("INSERT INTO refused VALUES (?, ?, ?)", self._wrong)
        self._rows, self._wrong = [], []

    def _write_addresses(self) -> None:
        """In their order, and which rows of the lot share one: those are merged one after the other."""
        self._held.sort(key=_ADDRESS)
        self._file.executemany("INSERT INTO address VALUES (?, ?, ?, ?, ?, ?, ?)", self._held)
        self._file.execute("CREATE INDEX address_n ON address (n)")
        twice = {n for one, other in pairwise(self._held) if one[2] == other[2] for n in (one[0], other[0])}
        self._file.executemany("INSERT INTO double VALUES (?)", [(n,) for n in twice])


def main() -> None:
    os.nice(NICE)
    ahead = 0
    job = Job.of_json(sys.stdin.buffer.readline())
    try:
        for lot in lots(job):
            sys.stdout.buffer.write(orjson.dumps(lot) + b"\n")
            sys.stdout.buffer.flush()
            ahead += 1
            if ahead > AHEAD:
                if not sys.stdin.buffer.readline():
                    return  # nobody takes any more
                ahead -= 1
    except BrokenPipeError:
        return
    except (UnreadableFile, OSError, sqlite3.OperationalError) as fault:  # the last: the disk is full
        sys.exit(str(fault))


if __name__ == "__main__":
    main()
