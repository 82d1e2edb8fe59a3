"""Power mode in the dialing loop over the store: more lines than free agents, and back to one for each."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from dialer.domain.calls import Call
from dialer.domain.ending import CallResult
from dialer.domain.outcome import Outcome
from dialer.engine.tally import Tracked
from dialer.operations import campaigns
from dialer.pacing.abandonment import AbandonmentMeter
from dialer.pacing.power import Held
from tests.support import builders
from tests.support.context import Bench
from tests.support.loop import Loop, loop_over

AGENTS = tuple(f"agent{n}" for n in range(10))
ROOMY, FULL = AbandonmentMeter(1_000, 5), AbandonmentMeter(1_000, 30)
#: One of five calls is answered.
USUAL = (Outcome.NO_ANSWER, Outcome.NO_ANSWER, Outcome.ANSWERED, Outcome.NO_ANSWER, Outcome.BUSY) * 20


async def campaign(bench: Bench, start: int, **fields: object) -> int:
    """Published, with 60 contacts that are due."""
    campaign_id = await builders.add_campaign(bench, None, **{"title": f"From {start}", "queue": "sales", **fields})
    await builders.publish(bench, campaign_id)
    await builders.load(bench, campaign_id, [builders.person(one) for one in range(start, start + 60)])
    await builders.settle(bench, campaign_id)
    return campaign_id


async def powered(bench: Bench, meter: AbandonmentMeter = ROOMY, **fields: object) -> Loop:
    await campaign(bench, 100, **{"dialing_modes": ("power",), **fields})
    return await loop_over(bench, {"sales": AGENTS, "support": ("cleo",)}, meter)


def learn(loop: Loop, outcomes: Iterable[Outcome], campaign_id: int = 1) -> None:
    """As if calls had rung for 15 s and ended so, an answered one after 100 s with an agent."""
    start = loop.bench.clock()
    rang, over = start + timedelta(seconds=15), start + timedelta(seconds=115)
    for outcome in outcomes:
        answered = rang if outcome in {Outcome.ANSWERED, Outcome.ABANDONED} else None
        met = rang if outcome is Outcome.ANSWERED else None
        end = over if met else rang
        call = Call("x", start, answered_at=answered, connected_at=met, agent=AGENTS[0], hangup_at=end)
        one = Tracked(call, campaign_id, 1, "+12025550100", "sales", "carrier")
        if met:
            loop.dialing.paces.connected(one, call)
        loop.dialing.paces.ended(one, CallResult(outcome, 16, None, AGENTS[0], None, answered, met, end, ""))


def held(loop: Loop) -> Held | None:
    power = loop.dialing.decisions.power(loop.dialing.board.campaigns[1], loop.bench.clock())
    assert power is not None
    return power.held


@pytest.mark.req("D8")
async def test_more_lines_ring_than_agents_are_free_once_enough_is_known(bench: Bench) -> None:
    loop = await powered(bench)
    assert (len(await loop.next_round()), held(loop)) == (10, Held.PACE_UNKNOWN)
    loop.free()
    learn(loop, USUAL)
    placed = len(await loop.next_round())
    assert (10 < placed <= 30, held(loop)) == (True, None)
    assert {call.queue_wait_s for call in loop.calls} == {2}, "whoever meets no agent hears the message in time"
    assert await loop.next_round() == [], "those that ring have their chance of an answer"


@pytest.mark.req("D8")
async def test_an_agent_has_no_more_lines_than_the_campaign_allows(bench: Bench) -> None:
    loop = await powered(bench, lines_per_agent=1.3)
    learn(loop, (*USUAL, *[Outcome.NO_ANSWER] * 200))
    assert len(await loop.next_round()) == 13


@pytest.mark.req("D8", "D7")
async def test_calls_that_were_abandoned_bring_it_back_to_one_for_each_agent(bench: Bench) -> None:
    loop = await powered(bench)
    learn(loop, USUAL)
    learn(loop, [Outcome.ABANDONED] * 60)
    assert (len(await loop.next_round()), held(loop)) == (10, Held.ABANDONMENT)


@pytest.mark.req("D8", "D7")
async def test_a_full_meter_leaves_one_call_for_each_agent(bench: Bench) -> None:
    loop = await powered(bench, FULL)
    learn(loop, USUAL)
    assert (len(await loop.next_round()), held(loop)) == (10, Held.ABANDONMENT)


@pytest.mark.req("D8", "D1")
async def test_a_campaign_without_power_mode_on_the_same_agents_keeps_its_promise(bench: Bench) -> None:
    loop = await powered(bench)
    learn(loop, USUAL)
    other = await campaign(bench, 300, dialing_modes=("progressive",))
    await loop.dialing.board.load()
    assert (len(await loop.next_round()), held(loop)) == (10, Held.SHARED)
    loop.free()  # the other one's hopper is filled by now
    assert len(await loop.next_round()) == 10
    assert loop.dialing.tracker.calling("sales") == {1, other}
    await campaigns.unpublish(bench.ctx, other)
    await loop.dialing.board.load()
    assert held(loop) is Held.SHARED, "its calls are still on their way"
    loop.free()
    assert held(loop) is None


@pytest.mark.req("D8")
async def test_a_campaign_without_power_mode_that_has_nothing_due_holds_nobody_back(bench: Bench) -> None:
    loop = await powered(bench)
    learn(loop, USUAL)
    idle = await builders.add_campaign(bench, None, title="Idle", queue="sales")
    await builders.publish(bench, idle)
    await loop.dialing.board.load()
    assert held(loop) is Held.SHARED, "nobody has looked yet"
    assert len(await loop.next_round()) == 10
    assert held(loop) is None
    assert len(await loop.next_round()) > 0


@pytest.mark.req("D8")
async def test_nothing_is_remembered_of_a_campaign_that_left_power_mode(bench: Bench) -> None:
    loop = await powered(bench, dialing_modes=("progressive", "power"))
    learn(loop, USUAL)
    assert held(loop) is None
    await campaigns.edit(bench.ctx, 1, {"dialing_modes": ("progressive",)})
    await loop.dialing.board.load()
    assert len(await loop.next_round()) == 10
    await campaigns.edit(bench.ctx, 1, {"dialing_modes": ("power",)})
    await loop.dialing.board.load()
    assert held(loop) is Held.PACE_UNKNOWN
