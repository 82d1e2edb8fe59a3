"""Texts through the whole server, each on disk before its submit and its status after: against a sink on the same machine.

Reference, in the same run: a bare loop of the same PDUs, with the same window, through the same session, without a store.
`python -m bench texting 20000`: with so many texts. Then the same with a receipt for each.
"""

import asyncio
import os
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy import func, select

from bench import million
from config.settings import Settings
from dialer.domain.gateway import SmsGateway
from dialer.engine.engine import Engine
from dialer.operations import campaigns, gateways, strategies
from dialer.operations.context import Context
from dialer.store.database import Database
from dialer.store.migrate import upgrade
from dialer.store.tables import message
from sms.gateway import Gateway
from sms.settings import GatewaySettings
from sms.submission import OutgoingPart

TEXTS, WINDOW = 20_000, 50
TEXT = "Your appointment is tomorrow at nine. Reply with NO if you can't come."
STRATEGY = {
    "format": "campaign-strategy/1",
    "name": "bench",
    "nodes": [
        {"id": "in", "type": "contact-in", "name": "", "x": 0, "y": 0, "fields": {}, "out": {"next": "text"}},
        {
            "id": "text",
            "type": "sms",
            "name": "",
            "x": 0,
            "y": 0,
            "fields": {"text": TEXT},
            "out": {"otherwise": "end"},
        },
        {"id": "end", "type": "end", "name": "", "x": 0, "y": 0, "fields": {}, "out": {}},
    ],
}


def main(texts: int = TEXTS) -> None:
    for receipts in (False, True):
        bare = uvloop.run(_bare_loop(texts, receipts=receipts))
        ours = uvloop.run(_dialer(texts, receipts=receipts))
        print(f"texting, {texts:,} texts, window {WINDOW}, {'with receipts' if receipts else 'no receipts'}:")
        for name, figures in (("dialer", ours), ("bare loop", bare)):
            print(
                f"  {name:12} {figures['rate']:8,.0f} a second   {figures['cpu_us']:6,.0f} us of processor each"
                f"   most memory {figures['memory_mb']:,.0f} MB"
            )
        print(f"  ratio        {ours['rate'] / bare['rate']:8.2f}      goal 2,000 a second, durable")


@asynccontextmanager
async def _sink(*, receipts: bool) -> AsyncIterator[int]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.sink", str(int(receipts)), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.kill()
        await process.wait()


def _figures(texts: int, took_s: float, cpu_s: float) -> dict[str, float]:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rate": texts / took_s, "cpu_us": 1e6 * cpu_s / texts, "memory_mb": memory}


async def _bare_loop(texts: int, *, receipts: bool) -> dict[str, float]:
    came = 0

    async def count(_news: Any) -> None:
        nonlocal came
        came += 1

    async with _sink(receipts=receipts) as port:
        settings = GatewaySettings("bare", "127.0.0.1", port, "bench", "", window=WINDOW, sender="Bench")
        gateway = Gateway(settings, on_receipt=count, on_reply=count)
        running = asyncio.create_task(gateway.run())
        while not gateway.is_bound:
            await asyncio.sleep(0.01)
        begun, cpu = time.monotonic(), time.process_time()
        numbers = iter(range(texts))

        async def send() -> None:
            for n in numbers:
                part = OutgoingPart(str(n), f"+1212{n:07d}", TEXT.encode(), 0)
                async with gateway.slot():
                    await gateway.submit(part)

        await asyncio.gather(*(send() for _ in range(WINDOW)))
        while receipts and came < texts:
            await asyncio.sleep(0.005)
        figures = _figures(texts, time.monotonic() - begun, time.process_time() - cpu)
        await gateway.stop(1)
        await running
    return figures


async def _dialer(texts: int, *, receipts: bool) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(
            database={"url": f"sqlite+aiosqlite:///{folder}/bench.db"},
            ami={"port": 1},
            calls={"drain_s": 0},
            data_dir=folder,
        )
        ctx = Context(Database(settings.database.url), settings)
        try:
            async with _sink(receipts=receipts) as port:
                return await _texted(ctx, folder, port, texts, "delivered" if receipts else "submitted")
        finally:
            await ctx.db.close()


async def _texted(ctx: Context, folder: Path, port: int, texts: int, status: str) -> dict[str, float]:
    await upgrade(ctx.db)
    account = SmsGateway(name="sink", host="127.0.0.1", port=port, system_id="bench", window=WINDOW, sender="Bench")
    await gateways.create(ctx, account)
    made = await campaigns.create(ctx, {"title": "Bench", "sms_gateway": "sink"})
    await strategies.deploy(ctx, made.id, STRATEGY)
    now = ctx.clock().strftime("%Y-%m-%d %H:%M:%S.%f")
    await asyncio.to_thread(million.fill, folder / "bench.db", made.id, texts, now, entered=False)
    await million.indexed(ctx)
    await asyncio.to_thread(os.sync)
    engine = Engine(ctx)
    running = asyncio.create_task(engine.run())
    while not ((found := engine.texting.gateways.of("sink")) and found.is_bound):
        await asyncio.sleep(0.01)
    begun, cpu = time.monotonic(), time.process_time()
    await campaigns.publish(ctx, made.id)
    while await _number(ctx, status) < texts:
        await asyncio.sleep(0.1)
        if running.done():
            running.result()
    figures = _figures(texts, time.monotonic() - begun, time.process_time() - cpu)
    engine.stop()
    await running
    return figures


async def _number(ctx: Context, status: str) -> int:
    async with ctx.db.read() as tx:
        return int(await tx.scalar(select(func.count()).select_from(message).where(message.c.status == status)) or 0)
