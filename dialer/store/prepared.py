"""Statements of the busy paths: compiled once, and on SQLite handed to its driver as they are.

Every call pays for a dozen statements, and SQLAlchemy's own way from a statement to the driver and back costs several
times what SQLite takes. On PostgreSQL a `Prepared` is executed by SQLAlchemy like any other.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import JSON, Dialect, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from dialer.store.in_sets import filled, in_twos, many_at_once
from dialer.store.in_thread import InThread, Visited
from dialer.store.types import AnyRow, dump_optional_json, load_json

Parameters = Mapping[str, Any]


def _thread(tx: object) -> InThread | None:
    return tx if isinstance(tx, InThread) else None


class Prepared:
    """One statement. Its parameters are named; a list is given for one that is `expanding`."""

    def __init__(self, statement: Executable) -> None:
        self.statement = statement
        self._direct: dict[tuple[str, ...], _Direct] = {}

    async def rows(self, tx: AsyncConnection, parameters: Parameters) -> list[AnyRow]:
        """What it selects or returns."""
        if thread := _thread(tx):
            return self._rows(thread, parameters)
        if isinstance(tx, Visited):
            return await tx.visit(lambda thread: self._rows(thread, parameters))
        return list(await tx.execute(self.statement, dict(parameters)))

    async def run(self, tx: AsyncConnection, parameters: Parameters) -> None:
        if thread := _thread(tx):
            self._rows(thread, parameters)
        else:
            await tx.execute(self.statement, dict(parameters))

    async def run_many(self, tx: AsyncConnection, batch: Sequence[Parameters]) -> None:
        """Once for each of `batch`, whose members all have the same names; no two update the same row."""
        if not batch:
            return
        if thread := _thread(tx):
            self._for(thread, batch[0]).run_many(thread.driver, batch)
        else:
            await tx.execute(self.statement, [dict(parameters) for parameters in batch])

    async def ids(self, tx: AsyncConnection, batch: Sequence[Parameters]) -> list[int]:
        """The ids, which count upwards, that the new rows of `batch` are given; an INSERT that returns them."""
        if not batch:
            return []
        if thread := _thread(tx):
            made = self._for(thread, batch[0]).run_many(thread.driver, batch)
            return sorted(row[0] for row in made)  # SQLite does not say in which order it returns them
        return list((await tx.execute(self.statement, [dict(parameters) for parameters in batch])).scalars())

    def _rows(self, thread: InThread, parameters: Parameters) -> list[AnyRow]:
        return self._for(thread, parameters).rows(thread.driver, parameters)

    def _for(self, tx: InThread, parameters: Parameters) -> "_Direct":
        names = tuple(parameters)
        if names not in self._direct:
            self._direct[names] = _Direct(self.statement, names, tx.dialect)
        return self._direct[names]


class _Direct:
    """A statement in the driver's own words, with what turns values into those of its columns and back."""

    def __init__(self, statement: Any, names: tuple[str, ...], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(names) if statement.is_insert else None)
        if missing := [column.name for column in compiled.insert_prefetch if column.name not in names]:
            raise ValueError(f"a prepared INSERT has no defaults: {', '.join(missing)} missing")
        self._dialect = dialect
        self._text = str(compiled)
        binds = [_Bind.of(compiled, name, dialect) for name in compiled.positiontup]
        given = [bind for bind in binds if bind.name in names]
        self._get = _getter([bind.name for bind in given])
        self._writers = [(n, bind.write) for n, bind in enumerate(given) if bind.write]
        self._fixed = [(at, bind.written) for at, bind in enumerate(binds) if bind.name not in names]
        self._lists = [(at, bind.name) for at, bind in enumerate(binds) if bind.is_list]
        self._at_once = None if self._lists else many_at_once(self._text, [bind.name in names for bind in binds])
        self._width = len(given)
        self._texts: dict[Any, str] = {}  # by the number of rows, or of members of each list
        columns = list(statement.exported_columns)
        row_type = cast("Any", namedtuple("Row", [column.key for column in columns], rename=True))  # noqa: PYI024
        self._made: Callable[[Iterable[Any]], AnyRow] = partial(tuple.__new__, row_type)
        readers = [_reader(column.type.dialect_impl(dialect), dialect) for column in columns]
        self._readers = [(n, read) for n, read in enumerate(readers) if read is not None]

    def rows(self, driver: sqlite3.Connection, parameters: Parameters) -> list[AnyRow]:
        text, values = self._text, self._values([parameters])
        for at, value in self._fixed:
            values.insert(at, value)
        if self._lists:
            text, values = self._expanded(values)
        found = self._execute(driver, text, values)
        return [self._row(row) for row in found] if self._readers else [self._made(row) for row in found]

    def run_many(self, driver: sqlite3.Connection, batch: Sequence[Parameters]) -> list[tuple[Any, ...]]:
        """As few statements as there are ones in their number, in binary: none of them is prepared for one batch only."""
        if self._at_once is None:
            return [row for parameters in batch for row in self.rows(driver, parameters)]
        returned: list[tuple[Any, ...]] = []
        before, after = self._at_once.fixed(self._fixed)
        at = 0
        for size in in_twos(len(batch)):
            text = self._texts.get(size) or self._texts.setdefault(size, self._at_once.text(size))
            returned += self._execute(driver, text, [*before, *self._values(batch[at : at + size]), *after])
            at += size
        return returned

    def _values(self, batch: Sequence[Parameters]) -> list[Any]:
        """Those of all of `batch`, one after the other."""
        values = list(chain.from_iterable(map(self._get, batch)))
        for n, write in self._writers:
            values[n :: self._width] = map(write, values[n :: self._width])
        return values

    def _expanded(self, values: list[Any]) -> tuple[str, list[Any]]:
        """With the members of each list; its last one is named again, so that a few lengths serve for all."""
        lists = [(at, name, filled(values[at])) for at, name in self._lists]
        sizes = tuple(len(members) for _, _, members in lists)
        for at, _, members in reversed(lists):
            values[at : at + 1] = members
        if sizes not in self._texts:
            text = self._text
            for _, name, members in lists:  # named as SQLAlchemy leaves an expanding parameter
                text = text.replace(f"__[POSTCOMPILE_{name}]", ", ".join("?" * len(members)) or "NULL")
            self._texts[sizes] = text
        return self._texts[sizes], values

    def _row(self, row: tuple[Any, ...]) -> AnyRow:
        cells = list(row)
        for n, read in self._readers:
            cells[n] = read(cells[n])
        return self._made(cells)

    def _execute(self, driver: sqlite3.Connection, text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Raises the errors that SQLAlchemy would raise."""
        try:
            return driver.execute(text, values).fetchall()
        except sqlite3.Error as error:
            raise DBAPIError.instance(text, list(values), error, sqlite3.Error, dialect=self._dialect) from error


def _reader(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    return load_json if isinstance(kind, JSON) else kind.result_processor(dialect, None)


def _writer(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    return dump_optional_json if isinstance(kind, JSON) else kind.bind_processor(dialect)


def _getter(names: Sequence[str]) -> Callable[[Parameters], tuple[Any, ...]]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda parameters: tuple(parameters[name] for name in names)


@dataclass(frozen=True, slots=True)
class _Bind:
    """One place in the statement: its parameter, or the value that the statement itself has there."""

    name: str
    is_list: bool
    fixed: Any
    write: Callable[[Any], Any] | None

    @classmethod
    def of(cls, compiled: SQLCompiler, name: str, dialect: Dialect) -> "_Bind":
        bind = compiled.binds[name]
        write = None if bind.expanding else _writer(bind.type.dialect_impl(dialect), dialect)
        return cls(name, bind.expanding, bind.value, write)

    @property
    def written(self) -> Any:
        """The statement's own value, as the driver takes it."""
        return self.write(self.fixed) if self.write else self.fixed
