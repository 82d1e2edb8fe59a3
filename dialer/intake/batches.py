"""The import's own process: reads a file and turns rows into contacts, so that the dialer's event loop never waits for it.

`stream` runs `python -m dialer.intake.batches` and yields what it prints, a JSON line a batch. The pipe bounds memory: the
process waits while the store is busy, and ends by itself when its reader is gone.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from dialer.domain.columns import Refusal, map_columns, row_to_contact
from dialer.domain.contact import Address, NewContact
from dialer.intake.csv_reader import FileShape, RefusedRow, read

BATCH_ROWS = 250
MAX_BATCH_BYTES = 64 << 20
STALLED_S = 120.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a file. `last_line` is the line of the file up to which it was read."""

    last_line: int
    contacts: tuple[NewContact, ...]
    refused: tuple[tuple[int, list[str], str], ...]  # line, cells, reason

    @property
    def rows(self) -> int:
        return len(self.contacts) + len(self.refused)


async def stream(
    path: Path, shape: FileShape, mapping: dict[str, str | None], region: str, *, after: int
) -> AsyncIterator[Batch]:
    """The batches of a file below line `after`. Raises RuntimeError if the reading process fails."""
    job = {"path": str(path), "shape": shape, "mapping": mapping, "region": region, "after": after}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "dialer.intake.batches", orjson.dumps(job).decode(),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, limit=MAX_BATCH_BYTES,
    )  # fmt: skip
    assert process.stdout is not None  # noqa: S101  (PIPE)
    assert process.stderr is not None  # noqa: S101
    try:
        while line := await asyncio.wait_for(process.stdout.readline(), STALLED_S):
            yield _from_json(orjson.loads(line))
        if await asyncio.wait_for(process.wait(), STALLED_S) != 0:
            error = (await process.stderr.read()).decode(errors="replace").strip().splitlines()
            raise RuntimeError(error[-1] if error else "the reading process ended without a word")
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def batches(path: Path, shape: FileShape, mapping: dict[str, str | None], region: str, after: int) -> Iterator[Batch]:
    """The same, in this process."""
    columns = map_columns(shape.columns, mapping)
    contacts: list[NewContact] = []
    refused: list[tuple[int, list[str], str]] = []
    last = after
    for row in read(path, shape, after=after):
        last = row.number
        if isinstance(row, RefusedRow):
            refused.append((row.number, row.cells, row.reason))
        else:
            contact = row_to_contact(row.cells, columns, region)
            if isinstance(contact, Refusal):
                refused.append((row.number, row.cells, contact.reason))
            else:
                contacts.append(contact)
        if len(contacts) + len(refused) == BATCH_ROWS:
            yield Batch(last, tuple(contacts), tuple(refused))
            contacts, refused = [], []
    if contacts or refused:
        yield Batch(last, tuple(contacts), tuple(refused))


def _from_json(document: dict[str, Any]) -> Batch:
    contacts = [
        NewContact(
            **{
                **contact,
                "addresses": tuple(Address(**address) for address in contact["addresses"]),
                "notes": tuple(contact["notes"]),
            }
        )
        for contact in document["contacts"]
    ]
    return Batch(document["last_line"], tuple(contacts), tuple(tuple(one) for one in document["refused"]))


def main() -> None:
    job = orjson.loads(sys.argv[1])
    shape = job["shape"]
    shape = FileShape(**{**shape, "columns": tuple(shape["columns"]), "sample_rows": ()})
    with suppress(BrokenPipeError):
        for batch in batches(Path(job["path"]), shape, job["mapping"], job["region"], job["after"]):
            sys.stdout.buffer.write(orjson.dumps(batch) + b"\n")
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
