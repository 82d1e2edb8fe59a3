"""1,000 times `kill -9` of the real server process while it dials: nobody called twice, nobody lost, nobody stuck.

Four of ten kills come between the commit of an intent and its Originate, the rest at random moments and at the other
points of `tests/support/failpoints.py`. The scripted PBX, which lives over all of them, is the judge: it has every
Originate that came over the wire. Then, with a million contacts, the time from the start of a killed server to its next
Originate, with every part of the start in it. `python -m bench kills 100` kills it so often.

Reference: other dialers (docs/explanation/faults.md). Processes are forked from one that has the modules loaded, except
where the start is measured.
"""

import asyncio
import contextlib
import multiprocessing
import os
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from asterisk.lab.ports import free_tcp
from bench import million
from bench.busy_queue import QUEUE, percentile
from config.settings import Settings
from dialer.operations import campaigns
from dialer.operations.context import Context, NoEngine
from dialer.store.database import Database
from dialer.store.migrate import upgrade
from tests.peers.ami import AmiPeer
from tests.peers.ami_pbx import Plan, ScriptedPbx

KILLS, STARTS = 1_000, 20
CONTACTS = int(os.environ.get("BENCH_CONTACTS", "1000000"))
AGENTS, PER_KILL, LEAST = 10, 40, 2_000
BETWEEN = ("call-intent:after", "call-write:before")
OTHERS = (
    "claim:after",
    "call-intent:before",
    "call-write:after",
    "call-accepted",
    "call-outcome:before",
    "call-outcome:after",
)
SELDOM = {"claim:after"}  # once for many calls
WAIT_S, FINISH_S = 60.0, 600.0
FORKS = multiprocessing.get_context("forkserver")


def main(kills: int = KILLS) -> None:
    FORKS.set_forkserver_preload(["tests.support.failpoints", "admin.app", "dialer.engine.engine"])
    uvloop.run(_kills(kills))
    uvloop.run(_starts())


@dataclass
class Bed:
    """A store with a published campaign, the PBX it is dialed by, and how a server is started over both."""

    file: Path
    peer: AmiPeer
    pbx: ScriptedPbx
    environment: Mapping[str, str]

    async def next_originate(self, since: float, running: Callable[[], bool] = lambda: True) -> bool:
        """False if the server ended before."""
        async with asyncio.timeout(WAIT_S):
            while not (self.peer.originates and self.peer.originates[-1].at > since):
                if not running():
                    return False
                await asyncio.sleep(0.002)
        return True


class _Asked(NoEngine):
    def queues(self) -> frozenset[str]:
        return frozenset({QUEUE})


@asynccontextmanager
async def _bed(contacts: int, talks_s: float) -> AsyncIterator[Bed]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "bench.db"
        ctx = Context(Database(f"sqlite+aiosqlite:///{file}"), Settings(data_dir=folder), _Asked())
        await upgrade(ctx.db)
        campaign = await million.campaign(ctx, QUEUE)
        await campaigns.publish(ctx, campaign)
        now = ctx.clock().strftime("%Y-%m-%d %H:%M:%S.%f")
        await asyncio.to_thread(million.fill, file, campaign, contacts, now, entered=million.Entered())
        while ctx.db.projection is not None and await ctx.db.projection.follow():
            pass  # what lists are read from is there, as it is on any day but the first
        await ctx.db.close()
        await asyncio.to_thread(os.sync)
        async with AmiPeer() as peer:
            pbx = ScriptedPbx.with_agents(peer, AGENTS, queue=QUEUE)
            chance = random.Random(11)
            pbx.plan = lambda _number: Plan(rings_s=0.01, talks_s=talks_s * (0.5 + chance.random()))
            yield Bed(file, peer, pbx, _environment(folder, peer.port))


def _environment(folder: Path, ami_port: int) -> dict[str, str]:
    port = free_tcp()
    return {
        "DIALER_DATABASE__URL": f"sqlite+aiosqlite:///{folder}/bench.db", "DIALER_DATA_DIR": str(folder),
        "DIALER_HTTP__PORT": str(port), "DIALER_AMI__PORT": str(ami_port), "DIALER_AMI__SECRET": "secret",
        "DIALER_LOG__LEVEL": "error", "DIALER_NODE": "bench", "PYTHONDONTWRITEBYTECODE": "",
    }  # fmt: skip


# -- kills --------------------------------------------------------------------------------------------------------


async def _kills(kills: int) -> None:
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    async with _bed(LEAST + PER_KILL * kills, talks_s=0.5) as bed:
        began, where = time.monotonic(), Counter[str]()
        for number in range(kills):
            where[await _killed(bed, _plan(chance), chance)] += 1
            if number % 100 == 99:
                print(f"  {number + 1} kills in {time.monotonic() - began:.0f} s", file=sys.stderr)
        took = time.monotonic() - began
        bed.pbx.plan = lambda _number: Plan(rings_s=0.01, talks_s=0.02)
        await _finished(bed)
        _report(bed, where, took, seed)


