"""Every outcome of a call, through a campaign on the real Asterisk: outcome, cause, timings, agent and trail in the store."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from asterisk.lab.world import Agent
from tests.support.invariants import check
from tests.support.rig import RING_S, Rig, call, everybody_answers, rig, strategy
from tests.support.stories import Story

FIRST = 100  # numbers from here on are this file's
# A step per hop: into the strategy, out of the call, into the end.
TRAIL = ["step", "call-queued", "call-dialed", "call-ended", "step", "step", "finished"]


@pytest.fixture
async def running(lab: Lab, tmp_path: Path) -> AsyncIterator[Rig]:
    """An engine with every agent answering; a callee waits two seconds for one at most."""
    await everybody_answers(lab)
    async with rig(lab, tmp_path, queue_wait_s=2) as started:
        yield started


@dataclass(frozen=True)
class Case:
    """A callee, by which gateway, and what must stand in the store; None: must not be set."""

    callee: Callee
    outcome: str
    cause: int | None
    sip: str | None = None
    gateway: str = "world"
    times: set[str] = field(default_factory=set)


CASES = {
    "busy": Case(Callee.BUSY, "busy", 17, "486"),
    "rejected": Case(Callee.REJECTED, "rejected", 21, "403"),
    "congestion": Case(Callee.CONGESTION, "congestion", 34, "503"),
    "invalid number": Case(Callee.INVALID, "invalid_number", 1, "404"),
    "no answer": Case(Callee.NO_ANSWER, "no_answer", 19, "480", times={"ringing_at"}),
    "dead trunk": Case(Callee.ANSWER, "failed", 19, "480", gateway="dead"),
    "missing trunk": Case(Callee.ANSWER, "failed", None, gateway="missing"),
}
TIMES = ("ringing_at", "answered_at", "connected_at")


def assert_in_order(attempt: Any) -> None:
    times = [attempt.started_at, attempt.ringing_at, attempt.answered_at, attempt.connected_at, attempt.ended_at]
    known = [at for at in times if at is not None]
    assert known == sorted(known), times


def assert_told(story: Story, outcome: str) -> None:
    """The trail tells the same as the attempt, in the right order, and the contact is done with that result."""
    (attempt,) = story.attempts
    assert story.kinds == TRAIL
    (dialed,), (ended,) = story.data("call-dialed"), story.data("call-ended")
    assert (dialed["attempt"], dialed["number"]) == (attempt.id, story.number)
    assert (ended["attempt"], ended["outcome"], ended["cause"]) == (attempt.id, outcome, attempt.cause)
    assert ended["reason"] == attempt.reason
    assert [finished["result"] for finished in story.data("finished")] == [story.place.result]
    assert (story.place.state, [r.state for r in story.requests]) == ("done", ["completed"])


@pytest.mark.req("D4", "K12")
async def test_who_is_not_reached_is_recorded_with_cause_and_timings(running: Rig):
    """All at once: four agents are free, and nobody of these people takes one for long."""
    ids = {}
    for i, (name, case) in enumerate(CASES.items()):
        dialed = number(case.callee, FIRST + i)
        ids[name] = await running.campaign([dialed], voice_gateway=case.gateway, title=name)
        await running.publish(ids[name])
    for name, case in CASES.items():
        (story,) = await running.done(ids[name])
        (attempt,) = story.attempts
        assert (attempt.outcome, attempt.cause, attempt.tech_cause, attempt.agent) == (
            case.outcome, case.cause, case.sip, None,
        ), name  # fmt: skip
        assert {time for time in TIMES if getattr(attempt, time)} == case.times, name
        assert (attempt.state, attempt.gateway, attempt.number) == ("ended", case.gateway, story.number)
        assert_in_order(attempt)
        assert_told(story, case.outcome)
    reached = {placed.number for placed in running.placed()}
    assert reached == {number(c.callee, FIRST + i) for i, c in enumerate(CASES.values()) if c.gateway == "world"}
    await check(running.ctx.db, settled=True)


@pytest.mark.req("D4")
async def test_no_answer_rings_for_the_set_time(running: Rig):
    campaign = await running.campaign([number(Callee.NO_ANSWER, FIRST + 20)])
    await running.publish(campaign)
    (story,) = await running.done(campaign)
    (attempt,) = story.attempts
    assert RING_S - 0.1 < (attempt.ended_at - attempt.started_at).total_seconds() < RING_S + 60
    (placed,) = running.placed()
    assert placed.answered_at is None


async def talk(lab: Lab, least_s: float) -> None:
    """How long from now on, whoever hangs up."""
    await lab.world.set_callees(talk_s=(least_s + 0.1, least_s + 0.2))
    await lab.set_talk(least_s, least_s + 0.1, ring_s=0.1)


@pytest.mark.req("D4", "K12")
async def test_an_answered_call_is_recorded_with_its_agent_and_all_timings(running: Rig):
    await talk(running.lab, 2.0)
    numbers = [number(callee, FIRST + 30) for callee in (Callee.ANSWER, Callee.TALK, Callee.INSTANT, Callee.SLOW)]
    campaign = await running.campaign(numbers)
    await running.publish(campaign)
    found = await running.done(campaign)
    await talk(running.lab, 0.2)
    for story in found:
        (attempt,) = story.attempts
        assert (attempt.outcome, attempt.cause, attempt.reason) == ("answered", 16, "talked with an agent")
        assert attempt.answered_at is not None
        assert attempt.connected_at is not None
        assert (attempt.ended_at - attempt.connected_at).total_seconds() > 1.0, "they talk for two seconds at least"
        assert attempt.agent in {f"PJSIP/{agent}" for agent in running.lab.agents}
        assert_in_order(attempt)
        assert_told(story, "answered")
    for one, other in combinations([story.attempts[0] for story in found], 2):
        apart = one.ended_at <= other.connected_at or other.ended_at <= one.connected_at
        assert apart or one.agent != other.agent, "two talks at the same time have two agents"
    slow = next(story.attempts[0] for story in found if story.number == numbers[-1])
    assert (slow.answered_at - slow.ringing_at).total_seconds() > 3.0, "it rang for four seconds"


@pytest.mark.req("D4", "D7")
async def test_a_callee_whom_no_agent_takes_is_abandoned_and_the_reason_tells_why(lab: Lab, running: Rig):
    """The callee hangs up in the queue, or waits in vain: both abandoned, and told apart."""
    for agent in lab.agents:
        await lab.set_agent(agent, Agent.NO_ANSWER)
    numbers = [number(Callee.IMPATIENT, FIRST + 40), number(Callee.ANSWER, FIRST + 40)]
    campaign = await running.campaign(numbers)
    await running.publish(campaign)
    gone, waited = await running.done(campaign)
    for story, status in ((gone, "HANGUP"), (waited, "TIMEOUT")):
        (attempt,) = story.attempts
        assert (attempt.outcome, attempt.agent, attempt.connected_at) == ("abandoned", None, None)
        assert f"({status})" in attempt.reason
        assert attempt.answered_at is not None
        assert_in_order(attempt)
        assert_told(story, "abandoned")
    (attempt,) = waited.attempts
    assert 4.5 < (attempt.ended_at - attempt.answered_at).total_seconds() < 60, (
        "two seconds, a message of one, three for a key"
    )


@pytest.mark.req("D4", "S4")
async def test_a_busy_callee_is_tried_again_after_the_delay(running: Rig):
    document = strategy(call(tries=3, retry_after="2s", retry_on="busy"))
    campaign = await running.campaign([number(Callee.BUSY_ONCE, FIRST + 50)], document)
    await running.publish(campaign)
    (story,) = await running.done(campaign)
    assert story.outcomes == ["busy", "answered"]
    first, second = story.attempts
    assert 2 <= (second.started_at - first.ended_at).total_seconds() < 60
    again = ["call-queued", "call-dialed", "call-ended"]
    assert story.kinds == ["step", *again, "step", *again, "step", "step", "finished"]
    assert [placed.number for placed in running.placed()] == [story.number] * 2
