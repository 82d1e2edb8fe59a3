"""The whole server with a campaign of texts, against a sink on the same machine."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import orjson

from bench import million
from bench.bare_smpp import TEXT, WINDOW, RunningSink, Watch, sink
from config.settings import Settings
from dialer.domain.gateway import SmsGateway
from dialer.engine.engine import Engine
from dialer.operations import campaigns, gateways, strategies
from dialer.operations.context import Context
from dialer.store import result_counts
from dialer.store.database import Database
from dialer.store.migrate import upgrade

LOOK_S = 0.2
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


@dataclass(frozen=True)
class Server:
    """A running engine, bound to the sink, and a campaign of texts that is not published yet."""

    ctx: Context
    campaign_id: int
    running: "asyncio.Task[None]"
    sink: RunningSink

    async def publish(self) -> Watch:
        watch = Watch()
        await campaigns.publish(self.ctx, self.campaign_id)
        return watch

    async def number(self, *statuses: str) -> int:
        async with self.ctx.db.read() as tx:
            found = await result_counts.texts_of_all(
                tx
            )  # a few rows, where a look at each text would slow what is measured
        return sum(number for of in found.values() for status, number in of.items() if status in statuses)

    async def until(self, number: int, *statuses: str) -> None:
        while await self.number(*statuses) < number:
            await asyncio.sleep(LOOK_S)
            if self.running.done():
                self.running.result()


@asynccontextmanager
async def serving(
    texts: int,
    *,
    receipts: int = 0,
    rate: int = 0,
    expected: int = 0,
    entered: million.Entered | None = QUEUED,
    **account: Any,
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
            async with sink(receipts, rate, expected=expected) as at:
                campaign_id = await _campaign(ctx, folder, texts, entered, {"port": at.port, **account})
                engine = Engine(ctx)
                running = asyncio.create_task(engine.run())
                while not ((found := engine.texting.gateways.of("sink")) and found.is_bound):
                    await asyncio.sleep(0.01)
                yield Server(ctx, campaign_id, running, at)
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
    # In a process of its own, which takes with it what memory that needed.
    with ProcessPoolExecutor(1, get_context("spawn")) as apart:
        apart.submit(million.fill, folder / "bench.db", made.id, texts, now, entered=entered).result()
    await million.indexed(ctx)
    await asyncio.to_thread(os.sync)
    return made.id
