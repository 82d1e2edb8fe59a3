"""The body of a REST push: JSON to contacts, a large one in a process of its own, so that the dialer never waits for it.

`opened` yields the body's pieces in order. `python -m dialer.intake.pushed RULES` reads a body from its input and prints a
JSON line for its head and one for each piece.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from dialer.apart import apart
from dialer.domain.columns import Refusal
from dialer.domain.contact import Address, NewContact
from dialer.domain.fields import Field, FieldType
from dialer.domain.pushed import read_item

MOST_ITEMS = 10_000
PIECE = 50  # a transaction's worth: a call that is about to start may wait behind it
# Below this a thread reads it: starting a process takes longer.
LARGE_BYTES = 64 << 10
MAX_LINE = 64 << 20
STALLED_S = 60.0
KEPT_CHARS = 4_000


class UnreadableBodyError(Exception):
    """The body as a whole is nothing to load; `is_json` tells whether it is JSON at all."""

    def __init__(self, reason: str, *, is_json: bool) -> None:
        super().__init__(reason)
        self.is_json = is_json


@dataclass(frozen=True, slots=True)
class Rules:
    """What items are read by: the region of numbers without a +, and the custom fields by name."""

    region: str
    fields: Mapping[str, Field] = field(default_factory=dict)

    @classmethod
    def of_json(cls, document: dict[str, Any]) -> "Rules":
        fields = {
            name: Field(name, one["label"], FieldType(one["type"]), tuple(one["choices"]))
            for name, one in document["fields"].items()
        }
        return cls(document["region"], fields)


@dataclass(frozen=True, slots=True)
class Refused:
    """An item that is no contact: why, and the item as it came, in JSON."""

    reason: str
    item: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Some items of a body, the first of which is its item number `start` (from 0)."""

    start: int
    items: tuple[NewContact | Refused, ...]


@dataclass(frozen=True, slots=True)
class Body:
    """`total` items; `single` if it was one object and no list."""

    total: int
    single: bool
    pieces: AsyncIterator[Piece]


@asynccontextmanager
async def opened(content: bytes, rules: Rules) -> AsyncIterator[Body]:
    """Raises `UnreadableBodyError`, and RuntimeError if the reading process fails."""
    if len(content) < LARGE_BYTES:
        single, items = await asyncio.to_thread(_items, content)
        yield Body(len(items), single, _in_thread(items, rules))
        return
    async with apart("dialer.intake.pushed", orjson.dumps(rules).decode(), limit=MAX_LINE) as process:
        head = await _head(process, content)
        yield Body(head["total"], head["single"], _from_process(process))


def _items(content: bytes) -> tuple[bool, list[Any]]:
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise UnreadableBodyError(f"the body is not JSON: {error}", is_json=False) from None
    if isinstance(document, dict):
        return True, [document]
    if not isinstance(document, list):
        raise UnreadableBodyError("send a contact as an object, or a list of them", is_json=True)
    if len(document) > MOST_ITEMS:
        reason = f"{len(document)} contacts are too many for one call: send at most {MOST_ITEMS}"
        raise UnreadableBodyError(reason, is_json=True)
    return False, document


def _pieces(items: list[Any], rules: Rules) -> Iterator[Piece]:
    """At least one, so that an empty list is answered like any other."""
    for start in range(0, max(1, len(items)), PIECE):
        yield Piece(start, tuple(_read(item, rules) for item in items[start : start + PIECE]))


def _read(item: object, rules: Rules) -> NewContact | Refused:
    read = read_item(item, rules.region, rules.fields)
    if not isinstance(read, Refusal):
        return read
    return Refused(read.reason, orjson.dumps(item).decode()[:KEPT_CHARS])


async def _in_thread(items: list[Any], rules: Rules) -> AsyncIterator[Piece]:
    pieces = _pieces(items, rules)
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece


# -- the process and its pipe ---------------------------------------------------------------------------------------------


async def _head(process: asyncio.subprocess.Process, content: bytes) -> dict[str, Any]:
    assert process.stdin is not None  # noqa: S101  (PIPE)
    with suppress(ConnectionError):  # a process that died says so by its empty output
        process.stdin.write(content)
        await process.stdin.drain()
        process.stdin.close()
    head = await _line(process)
    if head is None:
        raise RuntimeError("the process that reads the body ended without a word")
    if "reason" in head:
        raise UnreadableBodyError(head["reason"], is_json=head["is_json"])
    return head


async def _from_process(process: asyncio.subprocess.Process) -> AsyncIterator[Piece]:
    while (line := await _line(process)) is not None:
        yield Piece(line["start"], tuple(_item(one) for one in line["items"]))


async def _line(process: asyncio.subprocess.Process) -> dict[str, Any] | None:
    assert process.stdout is not None  # noqa: S101  (PIPE)
    line = await asyncio.wait_for(process.stdout.readline(), STALLED_S)
    return dict(orjson.loads(line)) if line else None


def _item(document: dict[str, Any]) -> NewContact | Refused:
    if "reason" in document:
        return Refused(**document)
    addresses = tuple(Address(**address) for address in document["addresses"])
    return NewContact(**{**document, "addresses": addresses, "notes": tuple(document["notes"])})


def main() -> None:
    try:
        single, items = _items(sys.stdin.buffer.read())
    except UnreadableBodyError as error:
        _print({"reason": str(error), "is_json": error.is_json})
        return
    with suppress(BrokenPipeError):
        _print({"total": len(items), "single": single})
        for piece in _pieces(items, Rules.of_json(orjson.loads(sys.argv[1]))):
            _print(piece)


def _print(document: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(document) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
