"""The link, the calls and the agents against a real Asterisk: what the scripted peer says is what Asterisk says."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from asterisk.lab.world import Agent
from dialer.ami.link import AmiLink
from dialer.ami.originate import Accepted, OriginateCall, Refused
from dialer.ami.session import Callbacks
from dialer.ami.states import LinkSettings, LinkState
from dialer.domain import telephony as t
from dialer.domain.agents import Agents
from dialer.domain.calls import Call, attempt_of
from dialer.domain.members import NotFree
from dialer.domain.outcome import Outcome
from tests.ami.conftest import attempt, stop, until

QUEUE = "support"


@dataclass
class Tracker:
    """The least that an engine does: fold every event into the agents and the calls."""

    agents: Agents = field(default_factory=Agents)
    calls: dict[str, Call] = field(default_factory=dict)

    def on_event(self, event: t.Event) -> None:
        now = datetime.now(UTC)
        self.agents.apply(event, now)
        attempt_id = attempt_of(event)
        if attempt_id in self.calls:
            self.calls[attempt_id] = self.calls[attempt_id].apply(event, now)

    async def on_resync(self, live: t.LiveState) -> None:
        now = datetime.now(UTC)
        self.agents.resync(live, now)
        self.calls = {key: call.reconcile(live, now) for key, call in self.calls.items()}

    def free(self) -> int:
        return self.agents.counts(QUEUE, datetime.now(UTC)).free

    def finished(self, index: int) -> bool:
        return self.calls[attempt(index)].finished(datetime.now(UTC))


@dataclass
class World:
    lab: Lab
    link: AmiLink
    tracker: Tracker

    async def dial(self, index: int, to: str, dial: str = "", ring_s: int = 30) -> Accepted:
        call = OriginateCall(attempt(index), to, dial or self.lab.trunk_dial, QUEUE, ring_s=ring_s, queue_wait_s=2)
        self.tracker.calls[attempt(index)] = Call(attempt(index), datetime.now(UTC))
        answer = await self.link.originate(call)
        assert isinstance(answer, Accepted), answer
        return answer

    async def outcome(self, index: int) -> Outcome:
        await until(lambda: self.tracker.finished(index), f"the end of call {index}")
        return self.tracker.calls[attempt(index)].result().outcome


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    lab = Lab(tmp_path, agents=2, queues=(QUEUE,), wrap_up_s=1)
    await lab.start()
    tracker = Tracker(Agents({QUEUE: 1}))
    ami = lab.pbx.ami
    settings = LinkSettings(ami.host, ami.port, ami.username, ami.secret, retry_soon_s=0.3)
    callbacks = Callbacks(tracker.on_event, tracker.on_resync, lambda _reason: tracker.agents.forget())
    link = AmiLink(settings, callbacks)
    task = asyncio.create_task(link.run(), name="ami")
    try:
        await lab.set_talk(0.3, 0.3, ring_s=0.1)
        await until(lambda: link.state is LinkState.UP, "up")
        yield World(lab, link, tracker)
    finally:
        await stop(task)
        await lab.stop()


@pytest.mark.req("D4")
async def test_outcomes_of_real_calls(world: World) -> None:
    expected = [
        (number(Callee.ANSWER, 0), "", 30, Outcome.ANSWERED),
        (number(Callee.BUSY, 0), "", 30, Outcome.BUSY),
        (number(Callee.NO_ANSWER, 0), "", 1, Outcome.NO_ANSWER),
        (number(Callee.REJECTED, 0), "", 30, Outcome.REJECTED),
        (number(Callee.CONGESTION, 0), "", 30, Outcome.CONGESTION),
        (number(Callee.INVALID, 0), "", 30, Outcome.INVALID_NUMBER),
        (number(Callee.ANSWER, 1), world.lab.dead_dial, 1, Outcome.FAILED),
        (number(Callee.ANSWER, 2), world.lab.missing_dial, 30, Outcome.FAILED),
    ]
    for index, (to, dial, ring_s, _) in enumerate(expected):
        await world.dial(index, to, dial, ring_s)
    assert [await world.outcome(index) for index in range(len(expected))] == [row[3] for row in expected]
    talked = world.tracker.calls[attempt(0)].result()
    assert talked.agent
    assert talked.ringing_at <= talked.answered_at <= talked.connected_at <= talked.ended_at  # type: ignore[operator]
    assert world.link.state is LinkState.UP


@pytest.mark.req("D1", "D2")
async def test_an_agent_is_busy_then_in_wrap_up_then_free(world: World) -> None:
    assert world.tracker.free() == 2
    await world.dial(1, number(Callee.ANSWER, 0))
    await until(lambda: world.tracker.free() == 1, "busy")
    assert await world.outcome(1) is Outcome.ANSWERED
    await until(lambda: world.tracker.agents.counts(QUEUE, datetime.now(UTC)).next_wrap_up_end is not None, "wrap-up")
    members = world.tracker.agents.snapshot(QUEUE, datetime.now(UTC)).members
    assert [NotFree.WRAP_UP] in [list(member.reasons) for member in members]
    await until(lambda: world.tracker.free() == 2, "free again")


@pytest.mark.req("D1")
async def test_pause_and_unreachable_are_seen(world: World) -> None:
    await world.lab.pause_agent("agent-1")
    await world.lab.set_agent("agent-2", Agent.UNREACHABLE)
    await until(lambda: world.tracker.free() == 0, "nobody free")
    reasons = {member.reasons for member in world.tracker.agents.snapshot(QUEUE, datetime.now(UTC)).members}
    assert reasons == {(NotFree.PAUSED,), (NotFree.UNAVAILABLE,)}


@pytest.mark.req("D4")
async def test_a_callee_without_an_agent_is_abandoned_with_the_queues_reason(world: World) -> None:
    for agent in ("agent-1", "agent-2"):
        await world.lab.pause_agent(agent)
    await until(lambda: world.tracker.free() == 0)
    await world.dial(1, number(Callee.ANSWER, 0))
    assert await world.outcome(1) is Outcome.ABANDONED
    assert world.tracker.calls[attempt(1)].queue_status in {"TIMEOUT", "JOINEMPTY", "LEAVEEMPTY"}
    await world.dial(2, number(Callee.IMPATIENT, 0))
    assert await world.outcome(2) is Outcome.ABANDONED


async def test_hanging_up_a_ringing_call(world: World) -> None:
    await world.dial(1, number(Callee.NO_ANSWER, 0))
    await until(lambda: world.tracker.calls[attempt(1)].ringing_at)
    assert await world.link.hangup(attempt(1)) == Accepted()
    assert await world.outcome(1) is Outcome.FAILED
    assert isinstance(await world.link.hangup(attempt(1)), Refused)


@pytest.mark.req("D3", "D5")
async def test_kill_and_return_of_asterisk_loses_the_call_and_dials_again(world: World) -> None:
    await world.dial(1, number(Callee.NO_ANSWER, 0))
    await until(lambda: world.tracker.calls[attempt(1)].ringing_at)
    await world.lab.pbx.kill()
    await until(lambda: world.link.state is not LinkState.UP, "down")
    assert world.tracker.free() == 0
    await world.lab.revive()
    await until(lambda: world.link.state is LinkState.UP, "up again")
    assert await world.outcome(1) is Outcome.LOST


async def test_a_wrong_secret(world: World) -> None:
    ami = world.lab.pbx.ami
    settings = LinkSettings(ami.host, ami.port, ami.username, secrets.token_hex(4))
    tracker = Tracker()
    link = AmiLink(settings, Callbacks(tracker.on_event, tracker.on_resync, lambda _reason: None))
    task = asyncio.create_task(link.run())
    await until(lambda: link.state is LinkState.REFUSED)
    assert "Authentication failed" in link.reason
    await stop(task)
