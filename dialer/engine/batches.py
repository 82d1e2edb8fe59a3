"""Many small writes as few: what is asked for while one is under way goes into the next, all in one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Batches(Generic[T, R]):
    """`write` takes items in their order and answers for each. One write at a time, of `most` items; `start` runs a task.

    A lone item is written at once: nobody waits for company. What a write raises, all of its askers get.
    """

    def __init__(
        self,
        write: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        *,
        most: int,
        start: Callable[..., object],
        name: str,
    ) -> None:
        self._write, self._most, self._start, self._name = write, most, start, name
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._busy = False

    async def put(self, item: T) -> R:
        """Returns when the item is written."""
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if not self._busy:
            self._busy = True
            self._start(self._run(), name=self._name)
        return await answer

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._write_one(batch)
        finally:
            self._busy = False
            for _, answer in self._waiting:  # cancelled: the process ends
                answer.cancel()

    async def _write_one(self, batch: Sequence[tuple[T, "asyncio.Future[R]"]]) -> None:
        try:
            answers = await self._write([item for item, _ in batch])
        except asyncio.CancelledError:
            for _, answer in batch:
                answer.cancel()
            raise
        except Exception as error:  # noqa: BLE001 (each of those who asked has it to raise)
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(error)
            return
        for (_, answer), known in zip(batch, answers, strict=True):
            if not answer.done():
                answer.set_result(known)
