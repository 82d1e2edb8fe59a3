"""Lists as the API gives them: filter, sort, search, and keyset pages, for any table."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Column, ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.errors import InvalidInput, shown
from dialer.store.conditions import condition, escaped, like, one_of, typed
from dialer.store.conditions import text as checked

LIMITS = (10, 50, 100)


@dataclass(frozen=True, slots=True)
class Query:
    """What a list call asks for; `filters` are `FIELD:OP:VALUE` as they stand in the address."""

    limit: int = 50
    cursor: str | None = None
    sort: str | None = None
    q: str | None = None
    filters: Sequence[str] = ()
    exact: bool = False  # count them all, however long it takes


@dataclass(frozen=True, slots=True)
class Page:
    """`total` is a lower bound where it is not exact; `unindexed` is how many contacts a list does not have yet."""

    items: list[Mapping[str, Any]]
    total: int
    next_cursor: str | None
    total_is_exact: bool = True
    unindexed: int = 0


@dataclass(frozen=True, slots=True)
class Related:
    """A field of which a row has any number, in a table of their own: a condition looks there first, once for all rows."""

    key: ColumnElement[Any]  # of the row
    owner: ColumnElement[Any]  # the same, in the other table
    column: ColumnElement[Any]

    def condition(self, op: str, value: str) -> ColumnElement[bool]:
        """True for rows of which one fits; `ne` and `empty` for rows of which none does."""
        if op == "empty":
            none: ColumnElement[bool] = ~self.key.in_(select(self.owner))
            return none if value != "false" else ~none
        if op == "ne":
            return ~self.fits(condition(self.column, "eq", value))
        return self.fits(condition(self.column, op, value))

    def fits(self, held: ColumnElement[bool]) -> ColumnElement[bool]:
        return self.key.in_(select(self.owner).where(held))


@dataclass(frozen=True, slots=True)
class Listing:
    """A table's list: the rows, the fields that may be sorted and filtered by, and what `q` searches."""

    rows: Select[Any]
    fields: Mapping[str, ColumnElement[Any]]
    key: ColumnElement[Any]
    default_sort: str
    search: Sequence[ColumnElement[Any]] = field(default_factory=tuple)
    order: Mapping[str, ColumnElement[Any]] | None = None  # what is sorted by, where that is not the fields themselves
    related: Mapping[str, Related] = field(default_factory=dict)  # may be filtered by
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # all that a field may be, where that is known
    found: Callable[[str], ColumnElement[bool]] | None = None  # what `q` searches, in place of `search`
    most: int | None = None  # so many are counted, unless an exact number is asked for

    async def page(self, tx: AsyncConnection, query: Query, known: int | None = None) -> Page:
        """One page; raises `InvalidInput` that names the parameter, the value and what is possible.

        `known` is the total, where the caller has it.
        """
        check_limit(query)
        rows = self._filtered(query)
        total, exact = await self._total(tx, rows, query) if known is None else (known, True)
        items, cursor = await self._rows_of(tx, rows, query, query.limit)
        return Page(items, total, cursor, total_is_exact=exact)

    async def part(self, tx: AsyncConnection, query: Query, length: int) -> Page:
        """The next `length` rows, of which nobody counts how many there are in all: `total` is 0."""
        items, cursor = await self._rows_of(tx, self._filtered(query), query, length)
        return Page(items, 0, cursor, total_is_exact=False)

    async def _rows_of(
        self, tx: AsyncConnection, rows: Select[Any], query: Query, length: int
    ) -> tuple[list[Mapping[str, Any]], str | None]:
        """So many rows in their order, and the cursor of the next ones."""
        name, column, descending = self._sort(query.sort or self.default_sort)
        if query.cursor:
            rows = rows.where(self._after(column, descending, read_cursor(query.cursor, name, column, self.key)))
        by = (column,) if column is self.key else (column, self.key)
        direction = [one.desc() if descending else one.asc() for one in by]
        # Rows without a value come last; where every row has one, an index can give the order.
        without = () if _always_there(column) else (column.is_(None),)
        ordered = rows.add_columns(column.label("_sort"), self.key.label("_key")).order_by(*without, *direction)
        found = list(await tx.execute(ordered.limit(length + 1)))
        items = [dict(row._mapping) for row in found[:length]]  # noqa: SLF001
        cursor = write_cursor(name, items[-1]["_sort"], items[-1]["_key"]) if len(found) > length else None
        return [{k: v for k, v in item.items() if k not in {"_sort", "_key"}} for item in items], cursor

    async def _total(self, tx: AsyncConnection, rows: Select[Any], query: Query) -> tuple[int, bool]:
        counted = rows.with_only_columns(self.key).order_by(None)
        if self.most is not None and not query.exact:
            counted = counted.limit(self.most + 1)
        total = int(await tx.scalar(select(func.count()).select_from(counted.subquery())) or 0)
        if self.most is None or query.exact or total <= self.most:
            return total, True
        return self.most, False

    def _filtered(self, query: Query) -> Select[Any]:
        rows = self.rows
        for text in query.filters:
            rows = rows.where(self._condition(text))
        if query.q and self.found is not None:
            rows = rows.where(self.found(query.q))
        elif query.q and self.search:
            pattern = f"%{escaped(checked('q', query.q))}%"
            rows = rows.where(or_(*(like(column, pattern) for column in self.search)))
        return rows

    def _sort(self, sort: str) -> tuple[str, ColumnElement[Any], bool]:
        name = sort.removeprefix("-")
        if name not in self.fields:
            raise InvalidInput.single(
                "sort",
                "%(name)s is not a field to sort by: take %(fields)s",
                name=shown(name),
                fields=", ".join(self.fields),
            )
        return sort, (self.order or self.fields)[name], sort.startswith("-")

    def _after(self, column: ColumnElement[Any], descending: bool, cursor: tuple[Any, Any]) -> ColumnElement[bool]:
        value, key = cursor
        beyond: ColumnElement[bool] = self.key < key if descending else self.key > key
        if column is self.key:
            return beyond
        if value is None:
            return and_(column.is_(None), beyond)
        further = column < value if descending else column > value
        after = or_(further, and_(column == value, beyond))
        return after if _always_there(column) else or_(column.is_(None), after)

    def _condition(self, text: str) -> ColumnElement[bool]:
        name, op, value = parted(text)
        if name not in self.fields and name not in self.related:
            raise InvalidInput.single(
                "filter", "%(name)s is not a field to filter by: take %(names)s", name=shown(name), names=self._names()
            )
        if name in self.words:
            one_of(name, op, value, self.words[name])
        return (
            self.related[name].condition(op, value) if name in self.related else condition(self.fields[name], op, value)
        )

    def _names(self) -> str:
        return ", ".join([*self.fields, *self.related])


