"""A sink that runs, and the least that anybody needs to send texts to it: the same PDUs, window and session, without a store."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sms.gateway import Gateway
from sms.settings import GatewaySettings
from sms.submission import OutgoingPart

WINDOW = 50
TEXT = "Your appointment is tomorrow at nine. Reply with NO if you can't come."


@dataclass(frozen=True)
class Figures:
    rate: float
    cpu_us: float


class Watch:
    def __init__(self) -> None:
        self.begun, self.cpu = time.monotonic(), time.process_time()

    def figures(self, texts: int) -> Figures:
        return Figures(texts / self.passed_s, 1e6 * (time.process_time() - self.cpu) / texts)

    @property
    def passed_s(self) -> float:
        return time.monotonic() - self.begun


@dataclass(frozen=True)
class RunningSink:
    port: int
    out: asyncio.StreamReader

    async def passed_s(self) -> float:
        """From the first segment to the last of those that it was told to expect."""
        return float(await self.out.readline())


@asynccontextmanager
async def sink(receipts: int = 0, rate: int = 0, *, port: int = 0, expected: int = 0) -> AsyncIterator[RunningSink]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.sink", *map(str, (receipts, rate, port, expected)), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield RunningSink(int(await process.stdout.readline()), process.stdout)
    finally:
        process.kill()
        await process.wait()


async def bare_loop(texts: int, *, receipts: bool = False) -> Figures:
    came = 0

    async def count(news: Any) -> None:
        nonlocal came
        came += len(news)

    async with sink(int(receipts)) as at:
        settings = GatewaySettings("bare", "127.0.0.1", at.port, "bench", "", window=WINDOW, sender="Bench")
        gateway = Gateway(settings, on_receipts=count, on_reply=count)
        running = asyncio.create_task(gateway.run())
        while not gateway.is_bound:
            await asyncio.sleep(0.01)
        watch = Watch()
        numbers = iter(range(texts))

        async def send() -> None:
            for n in numbers:
                part = OutgoingPart(str(n), f"+1212{n:07d}", TEXT.encode(), 0)
                async with gateway.slot():
                    await gateway.submit(part)

        await asyncio.gather(*(send() for _ in range(WINDOW)))
        while receipts and came < texts:
            await asyncio.sleep(0.005)
        figures = watch.figures(texts)
        await gateway.stop(1)
        await running
    return figures
