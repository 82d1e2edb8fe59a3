"""Statements of the busy paths: compiled once, and on SQLite handed to its driver as they are.

Every call pays for a dozen statements, and SQLAlchemy's own way from a statement to the driver and back costs several
times what SQLite takes. On PostgreSQL a `Prepared` is executed by SQLAlchemy like any other.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, CursorResult, Dialect, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.compiler import SQLCompiler

from dialer.store.types import AnyRow

Parameters = Mapping[str, Any]

T = TypeVar("T")


class InThread:
    """What a transaction's coroutine asks of an `AsyncConnection`, answered on the spot: it is never suspended."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.dialect = connection.dialect
        self.driver = cast("sqlite3.Connection", connection.connection.driver_connection)

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        return self._connection.execute(statement, parameters)

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        return self._connection.scalar(statement, parameters)

    def close(self) -> None:
        self._connection.close()

    async def run_sync(self, function: Callable[..., T], *arguments: Any, **named: Any) -> T:
        return function(self._connection, *arguments, **named)


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
            return self._for(thread, parameters).rows(thread.driver, parameters)
        return list(await tx.execute(self.statement, dict(parameters)))

    async def run(self, tx: AsyncConnection, parameters: Parameters) -> None:
        if thread := _thread(tx):
            self._for(thread, parameters).rows(thread.driver, parameters)
        else:
            await tx.execute(self.statement, dict(parameters))

    async def run_many(self, tx: AsyncConnection, batch: Sequence[Parameters]) -> None:
        """Once for each of `batch`, whose members all have the same names."""
        if not batch:
            return
        if thread := _thread(tx):
            self._for(thread, batch[0]).run_many(thread.driver, batch)
        else:
            await tx.execute(self.statement, [dict(parameters) for parameters in batch])

    async def values(self, tx: AsyncConnection, batch: Sequence[Parameters]) -> list[Any]:
        """The first column that each of `batch` returns, in its order."""
        if not batch:
            return []
        if thread := _thread(tx):
            direct = self._for(thread, batch[0])
            return [direct.rows(thread.driver, parameters)[0][0] for parameters in batch]
        return list((await tx.execute(self.statement, [dict(parameters) for parameters in batch])).scalars())

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
        self._binds = [_Bind.of(compiled, name, dialect) for name in compiled.positiontup]
        self._lists = [bind for bind in self._binds if bind.is_list]
        self._plain = [(bind.name, bind.fixed, bind.write) for bind in self._binds]
        columns = list(statement.exported_columns)
        row_type = cast("Any", namedtuple("Row", [column.key for column in columns], rename=True))  # noqa: PYI024
        self._made: Callable[[Iterable[Any]], AnyRow] = row_type._make
        readers = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        self._readers = [(n, read) for n, read in enumerate(readers) if read is not None]

    def rows(self, driver: sqlite3.Connection, parameters: Parameters) -> list[AnyRow]:
        text, values = self._text, self._values(parameters)
        for bind in self._lists:  # named as SQLAlchemy leaves an expanding parameter
            members = ", ".join("?" * len(parameters[bind.name])) or "NULL"
            text = text.replace(f"__[POSTCOMPILE_{bind.name}]", members)
        try:
            found = driver.execute(text, values).fetchall()
        except sqlite3.Error as error:
            raise self._wrapped(error, values) from error
        return [self._row(row) for row in found]

    def run_many(self, driver: sqlite3.Connection, batch: Sequence[Parameters]) -> None:
        values = [self._values(parameters) for parameters in batch]
        try:
            driver.executemany(self._text, values)
        except sqlite3.Error as error:
            raise self._wrapped(error, values) from error

    def _values(self, parameters: Parameters) -> list[Any]:
        if not self._lists:
            get = parameters.get
            return [
                get(name, fixed) if write is None else write(get(name, fixed)) for name, fixed, write in self._plain
            ]
        values: list[Any] = []
        for bind in self._binds:
            if bind.is_list:
                values += parameters[bind.name]
            else:
                value = parameters.get(bind.name, bind.fixed)
                values.append(value if bind.write is None else bind.write(value))
        return values

    def _row(self, row: tuple[Any, ...]) -> AnyRow:
        if not self._readers:
            return self._made(row)
        cells = list(row)
        for n, read in self._readers:
            cells[n] = read(cells[n])
        return self._made(cells)

    def _wrapped(self, error: sqlite3.Error, values: Any) -> Exception:
        """The error that SQLAlchemy would raise."""
        return DBAPIError.instance(self._text, values, error, sqlite3.Error, dialect=self._dialect)


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
        write = bind.type.dialect_impl(dialect).bind_processor(dialect)
        return cls(name, bind.expanding, bind.value, write)
