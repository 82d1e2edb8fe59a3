"""A dry run in a process of its own: `python -m dialer.simulation.process`.

It waits for the dialer where both want the processor, and has a bound of memory and time. It is written the job, then the
contacts page by page, a line of JSON each.
"""

import asyncio
import os
import resource
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import orjson

from dialer.apart import apart
from dialer.domain.errors import InvalidInput
from dialer.simulation.job import ContactRow, from_json
from dialer.simulation.result import simulate

MEMORY_BYTES = 2 << 30
CPU_S, WALL_S = 240, 600.0  # on a busy machine it is the last to be served
NICE = 5


async def simulate_apart(job: Mapping[str, Any], pages: AsyncIterator[Sequence[ContactRow]]) -> bytes:
    """The result as JSON; `job` is that of `job.to_json`. Raises InvalidInput if it takes too long."""
    out = b""
    async with apart("dialer.simulation.process", stderr=asyncio.subprocess.DEVNULL) as process:
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(WALL_S):
                out = await _asked(process, job, pages)
    if not out:
        reason = f"the dry run needs more than {MEMORY_BYTES >> 30} GB of memory or {CPU_S} s: choose fewer days"
        raise InvalidInput.single("horizon_days", reason)
    return out


async def _asked(
    process: asyncio.subprocess.Process, job: Mapping[str, Any], pages: AsyncIterator[Sequence[ContactRow]]
) -> bytes:
    if process.stdin is None:
        raise RuntimeError("the process has no input")
    process.stdin.write(orjson.dumps(job) + b"\n")
    async for page in pages:
        process.stdin.write(orjson.dumps([tuple(row) for row in page]) + b"\n")
        await process.stdin.drain()
    process.stdin.close()
    out, _ = await process.communicate()
    return out if process.returncode == 0 else b""


def main() -> None:
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    job = from_json(orjson.loads(sys.stdin.buffer.readline()))
    sys.stdout.buffer.write(orjson.dumps(simulate(job, _rows())))


def _rows() -> Iterator[ContactRow]:
    for line in sys.stdin.buffer:
        for row in orjson.loads(line):
            yield ContactRow(*row)


if __name__ == "__main__":
    main()
