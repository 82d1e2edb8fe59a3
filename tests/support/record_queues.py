"""Records `tests/data/queues.jsonl` anew: `python -m tests.support.record_queues`, some four minutes on the lab's Asterisk.

Calls of the dialer and from outside, for two queues that share agents; agents pause, let calls ring, refuse, vanish, telephone
by themselves; one comes and goes. After each step that leaves everything still for a moment QueueStatus tells the truth.
"""

import asyncio
import random
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ulid import ULID

from asterisk.lab.ami import AmiError, Event, Session
from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from asterisk.lab.pbx import QueueSettings
from asterisk.lab.world import Agent
from tests.support.recording import Told, save

SEED = 20_261_128
STEPS = 150
#: So long nothing may come before and after a QueueStatus.
STILL_S = 0.25
SHARED = ("agent-1", "agent-2")
SEATS = {"support": (*SHARED, "agent-3"), "sales": (*SHARED, "agent-4"), "visitors": ("agent-5",)}
QUEUES = ("support", "sales")
WRAP_UP_S = {"support": 3, "sales": 1, "visitors": 2}
SETTINGS = QueueSettings(wrap_ups_s=WRAP_UP_S, agent_ring_s=2, join_empty="no")
CALLEES = (Callee.ANSWER, Callee.ANSWER, Callee.TALK, Callee.TALK, Callee.SHORT, Callee.IMPATIENT, Callee.BUSY)
MOODS = (Agent.ANSWER, Agent.ANSWER, Agent.NO_ANSWER, Agent.REJECT, Agent.UNREACHABLE)
STEP_KINDS = (
    "dial", "dial", "dial", "dial", "caller", "caller", "caller", "pause", "pause", "mood", "visitor", "visitor",
    "penalty", "ring_in_use", "own_call", "wait", "wait", "wait",
)  # fmt: skip


@dataclass
class Restless:
    """One step after the other, by chance. `dialer` is the least-privilege user, whose view is recorded."""

    lab: Lab
    dialer: Session
    admin: Session
    chance: random.Random
    paused: set[tuple[str, str]]
    calls: int = 0

    async def step(self) -> None:
        kind = self.chance.choice(STEP_KINDS)
        with suppress(AmiError):  # who sits there already, or no more
            await getattr(self, kind)()
        await asyncio.sleep(self.chance.choice((0.0, 0.1, 0.4, 0.8)))

    async def dial(self) -> None:
        """As the dialer does it."""
        self.calls += 1
        attempt, callee = str(ULID()), number(self.chance.choice(CALLEES), self.calls)
        await self.dialer.do(
            "Originate", [f"__DIAL_ATTEMPT={attempt}", "__DIAL_QUEUE_WAIT=4"], Channel=Lab.trunk_dial.format(number=callee),
            Context="dialer", Exten=f"q-{self.chance.choice(QUEUES)}", Priority="1", Async="true", Timeout="4000",
            ChannelId=f"a-{attempt}", ActionID=attempt, Account=attempt, CallerID="+13035550000",
        )  # fmt: skip

    async def caller(self) -> None:
        await self.lab.world.call_in(self.chance.choice(QUEUES), "+13035551111", talk_s=self.chance.uniform(0.3, 6))

    async def pause(self) -> None:
        agent, queue = self.chance.choice(self.lab.agents), self.chance.choice((*QUEUES, ""))
        self.paused ^= {(agent, queue)}
        await self.lab.pause_agent(agent, (agent, queue) in self.paused, queue or None)

    async def mood(self) -> None:
        await self.lab.world.set_agent(self.chance.choice(self.lab.agents), self.chance.choice(MOODS))

    async def visitor(self) -> None:
        seat = {"Queue": self.chance.choice(QUEUES), "Interface": "PJSIP/agent-5"}
        if self.chance.random() < 0.6:
            await self.admin.do("QueueAdd", **seat, MemberName="agent-5", Penalty=str(self.chance.randrange(2)))
        else:
            await self.admin.do("QueueRemove", **seat)

    async def penalty(self) -> None:
        agent, queue = f"PJSIP/{self.chance.choice(self.lab.agents)}", self.chance.choice(QUEUES)
        await self.admin.do("QueuePenalty", Queue=queue, Interface=agent, Penalty=str(self.chance.randrange(3)))

    async def ring_in_use(self) -> None:
        agent, queue = f"PJSIP/{self.chance.choice(self.lab.agents)}", self.chance.choice(QUEUES)
        may = self.chance.choice(("true", "false"))
        await self.admin.do("QueueMemberRingInUse", Queue=queue, Interface=agent, RingInUse=may)

    async def own_call(self) -> None:
        """An agent is called past every queue."""
        await self.admin.do(
            "Originate", Channel=f"PJSIP/{self.chance.choice(self.lab.agents)}", Application="Wait", Data="2", Async="true",
            Timeout="3000",
        )  # fmt: skip

    async def wait(self) -> None:
        await asyncio.sleep(self.chance.uniform(0.3, 2.5))


async def look(session: Session) -> Told | None:
    """QueueStatus, if nothing came for a while before it, nor after it."""
    for _ in range(12):
        seen = _changes(session)
        await asyncio.sleep(STILL_S)
        if _changes(session) == seen:
            rows = await session.rows("QueueStatus", "QueueStatusComplete")
            at = datetime.fromtimestamp(time.time(), UTC)
            await asyncio.sleep(STILL_S)
            if _changes(session) == seen:
                return Told(at, {}, tuple(row for row in rows if row.get("Event", "").startswith("Queue")))
    return None


def _is_answer(event: Event) -> bool:
    return event.fields.get("ActionID", "").startswith("lab-")


def _changes(session: Session) -> int:
    return sum(not _is_answer(event) for event in session.events)


async def record(folder: Path) -> None:
    lab = Lab(folder, queues=SEATS, settings=SETTINGS)
    await lab.start()
    try:
        await lab.world.set_callees(ring_s=0.2, talk_s=(0.5, 4.0))
        await lab.set_talk(0.5, 3.0, ring_s=0.3)
        async with Session(lab.pbx.ami) as dialer, Session(lab.pbx.admin) as admin:
            restless, looks = Restless(lab, dialer, admin, random.Random(SEED), set()), []
            for step in range(STEPS):
                await restless.step()
                if step % 2 == 0:
                    looks.append(await look(dialer))
            _save(dialer, [one for one in looks if one is not None], await lab.pbx.command("core show version"))
    finally:
        await lab.stop()


def _save(session: Session, looks: list[Told], version: str) -> None:
    epoch = time.time() - time.monotonic()
    events = [
        Told(datetime.fromtimestamp(event.at + epoch, UTC), event.fields)
        for event in session.events
        if not _is_answer(event)
    ]
    told = sorted([*events, *looks], key=lambda one: one.at)
    save({"asterisk": " ".join(version.split()[:2]), "wrap_up_s": WRAP_UP_S, "seed": SEED}, told)
    print(f"{len(events)} events and {len(looks)} times QueueStatus")  # noqa: T201


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        asyncio.run(record(Path(made)))
