"""Agents who are wanted by more than one: several queues, several campaigns, and callers who were there first."""

import asyncio
from collections.abc import AsyncIterator
from itertools import groupby
from pathlib import Path

import pytest
import pytest_asyncio

from asterisk.lab.ami import Session
from asterisk.lab.distribution import Distribution
from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from asterisk.lab.world import Agent
from tests.support.invariants import check
from tests.support.rig import Rig, everybody_answers, rig
from tests.support.stories import states

#: The first sits in support, the last in sales, the two between them in both.
SEATS = {"support": ("agent-1", "agent-2", "agent-3"), "sales": ("agent-2", "agent-3", "agent-4")}
CALLS = 60


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seated(tmp_path_factory: pytest.TempPathFactory, asterisk_distribution: Distribution) -> AsyncIterator[Lab]:
    running = Lab(tmp_path_factory.mktemp("seated"), queues=SEATS, distribution=asterisk_distribution)
    await running.start()
    await running.world.set_callees(ring_s=0.1, talk_s=(0.3, 0.4))
    await running.set_talk(0.2, 0.3, ring_s=0.1)
    yield running
    await running.stop()


def people(first: int, how_many: int, callee: Callee = Callee.ANSWER) -> list[str]:
    return [number(callee, first + n) for n in range(how_many)]


def events(recorder: Session, name: str) -> list[str]:
    return [event.fields["Uniqueid"] for event in recorder.events if event.name == name]


def longest_row(numbers: list[str], of: set[str]) -> int:
    """How many calls in a row were not to these numbers, while some of them were still to come."""
    last = max(index for index, one in enumerate(numbers) if one in of)
    rows = groupby(numbers[:last], key=lambda called: called in of)
    return max((len(list(row)) for theirs, row in rows if not theirs), default=0)


@pytest.mark.req("D1", "D5")
async def test_agents_in_two_queues_serve_both_and_nobody_starves(seated: Lab, tmp_path: Path) -> None:
    """The one campaign is twice as long, and begins before the other one."""
    await everybody_answers(seated)
    first, second = people(4_000, 2 * CALLS), people(5_000, CALLS)
    async with seated.recorder() as recorder, rig(seated, tmp_path) as running:
        support = await running.campaign(first, queue="support")
        sales = await running.campaign(second, queue="sales")
        await running.publish(support)
        await running.until(lambda: len(running.placed()) >= 10, "the first campaign to be under way")
        await running.publish(sales)
        for campaign in (support, sales):
            found = await running.done(campaign, 250)
            assert {outcome for story in found for outcome in story.outcomes} == {"answered"}, "each call had an agent"
        called = [placed.number for placed in running.placed()]
        assert sorted(called) == sorted([*first, *second]), "everybody once"
        assert longest_row(called[10:], set(second)) <= 10, "sales had its turn all the time"
        assert longest_row(called[10:], set(first)) <= 10
        assert not events(recorder, "QueueCallerAbandon")
        served = {(e.fields["Queue"], e.fields["MemberName"]) for e in recorder.events if e.name == "AgentConnect"}
        assert served == {(queue, agent) for queue, agents in SEATS.items() for agent in agents}, "everybody worked"
        await check(running.ctx.db, settled=True)


@pytest.mark.req("D1", "D5")
async def test_campaigns_on_the_same_agents_share_them_by_weight(running: Rig) -> None:
    heavy, light = people(6_000, 3 * CALLS), people(7_000, CALLS)
    one = await running.campaign(heavy, weight=3)
    other = await running.campaign(light, weight=1)
    await running.publish(other)
    await running.publish(one)
    await running.until(lambda: len(running.placed()) >= 2 * CALLS, "half of the calls", 200)
    called = [placed.number for placed in running.placed()][: 2 * CALLS]
    share = sum(one in set(light) for one in called) / len(called)
    assert 0.15 <= share <= 0.35, f"a quarter was promised, not {share:.2f}"
    for campaign in (one, other):
        assert states(await running.done(campaign, 200)).keys() == {"done"}


@pytest.mark.req("D1", "D5")
async def test_callers_who_wait_already_have_the_agents_first(lab: Lab, running: Rig) -> None:
    for agent in lab.agents:
        await lab.set_agent(agent, Agent.STAY)
    async with lab.recorder() as recorder:
        for caller in range(4):
            await lab.world.call_in("support", f"+1303555000{caller}", talk_s=4)
        await running.until(lambda: len(events(recorder, "AgentConnect")) == 4, "every agent to talk")
        for caller in range(4, 6):
            await lab.world.call_in("support", f"+1303555000{caller}", talk_s=12)
        await running.until(lambda: len(events(recorder, "QueueCallerJoin")) == 6, "two callers to wait")
        campaign = await running.campaign(people(8_000, 4, Callee.SHORT))
        await running.publish(campaign)
        assert not running.placed()
        await running.until(lambda: len(events(recorder, "AgentConnect")) >= 6, "the agents to come back")
        await running.until(lambda: len(running.placed()) >= 2, "calls for the two others")
        await asyncio.sleep(1)
        assert len(running.placed()) == 2, "two of the four agents were left"
        ours = {uniqueid for uniqueid in events(recorder, "AgentConnect") if uniqueid.startswith("a-")}
        assert len(set(events(recorder, "AgentConnect")) - ours) == 6, "all callers have an agent"
        found = await running.done(campaign)
        assert {outcome for story in found for outcome in story.outcomes} == {"answered"}
        assert not [one for one in events(recorder, "QueueCallerAbandon") if one.startswith("a-")]
