"""A module in a process of its own, for what would keep the dialer waiting."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def apart(module: str, *arguments: str, stderr: int | None = None, limit: int = 2**16) -> AsyncIterator[Process]:
    """`python -m module` with pipes for input and output; `limit` is the longest line that is read from it, in bytes.

    At the end of the block it is killed, if it still runs, and its pipes are read to their end, or they were left open.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdin=PIPE, stdout=PIPE, stderr=stderr, limit=limit
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()
