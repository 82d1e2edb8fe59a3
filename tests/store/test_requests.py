"""The queue: what is claimed in which order, by whom, and what may go out (C6, D3)."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from dialer.domain.campaign import LoadOrder
from dialer.domain.transitions import RequestState
from dialer.operations import attempts, campaigns
from dialer.store import claims, postponing, requests, tables
from dialer.store.requests import ContactRequest
from tests.support import builders, invariants
from tests.support.builders import number, person
from tests.support.context import Bench


async def _queue(bench: Bench, many: int) -> int:
    """A published campaign with so many calls in the queue."""
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, builders.persons(many))
    await builders.publish(bench, campaign_id)
    return campaign_id


async def _set(bench: Bench, n: int, **values: object) -> None:
    """Change person `n`'s request."""
    async with bench.ctx.db.write() as tx:
        request = tables.contact_request
        await tx.execute(update(request).where(request.c.address == number(n)).values(**values))


async def _states(bench: Bench) -> Counter[str]:
    async with bench.ctx.db.read() as tx:
        return Counter((await tx.execute(select(tables.contact_request.c.state))).scalars())


def _numbers(claimed: list[ContactRequest]) -> list[int]:
    return [int(request.address[-4:]) for request in claimed]


@pytest.mark.req("C2")
@pytest.mark.parametrize("order", list(LoadOrder))
async def test_claims_follow_the_load_order(bench: Bench, order: LoadOrder) -> None:
    campaign_id = await _queue(bench, 6)
    await _set(bench, 4, due_at=bench.clock() - timedelta(hours=1))
    expected = [4, 0, 1, 2, 3, 5]
    if order is LoadOrder.NEWEST_FIRST:
        expected.reverse()
    first = await builders.claim(bench, campaign_id, order=order, limit=4)
    assert _numbers(first) == expected[:4]
    assert _numbers(await builders.claim(bench, campaign_id, order=order)) == expected[4:]
    assert await builders.claim(bench, campaign_id, order=order) == []
    await invariants.check(bench.ctx.db)


async def test_a_higher_priority_goes_first_and_one_that_is_not_due_holds_nobody_up(bench: Bench) -> None:
    campaign_id = await _queue(bench, 5)
    await _set(bench, 3, priority=9)
    await _set(bench, 2, priority=9, due_at=bench.clock() + timedelta(hours=1))
    await _set(bench, 0, priority=0)
    await _set(bench, 4, priority=7, due_at=bench.clock() - timedelta(hours=1))
    assert _numbers(await builders.claim(bench, campaign_id)) == [3, 4, 1, 0]


async def test_only_what_is_due_is_claimed_and_the_rest_says_when(bench: Bench) -> None:
    campaign_id = await _queue(bench, 3)
    later = bench.clock() + timedelta(minutes=1)
    await _set(bench, 1, due_at=later)
    assert _numbers(await builders.claim(bench, campaign_id)) == [0, 2]
    async with bench.ctx.db.read() as tx:
        assert await claims.next_due(tx, campaign_id, "call", bench.clock()) == later
    bench.clock.now = later
    assert _numbers(await builders.claim(bench, campaign_id)) == [1]


