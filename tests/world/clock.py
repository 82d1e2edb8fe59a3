"""An event loop without waiting: time is a number that jumps to the next timer when nothing else is ready.

What runs in it belongs to a *life* of the server's process, or to the world outside it (no life). A life that is killed
runs no further step, as after `kill -9`: neither `finally` nor anything else of it, wherever it stands.
"""

import asyncio
import selectors
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.world.network import Network

#: So many steps without a moment passing: somebody runs in circles.
MOST_STEPS_AT_ONCE = 200_000

_LIFE: ContextVar["Life | None"] = ContextVar("life", default=None)


class TimeStandsStillError(AssertionError):
    """Nothing waits for time any more, or something never lets it pass."""


@dataclass(eq=False)
class Life:
    """One run of the server's process."""

    number: int
    dead: bool = False
    tasks: "list[asyncio.Task[Any]]" = field(default_factory=list)

    def context(self) -> Context:
        """For tasks that are this life's."""
        context = copy_context()
        context.run(_LIFE.set, self)
        return context


class _Instant(selectors.SelectSelector):
    """Instead of waiting for sockets, of which there are none, time is moved."""

    def __init__(self) -> None:
        super().__init__()
        self.loop: VirtualLoop | None = None

    def select(self, timeout: float | None = None) -> list[Any]:
        assert self.loop is not None
        self.loop.pass_time(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """`begins`: virtual seconds are counted from there."""

    def __init__(self, begins: datetime) -> None:
        selector = _Instant()
        super().__init__(selector)
        selector.loop = self
        self.begins = begins
        self._now, self._steps, self._over = 0.0, 0, False
        self.network = Network(self)
        self.graves: list[Life] = []
        self.set_task_factory(_note_task)

    # -- time -----------------------------------------------------------------------------------------------------

    def time(self) -> float:
        return self._now

    def now(self) -> datetime:
        """The wall clock of everything in this world."""
        return self.begins + timedelta(seconds=round(self._now, 6))

    def pass_time(self, seconds: float | None) -> None:
        if seconds is None:
            raise TimeStandsStillError("nobody waits for anything any more")
        self._steps = 0 if seconds > 0 else self._steps + 1
        if self._steps > MOST_STEPS_AT_ONCE:
            raise TimeStandsStillError(f"at {self._now} s something runs in circles: {self._next()}")
        self._now += seconds

    def _next(self) -> str:
        ready: Any = self._ready  # type: ignore[attr-defined]  # asyncio's own
        return ", ".join(repr(handle) for handle in list(ready)[:5])

    # -- lives ----------------------------------------------------------------------------------------------------

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> asyncio.Handle:
        return self._unless_dead(super().call_soon(callback, *args, context=context))

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self._unless_dead(super().call_at(when, callback, *args, context=context))

    def kill(self, life: Life) -> None:
        """No step of it is taken any more; what it had written to the network still arrives."""
        life.dead = True
        waiting: Any = [*self._ready, *self._scheduled]  # type: ignore[attr-defined]  # asyncio's own
        for handle in waiting:
            self._unless_dead(handle)
        self.graves.append(life)
        self.network.forget(life)

    def _unless_dead(self, handle: Any) -> Any:
        life = handle._context.get(_LIFE)
        if (self._over or (life is not None and life.dead)) and not handle.cancelled():
            handle.cancel()
        return handle

    def bury(self) -> None:
        """The end of the world. The coroutines of the dead are closed only now: they may not do anything any more."""
        self._over = True
        self.set_exception_handler(lambda _loop, _what: None)
        tasks = [*asyncio.all_tasks(self), *(task for life in self.graves for task in life.tasks)]
        for task in tasks:
            if not task.done():
                task._log_destroy_pending = False  # type: ignore[attr-defined]
                _close(task.get_coro())
        self.graves.clear()
        self.close()

    # -- threads and sockets --------------------------------------------------------------------------------------

    def call_soon_threadsafe(
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(self, _executor: Any, work: Callable[..., Any], *args: Any) -> "asyncio.Future[Any]":  # type: ignore[override]
        """On the spot: threads would come back in an order of their own."""
        done: asyncio.Future[Any] = self.create_future()
        try:
            done.set_result(work(*args))
        except Exception as error:  # noqa: BLE001 (whoever waits for it gets it)
            done.set_exception(error)
        return done

    async def create_connection(self, factory: Any, _host: Any = None, port: Any = None, **_: Any) -> Any:  # type: ignore[override]
        return await self.network.connect(factory, port, _LIFE.get())

    async def create_server(self, factory: Any, _host: Any = None, port: Any = None, **_: Any) -> Any:  # type: ignore[override]
        return self.network.listen(factory, port)


def _note_task(loop: asyncio.AbstractEventLoop, coro: Any, **more: Any) -> "asyncio.Task[Any]":
    task = asyncio.Task(coro, loop=loop, **more)
    context = more.get("context")
    life = context.get(_LIFE) if context is not None else _LIFE.get()
    if life is not None:
        if len(life.tasks) > 256:
            life.tasks[:] = [one for one in life.tasks if not one.done()]
        life.tasks.append(task)
    return task


def _close(coro: Any) -> None:
    """Some want to wait for one thing more."""
    for _ in range(5):
        with suppress(BaseException):
            coro.close()
            return
