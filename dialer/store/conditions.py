"""Conditions as they stand in an address, `FIELD:OP:VALUE`, and their values, in the words of the database."""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, ColumnElement, Float, Integer, String, and_, cast, func, or_
from sqlalchemy.types import TypeDecorator

from dialer.domain.errors import InvalidInput, shown
from dialer.domain.said import Said
from dialer.store.types import Utc

MAX_IN = 100
LARGEST_INTEGER = 2**31 - 1
LARGEST_BIG_INTEGER = 2**63 - 1

Condition = Callable[[ColumnElement[Any], str], ColumnElement[bool]]


class Day(TypeDecorator[str]):
    """A date kept as the text 2026-12-24."""

    impl = String
    cache_ok = True


class Folded(TypeDecorator[str]):
    """A text that SQLite sorts and compares without regard to case (a column or an expression with NOCASE)."""

    impl = String
    cache_ok = True


def condition(column: ColumnElement[Any], op: str, value: str) -> ColumnElement[bool]:
    """Raises `InvalidInput` that names an operator or a value which the column can't take."""
    checked_op(op, value)
    folded = _FOLDED.get(op) if isinstance(column.type, Folded) else None
    return (folded or _OPS[op])(column, value)


def checked_op(op: str, value: str) -> None:
    if op not in _OPS:
        raise InvalidInput.single(
            "filter", "%(op)s is not a condition: take %(ops)s", op=shown(op), ops=", ".join(_OPS)
        )
    if op == "empty" and value not in {"", "true", "false"}:  # nothing is as good as true
        raise InvalidInput.single(
            "filter", "%(value)s is not what `empty` takes: say true or false", value=shown(value)
        )


def one_of(field: str, op: str, value: str, allowed: tuple[str, ...]) -> None:
    """Refuse a value that the field, which has only these, never has."""
    if op not in {"eq", "ne", "in"}:
        return
    for one in value.split(",") if op == "in" else [value]:
        if one not in allowed:
            raise InvalidInput.single(
                "filter",
                "%(value)s is no %(field)s: take %(allowed)s",
                value=shown(one),
                field=field,
                allowed=", ".join(allowed),
            )


def typed(column: ColumnElement[Any], value: str) -> Any:
    """The value as the column has it."""
    try:
        return _read(column, value)
    except (ValueError, KeyError, OverflowError):  # an offset may lead out of the calendar
        raise InvalidInput.single(
            "filter", "%(value)s is not %(kind)s", value=shown(value), kind=_kind(column)
        ) from None


def _kind(column: ColumnElement[Any]) -> str:
    if isinstance(column.type, Utc):
        return Said("a time like 2026-05-04T09:00:00Z")
    if isinstance(column.type, Day):
        return Said("a date like 2026-12-24")
    return Said("a number") if isinstance(column.type, Float | Integer) else Said("of the field's type")


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
    if isinstance(column.type, Day):
        return date.fromisoformat(value).isoformat()
    return text("filter", value)


def _storable(number: int, largest: int) -> int:
    if abs(number) > largest:
        raise ValueError(number)
    return number


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError(number)
    return number


def text(field: str, value: str) -> str:
    """No database takes NUL or half a surrogate pair in a text."""
    if "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise InvalidInput.single(field, "%(value)s has characters that no text can hold", value=shown(value))
    return value


def escaped(value: str) -> str:
    """For LIKE with a backslash as the escape character."""
    return value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def like(column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """Both sides in the database's lower case: SQLite knows only that of ASCII, and Python's would not match it."""
    return func.lower(cast(column, String)).like(func.lower(pattern), escape="\\")


def _values(column: ColumnElement[Any], value: str) -> list[Any]:
    values = value.split(",")
    if len(values) > MAX_IN:
        raise InvalidInput.single(
            "filter",
            "%(number)s values are too many for one condition: at most %(most)s",
            number=len(values),
            most=MAX_IN,
        )
    return [typed(column, one) for one in values]


def _empty(column: ColumnElement[Any], value: str) -> ColumnElement[bool]:
    nothing: ColumnElement[bool] = column.is_(None)
    if isinstance(column.type, String | Folded | Day):
        nothing = or_(nothing, column == "")
    return nothing if value != "false" else ~nothing


_OPS: Mapping[str, Condition] = {
    "eq": lambda column, value: column == typed(column, value),
    "ne": lambda column, value: or_(column != typed(column, value), column.is_(None)),
    "lt": lambda column, value: column < typed(column, value),
    "le": lambda column, value: column <= typed(column, value),
    "gt": lambda column, value: column > typed(column, value),
    "ge": lambda column, value: column >= typed(column, value),
    "contains": lambda column, value: like(column, f"%{escaped(text('filter', value))}%"),
    "startswith": lambda column, value: like(column, f"{escaped(text('filter', value))}%"),
    "in": lambda column, value: column.in_(_values(column, value)),
    "empty": _empty,
}
OPS = tuple(_OPS)


# -- folded columns: equal means equal in case too; the condition without regard to case is there for the index -----------


def _folded_start(column: ColumnElement[Any], value: str) -> ColumnElement[bool]:
    start = text("filter", value)
    within = and_(column >= start, column < f"{start}\U0010ffff")
    return and_(within, column.like(f"{escaped(start)}%", escape="\\"))


def _binary(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return column.collate("BINARY")


_FOLDED: Mapping[str, Condition] = {
    "eq": lambda column, value: and_(column == typed(column, value), _binary(column) == typed(column, value)),
    "ne": lambda column, value: or_(_binary(column) != typed(column, value), column.is_(None)),
    "in": lambda column, value: and_(column.in_(_values(column, value)), _binary(column).in_(_values(column, value))),
    "contains": lambda column, value: column.like(f"%{escaped(text('filter', value))}%", escape="\\"),
    "startswith": _folded_start,
}