def check_limit(query: Query) -> None:
    if query.limit not in LIMITS:
        raise InvalidInput.single("limit", "%(limit)s is not a page length: take 10, 50 or 100", limit=query.limit)


def parted(condition: str) -> tuple[str, str, str]:
    """`FIELD:OP:VALUE` in three; a value may have colons of its own."""
    name, _, rest = condition.partition(":")
    op, _, value = rest.partition(":")
    return name, op, value


def _always_there(column: ColumnElement[Any]) -> bool:
    return isinstance(column, Column) and not column.nullable


def write_cursor(sort: str, value: Any, key: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([sort, value, key])).decode().rstrip("=")


def read_cursor(cursor: str, sort: str, column: ColumnElement[Any], key_column: ColumnElement[Any]) -> tuple[Any, Any]:
    try:
        made_for, value, key = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if made_for != sort:
            raise ValueError(cursor)
        return None if value is None else _cursor_value(column, value), _cursor_value(key_column, key)
    except (ValueError, TypeError, binascii.Error, orjson.JSONDecodeError, InvalidInput):
        raise InvalidInput.single("cursor", "is not from the last page of this list: begin without a cursor") from None


def _cursor_value(column: ColumnElement[Any], value: Any) -> Any:
    """A cursor comes from outside: its values are read like any other, so that none of another type gets to the store."""
    if value is None or isinstance(value, bool | list | dict):
        raise TypeError(value)
    return typed(column, str(value))
