"""What a list call finds, in which order, and the stretches of that order that are walked one after the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dialer.store.contact_columns import Field


@dataclass(frozen=True, slots=True)
class Found:
    """A page's contacts in their order, and how many there are: at least so many, if that is not exact."""

    ids: list[int]
    total: int
    exact: bool
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Order:
    """A sort: its column, and what orders those with the same value, and those without one, who come last."""

    name: str
    field: Field
    tie: str
    tie_of_empty: str
    descending: bool

    @property
    def way(self) -> str:
        return "DESC" if self.descending else "ASC"

    @property
    def further(self) -> str:
        return "<" if self.descending else ">"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of an order: after a value, within a value, or those without one."""

    where: str
    by: tuple[str, ...]
    key: str
    values: Mapping[str, Any]
