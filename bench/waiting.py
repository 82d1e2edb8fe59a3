"""A million contacts at a wait: the start of the server, its memory, and how fast those go on whose wait is over.

Reference, in the same run: a bare loop that reads the same rows, writes for each where it stands and two entries of the
trail, and commits every thousand. Where others use the machine, judge by the processor's time: that of all threads of the
server from its start on, and that of the loop. `python -m bench waiting 1000000` says how many contacts.
"""

import os
import shutil
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import uvloop

from bench import million
from bench.server import cpu_s, serving
from config.settings import Settings
from dialer.operations import campaigns
from dialer.operations.context import Context
from dialer.store.database import Database
from dialer.store.migrate import upgrade

CONTACTS = int(os.environ.get("BENCH_CONTACTS", "1000000"))
DUE_OF = 10  # one of so many is due
BATCH = 1_000
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / (1 << 20)
LATER, SOON = "2099-01-01 00:00:00.000000", "2026-01-01 00:00:00.000000"
STRATEGY: dict[str, Any] = {
    "format": "campaign-strategy/1",
    "name": "A month",
    "nodes": [
        {"id": "in", "type": "contact-in", "out": {"next": "wait"}},
        {"id": "wait", "type": "wait", "fields": {"kind": "for", "duration": "30d"}, "out": {"next": "end"}},
        {"id": "end", "type": "end", "fields": {"result": "done"}},
    ],
}
_WAIT = (
    "UPDATE enrollment SET state = 'waiting', strategy_version = 1, node = 'wait', due_at = CASE WHEN id % 10 = 0 THEN :due "
    """ELSE :later END, memory = json_object('node', 'wait', 'visits', json_object('in', 1, 'wait', 1), 'due_at',
    replace(CASE WHEN id % 10 = 0 THEN :due ELSE :later END, ' ', 'T') || '+00:00')"""
)


class Served(NamedTuple):
    """Seconds until the server was up, on the clock and of the processor; its megabytes; seconds until all had gone on."""

    started_s: float
    start_cpu_s: float
    memory_mb: float
    took_s: float
    took_cpu_s: float


def main(contacts: int = CONTACTS) -> None:
    due = contacts // DUE_OF
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        uvloop.run(_made(folder, contacts))
        reference_s, reference_cpu_s = _reference(folder / "bench.db")
        served = _served(folder)
    rate, bare = due / served.took_s, due / reference_s
    us, bare_us = served.took_cpu_s / due * 1e6, reference_cpu_s / due * 1e6
    print(f"{contacts:,} contacts at a wait, of which {due:,} go on (SQLite, durable):")
    print(
        f"  start        {served.started_s:8.1f} s until it is ready ({served.start_cpu_s:.1f} s of processor)   goal 5"
    )
    print(f"  memory       {served.memory_mb:8.0f} MB resident   goal 200")
    print(f"  steps        {2 * rate:8,.0f} /s ({rate:,.0f} contacts/s)   goal 20,000")
    print(f"  bare loop    {bare:8,.0f} contacts/s   ratio {rate / bare:.3f}")
    print(f"  processor    {us:8.0f} µs a contact, bare loop {bare_us:.0f} µs   ratio {bare_us / us:.3f}")


async def _made(folder: Path, contacts: int) -> None:
    file = folder / "bench.db"
    settings = Settings(database={"url": f"sqlite+aiosqlite:///{file}"}, data_dir=folder)
    ctx = Context(Database(settings.database.url), settings)
    await upgrade(ctx.db)
    campaign = await campaigns.create(ctx, {"title": "Waits", "queue": "sales"}, STRATEGY)
    now = ctx.clock().strftime("%Y-%m-%d %H:%M:%S.%f")
    million.fill(file, campaign.id, contacts, now, entered=None)
    with closing(sqlite3.connect(file, isolation_level=None)) as store:
        store.execute("PRAGMA synchronous=OFF")
        store.execute(_WAIT, {"due": SOON, "later": LATER})
        store.execute("UPDATE campaign SET status = 'published', published_at = :now", {"now": now})
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    await million.indexed(ctx)
    await ctx.db.close()
    os.sync()


def _reference(file: Path) -> tuple[float, float]:
    """Seconds on the clock, and of the processor."""
    copy = file.with_name("reference.db")
    shutil.copyfile(file, copy)
    with closing(sqlite3.connect(copy, isolation_level=None)) as store:
        store.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536")
        began, used = time.perf_counter(), time.process_time()
        while rows := store.execute(_OVER, {"now": SOON, "limit": BATCH}).fetchall():
            store.execute("BEGIN IMMEDIATE")
            store.executemany(_MOVE, [(id_,) for id_, _, _ in rows])
            store.executemany(_TELL, [(SOON, *ids, kind) for _, *ids in rows for kind in ("step", "finished")])
            store.execute("COMMIT")
        took = time.perf_counter() - began, time.process_time() - used
    for left in file.parent.glob("reference.db*"):
        left.unlink()
    return took


_OVER = (
    "SELECT id, campaign_id, contact_id FROM enrollment WHERE campaign_id = 1 AND state = 'waiting' AND due_at <= :now "
    "ORDER BY due_at LIMIT :limit"
)
_MOVE = "UPDATE enrollment SET state = 'done', node = 'end', due_at = NULL, result = 'done' WHERE id = ?"
_TELL = "INSERT INTO trail (at, campaign_id, contact_id, kind, data) VALUES (?, ?, ?, ?, '{}')"


def _served(folder: Path) -> Served:
    began = time.perf_counter()
    with serving(folder) as pid:
        started, start_cpu = time.perf_counter() - began, cpu_s(pid)
        with closing(sqlite3.connect(folder / "bench.db")) as store:
            while store.execute(_OVER, {"now": SOON, "limit": 1}).fetchone():
                time.sleep(0.05)
        took, took_cpu = time.perf_counter() - began - started, cpu_s(pid) - start_cpu
        memory = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_MB
    return Served(started, start_cpu, memory, took, took_cpu)


if __name__ == "__main__":
    main()
