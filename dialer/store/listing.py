"""Lists as the API gives them: filter, sort, search, and keyset pages, for any table."""

import base64
import binascii
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    Integer,
    Select,
    String,
    and_,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.errors import InvalidInput, shown
from dialer.store.types import Utc

LIMITS = (10, 50, 100)
MAX_IN = 100
LARGEST_INTEGER = 2**31 - 1
LARGEST_BIG_INTEGER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Query:
    """What a list call asks for; `filters` are `FIELD:OP:VALUE` as they stand in the address."""

    limit: int = 50
    cursor: str | None = None
    sort: str | None = None
    q: str | None = None
    filters: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Page:
    items: list[Mapping[str, Any]]
    total: int
    next_cursor: str | None


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
            return ~self.fits(_OPS["eq"](self.column, value))
        return self.fits(_OPS[op](self.column, value))

    def fits(self, condition: ColumnElement[bool]) -> ColumnElement[bool]:
        return self.key.in_(select(self.owner).where(condition))


@dataclass(frozen=True, slots=True)
class Listing:
    """A table's list: the rows, the fields that may be sorted and filtered by, and what `q` searches."""

    rows: Select[Any]
    fields: Mapping[str, ColumnElement[Any]]
    key: ColumnElement[Any]
    default_sort: str
    search: Sequence[ColumnElement[Any]] = field(default_factory=tuple)
    related: Mapping[str, Related] = field(default_factory=dict)  # may be filtered by, and are searched

    async def page(self, tx: AsyncConnection, query: Query) -> Page:
        """One page; raises `InvalidInput` that names the parameter, the value and what is possible."""
        if query.limit not in LIMITS:
            raise InvalidInput.single("limit", f"{query.limit} is not a page length: take 10, 50 or 100")
        rows = self._filtered(query)
        total = int(await tx.scalar(select(func.count()).select_from(rows.order_by(None).subquery())) or 0)
        name, column, descending = self._sort(query.sort or self.default_sort)
        if query.cursor:
            rows = rows.where(self._after(column, descending, _read_cursor(query.cursor, name, column, self.key)))
        direction = (column.desc(), self.key.desc()) if descending else (column.asc(), self.key.asc())
        # Rows without a value come last; where every row has one, an index can give the order.
        without = () if _always_there(column) else (column.is_(None),)
        ordered = rows.add_columns(column.label("_sort"), self.key.label("_key")).order_by(*without, *direction)
        found = list(await tx.execute(ordered.limit(query.limit + 1)))
        items = [dict(row._mapping) for row in found[: query.limit]]  # noqa: SLF001
        more = len(found) > query.limit
        cursor = _write_cursor(name, items[-1]["_sort"], items[-1]["_key"]) if more else None
        return Page([{k: v for k, v in item.items() if k not in {"_sort", "_key"}} for item in items], total, cursor)

    def _filtered(self, query: Query) -> Select[Any]:
        rows = self.rows
        for condition in query.filters:
            rows = rows.where(self._condition(condition))
        if query.q and self.search:
            pattern = f"%{_escaped(_text('q', query.q))}%"
            own = [_like(column, pattern) for column in self.search]
            others = [related.fits(_like(related.column, pattern)) for related in self.related.values()]
            rows = rows.where(or_(*own, *others))
        return rows

    def _sort(self, sort: str) -> tuple[str, ColumnElement[Any], bool]:
        name = sort.removeprefix("-")
        if name not in self.fields:
            raise InvalidInput.single("sort", f"{shown(name)} is not a field to sort by: take {', '.join(self.fields)}")
        return sort, self.fields[name], sort.startswith("-")

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
        name, _, rest = text.partition(":")
        op, _, value = rest.partition(":")
        if name not in self.fields and name not in self.related:
            raise InvalidInput.single("filter", f"{shown(name)} is not a field to filter by: take {self._names()}")
        if op not in _OPS:
            raise InvalidInput.single("filter", f"{shown(op)} is not a condition: take {', '.join(_OPS)}")
        return self.related[name].condition(op, value) if name in self.related else _OPS[op](self.fields[name], value)

    def _names(self) -> str:
        return ", ".join([*self.fields, *self.related])


def _always_there(column: ColumnElement[Any]) -> bool:
    return isinstance(column, Column) and not column.nullable


def _typed(column: ColumnElement[Any], value: str) -> Any:
    try:
        return _read(column, value)
    except (ValueError, KeyError, OverflowError):  # an offset may lead out of the calendar
        kind = "a time like 2026-05-04T09:00:00Z" if isinstance(column.type, Utc) else "of the field's type"
        raise InvalidInput.single("filter", f"{shown(value)} is not {kind}") from None


def _read(column: ColumnElement[Any], value: str) -> Any:
    if isinstance(column.type, Utc):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError(value)
        return moment.astimezone(UTC)
    if isinstance(column.type, Boolean):
        return {"true": True, "false": False}[value]
    if isinstance(column.type, Integer):
        return _storable(int(value), LARGEST_BIG_INTEGER if isinstance(column.type, BigInteger) else LARGEST_INTEGER)
    if isinstance(column.type, Float):
        return _finite(float(value))
    return _text("filter", value)


def _storable(number: int, largest: int) -> int:
    if abs(number) > largest:
        raise ValueError(number)
    return number


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError(number)
    return number


def _text(field: str, value: str) -> str:
    """No database takes NUL or half a surrogate pair in a text."""
    if "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise InvalidInput.single(field, f"{shown(value)} has characters that no text can hold")
    return value


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _like(column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """Both sides in the database's lower case: SQLite knows only that of ASCII, and Python's would not match it."""
    return func.lower(cast(column, String)).like(func.lower(pattern), escape="\\")


def _in(column: ColumnElement[Any], value: str) -> ColumnElement[bool]:
    values = value.split(",")
    if len(values) > MAX_IN:
        raise InvalidInput.single("filter", f"{len(values)} values are too many for one condition: at most {MAX_IN}")
    return column.in_([_typed(column, one) for one in values])


def _empty(column: ColumnElement[Any], value: str) -> ColumnElement[bool]:
    nothing: ColumnElement[bool] = column.is_(None)
    if isinstance(column.type, String):
        nothing = or_(nothing, column == "")
    return nothing if value != "false" else ~nothing


_OPS: Mapping[str, Callable[[ColumnElement[Any], str], ColumnElement[bool]]] = {
    "eq": lambda column, value: column == _typed(column, value),
    "ne": lambda column, value: or_(column != _typed(column, value), column.is_(None)),
    "lt": lambda column, value: column < _typed(column, value),
    "le": lambda column, value: column <= _typed(column, value),
    "gt": lambda column, value: column > _typed(column, value),
    "ge": lambda column, value: column >= _typed(column, value),
    "contains": lambda column, value: _like(column, f"%{_escaped(_text('filter', value))}%"),
    "startswith": lambda column, value: _like(column, f"{_escaped(_text('filter', value))}%"),
    "in": _in,
    "empty": _empty,
}


def _write_cursor(sort: str, value: Any, key: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([sort, value, key])).decode().rstrip("=")


def _read_cursor(cursor: str, sort: str, column: ColumnElement[Any], key_column: ColumnElement[Any]) -> tuple[Any, Any]:
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
    return _typed(column, str(value))
