"""Watching: what open pages cost, and whether the dialer's reaction minds them, with 100 agents at work.

50 pages that read; then 500 streams that are read slowly or not at all beside list calls, 1,000 a second. Each against the same
without, in the same run. The clients are processes of their own.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

from admin.app import make_app
from admin.connections import Site
from bench.reaction import AGENTS, SECONDS, dialer, measure
from dialer.app import runner_of
from dialer.engine.engine import Engine
from dialer.operations import users
from dialer.operations.context import Context

PAGES, SLOW, CALLS = 50, 500, 1_000
# The first calls go to agents who were free all the time; the last seconds are the PBX's for its figures.
SETTLE_S, REST_S = 4.0, 5.0


@dataclass
class Watched:
    """Beside the dialer: its pages are served and `readers` (pages, slow ones, calls a second) look at them."""

    readers: tuple[int, int, int]
    cpu_share: float = 0.0
    told: dict[str, Any] = field(
        default_factory=lambda: dict.fromkeys(("bytes", "ended", "answers", "refused", "p50", "p99"), 0)
    )

    async def __call__(self, ctx: Context) -> None:
        engine = ctx.engine
        assert isinstance(engine, Engine)
        token = await users.create_token(ctx, "bench", "viewer")
        runner = runner_of(make_app(ctx, engine.live, engine.previews))
        await runner.setup()
        await Site(runner, ctx.settings.http, port=0).start()
        port = runner.addresses[0][1]
        await asyncio.sleep(SETTLE_S)
        await self._measure(str(port), token)
        await asyncio.Event().wait()

    async def _measure(self, port: str, token: str) -> None:
        until = time.time() + SECONDS - SETTLE_S - REST_S  # of any process
        words = [port, token, *map(str, self.readers), str(until)]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.readers", *words, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        await process.stdout.readline()
        began, used = time.monotonic(), time.process_time()
        self.told = json.loads(await process.stdout.readline())
        self.cpu_share = (time.process_time() - used) / (time.monotonic() - began)
        await process.wait()


async def _run(readers: tuple[int, int, int]) -> tuple[dict[str, Any], Watched]:
    watched = Watched(readers)

    async def client(port: int, folder: Path) -> None:
        await dialer(port, folder, beside=watched)

    return await measure(client), watched


def main(pages: int = PAGES, slow: int = SLOW, calls: int = CALLS) -> None:
    print(f"watching, {AGENTS} agents at work:")
    alone: float | None = None
    for name, readers in (
        ("nobody", (0, 0, 0)),
        (f"{pages} pages", (pages, 0, 0)),
        (f"{slow} slow, {calls:,} lists/s", (0, slow, calls)),
    ):
        figures, watched = uvloop.run(partial(_run, readers)())
        share = 100 * watched.cpu_share
        alone = share if alone is None else alone
        print(
            f"  {name:24} reaction p50 {figures['p50']:6.2f} ms   p99 {figures['p99']:6.2f} ms   "
            f"{figures['calls_per_second']:.0f} calls/s   {share:5.1f} % of a core ({share - alone:+.1f})"
        )
        told = watched.told
        if any(readers):
            print(
                f"  {'':24} {told['bytes'] / 1e6:.1f} MB read, {told['ended']} streams ended, lists {told['answers']}, "
                f"{told['refused']} broken off, p50 {told['p50']:.1f} ms, p99 {told['p99']:.1f} ms"
            )
    print("  goal                     50 pages below 5 % of a core; with all of it p99 50 ms")
