"""Several campaigns, several queues, the same agents: who is called when, by the dialing loop over the store."""

from collections import Counter

import pytest

from dialer.domain.campaign import LoadOrder
from dialer.pacing.progressive import Limit
from tests.support import builders
from tests.support.builders import number, persons
from tests.support.context import Bench
from tests.support.loop import loop_over


async def running(bench: Bench, many: int, start: int, **fields: object) -> int:
    """A published campaign with so many contacts, each due a second after the one before it."""
    campaign_id = await builders.add_campaign(bench, None, **{"title": f"From {start}", **fields})
    await builders.publish(bench, campaign_id)
    for one in range(start, start + many):
        await builders.load(bench, campaign_id, [builders.person(one)])
        await builders.settle(bench, campaign_id)
        bench.clock.advance(seconds=1)
    return campaign_id


def of(numbers: list[str], start: int, many: int) -> list[int]:
    """Which of a campaign's contacts these are, in this order."""
    mine = {number(n): n for n in range(start, start + many)}
    return [mine[one] for one in numbers if one in mine]


@pytest.mark.req("D1", "C2")
async def test_each_campaign_keeps_its_load_order_over_several_queues(bench: Bench) -> None:
    await running(bench, 12, 100, queue="sales")
    await running(bench, 12, 200, queue="sales", load_order=LoadOrder.NEWEST_FIRST)
    await running(bench, 12, 300, queue="support", load_order=LoadOrder.NEWEST_FIRST)
    await running(bench, 12, 400, queue="support")
    loop = await loop_over(bench, {"sales": ("anna", "ben"), "support": ("ben", "cleo")})
    first, placed = loop.dialing.tracker, list[str]()
    assert first.number_of_calls == 0
    for _ in range(30):
        calls = await loop.next_round()
        assert len(calls) <= 3, "three agents in all"
        placed += [call.number for call in calls]
        loop.free()
    for start, newest in ((100, False), (200, True), (300, True), (400, False)):
        told = of(placed, start, 12)
        assert told == sorted(told, reverse=newest), "in its own order, whatever the others do"
        assert len(told) == len(set(told)) >= 8


@pytest.mark.req("D1")
async def test_equals_share_by_weight_also_over_two_queues_with_the_same_agents(bench: Bench) -> None:
    shares = {100: 1, 200: 3, 300: 2}
    for start, weight in shares.items():
        await running(bench, 18, start, queue="support" if start == 300 else "sales", weight=weight)
    loop = await loop_over(bench, {"sales": ("anna",), "support": ("anna",)})
    got = Counter[int]()
    for n in range(1, 25):
        (call,) = await loop.next_round()
        got[next(start for start in shares if of([call.number], start, 18))] += 1
        loop.free()
        assert all(abs(got[start] - n * weight / 6) < 1.01 for start, weight in shares.items()), got


@pytest.mark.req("D1", "K13")
async def test_of_whom_nobody_is_left_to_call_busy_agents_are_not_the_reason(bench: Bench) -> None:
    few = await running(bench, 1, 100, priority=6)
    many = await running(bench, 6, 200)
    loop = await loop_over(bench, {"sales": ("anna",)})
    for _ in range(3):
        await loop.next_round()
        loop.free()
    await loop.next_round()  # the agent is on a call
    await loop.next_round()
    assert loop.dialing.limited_by == {few: Limit.NOTHING_DUE, many: Limit.NO_AGENT_FREE}


@pytest.mark.req("D1")
async def test_a_higher_priority_takes_all_it_can_use_and_the_lower_one_gets_the_rest(bench: Bench) -> None:
    await running(bench, 6, 100, priority=4)
    await running(bench, 6, 200, priority=6)
    loop = await loop_over(bench, {"sales": ("anna", "ben", "cleo", "dora")})
    assert of([call.number for call in await loop.next_round()], 200, 6) == [200, 201, 202, 203]
    loop.free()
    assert [call.number for call in await loop.next_round()] == [number(n) for n in (204, 205, 100, 101)]


@pytest.mark.req("D1", "K13")
async def test_who_waits_for_a_higher_priority_is_told_so(bench: Bench) -> None:
    low = await running(bench, 3, 100, priority=4)
    high = await running(bench, 12, 200, priority=6)
    loop = await loop_over(bench, {"sales": ("anna",)})
    (call,) = await loop.next_round()
    assert of([call.number], 200, 12)
    assert loop.dialing.limited_by[low] is Limit.OTHER_CAMPAIGNS
    await loop.next_round()
    assert loop.dialing.limited_by == {low: Limit.HIGHER_PRIORITY, high: Limit.NO_AGENT_FREE}


@pytest.mark.req("D1")
async def test_a_campaign_at_its_limit_leaves_the_agents_to_the_others(bench: Bench) -> None:
    await running(bench, 12, 100, priority=9, max_concurrent_calls=1)
    await running(bench, 12, 200, priority=1)
    loop = await loop_over(bench, {"sales": ("anna", "ben", "cleo")})
    placed = [call.number for call in await loop.next_round()]
    assert (len(of(placed, 100, 12)), len(of(placed, 200, 12))) == (1, 2)


@pytest.mark.req("D1", "D2")
async def test_a_number_in_another_call_does_not_cost_the_campaign_its_turn(bench: Bench) -> None:
    """It is put off, and the next contact of the same campaign goes in the same round."""
    shared = builders.person(100)
    for _ in range(2):
        campaign_id = await builders.add_campaign(bench)
        await builders.publish(bench, campaign_id)
        await builders.load(bench, campaign_id, [shared, *persons(3, 110 + 10 * campaign_id)])
        await builders.settle(bench, campaign_id)
    loop = await loop_over(bench, {"sales": ("anna", "ben")})
    placed = [call.number for call in await loop.next_round()]
    assert len(placed) == len(set(placed)) == 2