@pytest.mark.req("C9")
async def test_in_a_closed_window_only_contacts_with_their_own_zone_are_looked_at(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    zones = [None, "Asia/Tokyo", None, "America/Lima"]
    await builders.load(bench, campaign_id, [person(n, time_zone=zone) for n, zone in enumerate(zones)])
    await builders.publish(bench, campaign_id)
    zoned = await builders.claim(bench, campaign_id, zoned_only=True)
    assert [(request.zone, *_numbers([request])) for request in zoned] == [("Asia/Tokyo", 1), ("America/Lima", 3)]


async def test_texts_and_calls_and_campaigns_have_queues_of_their_own(bench: Bench) -> None:
    first, second = await _queue(bench, 2), await builders.add_campaign(bench, title="Other")
    await builders.load(bench, second, [person(50)])
    await builders.publish(bench, second)
    assert await builders.claim(bench, first, "sms") == []
    assert _numbers(await builders.claim(bench, second)) == [50]
    assert _numbers(await builders.claim(bench, first)) == [0, 1]


@pytest.mark.req("A6", "D3")
async def test_two_nodes_never_get_the_same_request(bench: Bench, second: Bench) -> None:
    campaign_id = await _queue(bench, 120)
    taken: list[list[ContactRequest]] = await asyncio.gather(
        *(builders.claim(node, campaign_id, limit=10) for _ in range(7) for node in (bench, second))
    )
    ids = [request.id for claimed in taken for request in claimed]
    assert len(ids) == len(set(ids)) == 120
    async with bench.ctx.db.read() as tx:
        leases = Counter((await tx.execute(select(tables.contact_request.c.lease_node))).scalars())
    assert set(leases) == {"node-1", "node-2"}
    await invariants.check(bench.ctx.db)


async def test_a_claim_passes_by_what_another_node_is_claiming(bench: Bench, second: Bench) -> None:
    """PostgreSQL: it does not wait for the other's commit, either (SKIP LOCKED)."""
    if bench.ctx.db.is_sqlite:
        return  # one writer: there is no such moment
    campaign_id = await _queue(bench, 4)
    async with bench.ctx.db.write() as tx:
        mine = await claims.claim(
            tx, campaign_id, "call", order=LoadOrder.OLDEST_FIRST, node="node-1", until=bench.clock(),
            now=bench.clock(), limit=2,
        )  # fmt: skip
        theirs = await asyncio.wait_for(builders.claim(second, campaign_id), 60)
    assert (_numbers(mine), _numbers(theirs)) == ([0, 1], [2, 3])


@pytest.mark.req("A6")
async def test_claims_of_a_node_that_died_go_back_into_the_queue(bench: Bench, second: Bench) -> None:
    campaign_id = await _queue(bench, 4)
    await builders.claim(bench, campaign_id, limit=2, lease_s=60)
    await builders.claim(second, campaign_id, limit=2, lease_s=60)
    bench.clock.advance(seconds=59)
    async with bench.ctx.db.write() as tx:
        await requests.renew(tx, "node-2", bench.clock() + timedelta(seconds=60))
        assert await requests.release_expired(tx, bench.clock()) == 0
    bench.clock.advance(seconds=1)
    async with bench.ctx.db.write() as tx:
        assert await requests.release_expired(tx, bench.clock()) == 2
    assert await _states(bench) == {"pending": 2, "claimed": 2}
    await invariants.check(bench.ctx.db)
    async with bench.ctx.db.write() as tx:  # node 2 starts again: its own claims are free at once
        assert await requests.release_expired(tx, bench.clock(), own_node="node-2") == 2
    assert len(await builders.claim(bench, campaign_id)) == 4


@pytest.mark.req("C6", "D3")
async def test_nothing_is_dispatched_unless_published_and_claimed(bench: Bench) -> None:
    campaign_id = await _queue(bench, 4)
    claimed = await builders.claim(bench, campaign_id, limit=3)
    await _set(bench, 2, state=RequestState.PENDING, lease_until=None)  # its lease ran out meanwhile
    assert await builders.intend_call(bench, claimed[2]) is None
    assert await builders.intend_call(bench, claimed[0]) is not None
    assert await builders.intend_call(bench, claimed[0]) is None
    async with bench.ctx.db.write() as tx:  # the row alone: nothing is flagged yet
        await tx.execute(update(tables.campaign).values(status="unpublished"))
    assert await builders.intend_call(bench, claimed[1]) is None
    async with bench.ctx.db.write() as tx:
        await tx.execute(update(tables.campaign).values(status="published"))
    await invariants.check(bench.ctx.db)


async def test_release_and_postpone_leave_what_was_stopped_meanwhile(bench: Bench) -> None:
    campaign_id = await _queue(bench, 3)
    claimed = await builders.claim(bench, campaign_id)
    await campaigns.unpublish(bench.ctx, campaign_id)
    async with bench.ctx.db.write() as tx:
        await requests.release(tx, [request.id for request in claimed[:1]])
        await postponing.postpone(tx, {claimed[1].id: bench.clock() + timedelta(hours=1)})
        assert await requests.refuse(tx, claimed[2].id) is None
    assert await _states(bench) == {"stopped": 3}
    await invariants.check(bench.ctx.db, settled=True)


@pytest.mark.req("C9", "C13")
async def test_an_opening_that_moves_takes_effect_at_once(bench: Bench) -> None:
    campaign_id = await _queue(bench, 2)
    claimed = await builders.claim(bench, campaign_id)
    tomorrow = bench.clock() + timedelta(days=1)
    async with bench.ctx.db.write() as tx:
        await postponing.postpone(tx, {claimed[0].id: tomorrow})
        await requests.release(tx, [claimed[1].id])
    assert _numbers(await builders.claim(bench, campaign_id)) == [1]
    await campaigns.edit(bench.ctx, campaign_id, {"time_zone": "Europe/Rome"})
    assert _numbers(await builders.claim(bench, campaign_id)) == [0]


@pytest.mark.req("D3", "D5")
async def test_a_call_that_never_left_takes_its_turn_again(bench: Bench) -> None:
    campaign_id = await _queue(bench, 1)
    (request,) = await builders.claim(bench, campaign_id)
    intent = attempts.Intent("01HZZZZZZZZZZZZZZZZZZZZZZZ", request, "carrier", "sales")
    assert await attempts.intend(bench.ctx, [intent]) == {intent.attempt_id}
    for _ in range(2):
        await attempts.withdraw(bench.ctx, intent, "the link was down")
        await invariants.check(bench.ctx.db, settled=True)
    (again,) = await builders.claim(bench, campaign_id)
    assert (again.id, again.try_no, again.due_at) == (request.id, request.try_no, request.due_at)


@pytest.mark.req("D6")
async def test_a_number_that_may_not_be_dialed_goes_on_as_an_invalid_one(bench: Bench) -> None:
    campaign_id = await _queue(bench, 1)
    (request,) = await builders.claim(bench, campaign_id)
    await attempts.refuse(bench.ctx, request, "not this prefix")
    assert await _states(bench) == {"cancelled": 1}
    assert await invariants.states(bench.ctx.db, campaign_id) == {"done": 1}
    await invariants.check(bench.ctx.db, settled=True)
