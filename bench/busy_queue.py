"""A scripted PBX in a process of its own: agents who talk, become free, and note how long the next Originate took.

Run by the benchmarks as `python -m bench.busy_queue AGENTS SECONDS TALK_S`; prints its port, then the figures as JSON.
"""

import asyncio
import json
import random
import sys
import time
from collections import deque

from tests.peers.ami import AmiPeer, Request
from tests.peers.ami_pbx import PbxAgent, Plan, ScriptedPbx

QUEUE = "sales"
SETTLE_S = 3.0  # the first calls go to agents who were free all the time, at an empty cache


class BusyQueue(ScriptedPbx):
    """Pairs each agent who became free with the next Originate; with one call per free agent the order does not matter."""

    def measure(self) -> None:
        self.freed: deque[float] = deque()
        self.reactions: list[float] = []
        self.since = time.monotonic() + SETTLE_S
        originated = self.peer.on_originate

        def note(request: Request) -> None:
            if self.freed:
                freed = self.freed.popleft()
                if freed > self.since:
                    self.reactions.append(time.monotonic() - freed)
            originated(request)

        self.peer.on_originate = note

    def _set_status(self, agent: PbxAgent, status: int) -> None:
        super()._set_status(agent, status)
        if status == 1:
            self.freed.append(time.monotonic())


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def main(agents: int, seconds: float, talk_s: float) -> None:
    chance = random.Random(7)
    async with AmiPeer() as peer:
        pbx = BusyQueue.with_agents(peer, agents, queue=QUEUE)
        pbx.plan = lambda _number: Plan(rings_s=0.02, talks_s=talk_s * (0.5 + chance.random()))
        pbx.measure()
        print(peer.port, flush=True)
        while not peer.originates:
            await asyncio.sleep(0.01)
        await asyncio.sleep(seconds)
        reactions = [1000 * value for value in pbx.reactions]
        figures = {
            "samples": len(reactions),
            "p50": percentile(reactions, 0.5),
            "p99": percentile(reactions, 0.99),
            "most": max(reactions),
            "calls_per_second": len(peer.originates) / seconds,
            "most_waiting": pbx.waited,
        }
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))
