"""Guards a foreign document before anything looks into it: its size, depth and values are what JSON can hold."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

MAX_BYTES = 1_000_000
MAX_DEPTH = 16
MAX_NODES = 1_000
# JSON knows no limit, every reader of it does (RFC 8259, section 6).
LARGEST_INTEGER = 2**53


def find_hostile(document: object) -> str | None:
    """Why the document is refused as a whole, or None. Takes any object, needs no recursion, stops at the limits."""
    size = 0
    waiting: list[tuple[object, int]] = [(document, 1)]
    while waiting:
        value, depth = waiting.pop()
        if depth > MAX_DEPTH:
            return f"is nested deeper than {MAX_DEPTH} levels"
        seen = _weigh(value)
        if seen.refusal is not None:
            return seen.refusal
        size += seen.size
        if size > MAX_BYTES:
            return f"is larger than {MAX_BYTES:,} bytes"
        waiting.extend((child, depth + 1) for child in _children(value))
    return None


@dataclass(frozen=True, slots=True)
class _Weight:
    size: int = 2
    refusal: str | None = None


def _weigh(value: object) -> _Weight:
    match value:
        case str():
            return _weigh_text(value)
        case None | bool():
            return _Weight(5)
        case int():
            return _Weight(8) if abs(value) <= LARGEST_INTEGER else _Weight(refusal="holds a number that is too large")
        case float():
            return _Weight(8) if math.isfinite(value) else _Weight(refusal="holds a number that is not finite")
        case list():
            return _Weight(2 + len(value))
        case dict() if all(isinstance(key, str) for key in value):
            return _Weight(2 + 2 * len(value))
        case _:
            return _Weight(refusal="is not JSON")


def _weigh_text(text: str) -> _Weight:
    try:
        return _Weight(len(text.encode()) + 2)
    except UnicodeEncodeError:
        return _Weight(refusal="holds text that is not valid Unicode")


def _children(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value.keys()
        yield from value.values()
    elif isinstance(value, list):
        yield from value
