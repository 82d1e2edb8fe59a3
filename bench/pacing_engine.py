"""Progressive dialing by the real engine on a virtual clock, against the exact limit: how much of the agents' time is lost.

At the limit (no reaction time, no way from answer to agent) an agent is in a call or its wrap-up, or exactly one call rings for
it. So U / U1 of what was drawn is the share of the agents' time that is one or the other: no chance is in the ratio. The
store, the loops and the link to a scripted Asterisk are the product's, with their delays on disk and wire; the processor's
own time is not in it (`python -m bench reaction` has that). Agents' telephones answer by themselves after 2 ms.
"""

import asyncio
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.peers.ami import Request
from tests.peers.ami_pbx import PbxAgent, PbxCall, Plan, ScriptedPbx
from tests.support.rig import call, strategy
from tests.world.plan import CampaignPlan, WorldPlan
from tests.world.world import World, play_out

TALK_S, WRAP_UP_S, ANSWER_S, NO_ANSWER_S, RINGS_AT_MOST_S = 120.0, 20, 12.0, 25.0, 55.0
QUEUE = "sales"
#: Until the floor is in motion, and how long is measured, in virtual seconds by agents.
SETTLE_S = 180.0
MEASURED_S = {1: 7_200.0, 10: 3_600.0, 100: 900.0, 500: 300.0}


@dataclass
class FloorPbx(ScriptedPbx):
    """Adds up the time in which agents are busy, and in which calls ring, since `begin`."""

    chance: random.Random = field(default_factory=random.Random)
    answer_rate: float = 0.5
    busy: int = 0
    ringing: int = 0
    used_s: float = 0.0
    busy_s: float = 0.0
    since: float = 0.0
    _at: float = 0.0

    def begin(self) -> None:
        self._count()
        self.since, self.used_s, self.busy_s, self.abandoned, self.connected = self._at, 0.0, 0.0, 0, 0

    def efficiency(self) -> tuple[float, float]:
        """Utilisation, and its ratio to the limit."""
        self._count()
        agent_s = (self._at - self.since) * len(self.agents)
        return self.busy_s / agent_s, self.used_s / agent_s

    def _count(self, busy: int = 0, ringing: int = 0) -> None:
        past_s = self._loop.time() - self._at
        self.used_s += (self.busy + self.ringing) * past_s
        self.busy_s += self.busy * past_s
        self.busy, self.ringing, self._at = self.busy + busy, self.ringing + ringing, self._loop.time()

    def _person(self) -> Plan:
        answers = self.chance.random() < self.answer_rate
        rings_s = min(RINGS_AT_MOST_S, self.chance.expovariate(1 / (ANSWER_S if answers else NO_ANSWER_S)))
        return Plan("answered" if answers else "busy", rings_s, self.chance.expovariate(1 / TALK_S))

    def _originated(self, request: Request) -> None:
        plan = self._person()
        self.plan = lambda _number: plan
        self._count(ringing=1)
        super()._originated(request)

    def _answered(self, call: PbxCall) -> None:
        self._count(ringing=-1)
        super()._answered(call)

    def _failed(self, call: PbxCall) -> None:
        self._count(ringing=-1)
        super()._failed(call)

    def _connected(self, call: PbxCall) -> None:
        self._count(busy=1)
        super()._connected(call)

    def _completed(self, call: PbxCall) -> None:
        super()._completed(call)
        assert call.agent is not None
        # Asterisk counts a wrap-up from the last full second.
        self._loop.call_later(WRAP_UP_S - self._loop.time() % 1, self._count, -1)


class Floor(World):
    """A world in which nothing goes wrong."""

    result: tuple[float, float]

    async def run(self) -> None:
        await self.peer.listen()
        chance = random.Random(f"people {self.plan.seed}")
        self.pbx: Any = FloorPbx(self.peer, self.plan.agents, chance=chance, answer_rate=self.plan.answers)
        self.ledger.note = lambda *_: None  # type: ignore[method-assign]
        self.start()
        await self._found()
        await asyncio.sleep(SETTLE_S)
        self.pbx.begin()
        await asyncio.sleep(self.plan.over_s)
        self.result = self.pbx.efficiency()
        self.raise_if_died()
        self.kill()

    def _on_write(self, life: Any, data: bytes) -> None:
        """Nobody judges what leaves."""


def progressive(floor: tuple[float, int], folder: Path) -> tuple[float, float, int]:
    """By answer rate and agents: utilisation, its ratio to the limit, and how many were abandoned."""
    rate, agents = floor
    over_s = MEASURED_S[agents]
    seconds_per_call = rate * (TALK_S + WRAP_UP_S) + rate * ANSWER_S + (1 - rate) * NO_ANSWER_S
    people = 200 + agents * 4 + round(1.3 * agents * (SETTLE_S + over_s) / seconds_per_call)
    seated = [PbxAgent(f"PJSIP/agent-{number:03}", (QUEUE,), WRAP_UP_S) for number in range(agents)]
    fields = {"title": "Bench", "queue": QUEUE, "voice_gateway": "world", "time_zone": "UTC"}
    numbers = [f"+1202{number:07}" for number in range(2_000_000, 2_000_000 + people)]
    campaign = CampaignPlan(fields, strategy(call(ring_s=60)), numbers)
    plan = WorldPlan(hash(floor) % 1_000_000, over_s, seated, [campaign], rate, 0.0)
    world = play_out(plan, folder, replay="(bench)", kind=Floor)
    assert isinstance(world, Floor)
    return *world.result, world.pbx.abandoned
