"""An import seen from the server: its lots one after the other, as the process of `staging` lays them out."""

import asyncio
import errno
import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from dialer.apart import apart
from dialer.domain.contact import Address, NewContact
from dialer.intake.staging import Job, Lot

STALLED_S = 300.0
_FULL = ("disk is full", "No space left", "quota exceeded")  # SQLite's words and the system's


@dataclass(frozen=True, slots=True)
class StagedRow:
    """One row of a lot that became a contact; `cells` as they were, where they may be needed yet."""

    n: int
    line: int
    contact: NewContact
    cells: list[str]


async def lots(job: Job) -> AsyncGenerator[Lot, None]:
    """The lots below line `job.after`; each file is removed when the next is asked for.

    Raises RuntimeError if the reading process fails, and OSError (ENOSPC) if the disk is full.
    """
    try:
        async with (
            apart("dialer.intake.staging", stderr=asyncio.subprocess.PIPE) as process,
            aclosing(_lots(process, job)) as made,
        ):
            async for lot in made:
                yield lot
    finally:
        await asyncio.to_thread(clear, Path(job.path))


async def _lots(process: asyncio.subprocess.Process, job: Job) -> AsyncGenerator[Lot, None]:
    assert process.stdin is not None  # noqa: S101  (PIPE)
    assert process.stdout is not None  # noqa: S101
    assert process.stderr is not None  # noqa: S101
    process.stdin.write(orjson.dumps(job) + b"\n")
    while line := await asyncio.wait_for(process.stdout.readline(), STALLED_S):
        lot = Lot(**orjson.loads(line))
        yield lot
        await asyncio.to_thread(Path(lot.path).unlink, missing_ok=True)
        with suppress(ConnectionError, RuntimeError):  # it was the last, and the process has ended (uvloop's way)
            process.stdin.write(b"\n")
    if await asyncio.wait_for(process.wait(), STALLED_S) != 0:
        error = (await process.stderr.read()).decode(errors="replace").strip().splitlines()
        told = error[-1] if error else "the reading process ended without a word"
        raise OSError(errno.ENOSPC, told) if any(words in told for words in _FULL) else RuntimeError(told)


def clear(path: Path) -> None:
    """Lots of a file that nobody reads any more."""
    for left in path.parent.glob(f"{path.name}.*.lot"):
        left.unlink(missing_ok=True)


def staged(lot: Lot, first: int, end: int) -> list[StagedRow]:
    """The rows `first` to `end` of a lot, without the end."""
    return _staged(lot, "BETWEEN ? AND ?", (first, end - 1))


def staged_these(lot: Lot, rows: Sequence[int]) -> list[StagedRow]:
    return _staged(lot, f"IN ({', '.join('?' * len(rows))})", tuple(rows)) if rows else []


def refused(lot: Lot, after: int, until: int) -> list[tuple[int, list[str], str]]:
    """`(line, cells, reason)` of rows behind line `after` up to line `until`."""
    with closing(_opened(lot)) as file:
        found = file.execute("SELECT * FROM refused WHERE line > ? AND line <= ? ORDER BY line", (after, until))
        return [(line, orjson.loads(cells), reason) for line, cells, reason in found]


def _staged(lot: Lot, which: str, values: tuple[int, ...]) -> list[StagedRow]:
    addresses: dict[int, list[Address]] = {}
    with closing(_opened(lot)) as file:
        held = f"SELECT n, address, voice, sms, email FROM address WHERE n {which} ORDER BY n, position"  # noqa: S608
        for n, address, voice, sms, email in file.execute(held, values):
            addresses.setdefault(n, []).append(Address(address, bool(voice), bool(sms), email=bool(email)))
        rows = file.execute(f"SELECT * FROM row WHERE n {which} ORDER BY n", values).fetchall()  # noqa: S608
    return [_row(row, addresses.get(row[0], [])) for row in rows]


def _row(row: tuple[Any, ...], addresses: Sequence[Address]) -> StagedRow:
    n, line, first_name, last_name, time_zone, external_id, attributes, notes, cells = row
    contact = NewContact(
        first_name, last_name, time_zone, external_id, tuple(addresses), orjson.loads(attributes),
        tuple(orjson.loads(notes)) if notes else (),
    )  # fmt: skip
    return StagedRow(n, line, contact, orjson.loads(cells) if cells else [])


def _opened(lot: Lot) -> sqlite3.Connection:
    return sqlite3.connect(lot.path, isolation_level=None)
