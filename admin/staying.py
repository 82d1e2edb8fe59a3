"""Work that is done for one request only: it ends when nobody waits for the answer any more."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from aiohttp import web

LOOK_S = 0.5
Answer = TypeVar("Answer")


async def while_connected(request: web.Request, work: Coroutine[object, object, Answer]) -> Answer:
    """What `work` returns or raises; it is cancelled, and so is the handler, when the client has gone."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=LOOK_S)
            if request.transport is None or request.transport.is_closing():
                raise asyncio.CancelledError
        return await task
    finally:
        task.cancel()
