"""Stopping and starting a campaign of a million contacts: the answer, the flags, the new requests, the way back in.

Meanwhile a call is about to start every 20 ms: how long its intent waits for the writer is measured, too. Reference, in
the same run: SQLite's own UPDATE of the same rows, all in one transaction of its own, on a copy of the file.
"""

import asyncio
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bench import million
from bench.busy_queue import percentile
from config.settings import Settings
from dialer.domain.campaign import Campaign
from dialer.engine.board import Board
from dialer.engine.lifecycle import Lifecycle
from dialer.engine.process import SWITCH_S
from dialer.operations import campaigns, reports
from dialer.operations.context import Context, NoEngine
from dialer.store.database import Database
from dialer.store.migrate import upgrade

CONTACTS = int(os.environ.get("BENCH_CONTACTS", "1000000"))
EVERY_S = 0.02


class _Engine(NoEngine):
    """The loop behind the campaigns, without a PBX."""

    def __init__(self, ctx: Context) -> None:
        self.board = Board(ctx)
        self.lifecycle = Lifecycle(ctx, self.board, lambda _: None)

    def queues(self) -> frozenset[str]:
        return frozenset({"sales"})

    async def campaign_changed(self, campaign_id: int) -> None:
        await self.board.refresh(campaign_id)
        self.lifecycle.look_at(campaign_id)


def main() -> None:
    sys.setswitchinterval(SWITCH_S)
    uvloop.run(_run())


async def _run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bench.db"
        settings = Settings(database={"url": f"sqlite+aiosqlite:///{file}"})
        ctx = Context(Database(settings.database.url), settings)
        await upgrade(ctx.db)
        campaign_id = await million.campaign(ctx, "sales")
        ctx.engine = engine = _Engine(ctx)
        await campaigns.publish(ctx, campaign_id)
        await asyncio.to_thread(million.fill, file, campaign_id, CONTACTS, _now(ctx), entered=million.Entered())
        reference = await asyncio.to_thread(_reference, file)
        await engine.lifecycle.start()
        running = asyncio.ensure_future(engine.lifecycle.run())
        try:
            await _measure(ctx, campaign_id, reference)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await ctx.db.close()


async def _measure(ctx: Context, campaign_id: int, reference: float) -> None:
    print(
        f"a campaign of {CONTACTS:,} contacts with a call in the queue each (SQLite's own UPDATE: {reference:.1f} s):"
    )
    stopped = _any_left("pending")
    back = _any_left("stopped")
    await _timed("unpublish", ctx, lambda: campaigns.unpublish(ctx, campaign_id), stopped, reference)
    await _timed("publish again", ctx, lambda: campaigns.publish(ctx, campaign_id), back, reference)
    await _timed("end", ctx, lambda: campaigns.end(ctx, campaign_id), stopped, reference)


async def _timed(
    name: str, ctx: Context, change: Callable[[], Coroutine[Any, Any, Campaign]], left: Any, reference: float
) -> None:
    await reports.counted(ctx, await campaigns.get(ctx, 1))  # a page that is open, with its numbers on it
    async with _calls(ctx) as waits:
        began = time.perf_counter()
        changed = await change()
        await reports.counted(ctx, changed)  # what the API answers with
        answered = time.perf_counter() - began
        while await _is_so(ctx, left):
            await asyncio.sleep(0.1)
        took = time.perf_counter() - began
    print(
        f"  {name:14} answered {1000 * answered:6.1f} ms   all {took:6.2f} s = {CONTACTS / took:9,.0f}/s"
        f"   ratio {took / reference:5.2f}   an intent waits p50 {percentile(waits, 0.5):5.1f} ms"
        f"   p99 {percentile(waits, 0.99):5.1f} ms   most {max(waits):5.1f} ms"
    )


def _any_left(state: str) -> Any:
    return text(f"SELECT EXISTS (SELECT 1 FROM enrollment WHERE campaign_id = 1 AND state = '{state}')")


async def _is_so(ctx: Context, question: Any) -> bool:
    async with ctx.db.read() as tx:
        return bool(await tx.scalar(question))


@asynccontextmanager
async def _calls(ctx: Context) -> AsyncIterator[list[float]]:
    """The milliseconds that transactions of calls took, while the block runs."""
    took: list[float] = []

    async def intent(tx: AsyncConnection) -> None:
        await tx.execute(text("UPDATE campaign SET last_activity_at = last_activity_at"))

    async def dial() -> None:
        while True:
            began = time.perf_counter()
            await ctx.db.transact(intent, urgent=True)
            took.append(1000 * (time.perf_counter() - began))
            await asyncio.sleep(EVERY_S)

    dialing = asyncio.ensure_future(dial())
    try:
        yield took
    finally:
        dialing.cancel()
        await asyncio.gather(dialing, return_exceptions=True)


def _now(ctx: Context) -> str:
    return ctx.clock().strftime("%Y-%m-%d %H:%M:%S.%f")


def _reference(file: Path) -> float:
    copy = file.with_name("reference.db")
    shutil.copyfile(file, copy)
    with closing(sqlite3.connect(copy, isolation_level=None)) as store:
        store.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536")
        began = time.perf_counter()
        store.execute("BEGIN")
        for table in ("contact_request", "enrollment"):
            store.execute(f"UPDATE {table} SET state = 'stopped', stop_reason = 'campaign-unpublished'")
        store.execute("COMMIT")
        took = time.perf_counter() - began
    for name in (copy.name, f"{copy.name}-wal", f"{copy.name}-shm"):
        copy.with_name(name).unlink(missing_ok=True)
    return took


if __name__ == "__main__":
    main()
