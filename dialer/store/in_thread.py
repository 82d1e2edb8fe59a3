"""A transaction's coroutine that is driven to its end in a thread, and what tells whoever waits for it in the event loop."""

import asyncio
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, CursorResult, Executable
from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")
Work = Callable[[AsyncConnection], Coroutine[Any, Any, T]]


class InThread:
    """What a transaction's coroutine asks of an `AsyncConnection`, answered on the spot: it is never suspended."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.dialect = connection.dialect
        self.driver = cast("sqlite3.Connection", connection.connection.driver_connection)

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        return self.connection.execute(statement, parameters)

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        return self.connection.scalar(statement, parameters)

    async def run_sync(self, function: Callable[..., T], *arguments: Any, **named: Any) -> T:
        return function(self.connection, *arguments, **named)

    def close(self) -> None:
        self.connection.close()


class Visited(ABC):
    """An `AsyncConnection` to those in the event loop whose statements are run in a thread."""

    @abstractmethod
    async def visit(self, do: Callable[[InThread], T]) -> T:
        """What `do` returns or raises in the thread, however many statements it takes."""


def drive(work: Coroutine[Any, Any, T]) -> T:
    """What it returns or raises; it may await nothing but an `InThread`."""
    try:
        work.send(None)
    except StopIteration as end:
        return cast("T", end.value)
    work.close()
    raise RuntimeError("a transaction waited for something else than its connection")


def tell(waiter: "asyncio.Future[Any]", how: Callable[[Any], None], what: Any) -> None:
    """From the thread to whoever waits in the loop, if anybody still does."""

    def told() -> None:
        if not waiter.done():
            how(what)

    with suppress(RuntimeError):  # the loop is closed
        waiter.get_loop().call_soon_threadsafe(told)
