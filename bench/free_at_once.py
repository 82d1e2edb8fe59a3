"""A scripted PBX in a process of its own: all agents come free at one moment, again and again, and each is dialed for.

Run by `bench.thousand` as `python -m bench.free_at_once AGENTS ROUNDS`; prints its port, then the figures as JSON.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable

from bench.busy_queue import QUEUE, percentile
from tests.peers.ami import AmiPeer
from tests.peers.ami_pbx import Plan, ScriptedPbx

RINGS_S = 3.0  # nobody answers before all are dialed
SETTLE_S, PATIENCE_S = 1.0, 60.0


async def main(agents: int, rounds: int) -> None:
    async with AmiPeer() as peer:
        pbx = ScriptedPbx.with_agents(peer, agents, queue=QUEUE)
        pbx.plan = lambda _number: Plan(rings_s=RINGS_S, talks_s=1.0)
        for agent in pbx.agents:
            agent.paused = True
        print(peer.port, flush=True)
        while not peer.logins:
            await asyncio.sleep(0.01)
        await asyncio.sleep(5 * SETTLE_S)  # the campaign is published, and its hopper filled
        took = [await _round(pbx) for _ in range(rounds)]
        firsts, lasts = [first for first, _ in took], [last for _, last in took]
        figures = {
            "first": percentile(firsts, 0.5),
            "last": percentile(lasts, 0.5),
            "most": max(lasts),
            "calls": len(peer.originates),
            "attempts": len(set(peer.attempts)),
        }
        print(json.dumps(figures), flush=True)


async def _round(pbx: ScriptedPbx) -> tuple[float, float]:
    """Seconds until the first and until the last agent's Originate had come, after all became free at one moment."""
    peer, before, connected = pbx.peer, len(pbx.peer.originates), pbx.connected
    freed = time.monotonic()
    for agent in pbx.agents:
        pbx.pause(agent, paused=False)
    await _until(lambda: len(peer.originates) >= before + len(pbx.agents))
    dialed = [one.at - freed for one in peer.originates[before:]]
    await _until(lambda: pbx.connected >= connected + len(pbx.agents))
    for agent in pbx.agents:
        pbx.pause(agent, paused=True)
    await _until(lambda: not pbx.calls)
    await asyncio.sleep(SETTLE_S)
    return dialed[0], dialed[len(pbx.agents) - 1]


async def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            sys.exit("not every agent was dialed for")
        await asyncio.sleep(0.005)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
