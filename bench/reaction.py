"""Reaction: an agent becomes free → the next Originate is on the wire, with 100 agents and every intent on disk before.

Reference, in the same run and against the same scripted PBX: a bare loop that does nothing but commit a row (SQLite,
synchronous=FULL) and write the Originate.
"""

import asyncio
import json
import os
import sqlite3
import sys
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import uvloop
from ulid import ULID

from bench import million
from bench.busy_queue import QUEUE
from config.settings import Settings
from dialer.ami.originate import OriginateCall
from dialer.engine.engine import Engine
from dialer.operations import campaigns
from dialer.operations.context import Context
from dialer.store.database import Database
from dialer.store.migrate import upgrade

AGENTS, SECONDS, TALK_S = 100, 30.0, 3.0
BUSY_QUEUE = ("bench.busy_queue", str(AGENTS), str(SECONDS), str(TALK_S))
# How many contacts the campaign has: as many as are called, and that many.
CONTACTS, MANY = 4_000, int(os.environ.get("BENCH_CONTACTS", "1000000"))


def main() -> None:
    bare = uvloop.run(measure(_bare_loop))
    ours = uvloop.run(measure(dialer))
    many = uvloop.run(measure(partial(dialer, contacts=MANY)))
    print(f"reaction, {AGENTS} agents, {ours['calls_per_second']:.0f} calls/s, {ours['samples']} samples, durable:")
    for name, figures in (("dialer", ours), (f"of {MANY:,}", many), ("bare loop", bare)):
        print(
            f"  {name:12} p50 {figures['p50']:6.2f} ms   p99 {figures['p99']:6.2f} ms   most {figures['most']:6.2f} ms"
        )
    for name, figures, reference in (("ratio", ours, bare), ("many to few", many, ours)):
        p50, p99 = (figures[share] / reference[share] for share in ("p50", "p99"))
        print(f"  {name:12} p50 {p50:6.2f}      p99 {p99:6.2f}")
    print("  goal         p50   5.00 ms   p99  25.00 ms   many to few p99 1.20")


async def measure(client: Callable[[int, Path], Awaitable[None]], *pbx: str) -> dict[str, Any]:
    """The figures of the scripted PBX, `pbx` being its module with its arguments, while `client(port, folder)` dials."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *(pbx or BUSY_QUEUE), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    with tempfile.TemporaryDirectory() as folder:
        running = asyncio.ensure_future(client(port, Path(folder)))
        figures = asyncio.ensure_future(process.stdout.readline())
        await asyncio.wait({running, figures}, return_when=asyncio.FIRST_COMPLETED)
        if not figures.done():
            process.kill()
            await running  # raises what went wrong
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await process.wait()
        return dict(json.loads(await figures))


# -- ours ---------------------------------------------------------------------------------------------------------


async def dialer(
    port: int, folder: Path, contacts: int = CONTACTS, beside: Callable[[Context], Awaitable[None]] | None = None
) -> None:
    """Our server dials; `beside` is what it has to do meanwhile."""
    settings = Settings(
        database={"url": f"sqlite+aiosqlite:///{folder}/bench.db"},
        ami={"port": port, "username": "dialer", "secret": "secret"},
        calls={"drain_s": 0},
        data_dir=folder,
    )
    ctx = Context(Database(settings.database.url), settings)
    try:
        await upgrade(ctx.db)
        engine = Engine(ctx)
        campaign = await million.campaign(ctx, QUEUE)
        now = ctx.clock().strftime("%Y-%m-%d %H:%M:%S.%f")
        await asyncio.to_thread(million.fill, folder / "bench.db", campaign, contacts, now, entered=million.Entered())
        await million.indexed(ctx)
        await asyncio.to_thread(os.sync)  # or the first intents wait until all of that is on disk
        running = asyncio.ensure_future(engine.run())
        while engine.queues() is None:
            await asyncio.sleep(0.01)
        await campaigns.publish(ctx, campaign)
        work = [running] if beside is None else [running, asyncio.ensure_future(beside(ctx))]
        try:
            await asyncio.gather(*work)
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
    finally:
        await ctx.db.close()


# -- the bare loop ------------------------------------------------------------------------------------------------


async def _bare_loop(port: int, folder: Path) -> None:
    store = sqlite3.connect(folder / "bare.db", isolation_level=None)
    store.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE attempt (id TEXT PRIMARY KEY)")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    def dial() -> None:
        attempt = str(ULID())
        store.execute("INSERT INTO attempt VALUES (?)", (attempt,))
        call = OriginateCall(attempt, "+12125550100", "PJSIP/{number}@carrier", QUEUE, 25, 20)
        writer.write(action(call.headers()))

    writer.write(action({"Action": "Login", "Username": "dialer", "Secret": "secret", "Events": "on"}))
    for _ in range(AGENTS):
        dial()
    try:
        while message := await _message(reader):
            if message.startswith(b"Event: QueueMemberStatus") and b"\r\nStatus: 1\r\n" in message:
                dial()
    finally:
        writer.close()
        store.close()


async def _message(reader: asyncio.StreamReader) -> bytes:
    """The next AMI message; waits for ever at the end, when the PBX has its figures."""
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        await asyncio.Event().wait()
        raise


def action(headers: Any) -> bytes:
    lines = [
        f"{name}: {value}"
        for name, values in headers.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
