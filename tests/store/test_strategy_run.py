"""Contacts on their way through a strategy: call, no answer, wait an hour, text, done."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from dialer.domain.ending import CallResult
from dialer.domain.outcome import Outcome
from dialer.domain.transitions import StopReason
from dialer.operations import attempts, campaigns, lifecycle, steps
from dialer.operations.context import WAIT
from dialer.store import campaigns as store_campaigns
from dialer.store import enrollments, tables, trail
from dialer.store.requests import ContactRequest
from dialer.store.types import AnyRow
from dialer.strategy.events import Replied
from tests.support import builders, invariants
from tests.support.context import Bench

CONTACTS = 7


async def _loaded(bench: Bench, tries: int = 1, many: int = CONTACTS) -> int:
    campaign_id = await builders.add_campaign(bench, builders.call_wait_text(tries))
    await builders.load(bench, campaign_id, builders.persons(many))
    return campaign_id


async def _check(bench: Bench, campaign_id: int, many: int = CONTACTS, **expected: int) -> None:
    await invariants.check(bench.ctx.db, settled=True)
    found = await invariants.states(bench.ctx.db, campaign_id)
    assert sum(found.values()) == many
    assert found == expected


@pytest.mark.req("S4", "K4", "C6")
async def test_everybody_gets_through(bench: Bench) -> None:
    campaign_id = await _loaded(bench)
    await builders.publish(bench, campaign_id)
    await _check(bench, campaign_id, pending=CONTACTS)

    assert await builders.call_all(bench, campaign_id, Outcome.NO_ANSWER) == CONTACTS
    await _check(bench, campaign_id, waiting=CONTACTS)

    bench.clock.advance(minutes=59, seconds=59)
    await builders.settle(bench, campaign_id)
    await _check(bench, campaign_id, waiting=CONTACTS)

    bench.clock.advance(seconds=1)
    await builders.settle(bench, campaign_id)
    await _check(bench, campaign_id, pending=CONTACTS)
    assert await builders.text_all(bench, campaign_id) == CONTACTS
    await _check(bench, campaign_id, done=CONTACTS)


@pytest.mark.req("K12")
async def test_the_trail_tells_all_of_it_in_order(bench: Bench) -> None:
    campaign_id = await _loaded(bench, many=1)
    await builders.publish(bench, campaign_id)
    await builders.call_all(bench, campaign_id, Outcome.NO_ANSWER)
    bench.clock.advance(hours=1)
    await builders.settle(bench, campaign_id)
    await builders.text_all(bench, campaign_id)
    async with bench.ctx.db.read() as tx:
        ((contact_id,),) = await tx.execute(select(tables.contact.c.id))
        entries = await trail.of_contact(tx, contact_id, campaign_id)
    kinds = [entry["kind"] for entry in entries if entry["kind"] != "step"]
    assert kinds == [
        "created", "enrolled", "call-queued", "call-dialed", "call-ended", "waiting",
        "sms-queued", "sms-sending", "sms-status", "finished",
    ]  # fmt: skip
    assert entries[-1]["data"] == {"version": 1, "result": "done"}


@pytest.mark.req("S4")
@pytest.mark.parametrize("many", [1, 12])  # each by itself, and all together
async def test_the_loops_are_told_what_the_outcomes_of_calls_have_queued(bench: Bench, many: int) -> None:
    """A loop that is not told looks only every few seconds: nothing may be missing."""
    campaign_id = await _loaded(bench, tries=2, many=3 * many)
    await builders.publish(bench, campaign_id)
    first_try = await builders.claim(bench, campaign_id, limit=many)
    await _record(bench, first_try, Outcome.NO_ANSWER)
    assert bench.engine.queued.pop() == {"call"}
    await _record(bench, await builders.claim(bench, campaign_id, limit=many), Outcome.ANSWERED)
    assert bench.engine.queued.pop() == frozenset()

    bench.clock.advance(minutes=10)
    again = [one for one in await builders.claim(bench, campaign_id) if one.try_no == 2]
    await _record(bench, again, Outcome.NO_ANSWER)
    assert bench.engine.queued.pop() == {WAIT}


@pytest.mark.req("S4")
async def test_a_text_that_follows_a_call_is_told_as_one(bench: Bench) -> None:
    document = builders.strategy(
        {"id": "call", "type": "call", "fields": {}, "out": {"otherwise": "text"}},
        {"id": "text", "type": "sms", "fields": {"text": "Hello"}, "out": {"otherwise": "end"}},
        {"id": "end", "type": "end", "fields": {"result": "done"}},
    )
    campaign_id = await builders.add_campaign(bench, document)
    await builders.load(bench, campaign_id, builders.persons(2))
    await builders.publish(bench, campaign_id)
    await _record(bench, await builders.claim(bench, campaign_id), Outcome.BUSY)
    assert bench.engine.queued.pop() == {"sms"}


async def _record(bench: Bench, claimed: list[ContactRequest], outcome: Outcome) -> None:
    """Their calls are made, and their outcomes written together."""
    made = [await builders.intend_call(bench, request) for request in claimed]
    result = CallResult(outcome, 16, None, None, None, None, None, bench.clock(), "test")
    results = [(one, result) for one in made if one is not None]
    await attempts.record(bench.ctx, [], results)


async def _only_request(bench: Bench, campaign_id: int) -> str:
    (request,) = await builders.claim(bench, campaign_id)
    attempt_id = await builders.intend_call(bench, request)
    assert attempt_id is not None
    return attempt_id


async def _everything(bench: Bench) -> dict[str, list[AnyRow]]:
    async with bench.ctx.db.read() as tx:
        return {name: list(await tx.execute(select(t))) for name, t in tables.metadata.tables.items()}


@pytest.mark.req("D3", "D4")
async def test_an_outcome_that_comes_twice_changes_nothing(bench: Bench) -> None:
    campaign_id = await _loaded(bench, many=1)
    await builders.publish(bench, campaign_id)
    attempt_id = await _only_request(bench, campaign_id)
    await builders.end_call(bench, attempt_id, Outcome.NO_ANSWER)
    before = await _everything(bench)
    bench.clock.advance(minutes=1)
    await builders.end_call(bench, attempt_id, Outcome.ANSWERED)
    assert await _everything(bench) == before


@pytest.mark.req("D4")
async def test_a_call_is_tried_again_within_the_step(bench: Bench) -> None:
    campaign_id = await _loaded(bench, tries=3, many=1)
    await builders.publish(bench, campaign_id)
    for _ in range(2):
        assert await builders.call_all(bench, campaign_id, Outcome.NO_ANSWER) == 1
        await _check(bench, campaign_id, many=1, pending=1)
        assert await builders.claim(bench, campaign_id) == []
        bench.clock.advance(minutes=10)
    assert await builders.call_all(bench, campaign_id, Outcome.NO_ANSWER) == 1
    await _check(bench, campaign_id, many=1, waiting=1)


@pytest.mark.req("C6", "C7", "C8")
async def test_an_outcome_while_unpublished_leaves_the_next_request_flagged_until_publish(bench: Bench) -> None:
    campaign_id = await _loaded(bench, tries=2, many=1)
    await builders.publish(bench, campaign_id)
    attempt_id = await _only_request(bench, campaign_id)
    await campaigns.unpublish(bench.ctx, campaign_id)
    await builders.settle(bench, campaign_id)
    await _check(bench, campaign_id, many=1, in_progress=1)

    await builders.end_call(bench, attempt_id, Outcome.NO_ANSWER)
    await _check(bench, campaign_id, many=1, stopped=1)
    (written,) = [r for r in (await _everything(bench))["contact_request"] if r.state == "stopped"]
    assert (written.try_no, written.stop_reason) == (2, StopReason.CAMPAIGN_UNPUBLISHED)

    bench.clock.advance(hours=2)
    await builders.publish(bench, campaign_id)
    await _check(bench, campaign_id, many=1, pending=1)
    (again,) = await builders.claim(bench, campaign_id)
    assert (again.try_no, again.requeue_no) == (2, 1)


@pytest.mark.req("C7", "C8", "S4")
async def test_a_wait_that_begins_while_unpublished_goes_on_after_publish(bench: Bench) -> None:
    campaign_id = await _loaded(bench, many=1)
    await builders.publish(bench, campaign_id)
    attempt_id = await _only_request(bench, campaign_id)
    await campaigns.unpublish(bench.ctx, campaign_id)
    await builders.end_call(bench, attempt_id, Outcome.NO_ANSWER)
    await _check(bench, campaign_id, many=1, stopped=1)
    bench.clock.advance(minutes=30)
    await builders.publish(bench, campaign_id)
    await _check(bench, campaign_id, many=1, waiting=1)
    bench.clock.advance(minutes=30)
    await builders.settle(bench, campaign_id)
    assert await builders.text_all(bench, campaign_id) == 1
    await _check(bench, campaign_id, many=1, done=1)


@pytest.mark.req("S4", "K4")
async def test_steps_are_safe_to_repeat(bench: Bench) -> None:
    campaign_id = await _loaded(bench)
    await builders.publish(bench, campaign_id)
    before = await _everything(bench)
    assert not await lifecycle.enter(bench.ctx, campaign_id)
    assert not await lifecycle.take_due(bench.ctx, campaign_id)
    assert not await lifecycle.queue_again(bench.ctx, campaign_id)
    assert not await lifecycle.stop_pending(bench.ctx, campaign_id)
    assert await _everything(bench) == before


async def test_a_late_event_leaves_the_result(bench: Bench) -> None:
    """A reply, or a receipt, for somebody who is done."""
    campaign_id = await _loaded(bench, many=1)
    await builders.publish(bench, campaign_id)
    await builders.call_all(bench, campaign_id, Outcome.ANSWERED)
    await _check(bench, campaign_id, many=1, done=1)
    async with bench.ctx.db.write() as tx:
        campaign = await store_campaigns.get(tx, campaign_id)
        ((enrollment_id,),) = await tx.execute(select(tables.enrollment.c.id))
        place = await enrollments.get(tx, enrollment_id)
        assert campaign is not None
        assert place is not None
        await steps.take(tx, bench.ctx, campaign, [(place, Replied("thanks"))], bench.clock())
    await _check(bench, campaign_id, many=1, done=1)


@pytest.mark.req("S4")
async def test_a_month_over_the_change_of_the_clocks_ends_at_the_same_time_of_day(bench: Bench, second: Bench) -> None:
    """Berlin's clocks go back on 2026-10-25: 30 days after 09:00 (UTC+2) it is 09:00 (UTC+1), also for a new process."""
    bench.clock.now = datetime(2026, 10, 1, 7, 0, tzinfo=UTC)
    document = builders.strategy(
        {"id": "wait", "type": "wait", "fields": {"duration": "30d"}, "out": {"next": "call"}},
        {"id": "call", "type": "call"},
    )
    campaign_id = await builders.add_campaign(bench, document)
    await builders.load(bench, campaign_id, [builders.person(1, time_zone="Europe/Berlin")])
    await builders.publish(bench, campaign_id)
    bench.clock.now = datetime(2026, 10, 31, 7, 59, 59, tzinfo=UTC)
    await builders.settle(second, campaign_id)
    await _check(second, campaign_id, 1, waiting=1)
    bench.clock.now = datetime(2026, 10, 31, 8, 0, tzinfo=UTC)
    await builders.settle(second, campaign_id)
    await _check(second, campaign_id, 1, pending=1)
