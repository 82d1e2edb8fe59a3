"""Publish, unpublish, expiry and end: what is flagged, what returns, and that all of it may be repeated (C4-C8, C13)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from dialer.domain.errors import IllegalTransition, Incomplete, InvalidInput
from dialer.domain.outcome import Outcome
from dialer.domain.windows import Validity
from dialer.operations import campaigns, lifecycle, steps
from dialer.store import campaigns as store_campaigns
from dialer.store import enrollments, tables
from dialer.store.types import AnyRow
from dialer.strategy.events import Entered
from tests.support import builders, invariants
from tests.support.builders import person
from tests.support.context import MONDAY, Bench

MANY = 9


async def _published(bench: Bench, **fields: Any) -> int:
    campaign_id = await builders.add_campaign(bench, builders.call_wait_text(), **fields)
    await builders.load(bench, campaign_id, builders.persons(MANY))
    await builders.publish(bench, campaign_id)
    return campaign_id


async def _everything(bench: Bench) -> dict[str, list[AnyRow]]:
    async with bench.ctx.db.read() as tx:
        return {name: list(await tx.execute(select(t))) for name, t in tables.metadata.tables.items()}


async def _requests(bench: Bench) -> list[AnyRow]:
    async with bench.ctx.db.read() as tx:
        return list(await tx.execute(select(tables.contact_request).order_by(tables.contact_request.c.id)))


async def _reasons(bench: Bench) -> set[str | None]:
    async with bench.ctx.db.read() as tx:
        return set((await tx.execute(select(tables.enrollment.c.stop_reason))).scalars())


async def _expire(bench: Bench, campaign_id: int) -> None:
    await campaigns.edit(bench.ctx, campaign_id, {"validity": Validity(until=bench.clock() + timedelta(hours=1))})
    bench.clock.advance(hours=1)


async def _unpublish(bench: Bench, campaign_id: int) -> None:
    await campaigns.unpublish(bench.ctx, campaign_id)


async def _end(bench: Bench, campaign_id: int) -> None:
    await campaigns.end(bench.ctx, campaign_id)


STOPS = [
    pytest.param(_unpublish, "campaign-unpublished", id="unpublish"),
    pytest.param(_expire, "validity-period-expired", id="expire"),
    pytest.param(_end, "campaign-ended", id="end"),
]
Stop = Callable[[Bench, int], Awaitable[None]]


@pytest.mark.req("C6", "C7")
@pytest.mark.parametrize(("stop", "reason"), STOPS)
async def test_what_is_pending_is_stopped_and_flagged(bench: Bench, stop: Stop, reason: str) -> None:
    campaign_id = await _published(bench)
    claimed = await builders.claim(bench, campaign_id, limit=4)
    calling = await builders.intend_call(bench, claimed[0])
    assert calling is not None
    waiting = await builders.intend_call(bench, claimed[1])
    assert waiting is not None
    await builders.end_call(bench, waiting, Outcome.NO_ANSWER)
    await builders.load(bench, campaign_id, [person(100)])

    await stop(bench, campaign_id)
    # On SQLite the engine alone checks the validity; where other nodes may have edited it, the intent does so, too.
    goes = stop is _expire and bench.ctx.db.is_sqlite
    assert (await builders.intend_call(bench, claimed[2]) is not None) is goes
    await builders.settle(bench, campaign_id)
    if stop is not _expire:
        await invariants.check(bench.ctx.db, settled=True)
    found = await invariants.states(bench.ctx.db, campaign_id)
    assert sum(found.values()) == MANY + 1
    assert found["in_progress"] == (2 if goes else 1)
    assert await _reasons(bench) == {None, reason}
    assert await builders.claim(bench, campaign_id) == []
    stopped = [request for request in await _requests(bench) if request.state == "stopped"]
    assert {request.stop_reason for request in stopped} == {reason}

    await builders.end_call(bench, calling, Outcome.ANSWERED)  # what was under way is recorded
    assert (await invariants.states(bench.ctx.db, campaign_id))["done"] == 1


@pytest.mark.req("C8")
@pytest.mark.parametrize(("stop", "reason"), STOPS[:2])
async def test_what_was_stopped_returns_as_new_requests_in_order(bench: Bench, stop: Stop, reason: str) -> None:
    campaign_id = await _published(bench)
    (waits,) = await builders.claim(bench, campaign_id, limit=1)
    attempt_id = await builders.intend_call(bench, waits)
    assert attempt_id is not None
    await builders.end_call(bench, attempt_id, Outcome.NO_ANSWER)
    due = bench.clock() + timedelta(hours=1)
    before = {request.id: request for request in await _requests(bench) if request.state == "pending"}
    await builders.load(bench, campaign_id, [person(100)])  # stopped before it could enter

    await stop(bench, campaign_id)
    await builders.settle(bench, campaign_id)
    assert await invariants.states(bench.ctx.db, campaign_id) == {"stopped": MANY + 1}
    bench.clock.advance(minutes=5)
    if stop is _expire:
        await campaigns.edit(bench.ctx, campaign_id, {"validity": Validity()})
        await builders.settle(bench, campaign_id)
    else:
        await builders.publish(bench, campaign_id)
    await invariants.check(bench.ctx.db, settled=True)
    assert await _reasons(bench) == {None}

    claimed = await builders.claim(bench, campaign_id)
    assert [request.address for request in claimed] == [builders.number(n) for n in (*range(1, MANY), 100)]
    rows = {request.id: request for request in await _requests(bench)}
    for request in claimed[:-1]:
        old = rows[rows[request.id].replaces_id]
        assert old.id in before
        assert (old.state, old.stop_reason) == ("stopped", reason)
        assert (request.requeue_no, request.node, request.visit, request.try_no) == (1, "call", 1, 1)
        assert request.due_at == bench.clock()
    assert rows[claimed[-1].id].replaces_id is None
    async with bench.ctx.db.write() as tx:
        place = await enrollments.get(tx, waits.enrollment_id)
    assert place is not None
    if stop is _expire:  # an hour has passed: the wait is over
        assert (place.state, place.node, place.due_at) == ("pending", "text", bench.clock())
    else:
        assert (place.state, place.node, place.due_at) == ("waiting", "wait", due)


@pytest.mark.req("C4", "C8")
async def test_what_was_ended_never_returns(bench: Bench) -> None:
    campaign_id = await _published(bench)
    await campaigns.unpublish(bench.ctx, campaign_id)
    await builders.load(bench, campaign_id, [person(100)])  # pending beside those that are stopped
    await campaigns.end(bench.ctx, campaign_id)
    await builders.settle(bench, campaign_id)
    assert await _reasons(bench) == {"campaign-ended"}
    await invariants.check(bench.ctx.db, settled=True)
    before = await _everything(bench)
    for attempt in (campaigns.publish, campaigns.unpublish, campaigns.end):
        with pytest.raises(IllegalTransition):
            await attempt(bench.ctx, campaign_id)
    with pytest.raises(IllegalTransition):
        await campaigns.edit(bench.ctx, campaign_id, {"title": "again"})
    await builders.settle(bench, campaign_id)
    assert await _everything(bench) == before


@pytest.mark.req("C4", "C7")
async def test_ending_flags_within_the_call(bench: Bench) -> None:
    """The answer to `end` shows the flags, also of what an unpublish had stopped before."""
    campaign_id = await _published(bench)
    await campaigns.unpublish(bench.ctx, campaign_id)
    await builders.load(bench, campaign_id, [person(100)])
    await campaigns.end(bench.ctx, campaign_id)
    assert await _reasons(bench) == {"campaign-ended"}


@pytest.mark.req("C7", "C8")
async def test_a_crash_between_chunks_costs_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "FIRST", 2)
    monkeypatch.setattr(lifecycle, "CHUNK", 2)
    campaign_id = await builders.add_campaign(bench, builders.call_wait_text())
    await builders.load(bench, campaign_id, builders.persons(MANY))
    await campaigns.publish(bench.ctx, campaign_id)
    assert await lifecycle.enter(bench.ctx, campaign_id)
    await invariants.check(bench.ctx.db)

    await campaigns.unpublish(bench.ctx, campaign_id)  # the first chunk, then a crash
    assert await invariants.states(bench.ctx.db, campaign_id) == {"stopped": 2, "pending": MANY - 2}
    await invariants.check(bench.ctx.db)
    await builders.settle(bench, campaign_id)
    await invariants.check(bench.ctx.db, settled=True)

    await campaigns.publish(bench.ctx, campaign_id)
    assert await lifecycle.queue_again(bench.ctx, campaign_id)
    await invariants.check(bench.ctx.db)
    await builders.settle(bench, campaign_id)
    await invariants.check(bench.ctx.db, settled=True)
    assert await builders.call_all(bench, campaign_id, Outcome.NO_ANSWER) == MANY
    bench.clock.advance(hours=1)
    assert await lifecycle.take_due(bench.ctx, campaign_id)
    await builders.settle(bench, campaign_id)
    assert await builders.text_all(bench, campaign_id) == MANY


@pytest.mark.req("C7")
async def test_a_start_finds_stops_that_were_not_finished(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign_id = await _published(bench)
    monkeypatch.setattr(lifecycle, "FIRST", 2)
    await campaigns.unpublish(bench.ctx, campaign_id)
    async with bench.ctx.db.read() as tx:
        assert await store_campaigns.with_unfinished_stop(tx) == [campaign_id]
    await builders.settle(bench, campaign_id)
    async with bench.ctx.db.read() as tx:
        assert await store_campaigns.with_unfinished_stop(tx) == []


@pytest.mark.req("C7")
@pytest.mark.parametrize("status", ["unpublished", "ended"])
async def test_a_start_finds_contacts_that_wait(bench: Bench, status: str) -> None:
    """Nothing of theirs stands in the queue."""
    campaign_id = await _published(bench)
    draft = await builders.add_campaign(bench, title="Draft")
    await builders.load(bench, draft, [person(100)])
    await builders.call_all(bench, campaign_id, Outcome.NO_ANSWER)
    async with bench.ctx.db.write() as tx:  # the first commit of a stop, then a crash
        await tx.execute(update(tables.campaign).where(tables.campaign.c.id == campaign_id).values(status=status))
        assert await store_campaigns.with_unfinished_stop(tx) == [campaign_id]
    await builders.settle(bench, campaign_id)
    async with bench.ctx.db.read() as tx:
        assert await store_campaigns.with_unfinished_stop(tx) == []
    assert await invariants.states(bench.ctx.db, campaign_id) == {"stopped": MANY}


@pytest.mark.req("C7", "C8", "K4")
@pytest.mark.parametrize("running", [True, False])
async def test_repeating_changes_nothing(bench: Bench, running: bool) -> None:
    campaign_id = await _published(bench)
    if not running:
        await campaigns.unpublish(bench.ctx, campaign_id)
    before = await _everything(bench)
    bench.clock.advance(minutes=1)
    await builders.settle(bench, campaign_id)
    await builders.settle(bench, campaign_id)
    assert await _everything(bench) == before


@pytest.mark.req("C8")
async def test_stopping_again_and_again_keeps_the_whole_chain(bench: Bench) -> None:
    campaign_id = await _published(bench)
    for _ in range(4):
        await campaigns.unpublish(bench.ctx, campaign_id)
        await builders.publish(bench, campaign_id)
    rows = {request.id: request for request in await _requests(bench)}
    assert len(rows) == 5 * MANY
    for claimed in await builders.claim(bench, campaign_id):
        chain = [rows[claimed.id]]
        while chain[-1].replaces_id:
            chain.append(rows[chain[-1].replaces_id])
        assert [request.requeue_no for request in chain] == [4, 3, 2, 1, 0]
    await invariants.check(bench.ctx.db, settled=True)


@pytest.mark.req("C6")
async def test_nothing_enters_before_the_validity_begins(bench: Bench) -> None:
    tomorrow = MONDAY + timedelta(days=1)
    campaign_id = await _published(bench, validity=Validity(from_=tomorrow))
    assert await _requests(bench) == []
    assert await invariants.states(bench.ctx.db, campaign_id) == {"pending": MANY}
    bench.clock.now = tomorrow
    await builders.settle(bench, campaign_id)
    assert len(await builders.claim(bench, campaign_id)) == MANY


@pytest.mark.req("C5")
async def test_publish_lists_everything_that_is_missing(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(
        bench, builders.call_wait_text(), queue=None, voice_gateway=None, sms_gateway=None, dialing_modes=(),
        validity=Validity(until=MONDAY),
    )  # fmt: skip
    with pytest.raises(Incomplete) as refused:
        await campaigns.publish(bench.ctx, campaign_id)
    assert {fault.field for fault in refused.value.faults} == {
        "queue", "voice_gateway", "sms_gateway", "dialing_modes", "validity.until",
    }  # fmt: skip
    assert (await campaigns.get(bench.ctx, campaign_id)).status == "unpublished"


@pytest.mark.req("C3", "C13")
async def test_a_running_campaign_keeps_what_it_needs(bench: Bench) -> None:
    campaign_id = await _published(bench)
    with pytest.raises(Incomplete):
        await campaigns.edit(bench.ctx, campaign_id, {"queue": None})
    with pytest.raises(InvalidInput):
        await campaigns.edit(bench.ctx, campaign_id, {"queue": "unheard-of"})
    edited = await campaigns.edit(bench.ctx, campaign_id, {"queue": "support", "voice_gateway": "Carrier"})
    assert (edited.queue, edited.voice_gateway) == ("support", "carrier")
    assert len(await builders.claim(bench, campaign_id)) == MANY


@pytest.mark.req("C7", "A6")
@pytest.mark.parametrize("stop", [_unpublish, _end])
async def test_a_stop_waits_for_steps_that_another_node_is_writing(bench: Bench, second: Bench, stop: Stop) -> None:
    """PostgreSQL: what a step writes while the campaign is stopped would escape the flags. SQLite has one writer."""
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, builders.persons(MANY))
    await campaigns.publish(bench.ctx, campaign_id)
    written, go_on = asyncio.Event(), asyncio.Event()

    async def enter_slowly() -> None:
        async with second.ctx.db.write() as tx:
            campaign = await store_campaigns.hold(tx, campaign_id)
            assert campaign is not None
            places = await enrollments.not_entered(tx, campaign_id, 0, MANY)
            await steps.take(tx, second.ctx, campaign, [(place, Entered()) for place in places], second.clock())
            written.set()
            await go_on.wait()

    entering = asyncio.create_task(enter_slowly())
    await asyncio.wait_for(written.wait(), 60)
    stopping = asyncio.ensure_future(stop(bench, campaign_id))
    done, _ = await asyncio.wait([stopping], timeout=0.3)
    assert not done
    go_on.set()
    await asyncio.wait_for(asyncio.gather(entering, stopping), 60)
    await invariants.check(bench.ctx.db, settled=True)
    assert await invariants.states(bench.ctx.db, campaign_id) == {"stopped": MANY}


@pytest.mark.req("C7", "K4")
async def test_contacts_of_a_draft_are_not_stopped_work(bench: Bench) -> None:
    """They wait for the first publish without a flag, and enter then as they are; once published, a stop flags them."""
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, builders.persons(2))
    await builders.settle(bench, campaign_id)
    assert await _reasons(bench) == {None}

    await builders.publish(bench, campaign_id)
    async with bench.ctx.db.read() as tx:
        kinds = set((await tx.execute(select(tables.trail.c.kind))).scalars())
    assert kinds.isdisjoint({"stopped", "requeued"})
    await campaigns.unpublish(bench.ctx, campaign_id)
    await builders.load(bench, campaign_id, [person(100)])
    await builders.settle(bench, campaign_id)
    assert await _reasons(bench) == {"campaign-unpublished"}
