"""Rows of sums, one for each key: every transaction adds what it has counted, whoever was the first."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from dialer.store.prepared import Prepared


def adding(table: Table, key: Sequence[str], sums: Sequence[str]) -> Callable[[str], Prepared]:
    """For the name of a dialect the statement that inserts a row, or adds its `sums` to the one with that `key`."""

    @cache
    def statement(dialect: str) -> Prepared:
        made: Any = (sqlite if dialect == "sqlite" else postgresql).insert(table)
        more = {name: table.c[name] + made.excluded[name] for name in sums}
        return Prepared(made.on_conflict_do_update(index_elements=list(key), set_=more))

    return statement
