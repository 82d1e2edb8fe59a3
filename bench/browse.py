"""Pages of contact lists at a million contacts: every column, every condition, searches, each as a program gets it.

References, in the same run and on the same file: SQLite's own first page by the primary key, and its scan of all contacts
for a text that none has (LIKE), which is what a condition costs without an index.
"""

import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import uvloop

from bench import browse_cases, million, people
from bench.busy_queue import percentile
from config.settings import Settings
from dialer.operations import reports
from dialer.operations.context import Context
from dialer.store.database import Database
from dialer.store.migrate import upgrade

CONTACTS = int(os.environ.get("BENCH_CONTACTS", "1000000"))
REPEATS = int(os.environ.get("BENCH_REPEATS", "4"))
GOAL_MS = 100.0


Sample = tuple[
    float, float
]  # milliseconds of the clock, and of the processor: other work on the machine makes the first longer


def _middle(samples: list[Sample]) -> float:
    return percentile([processor for _, processor in samples], 0.5)


def main() -> None:
    uvloop.run(_run())


async def _run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bench.db"
        ctx = context(file)
        try:
            await upgrade(ctx.db)
            campaign_id = await million.campaign(ctx, "sales")
            await asyncio.to_thread(people.fill, file, CONTACTS, campaign_id)
            began = time.perf_counter()
            await reports.indexed(ctx)
            while ctx.db.projection is not None and await ctx.db.projection.follow():
                pass
            print(f"lists of {CONTACTS:,} contacts, indexed in {time.perf_counter() - began:.0f} s:")
            await asyncio.to_thread(os.sync)
            await measure(ctx, file, campaign_id)
        finally:
            await ctx.db.close()


def context(file: Path) -> Context:
    settings = Settings(database={"url": f"sqlite+aiosqlite:///{file}"})
    return Context(Database(settings.database.url), settings)


async def measure(ctx: Context, file: Path, campaign_id: int) -> None:
    page, scan = await asyncio.to_thread(_references, file)
    _line("SQLite's first page", page, "")
    _line("SQLite's scan", scan, "")
    every: dict[str, list[Sample]] = {}
    for name, queries in (await browse_cases.all_of(ctx, campaign_id)).items():
        found = await _pages(ctx, queries)
        samples = [one for case in found.values() for one in case]
        worst = max(found, key=lambda case: _middle(found[case]))
        processor = percentile([one for _, one in samples], 0.99)
        ratio = f"p50 to page {_middle(samples) / _middle(page):6.1f}   p99 to scan {processor / _middle(scan):5.2f}"
        _line(name, samples, f"{ratio}   slowest {_middle(found[worst]):6.1f}: {worst}")
        every |= found
    _line("all of them", [one for case in every.values() for one in case], f"goal p99 {GOAL_MS:.0f} ms")
    for case in sorted(every, key=lambda case: -_middle(every[case])):
        if _middle(every[case]) > GOAL_MS:
            print(f"    above the goal: {_middle(every[case]):7.1f} ms   {case}")


async def _pages(ctx: Context, queries: browse_cases.Cases) -> dict[str, list[Sample]]:
    found: dict[str, list[Sample]] = {case: [] for case in queries}
    for _ in range(REPEATS):
        for case, (query, campaign_id) in queries.items():
            began, worked = time.perf_counter(), time.process_time()
            await reports.contacts_page(ctx, query, campaign_id)
            found[case].append((1000 * (time.perf_counter() - began), 1000 * (time.process_time() - worked)))
    return found


def _line(name: str, samples: list[Sample], more: str) -> None:
    wall, processor = ([one[n] for one in samples] for n in (0, 1))
    figures = (
        f"{of} p50 {percentile(took, 0.5):6.1f} p99 {percentile(took, 0.99):6.1f} most {max(took):6.1f} ms"
        for of, took in (("clock", wall), ("processor", processor))
    )
    print(f"  {name:32} {len(samples):4}   {'   '.join(figures)}   {more}", flush=True)


def _references(file: Path) -> tuple[list[Sample], list[Sample]]:
    with closing(sqlite3.connect(file)) as store:
        page = _timed(lambda: store.execute("SELECT * FROM contact ORDER BY id LIMIT 50").fetchall())
        scan = _timed(lambda: store.execute("SELECT count(*) FROM contact WHERE last_name LIKE '%zzz%'").fetchall())
    return page, scan


def _timed(run: Callable[[], Any]) -> list[Sample]:
    took = []
    for _ in range(5):
        began, worked = time.perf_counter(), time.process_time()
        run()
        took.append((1000 * (time.perf_counter() - began), 1000 * (time.process_time() - worked)))
    return took


if __name__ == "__main__":
    main()
