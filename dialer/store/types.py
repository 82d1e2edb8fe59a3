"""Column types that mean the same on SQLite and PostgreSQL."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeAlias

import orjson
from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, Row, String
from sqlalchemy import literal_column as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeDecorator

AnyRow: TypeAlias = Row[*tuple[Any, ...]]

# SQLite counts rows by itself only in a column declared INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class Utc(TypeDecorator[datetime]):
    """An instant: aware UTC in Python, TIMESTAMPTZ on PostgreSQL, sortable text on SQLite. A naive value is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        return sqlite_text if dialect.name == "sqlite" else _to_utc

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:  # noqa: ARG002
        return _from_text if dialect.name == "sqlite" else _to_utc


def _to_utc(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(f"naive time {value!r}: the store keeps aware UTC times only")
    return value.astimezone(UTC)


@lru_cache(maxsize=1024)  # a batch writes the same few instants again and again
def sqlite_text(value: datetime | None) -> str | None:
    """How SQLite keeps an instant: `2026-03-01 12:00:00.000000`, as SQLAlchemy itself writes it."""
    at = _to_utc(value)
    return None if at is None else at.isoformat(" ", "microseconds")[:26]


@lru_cache(maxsize=1024)  # and reads them
def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


def dump_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def dump_optional_json(value: Any) -> str | None:
    """What `Json` keeps on SQLite, by a third of the steps of SQLAlchemy's own way."""
    return None if value is None else orjson.dumps(value).decode()


def load_json(stored: Any) -> Any:
    """The inverse. SQLite gives back a bare number as one."""
    return orjson.loads(stored) if isinstance(stored, str) else stored


def spelled(state: StrEnum) -> ColumnElement[str]:
    """The state in the statement's own text: a partial index serves only statements that say what it is for."""
    return sql(f"'{state.value}'", String())
