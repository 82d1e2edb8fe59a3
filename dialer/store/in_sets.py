"""SQLite: a statement for one row as one for many, so that a batch costs a few statements.

Around each statement the driver lets other threads go on, and then waits for its own turn in Python again: one for each
row would hand the writer's thread and the event loop back and forth for every call and text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

MOST = 64  # rows of one statement
MOST_FILLED = 1_024  # members of a list; SQLite takes 32,766 parameters

T = TypeVar("T")
Fixed = Sequence[tuple[int, Any]]  # place and value


def in_twos(number: int) -> Iterator[int]:
    """Powers of two whose sum it is, the largest first."""
    while number:
        size = min(MOST, 1 << number.bit_length() - 1)
        yield size
        number -= size


def filled(members: Sequence[T]) -> list[T]:
    """The same members, the last of a few as often as it takes to make their number a power of two."""
    few = list(members)
    if few and len(few) <= MOST_FILLED:
        few += [few[-1]] * ((1 << (len(few) - 1).bit_length()) - len(few))
    return few


@dataclass(frozen=True, slots=True)
class AtOnce:
    """`head`, then the rows, then `tail`. Of the places for values, `fixed_before` are before the first row's."""

    head: str
    row: str
    tail: str
    fixed_before: int

    def text(self, rows: int) -> str:
        return f"{self.head}{', '.join([self.row] * rows)}{self.tail}"

    def fixed(self, values: Fixed) -> tuple[list[Any], list[Any]]:
        """The statement's own values before and after those of the rows."""
        found = [value for _, value in values]
        return found[: self.fixed_before], found[self.fixed_before :]


def many_at_once(statement: str, given: Sequence[bool]) -> AtOnce | None:
    """`statement` for many rows; None if it is none that can be. `given`: for each place whether every row has its own value.

    An INSERT gets more rows, an UPDATE is joined with them. A statement with a condition in a condition is left alone.
    """
    if not any(given) or statement.count("?") != len(given):
        return None
    if statement.startswith("INSERT"):
        return _insert(statement, given)
    return _update(statement, given) if statement.startswith("UPDATE") else None


def _insert(statement: str, given: Sequence[bool]) -> AtOnce | None:
    found = re.search(r"VALUES (\((?:[^()]|\([^()]*\))*\))", statement)
    if found is None or not all(given) or found[1].count("?") != len(given):
        return None
    return AtOnce(statement[: found.start(1)], found[1], statement[found.end(1) :], 0)


def _update(statement: str, given: Sequence[bool]) -> AtOnce | None:
    changes, _, condition = statement.partition(" WHERE ")
    if not condition or " WHERE " in condition or "RETURNING" in condition:
        return None
    before = changes.count("?")
    numbers = iter(range(1, len(given) + 1))
    places = iter(f"one.column{next(numbers)}" if its_own else "?" for its_own in given)
    changes, condition = (re.sub(r"\?", lambda _: next(places), part) for part in (changes, condition))
    row = f"({', '.join('?' * sum(given))})"
    return AtOnce(f"{changes} FROM (VALUES ", row, f") AS one WHERE {condition}", before - sum(given[:before]))
