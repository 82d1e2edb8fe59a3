"""Texts through the whole server, each on disk before its submit and its status after: against a sink on the same machine.

Reference, in the same run: a bare loop of the same PDUs, with the same window, through the same session, without a store.
`python -m bench texting` runs all parts, `python -m bench texting held 100000` one, with so many texts:

- `submits`: texts that stand in the queue;
- `entering`: the same of contacts who have yet to enter the strategy;
- `receipts`: with a delivery receipt for each;
- `together`: as many receipts, kept back, come while the second half is submitted;
- `held`: an SMSC that allows 100 a second, told to the gateway or found out by being refused;
- `memory`: what the process holds after each tenth.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
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

TEXTS, WINDOW, RATE = 20_000, 50, 100
LOOK_S = 0.2
TEXT = "Your appointment is tomorrow at nine. Reply with NO if you can't come."
QUEUED = million.Entered(
    "sms",
    '{"node":"sms","visits":{"in":1,"sms":1},"try_no":1,"texts":1}',
    orjson.dumps({"gateway": None, "sender": None, "text": TEXT, "validity_s": None}).decode(),
)
STRATEGY = {
    "format": "campaign-strategy/1",
    "name": "bench",
    "nodes": [
        {"id": "in", "type": "contact-in", "name": "", "x": 0, "y": 0, "fields": {}, "out": {"next": "sms"}},
        {
            "id": "sms",
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


def main(texts: int | None = None, part: str = "") -> None:
    for name, (run, usual) in PARTS.items():
        if part in {"", name}:
            print(f"texting, {name}, {texts or usual:,} texts, window {WINDOW}:")
            run(texts or usual)


def _submits(texts: int) -> None:
    _against_bare(uvloop.run(_all(texts)), uvloop.run(_bare_loop(texts, receipts=False)), "2,000 a second, durable")


def _entering(texts: int) -> None:
    _show("dialer", uvloop.run(_all(texts, entered=None)))


def _receipts(texts: int) -> None:
    ours = uvloop.run(_all(texts, receipts=1, status="delivered"))
    _against_bare(ours, uvloop.run(_bare_loop(texts, receipts=True)), "none for both at once from the first on")


def _together(texts: int) -> None:
    receipts, submits = uvloop.run(_kept_back(texts))
    print(
        f"  {receipts:8,.0f} receipts and {submits:,.0f} submits in the same second      goal 5,000 receipts a second"
    )


def _held(texts: int) -> None:
    for told in (True, False):
        share = uvloop.run(_throttled(texts, told=told))
        print(f"  {'told' if told else 'found out':12} {share:8.1%} of {RATE} a second      goal 98 %")


def _memory(texts: int) -> None:
    uvloop.run(_grown(texts))


PARTS: dict[str, tuple[Callable[[int], None], int]] = {
    "submits": (_submits, TEXTS),
    "entering": (_entering, TEXTS),
    "receipts": (_receipts, TEXTS),
    "together": (_together, TEXTS),
    "held": (_held, 10_000),
    "memory": (_memory, 100_000),
}


@dataclass(frozen=True)
class Figures:
    rate: float
    cpu_us: float


def _against_bare(ours: Figures, bare: Figures, goal: str) -> None:
    _show("dialer", ours)
    _show("bare loop", bare)
    print(f"  ratio        {ours.rate / bare.rate:8.2f}      goal {goal}")


def _show(name: str, figures: Figures) -> None:
    print(f"  {name:12} {figures.rate:8,.0f} a second   {figures.cpu_us:6,.0f} us of processor each")


@asynccontextmanager
async def _sink(receipts: int = 0, rate: int = 0) -> AsyncIterator[int]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.sink", str(receipts), str(rate), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.kill()
        await process.wait()


class Watch:
    def __init__(self) -> None:
        self.begun, self.cpu = time.monotonic(), time.process_time()

    def figures(self, texts: int) -> Figures:
        return Figures(texts / self.passed_s, 1e6 * (time.process_time() - self.cpu) / texts)

    @property
    def passed_s(self) -> float:
        return time.monotonic() - self.begun


async def _bare_loop(texts: int, *, receipts: bool) -> Figures:
    came = 0

    async def count(news: Any) -> None:
        nonlocal came
        came += len(news)

    async with _sink(int(receipts)) as port:
        settings = GatewaySettings("bare", "127.0.0.1", port, "bench", "", window=WINDOW, sender="Bench")
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


@dataclass(frozen=True)
class Server:
    """A running engine, bound to the sink, and a campaign of texts that is not published yet."""

    ctx: Context
    campaign_id: int
    running: "asyncio.Task[None]"

    async def publish(self) -> Watch:
        watch = Watch()
        await campaigns.publish(self.ctx, self.campaign_id)
        return watch

    async def number(self, *statuses: str) -> int:
        async with self.ctx.db.read() as tx:
            query = select(func.count()).select_from(message).where(message.c.status.in_(statuses))
            return int(await tx.scalar(query) or 0)

    async def until(self, number: int, *statuses: str) -> None:
        while await self.number(*statuses) < number:
            await asyncio.sleep(LOOK_S)
            if self.running.done():
                self.running.result()


@asynccontextmanager
async def _server(
    texts: int, *, receipts: int = 0, rate: int = 0, entered: million.Entered | None = QUEUED, **account: Any
) -> AsyncIterator[Server]:
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
            async with _sink(receipts, rate) as port:
                campaign_id = await _campaign(ctx, folder, texts, entered, {"port": port, **account})
                engine = Engine(ctx)
                running = asyncio.create_task(engine.run())
                while not ((found := engine.texting.gateways.of("sink")) and found.is_bound):
                    await asyncio.sleep(0.01)
                yield Server(ctx, campaign_id, running)
                engine.stop()
                await running
        finally:
            await ctx.db.close()


async def _campaign(
    ctx: Context, folder: Path, texts: int, entered: million.Entered | None, account: dict[str, Any]
) -> int:
    await upgrade(ctx.db)
    fixed: dict[str, Any] = {"name": "sink", "host": "127.0.0.1", "system_id": "bench", "sender": "Bench"}
    await gateways.create(ctx, SmsGateway(**{**fixed, "window": WINDOW, **account}))
    made = await campaigns.create(ctx, {"title": "Bench", "sms_gateway": "sink"})
    await strategies.deploy(ctx, made.id, STRATEGY)
    now = ctx.clock().strftime("%Y-%m-%d %H:%M:%S.%f")
    await asyncio.to_thread(million.fill, folder / "bench.db", made.id, texts, now, entered=entered)
    await million.indexed(ctx)
    await asyncio.to_thread(os.sync)
    return made.id


async def _all(
    texts: int, *, receipts: int = 0, status: str = "submitted", entered: million.Entered | None = QUEUED
) -> Figures:
    async with _server(texts, receipts=receipts, entered=entered) as server:
        watch = await server.publish()
        await server.until(texts, status)
        return watch.figures(texts)


async def _kept_back(texts: int) -> tuple[float, float]:
    """Receipts and submits a second, while both come."""
    kept = texts // 2
    async with _server(texts, receipts=kept) as server:
        await server.publish()
        await server.until(1, "delivered")
        watch = Watch()
        receipts, both = await server.number("delivered"), await server.number("submitted", "delivered")
        while (came := await server.number("delivered")) < kept:
            if await server.number("submitted", "delivered") == texts:
                break
            await asyncio.sleep(LOOK_S)
        passed_s = watch.passed_s
        return (came - receipts) / passed_s, (await server.number("submitted", "delivered") - both) / passed_s


async def _throttled(texts: int, *, told: bool) -> float:
    """The share of the rate that the SMSC allows, without the first two seconds."""
    account = {"messages_per_second": RATE} if told else {}
    async with _server(texts, rate=RATE, **account) as server:
        await server.publish()
        await server.until(2 * RATE, "submitted")
        begun, watch = await server.number("submitted"), Watch()
        await server.until(texts, "submitted")
        return (texts - begun) / watch.passed_s / RATE


async def _grown(texts: int) -> None:
    async with _server(texts) as server:
        await server.publish()
        for tenth in range(1, 11):
            await server.until(tenth * texts // 10, "submitted")
            print(f"  {tenth * texts // 10:10,} texts   {_resident_mb():6,.0f} MB", flush=True)


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
