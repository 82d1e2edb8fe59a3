"""Readers of a server, in a process of their own: `python -m bench.readers PORT TOKEN PAGES SLOW CALLS UNTIL`.

PAGES streams that are read as fast as they come, SLOW ones that are read slowly or not at all, and CALLS list calls a second.
UNTIL is in Unix seconds. Prints "ready" once all streams are open, then as JSON what they got.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvloop

PAGES = ("/live/stream", "/campaigns/1/live")
LISTS = ("/api/v1/campaigns", "/api/v1/campaigns/1/contacts?limit=10", "/api/v1/attempts?limit=10")
CONNECTIONS = 100
# A slow one takes so much and then waits so long; every second one takes nothing at all.
SIP, SIP_S = 256, 1.0


class Readers:
    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token
        self.bytes = self.refused = 0
        self.answers: Counter[int] = Counter()
        self.latencies: list[float] = []
        self.ended = 0

    @asynccontextmanager
    async def _open(self, limit: int = 1 << 16) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=limit)
        try:
            yield reader, writer
        finally:
            writer.close()

    def _ask(self, path: str) -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {self.token}\r\n\r\n".encode()

    async def page(self, path: str, opened: asyncio.Semaphore) -> None:
        async with self._open() as (reader, writer):
            writer.write(self._ask(path))
            await reader.readline()
            opened.release()
            while got := await reader.read(1 << 16):
                self.bytes += len(got)
        self.ended += 1

    async def slow(self, path: str, opened: asyncio.Semaphore, *, reads: bool) -> None:
        async with self._open(limit=SIP) as (reader, writer):
            writer.write(self._ask(path))
            await reader.readline()
            opened.release()
            while await reader.read(SIP) if reads else not writer.transport.is_closing():
                await asyncio.sleep(SIP_S)
        self.ended += 1

    async def calls(self, per_second: float, until: float) -> None:
        """So many a second, over connections that stay open; a connection asks again only when it was answered."""
        due = time.monotonic()
        free = asyncio.Semaphore(CONNECTIONS)
        idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        number = 0
        under_way: set[asyncio.Task[None]] = set()
        while time.monotonic() < until:
            due = max(due + 1 / per_second, time.monotonic() - 1)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await free.acquire()
            task = asyncio.create_task(self._call(LISTS[number % len(LISTS)], idle, free))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            number += 1
        for task in list(under_way):
            task.cancel()

    async def _call(
        self, path: str, idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]], free: asyncio.Semaphore
    ) -> None:
        began = time.monotonic()
        reader, writer = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(self._ask(path))
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:"))
            await reader.readexactly(length)
            self.answers[int(head.split()[1])] += 1
            self.latencies.append(time.monotonic() - began)
            idle.append((reader, writer))
        except (OSError, asyncio.IncompleteReadError):
            self.refused += 1
        finally:
            free.release()


async def main(port: int, token: str, pages: int, slow: int, calls: float, until_epoch: float) -> None:
    readers, opened = Readers(port, token), asyncio.Semaphore(0)
    tasks = [asyncio.ensure_future(readers.page(PAGES[n % 2], opened)) for n in range(pages)]
    tasks += [asyncio.ensure_future(readers.slow(PAGES[n % 2], opened, reads=n % 4 < 2)) for n in range(slow)]
    for _ in tasks:
        await opened.acquire()
    print("ready", flush=True)
    until = time.monotonic() + until_epoch - time.time()
    if calls:
        await readers.calls(calls, until)
    await asyncio.sleep(max(0.0, until - time.monotonic()))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    ordered = sorted(readers.latencies) or [0.0]
    told = {
        "bytes": readers.bytes, "ended": readers.ended, "refused": readers.refused, "answers": dict(readers.answers),
        "p50": 1000 * ordered[len(ordered) // 2], "p99": 1000 * ordered[int(len(ordered) * 0.99)],
    }  # fmt: skip
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    uvloop.run(
        main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]), float(sys.argv[6]))
    )
