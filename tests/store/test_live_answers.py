"""The abandonment meter's counts: written with the outcomes, over 30 days, and taken over from older attempts."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from dialer.domain.outcome import Outcome
from dialer.operations import campaigns, deleting, metering
from dialer.pacing.abandonment import AbandonmentMeter
from tests.support import builders
from tests.support.context import Bench
from tests.support.revisions import revision


async def _meter(bench: Bench, campaign_id: int) -> AbandonmentMeter:
    campaign = await campaigns.get(bench.ctx, campaign_id)
    return (await metering.meters(bench.ctx, [campaign]))[campaign_id]


async def _end(bench: Bench, campaign_id: int, *outcomes: Outcome, waited_s: float = 1) -> None:
    requests = await builders.claim(bench, campaign_id, limit=len(outcomes))
    assert len(requests) == len(outcomes)
    for request, outcome in zip(requests, outcomes, strict=True):
        attempt_id = await builders.intend_call(bench, request)
        assert attempt_id is not None
        answered = bench.clock() - timedelta(seconds=60)
        connected = answered + timedelta(seconds=waited_s) if outcome is Outcome.ANSWERED else None
        facts = {"answered_at": answered, "connected_at": connected}
        await builders.end_call(bench, attempt_id, outcome, **facts)
        await builders.end_call(bench, attempt_id, Outcome.ABANDONED, **facts)  # late news change nothing


@pytest.mark.req("D7")
async def test_calls_are_counted_once_for_30_days(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench, abandonment_limit_percent=40)
    other = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, builders.persons(6))
    await builders.publish(bench, campaign_id)
    assert await _meter(bench, campaign_id) == AbandonmentMeter(0, 0, 40)

    await _end(bench, campaign_id, Outcome.ANSWERED, Outcome.ABANDONED, Outcome.MACHINE, Outcome.BUSY)
    assert await _meter(bench, campaign_id) == AbandonmentMeter(2, 1, 40)
    assert (await _meter(bench, campaign_id)).exceeded
    bench.clock.advance(days=1)
    await _end(bench, campaign_id, Outcome.ANSWERED, waited_s=3)
    assert await _meter(bench, campaign_id) == AbandonmentMeter(3, 1, 40, late=1)

    bench.clock.advance(days=29, hours=-2)
    assert await _meter(bench, campaign_id) == AbandonmentMeter(3, 1, 40, late=1)
    bench.clock.advance(hours=2)
    assert await _meter(bench, campaign_id) == AbandonmentMeter(1, 0, 40, late=1), "the first day is over"
    assert await _meter(bench, other) == AbandonmentMeter()


@pytest.mark.req("D7")
async def test_two_nodes_count_into_the_same_hour(bench: Bench, second: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, builders.persons(2))
    await builders.publish(bench, campaign_id)
    for node in (bench, second):
        await _end(node, campaign_id, Outcome.ABANDONED)
    assert await _meter(bench, campaign_id) == await _meter(second, campaign_id) == AbandonmentMeter(2, 2)


@pytest.mark.req("D7")
async def test_the_count_goes_with_its_campaign(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, builders.persons(1))
    await builders.publish(bench, campaign_id)
    await _end(bench, campaign_id, Outcome.ANSWERED)
    await campaigns.unpublish(bench.ctx, campaign_id)
    bench.clock.advance(days=bench.ctx.settings.records_days + 1)
    await deleting.remove(bench.ctx, campaign_id)
    async with bench.ctx.db.read() as tx:
        assert await tx.scalar(text("SELECT count(*) FROM live_answers")) == 0


@pytest.mark.req("D7")
async def test_attempts_from_before_the_meter_are_taken_over(bench: Bench) -> None:
    """What the revision writes for attempts that are there is what the meter would have counted."""
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, builders.persons(5))
    await builders.publish(bench, campaign_id)
    await _end(bench, campaign_id, Outcome.ANSWERED, Outcome.ABANDONED, Outcome.MACHINE)
    bench.clock.advance(hours=5)
    await _end(bench, campaign_id, Outcome.ANSWERED, Outcome.ANSWERED, waited_s=2.5)
    async with bench.ctx.db.write() as tx:
        found = "SELECT * FROM live_answers ORDER BY hour"
        counted = list(await tx.execute(text(found)))
        await tx.execute(text("DELETE FROM live_answers"))
        await tx.execute(text(revision("0010_live_answers").backfill(tx.dialect.name)))
        assert list(await tx.execute(text(found))) == counted
    assert len(counted) == 2