def _plan(chance: random.Random) -> str:
    """A failpoint and how often it is reached, or nothing for a kill from outside."""
    kind = chance.choices(("between", "other", "any"), (4, 3, 3))[0]
    if kind == "any":
        return ""
    point = chance.choice(BETWEEN if kind == "between" else OTHERS)
    return f"{point} {1 if point in SELDOM else chance.randrange(1, 12)}"


async def _killed(bed: Bed, failpoint: str, chance: random.Random) -> str:
    """Start it, let it die; where that was. A point that is not reached in time is said: something may be stuck."""
    process, since = _fork(bed, failpoint), time.monotonic()
    if failpoint:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WAIT_S):
                while process.is_alive():
                    await asyncio.sleep(0.005)
        if process.is_alive():
            process.kill()
            failpoint = f"waited in vain for {failpoint}"
    else:
        await bed.next_originate(since, process.is_alive)
        await asyncio.sleep(chance.random() * 0.5)
        process.kill()
    await asyncio.to_thread(process.join)
    assert process.exitcode == -9, process.exitcode
    return (failpoint if failpoint.startswith("waited") else failpoint.partition(" ")[0]) or "any moment"


def _fork(bed: Bed, failpoint: str) -> Any:
    process = FORKS.Process(target=_serve, args=({**bed.environment, "FAILPOINT": failpoint}, bed.file.parent / "log"))
    process.start()
    return process


def _serve(environment: Mapping[str, str], log: Path) -> None:
    """In the new process: `dialer serve`."""
    from tests.support import failpoints

    os.environ.update(environment)
    with log.open("ab") as out:
        for stream in (1, 2):
            os.dup2(out.fileno(), stream)
    sys.argv = ["dialer", "serve"]
    failpoints.main()


async def _finished(bed: Bed) -> None:
    """Everybody else is called."""
    process = _fork(bed, "")
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_S):
                while _one(bed.file, "SELECT EXISTS (SELECT 1 FROM enrollment WHERE state <> 'done')"):
                    await asyncio.sleep(1)
    finally:
        process.terminate()
        await asyncio.to_thread(process.join)


def _report(bed: Bed, where: Counter[str], took: float, seed: int) -> None:
    numbers = Counter(one.headers["Channel"][0] for one in bed.peer.originates)
    doubles = sum(times > 1 for times in numbers.values()) + len(bed.peer.attempts) - len(set(bed.peer.attempts))
    lost = _one(bed.file, _LOST)
    stuck = _one(bed.file, "SELECT count(*) FROM enrollment WHERE state <> 'done'")
    unknown = _one(bed.file, "SELECT count(*) FROM attempt WHERE outcome = 'lost'")
    people = _one(bed.file, "SELECT count(*) FROM enrollment")
    between = sum(where[point] for point in BETWEEN)
    print(
        f"kill -9, {where.total():,} times ({between} between commit and send; seed {seed}) in {took:.0f} s,"
        f" load {os.getloadavg()[0]:.1f}:"
    )
    print(
        f"  {len(bed.peer.originates):,} calls to {people:,} people: {doubles} double, {lost} lost, {stuck} stuck   goal 0, 0, 0"
    )
    print(
        f"  {unknown} calls were under way at a kill and are recorded as lost; {people - len(numbers)} of them never left"
    )
    print(f"  where: {', '.join(f'{point} {times}' for point, times in sorted(where.items()))}")


# Done without a call that has an outcome, or with an outcome of a call that nobody wrote down as begun.
_LOST = """SELECT count(*) FROM enrollment e WHERE e.state = 'done' AND NOT EXISTS
    (SELECT 1 FROM attempt a WHERE a.enrollment_id = e.id AND a.outcome IS NOT NULL)"""


def _one(file: Path, query: str) -> int:
    with closing(sqlite3.connect(file, timeout=30)) as store:
        return int(store.execute(query).fetchone()[0])


# -- starts -------------------------------------------------------------------------------------------------------


async def _starts() -> None:
    async with _bed(CONTACTS, talks_s=0.2) as bed:
        waits = [await _started(bed) for _ in range(STARTS + 1)][1:]  # the first compiles what is not compiled yet
    print(
        f"  {len(waits)} starts after a kill, {CONTACTS:,} contacts: next Originate after p50 {percentile(waits, 0.5):.2f} s"
        f"   p90 {percentile(waits, 0.9):.2f} s   most {max(waits):.2f} s   load {os.getloadavg()[0]:.1f}   goal 2.00 s"
    )


async def _started(bed: Bed) -> float:
    """Seconds from the start of the process to its first Originate; it is killed while it dials."""
    since = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "dialer.cli", "serve", env={**os.environ, **bed.environment},
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    await bed.next_originate(since, lambda: process.returncode is None)
    took = next(one.at for one in bed.peer.originates if one.at > since) - since
    await asyncio.sleep(random.random())
    process.kill()
    await process.wait()
    return took


if __name__ == "__main__":
    main()
