"""Waiting for what must come, with a deadline: tests never sleep for luck."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable

TIMEOUT_S = 90.0


async def until(
    condition: Callable[[], bool | Awaitable[bool]], what: str, timeout_s: float = TIMEOUT_S, *, every_s: float = 0.02
) -> float:
    """Seconds until the condition held. AssertionError, naming what was awaited, after `timeout_s`."""
    start = time.monotonic()
    while True:
        answer = condition()
        if await answer if inspect.isawaitable(answer) else answer:
            return time.monotonic() - start
        assert time.monotonic() - start < timeout_s, f"after {timeout_s:.0f} s still waiting for {what}"
        await asyncio.sleep(every_s)
