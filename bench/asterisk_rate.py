"""A real Asterisk with Local callees: so many calls a second are offered, and every one of them ends in the store.

The callees answer and hang up in Asterisk's own dialplan, and a dialplan takes the place of agents, who would be Asterisk's
limit: what is measured is the dialer. Reference, in the same run and against the same Asterisk: a bare AMI loop
without a store, at the same rate and at the highest that Asterisk reaches. Load, dialer and Asterisk share the machine.
`python -m bench asterisk_rate 400 60`: calls a second, seconds.
"""

import asyncio
import os
import secrets
import sqlite3
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import uvloop

from asterisk.lab import install, ports
from asterisk.lab.ami import AmiAddress
from asterisk.lab.distribution import PROJECT
from asterisk.lab.instance import Instance
from bench import million
from bench.bare_ami import BareAmi
from bench.server import cpu_s, serving

RATE, SECONDS = 400, 60
QUEUE, CONTEXT, DIAL = "sales", "bench", "Local/{number}@callees/n"
AGENTS = 300  # counted as free all the time: no call comes to one
TALK_S = 0.4
WARM_S, BARE_S, SATURATE_S = 5, 15, 10
MOST_AT_ONCE = 600
PATIENCE_S = 30.0


class Switch(Instance):
    """A queue whose agents are always free, callees who answer, and in place of Queue() the end that it would tell of."""

    modules = ("app_queue", "app_userevent")

    def __init__(self, folder: Path) -> None:
        super().__init__("switch", folder, install.ensure(), 100)
        self.ami = AmiAddress(ports.LOOPBACK, self.ami_port, "dialer", secrets.token_hex(16))

    def files(self) -> Mapping[str, str]:
        members = "".join(f"member => Local/{i}@agents,0,agent-{i}\n" for i in range(AGENTS))
        return {
            "extensions.conf": (
                "[callees]\nexten => _+X.,1,Answer()\n same => n,Wait(60)\n\n[agents]\nexten => _X.,1,Hangup()\n\n"
                f"[{CONTEXT}]\nexten => _q-.,1,UserEvent(DialerQueue,Attempt: ${{DIAL_ATTEMPT}},QueueStatus: CONNECTED)\n"
                f" same => n,Wait({TALK_S})\n same => n,Hangup()\n"
            ),
            "queues.conf": f"[{QUEUE}]\nstrategy = rrmemory\n{members}",
            "pjsip.conf": "",
        }

    def manager_users(self) -> str:
        rights = f'#include "{PROJECT}/asterisk/manager_dialer.conf"\n\n'
        return f"{rights}[dialer](dialer-rights)\nsecret = {self.ami.secret}\n"


@dataclass(frozen=True, slots=True)
class Figures:
    """`rate` is calls that ended a second; cores are the processor's time for a second of the clock."""

    rate: float
    dialer_cores: float
    asterisk_cores: float

    def line(self, name: str) -> str:
        cost, busy = 1000 * self.dialer_cores / self.rate, 1000 * self.asterisk_cores / self.rate
        return (
            f"  {name:12} {self.rate:6.1f} calls/s   its processor {self.dialer_cores:5.2f} cores = {cost:5.2f} ms a call"
            f"   Asterisk's {self.asterisk_cores:5.2f} cores = {busy:5.2f} ms a call"
        )


def main(rate: int = RATE, seconds: int = SECONDS) -> None:
    with tempfile.TemporaryDirectory() as folder:
        uvloop.run(_run(Path(folder), rate, seconds))


async def _run(folder: Path, rate: int, seconds: int) -> None:
    switch = Switch(folder / "switch")
    await switch.start()
    try:
        bare = await _bare(switch, rate, BARE_S)
        most = await _bare(switch, 10_000, SATURATE_S)
        calls = rate * (WARM_S + seconds)
        await million.published(folder, calls, QUEUE, DIAL, calls_per_second=rate)
        figures = await _dialer(switch, folder, seconds)
    finally:
        await switch.stop()
    print(f"real Asterisk, {rate} calls/s offered for {seconds} s, {os.cpu_count()} cores for all:")
    print(figures.line("dialer"))
    print(bare.line("bare loop"))
    print(most.line("at its most"))
    print(
        f"  ratio        {figures.rate / bare.rate:6.3f} of the bare loop's rate   {figures.rate / rate:.3f} of what was offered"
    )
    print(f"  goal         {rate:6.1f} calls/s   its processor  1.00 cores   every call terminal")
    _told(folder / "bench.db", calls)


async def _bare(switch: Switch, rate: float, seconds: float) -> Figures:
    assert switch.pid is not None
    async with BareAmi(switch.ami, DIAL, QUEUE, context=CONTEXT) as bare:
        began, used, theirs = time.monotonic(), time.process_time(), cpu_s(switch.pid)
        await bare.offer(rate, seconds, most=MOST_AT_ONCE)
        took = time.monotonic() - began
        return Figures(bare.ended / took, (time.process_time() - used) / took, (cpu_s(switch.pid) - theirs) / took)


async def _dialer(switch: Switch, folder: Path, seconds: int) -> Figures:
    """Of `seconds` in the middle; then all calls may end."""
    file = folder / "bench.db"
    assert switch.pid is not None
    with serving(folder, switch.ami, DIALER_AMI__CONTEXT=CONTEXT) as pid:
        await asyncio.sleep(WARM_S)
        began, used, theirs, before = time.monotonic(), cpu_s(pid), cpu_s(switch.pid), _ended(file)
        await asyncio.sleep(seconds - 1)
        took = time.monotonic() - began
        figures = Figures(
            (_ended(file) - before) / took, (cpu_s(pid) - used) / took, (cpu_s(switch.pid) - theirs) / took
        )
        gives_up = time.monotonic() + PATIENCE_S
        while _open(file) and time.monotonic() < gives_up:
            await asyncio.sleep(0.5)
    return figures


def _told(file: Path, calls: int) -> None:
    with closing(sqlite3.connect(file)) as store:
        outcomes = store.execute("SELECT coalesce(outcome, state), count(*) FROM attempt GROUP BY 1").fetchall()
        done = store.execute("SELECT count(*) FROM enrollment WHERE state = 'done'").fetchone()[0]
    print(
        f"  in the store {', '.join(f'{number:,} {what}' for what, number in outcomes)}; {done:,} of {calls:,} contacts done"
    )
    if _open(file):
        sys.exit("calls without an end in the store")


def _ended(file: Path) -> int:
    return _one(file, "SELECT count(*) FROM attempt WHERE ended_at IS NOT NULL")


def _open(file: Path) -> int:
    """Contacts who wait for a call, or for the end of one."""
    return _one(file, "SELECT count(*) FROM contact_request WHERE state <> 'completed'")


def _one(file: Path, query: str) -> int:
    with closing(sqlite3.connect(file)) as store:
        return int(store.execute(query).fetchone()[0])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
