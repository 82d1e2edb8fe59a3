"""Whole calls: through PJSIP to a callee, into the queue, to an agent's telephone, and hung up by the agent.

A real Asterisk, with a second one as carrier, callees and agents. Reference, in the same run and against the same Asterisk
with the same agents: a bare AMI loop without a store that dials as soon as an agent is free, which is as fast as this
Asterisk gets. The machine's speed drifts: the two take turns, each turn of the dialer is compared with the loop's before
and after it, and the median counts. Two parts:
- `apart`: the Asterisks have one processor and who dials has another, as on a host of its own: can it keep them saturated?
- `sharing`: all share all processors: what who dials takes, the Asterisks don't have.
`python -m bench full_calls apart 100 30 3`: agents, seconds of each turn, turns.
"""

import asyncio
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

import uvloop

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import CODES, Callee
from bench import million
from bench.bare_ami import BareAmi
from bench.server import cpu_s, serving

AGENTS, SECONDS, TURNS, WARM_S = 100, 30, 3, 5.0
PARTS = ("apart", "sharing")
CORES = os.sched_getaffinity(0)
QUEUE, RING_S, TALK_S = "support", 0.1, (0.5, 1.5)
CALLS_PER_AGENT_S = 1.0  # more contacts than agents can talk to
DIGITS = f"%05d{CODES[Callee.INSTANT]}"


@dataclass(frozen=True, slots=True)
class Figures:
    """`rate` is callees that were connected to an agent, a second; cores are of the processor's time."""

    rate: float
    own_cores: float
    asterisk_cores: float

    def line(self, name: str) -> str:
        return (
            f"  {name:12} {self.rate:6.1f} calls/s   its processor {self.own_cores:5.2f} cores"
            f" = {1000 * self.own_cores / self.rate:5.2f} ms a call   both Asterisks' {self.asterisk_cores:5.2f} cores"
            f" = {1000 * self.asterisk_cores / self.rate:5.2f} ms a call"
        )


def main(agents: int = AGENTS, seconds: int = SECONDS, turns: int = TURNS, part: str = "") -> None:
    for how in [part] if part else PARTS:
        with tempfile.TemporaryDirectory() as folder:
            uvloop.run(_run(Path(folder), agents, seconds, turns, apart=how == PARTS[0]))


async def _run(folder: Path, agents: int, seconds: int, turns: int, *, apart: bool) -> None:
    contacts = int(turns * agents * CALLS_PER_AGENT_S * (seconds + 2 * WARM_S))
    await million.published(folder, contacts, QUEUE, Lab.trunk_dial, DIGITS)
    lab = Lab(folder / "lab", agents=agents, wrap_up_s=0, rtp_ports=6 * agents)
    await lab.start()
    have = f"one core for Asterisk, {len(CORES) - 1} for who dials" if apart else f"{len(CORES)} cores for all"
    print(f"full calls through PJSIP, queue and {agents} agents, {seconds} s a turn, {have}:")
    ratios = []
    try:
        if apart:
            _part(lab)
        await lab.set_talk(*TALK_S, ring_s=RING_S)
        before = await _turn(lab, "bare loop", _bare(lab, agents, seconds))
        for _ in range(turns):
            dialer = await _turn(lab, "dialer", _dialer(lab, folder, seconds))
            after = await _turn(lab, "bare loop", _bare(lab, agents, seconds))
            ratios.append(dialer.rate / mean((before.rate, after.rate)))
            before = after
    finally:
        await lab.stop()
        os.sched_setaffinity(0, CORES)
    each = ", ".join(f"{ratio:.3f}" for ratio in ratios)
    print(f"  ratio        {median(ratios):6.3f} of the bare loop's rate ({each})   goal 0.950")
    print(f"  in the store {_outcomes(folder / 'bench.db')}   load of the machine {os.getloadavg()[0]:.1f}")


def _part(lab: Lab) -> None:
    """Processors for the threads of the Asterisks, and for this process; what either starts from now on inherits them."""
    asterisks, *rest = sorted(CORES)
    for pid in (lab.pbx.pid, lab.world.pid):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {asterisks})
    os.sched_setaffinity(0, rest)


async def _turn(lab: Lab, name: str, measuring: Awaitable[Figures]) -> Figures:
    figures = await measuring
    print(figures.line(name), flush=True)
    await lab.settled()
    return figures


async def _bare(lab: Lab, agents: int, seconds: int) -> Figures:
    async with BareAmi(lab.pbx.ami, lab.trunk_dial, QUEUE, digits=DIGITS) as bare:
        serving_agents = asyncio.ensure_future(bare.serve(agents))
        try:
            return await _measured(lab, seconds, lambda: bare.connected, time.process_time)
        finally:
            serving_agents.cancel()


async def _dialer(lab: Lab, folder: Path, seconds: int) -> Figures:
    file = folder / "bench.db"
    with serving(folder, lab.pbx.ami) as pid:
        return await _measured(lab, seconds, lambda: _connected(file), lambda: cpu_s(pid))


async def _measured(lab: Lab, seconds: int, connected: Callable[[], int], used: Callable[[], float]) -> Figures:
    def theirs() -> float:
        return sum(cpu_s(pid) for pid in (lab.pbx.pid, lab.world.pid) if pid)

    await asyncio.sleep(WARM_S)
    began, before, own, other = time.monotonic(), connected(), used(), theirs()
    await asyncio.sleep(seconds)
    took = time.monotonic() - began
    return Figures((connected() - before) / took, (used() - own) / took, (theirs() - other) / took)


def _outcomes(file: Path) -> str:
    with closing(sqlite3.connect(file)) as store:
        found = store.execute("SELECT coalesce(outcome, state), count(*) FROM attempt GROUP BY 1").fetchall()
    return ", ".join(f"{number:,} {what}" for what, number in found)


def _connected(file: Path) -> int:
    with closing(sqlite3.connect(file)) as store:
        return int(store.execute("SELECT count(*) FROM attempt WHERE connected_at IS NOT NULL").fetchone()[0])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
