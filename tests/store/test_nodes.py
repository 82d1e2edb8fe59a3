"""What a node left open that shows no sign of life any more: another one takes it over, once, and not too early."""

from datetime import timedelta

import pytest

from dialer.operations import attempts
from dialer.operations.nodes import SILENT_LEASES, take_over
from dialer.store import nodes
from tests.support import builders, invariants
from tests.support.context import Bench


async def left_open(bench: Bench, second: Bench) -> None:
    """The second node has a call and a text under way."""
    for step, channel in (
        ({"id": "call", "type": "call", "out": {"otherwise": "end"}}, "call"),
        ({"id": "text", "type": "sms", "fields": {"text": "Hello"}, "out": {"otherwise": "end"}}, "sms"),
    ):
        document = builders.strategy(step, {"id": "end", "type": "end"})
        campaign_id = await builders.add_campaign(bench, document)
        await builders.load(bench, campaign_id, builders.persons(1))
        await builders.publish(bench, campaign_id)
        (claimed,) = await builders.claim(second, campaign_id, channel)
        intended = await (builders.intend_call if channel == "call" else builders.intend_text)(second, claimed)
        assert intended is not None


async def show_life(bench: Bench) -> None:
    async with bench.ctx.db.write() as tx:
        await nodes.seen(tx, bench.ctx.settings.node, bench.clock.now)


def silence(bench: Bench) -> float:
    return SILENT_LEASES * bench.ctx.settings.calls.lease_s


@pytest.mark.req("A6", "D3", "M4")
async def test_what_a_node_left_that_is_gone_is_taken_over_once(bench: Bench, second: Bench) -> None:
    await left_open(bench, second)
    await show_life(second)
    bench.clock.advance(seconds=silence(bench) - 1)
    assert await take_over(bench.ctx) == (0, 0), "it may come back"
    assert await take_over(second.ctx) == (0, 0), "its own is not left"
    bench.clock.advance(seconds=1)
    assert await take_over(bench.ctx) == (1, 1)
    assert await take_over(bench.ctx) == (0, 0)
    ((row, _),) = await attempts.unfinished(bench.ctx)
    assert await attempts.unfinished(second.ctx) == []
    assert row.dialer_node == bench.ctx.settings.node != second.ctx.settings.node
    await invariants.check(bench.ctx.db)
    assert [await invariants.states(bench.ctx.db, n) for n in (1, 2)] == [{"in_progress": 1}, {"done": 1}]


@pytest.mark.req("A6", "D3")
async def test_a_node_that_lives_keeps_its_calls(bench: Bench, second: Bench) -> None:
    await left_open(bench, second)
    for _ in range(5):
        await show_life(second)
        bench.clock.advance(seconds=silence(bench) / 2)
        assert await take_over(bench.ctx) == (0, 0)


@pytest.mark.req("A6", "D3")
async def test_one_that_was_never_seen_has_its_time_as_well(bench: Bench, second: Bench) -> None:
    """It ran before nodes showed signs of life, or under another name."""
    await left_open(bench, second)
    bench.clock.advance(days=1)
    assert await take_over(bench.ctx) == (0, 0)
    bench.clock.now += timedelta(seconds=silence(bench))
    assert await take_over(bench.ctx) == (1, 1)
