"""A dry run of a week with 100,000 contacts: read from the store, simulated in a process of its own, told as JSON.

Reference, in the same run: a bare loop that sends as many events through a heap of as many contacts.
"""

import heapq
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop

from bench import million
from config.settings import Settings
from dialer.operations import dry_runs, strategies
from dialer.operations.context import Context
from dialer.simulation.assumptions import Assumptions
from dialer.store.database import Database
from dialer.store.migrate import upgrade

CONTACTS = int(os.environ.get("BENCH_CONTACTS", "100000"))
GOAL_S = 60
STRATEGY: dict[str, Any] = {
    "format": "campaign-strategy/1",
    "name": "Three calls, then a text",
    "nodes": [
        {"id": "in", "type": "contact-in", "fields": {"max_attempts": 4}, "out": {"next": "call"}},
        {
            "id": "call", "type": "call", "fields": {"tries": 3, "retry_after": "4h, 1d", "retry_on": "no_answer, busy"},
            "out": {"answered": "end", "otherwise": "wait"},
        },
        {"id": "wait", "type": "wait", "fields": {"kind": "for", "duration": "1d"}, "out": {"next": "text"}},
        {"id": "text", "type": "sms", "fields": {"text": "Call us, {{first_name}}", "until": "delivered"}, "out": {"otherwise": "end"}},
        {"id": "end", "type": "end"},
    ],
}  # fmt: skip


def main(contacts: int = CONTACTS) -> None:
    with tempfile.TemporaryDirectory() as name:
        result, took = uvloop.run(_simulated(Path(name), contacts))
    happened = 4 * result["calls"] + 3 * result["texts"]
    reference = _reference(happened, contacts)
    span = f"{result['calls']:,} calls, {result['texts']:,} texts"
    print(f"A dry run of a week, {contacts:,} contacts ({span}; SQLite, a process of its own):")
    print(f"  wall clock   {took:8.1f} s   goal {GOAL_S}")
    print(f"  processor    {resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime:8.1f} s of the simulating process")
    print(f"  bare heap    {reference:8.1f} s for {happened:,} events   ratio {took / reference:.1f}")


async def _simulated(folder: Path, contacts: int) -> tuple[dict[str, Any], float]:
    file = folder / "bench.db"
    settings = Settings(database={"url": f"sqlite+aiosqlite:///{file}"}, data_dir=folder)
    ctx = Context(Database(settings.database.url), settings)
    await upgrade(ctx.db)
    campaign_id = await million.campaign(ctx, "sales")
    await strategies.deploy(ctx, campaign_id, STRATEGY)
    million.fill(file, campaign_id, contacts, ctx.clock().strftime("%Y-%m-%d %H:%M:%S.%f"), entered=None)
    # As many agents as talk to everybody within the week.
    assumed = Assumptions.model_validate({"agents": max(1, contacts // 1000), "horizon_days": 7})
    began = time.perf_counter()
    result = await dry_runs.simulate(ctx, campaign_id, assumed)
    took = time.perf_counter() - began
    await ctx.db.close()
    return result, took


def _reference(events: int, contacts: int) -> float:
    """Seconds."""
    began = time.perf_counter()
    heap = [(float(index), index) for index in range(contacts)]
    heapq.heapify(heap)
    for index in range(events):
        at, _ = heapq.heappop(heap)
        heapq.heappush(heap, (at + index % 3600, index))
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
