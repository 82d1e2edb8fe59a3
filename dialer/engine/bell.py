"""A bell between loops: rung any number of times, it wakes its one listener once. And the wait for what rings none."""

import asyncio
from collections.abc import Callable
from datetime import datetime

POLL_S = 0.002


class Bell:
    def __init__(self) -> None:
        self._rung = False
        self._listener: asyncio.Future[None] | None = None

    def ring(self) -> None:
        self._rung = True
        self._wake()

    async def wait(self, timeout_s: float | None = None) -> bool:
        """Until it was rung since the last wait; False after `timeout_s` without a ring."""
        if not self._rung:
            loop = asyncio.get_running_loop()
            self._listener = loop.create_future()
            timer = None if timeout_s is None else loop.call_later(timeout_s, self._wake)
            try:
                await self._listener
            finally:
                self._listener = None
                if timer:
                    timer.cancel()
        rung, self._rung = self._rung, False
        return rung

    def _wake(self) -> None:
        if self._listener is not None and not self._listener.done():
            self._listener.set_result(None)


async def until(holds: Callable[[], bool], timeout_s: float) -> bool:
    """Wait for what no bell tells of; False if it still does not hold after `timeout_s`."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while not holds():
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(POLL_S)
    return True


def seconds_until(at: datetime | None, now: datetime) -> list[float]:
    """One number, or none for what is not to be waited for."""
    return [(at - now).total_seconds()] if at is not None and at > now else []
