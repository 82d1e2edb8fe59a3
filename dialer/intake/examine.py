"""What a contact file holds, before any of it is stored: its shape, its mapping, and what would become of its rows.

A small file is looked at in a thread. Anything larger, and every workbook, is given to a process of its own, which waits
for the dialer where both want the processor, and has a bound of memory and time: `python -m dialer.intake.examine`.
"""

import asyncio
import os
import resource
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from dialer.apart import apart
from dialer.domain.columns import ColumnMap, Refusal, map_columns, propose_fields, row_to_contact
from dialer.domain.errors import Fault, InvalidInput
from dialer.domain.fields import Field, FieldType
from dialer.domain.refusals import Reasons, Tally
from dialer.domain.said import Said
from dialer.domain.spreadsheet import BETWEEN
from dialer.intake.csv_reader import FileShape, RefusedRow, inspect, read, validate
from dialer.intake.faults import FileFault, UnreadableFile
from dialer.intake.workbook import DELIMITER, ENCODING, Sheet, is_workbook, to_csv

IN_THREAD_BYTES = 1 << 16
COUNTED_ROWS = 20_000
COUNTED_ADDRESSES = 200_000  # a row may have hundreds
MEMORY_BYTES = 2 << 30
CPU_S, WALL_S = 240, 900.0  # on a busy machine it is the last to be served
NICE = 10
TABLE = ".sheet.csv"  # what the table of a workbook is called beside it


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be looked at, and what a person said about it. `counted` rows are turned into contacts."""

    path: str
    mapping: dict[str, str | None]
    region: str | None
    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    fields: tuple[Field, ...] = ()
    counted: int = 0


@dataclass(frozen=True, slots=True)
class Examined:
    """`path` holds the table: the file itself, or the CSV file that was made of a workbook (`sheet`).

    `rows` and `split_refused` are of the whole file. Of the first `counted` rows, `addresses` has those of each contact,
    in order, `lines` where it begins in the file, `reasons` why the others are none, and `notes` why addresses of those
    that are taken are left out. `faults` are the mapping's; nothing is counted then.
    """

    path: str
    shape: FileShape
    sheet: Sheet | None
    fields: dict[str, str]
    faults: tuple[Fault, ...]
    rows: int
    split_refused: int
    counted: int
    addresses: list[list[str]]
    lines: list[int]
    refused: int
    reasons: tuple[Reasons, ...]
    notes: tuple[Reasons, ...]


async def examine(job: Job) -> Examined:
    """Raises UnreadableFile, InvalidInput (an encoding or delimiter that is not offered), OSError (the disk is full)."""
    if await asyncio.to_thread(_is_small, Path(job.path)):
        return await asyncio.to_thread(examine_here, job)
    return _from_json(await _in_process(job))


def _is_small(path: Path) -> bool:
    return path.stat().st_size <= IN_THREAD_BYTES and not is_workbook(path)


def examine_here(job: Job) -> Examined:
    """The same, in this thread."""
    path, sheet = Path(job.path), None
    encoding, delimiter = job.encoding, job.delimiter
    if is_workbook(path):
        path = path.with_suffix(TABLE)
        sheet = to_csv(Path(job.path), path)
        encoding, delimiter = ENCODING, DELIMITER
    shape = inspect(path, encoding=encoding, delimiter=delimiter, header=job.header)
    census = validate(path, shape)
    faults: tuple[Fault, ...] = ()
    counts = _Counts()
    try:
        columns = map_columns(shape.columns, job.mapping)
        counts = _count(path, shape, columns, job)
    except InvalidInput as invalid:
        faults = invalid.faults
    return Examined(
        str(path), shape, sheet, propose_fields(shape.columns, job.mapping), faults, census.rows, census.refused,
        counts.rows, counts.addresses, counts.lines, counts.tally.rows, counts.tally.reasons(),
        counts.notes.reasons(),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Counts:
    addresses: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    notes: Tally = field(default_factory=Tally)

    @property
    def rows(self) -> int:
        return len(self.addresses) + self.tally.rows


def _count(path: Path, shape: FileShape, columns: ColumnMap, job: Job) -> _Counts:
    counts, found = _Counts(), 0
    fields = {one.name: one for one in job.fields}
    for row in islice(read(path, shape), job.counted):
        if isinstance(row, RefusedRow):
            counts.tally.add(row.number, row.reason)
            continue
        contact = row_to_contact(row.cells, columns, job.region, fields)
        if isinstance(contact, Refusal):
            counts.tally.add(row.number, contact.reason)
            continue
        counts.addresses.append([address.address for address in contact.addresses])
        counts.lines.append(row.number)
        if contact.notes:
            counts.notes.add(row.number, BETWEEN.join(contact.notes))
        found += len(contact.addresses)
        if found >= COUNTED_ADDRESSES:
            break
    return counts


async def _in_process(job: Job) -> dict[str, Any]:
    out = b""
    async with apart("dialer.intake.examine", stderr=asyncio.subprocess.DEVNULL) as process:
        with suppress(TimeoutError):
            async with asyncio.timeout(WALL_S):
                out, _ = await process.communicate(orjson.dumps(job))
    if process.returncode != 0 or not out:
        reason = Said(
            "reading the file needs more than %(memory)s GB of memory or %(time)s s",
            memory=MEMORY_BYTES >> 30,
            time=CPU_S,
        )
        raise UnreadableFile(FileFault.TOO_LONG, reason, "save the table with the contacts alone as CSV UTF-8")
    found: dict[str, Any] = orjson.loads(out)
    _raise_told(found)
    return found


def _raise_told(found: dict[str, Any]) -> None:
    match found:
        case {"unreadable": [fault, reason, remedy]}:
            raise UnreadableFile(FileFault(fault), reason, remedy)
        case {"invalid": faults}:
            raise InvalidInput(Fault(*fault) for fault in faults)
        case {"errno": [number, text]}:
            raise OSError(number, text)


def _from_json(found: dict[str, Any]) -> Examined:
    shape = found["shape"]
    tuples = {"columns": tuple(shape["columns"]), "sample_rows": tuple(map(tuple, shape["sample_rows"]))}
    sheet = found["sheet"]
    return Examined(
        **{
            **found,
            "shape": FileShape(**{**shape, **tuples}),
            "sheet": Sheet(sheet["name"], tuple(sheet["left_out"])) if sheet else None,
            "faults": tuple(Fault(fault["field"], fault["reason"]) for fault in found["faults"]),
            **{name: tuple(Reasons(**reason) for reason in found[name]) for name in ("reasons", "notes")},
        }
    )


def _job(document: dict[str, Any]) -> Job:
    fields = (
        Field(field["name"], field["label"], FieldType(field["type"]), tuple(field["choices"]))
        for field in document["fields"]
    )
    return Job(**{**document, "fields": tuple(fields)})


def main() -> None:
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    told: dict[str, Any]
    try:
        told = asdict(examine_here(_job(orjson.loads(sys.stdin.buffer.read()))))
    except UnreadableFile as fault:
        told = {"unreadable": [fault.fault, fault.reason, fault.remedy]}
    except InvalidInput as invalid:
        told = {"invalid": [[fault.field, fault.reason] for fault in invalid.faults]}
    except OSError as error:
        told = {"errno": [error.errno, error.strerror]}
    sys.stdout.buffer.write(orjson.dumps(told))


if __name__ == "__main__":
    main()
