"""Importing: a file of a million rows, checked, normalised and merged into SQLite; its memory; reaction and lists meanwhile.

Reference, in the same run: sqlite3's own `.import` of the same file into a table with a unique index, which checks nothing.
"""

import asyncio
import os
import random
import sqlite3
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

from bench import reaction
from config.settings import Settings
from dialer.domain.uploading import Told
from dialer.operations import campaigns, importing, reports, uploads
from dialer.operations.context import Context
from dialer.store.database import Database
from dialer.store.listing import Query
from dialer.store.migrate import upgrade

ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
PAGE_KB = os.sysconf("SC_PAGE_SIZE") / 1024


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder / "rows.csv")
        reference = _reference(folder)
        found = uvloop.run(_import(folder))
        meanwhile = uvloop.run(reaction.measure(partial(reaction.dialer, beside=partial(_beside, folder=folder))))
    rate = ROWS / found["seconds"]
    print(f"importing {ROWS:,} rows (two cores, SQLite, half of the numbers in national form):")
    print(f"  dialer       {rate:8,.0f} rows/s   checked before in {found['checked']:.1f} s   goal 30,000")
    print(f"  .import      {ROWS / reference:8,.0f} rows/s   ratio {rate * reference / ROWS:.3f}")
    print(f"  memory       {found['memory']:8.0f} MB above idle, the reading process included   goal 150")
    print(f"  first page   p50 {found['p50']:.0f} ms   p99 {found['p99']:.0f} ms while it runs   goal p99 150")
    print(f"  reaction     p50 {meanwhile['p50']:.1f} ms   p99 {meanwhile['p99']:.1f} ms while it runs   goal p99 50")


def _write(path: Path) -> None:
    chance = random.Random(1)
    names = ["".join(chance.choices("abcdefghiklmnoprstuw", k=chance.randint(4, 9))).title() for _ in range(20_000)]
    numbers = chance.sample(range(10_000_000, 10_000_000 + 40 * ROWS), ROWS)
    with path.open("w", encoding="utf-8") as file:
        file.write("phone,first_name,last_name,city,plan\n")
        for at, number in enumerate(numbers):
            digits = f"151{number:08}"[:11]
            phone = f"+49{digits}" if at % 2 else f"0{digits[:3]} {digits[3:]}"
            file.write(f"{phone},{chance.choice(names)},{chance.choice(names)},{chance.choice(names[:500])},gold\n")


def _reference(folder: Path) -> float:
    """Seconds."""
    table = "CREATE TABLE person (phone PRIMARY KEY, first_name, last_name, city, plan)"
    with sqlite3.connect(folder / "reference.db") as db:
        db.execute(table)
    began = time.perf_counter()
    command = f".import --csv --skip 1 {folder / 'rows.csv'} person"
    subprocess.run(["sqlite3", str(folder / "reference.db"), command], check=True, capture_output=True)
    return time.perf_counter() - began


async def _import(folder: Path) -> dict[str, float]:
    settings = Settings(
        database={"url": f"sqlite+aiosqlite:///{folder}/bench.db"}, data_dir=folder, default_region="DE"
    )
    ctx = Context(Database(settings.database.url), settings)
    try:
        await upgrade(ctx.db)
        idle, began = _memory_mb(), time.perf_counter()
        source = await _taken(ctx, folder)
        checked = time.perf_counter() - began
        memory, pages = [0.0], [0.0]
        watching = [asyncio.ensure_future(_watch(memory)), asyncio.ensure_future(_look(ctx, pages))]
        began = time.perf_counter()
        await importing.run(ctx, source.id)
        seconds = time.perf_counter() - began
        for task in watching:
            task.cancel()
        pages.sort()
        return {
            "seconds": seconds, "checked": checked, "memory": max(memory) - idle,
            "p50": pages[len(pages) // 2], "p99": pages[int(len(pages) * 0.99)],
        }  # fmt: skip
    finally:
        await ctx.db.close()


async def _taken(ctx: Context, folder: Path) -> Any:
    campaign = await campaigns.create(ctx, {"title": "Import"})
    file = uploads.uploads_folder(ctx) / "copy.csv"
    file.write_bytes((folder / "rows.csv").read_bytes())
    return await uploads.take(ctx, campaign.id, uploads.Upload(file, "rows.csv", Told(region="DE")))


async def _beside(ctx: Context, folder: Path) -> None:
    """The engine imports it while it dials."""
    await _taken(ctx, folder)


async def _watch(memory: list[float]) -> None:
    while True:
        memory.append(_memory_mb())
        await asyncio.sleep(0.25)


async def _look(ctx: Context, pages: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await reports.contacts_page(ctx, Query(limit=50))
        pages.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(0.1)


def _memory_mb() -> float:
    """Resident, of this process and its children."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return sum(_resident_kb(one) for one in ["self", *children]) / 1024


def _resident_kb(process: str) -> float:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE_KB
    except FileNotFoundError:  # it has just ended
        return 0


if __name__ == "__main__":
    main()
