"""Webhooks in the queue: committed before they are sent, recorded with their step, stopped and queued again, sent again after a crash."""

from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from config.settings import Webhooks
from dialer.domain.editing import Edit
from dialer.domain.errors import InvalidInput
from dialer.domain.transitions import RequestState, StopReason
from dialer.domain.windows import ExecutionTime, Validity
from dialer.operations import campaigns, people, strategies, webhooks
from dialer.operations.people import UnderWay
from dialer.operations.webhooks import Answered
from dialer.operations.why_not import why_not
from dialer.store import requests, tables
from dialer.store import webhooks as store
from dialer.store.requests import ContactRequest
from dialer.store.types import AnyRow
from tests.support import builders, invariants
from tests.support.builders import number, person
from tests.support.context import MONDAY, Bench

OK, FAILED = Answered(True, 200, "gold"), Answered(False, 500, "answered 500")


def hook(**fields: Any) -> dict[str, Any]:
    """A webhook; who is answered with success gets a text."""
    sent = {
        "url": "https://hooks.example/{{first_name}}",
        "body": '{"n": "{{first_name}}"}',
        "save_as": "plan",
        **fields,
    }
    return builders.strategy(
        {"id": "hook", "type": "webhook", "fields": sent, "out": {"ok": "text", "error": "end"}},
        {"id": "text", "type": "sms", "fields": {"text": "You are {{plan}}"}, "out": {"otherwise": "end"}},
        {"id": "end", "type": "end", "fields": {"result": "over"}},
    )


def allow(bench: Bench, *hosts: str) -> None:
    section = Webhooks(allowed_hosts=frozenset(hosts))
    bench.ctx.settings = bench.ctx.settings.model_copy(update={"webhooks": section})


async def running(bench: Bench, many: int = 1, **fields: Any) -> int:
    allow(bench, "hooks.example")
    campaign_id = await builders.add_campaign(bench, hook(), **fields)
    await builders.load(bench, campaign_id, builders.persons(many))
    await builders.publish(bench, campaign_id)
    return campaign_id


async def claimed(bench: Bench, campaign_id: int) -> ContactRequest:
    (request,) = await builders.claim(bench, campaign_id, "webhook")
    return request


async def under_way(bench: Bench, campaign_id: int) -> ContactRequest:
    going = await webhooks.intend(bench.ctx, await claimed(bench, campaign_id))
    assert going is not None
    return going


async def check(bench: Bench, campaign_id: int, **expected: int) -> None:
    await invariants.check(bench.ctx.db, settled=True)
    assert await invariants.states(bench.ctx.db, campaign_id) == expected


async def rows(bench: Bench, table: Any) -> list[AnyRow]:
    async with bench.ctx.db.read() as tx:
        return list(await tx.execute(select(table).order_by(table.c.id)))


async def told(bench: Bench) -> list[str]:
    return [row.kind for row in await rows(bench, tables.trail) if row.kind.startswith("webhook")]


@pytest.mark.req("S3", "S4")
async def test_it_is_committed_sent_and_recorded_with_its_step(bench: Bench) -> None:
    campaign_id = await running(bench)
    await check(bench, campaign_id, pending=1)
    request = await claimed(bench, campaign_id)
    assert (request.address, request.zone) == ("hooks.example", None)
    assert request.payload == {
        "method": "POST", "url": "https://hooks.example/P0", "body": '{"n": "P0"}', "timeout_s": 10,
    }  # fmt: skip
    going = await webhooks.intend(bench.ctx, request)
    assert going is not None
    assert (going.state, store.key_of(going)) == (RequestState.DISPATCHED, str(request.id))
    await check(bench, campaign_id, in_progress=1)
    assert await webhooks.intend(bench.ctx, request) is None, "once"

    await webhooks.record(bench.ctx, going, OK)
    await check(bench, campaign_id, pending=1)
    (contact,) = await rows(bench, tables.contact)
    assert contact.attributes == {"plan": "gold"}
    (text,) = await builders.claim(bench, campaign_id, "sms")
    assert text.payload["text"] == "You are gold"
    assert await told(bench) == ["webhook-queued", "webhook-sending", "webhook-answered"]


@pytest.mark.req("S3")
async def test_a_failure_leads_to_its_own_way_and_the_trail_says_why(bench: Bench) -> None:
    campaign_id = await running(bench)
    await webhooks.record(bench.ctx, await under_way(bench, campaign_id), FAILED)
    await check(bench, campaign_id, done=1)
    (place,) = await rows(bench, tables.enrollment)
    assert place.result == "over"
    (failed,) = [row.data for row in await rows(bench, tables.trail) if row.kind == "webhook-failed"]
    told_of = {"node": "hook", "request": 1, "address": "hooks.example"}
    assert failed == {**told_of, "status": 500, "reason": "answered 500"}
    (contact,) = await rows(bench, tables.contact)
    assert contact.attributes == {}


@pytest.mark.req("S3", "S4")
async def test_an_answer_that_comes_twice_changes_nothing(bench: Bench) -> None:
    campaign_id = await running(bench)
    going = await under_way(bench, campaign_id)
    await webhooks.record(bench.ctx, going, OK)
    before = await rows(bench, tables.trail)
    await webhooks.record(bench.ctx, going, FAILED)
    assert await rows(bench, tables.trail) == before
    await check(bench, campaign_id, pending=1)


@pytest.mark.req("C6", "C7", "C8", "S3")
async def test_unpublishing_stops_what_is_queued_and_publishing_queues_it_again(bench: Bench) -> None:
    campaign_id = await running(bench)
    request = await claimed(bench, campaign_id)
    await campaigns.unpublish(bench.ctx, campaign_id)
    assert await webhooks.intend(bench.ctx, request) is None
    await webhooks.put_back(bench.ctx, request)
    await builders.settle(bench, campaign_id)
    await check(bench, campaign_id, stopped=1)
    (row,) = await rows(bench, tables.contact_request)
    assert (row.state, row.stop_reason) == (RequestState.STOPPED, StopReason.CAMPAIGN_UNPUBLISHED)

    await builders.publish(bench, campaign_id)
    again = await claimed(bench, campaign_id)
    assert (again.id > request.id, again.requeue_no, again.payload) == (True, 1, request.payload)
    await webhooks.put_back(bench.ctx, again)
    await campaigns.end(bench.ctx, campaign_id)
    await builders.settle(bench, campaign_id)
    (place,) = await rows(bench, tables.enrollment)
    assert place.stop_reason == StopReason.CAMPAIGN_ENDED


@pytest.mark.req("C7", "S3")
async def test_an_expired_validity_stops_it(bench: Bench) -> None:
    campaign_id = await running(bench, validity=Validity(until=MONDAY + timedelta(hours=1)))
    bench.clock.advance(hours=2)
    await builders.settle(bench, campaign_id)
    (place,) = await rows(bench, tables.enrollment)
    assert (place.state, place.stop_reason) == ("stopped", StopReason.VALIDITY_PERIOD_EXPIRED)


@pytest.mark.req("C7", "C8", "S3")
async def test_one_under_way_at_an_unpublish_is_recorded_and_its_next_step_is_flagged(bench: Bench) -> None:
    campaign_id = await running(bench)
    going = await under_way(bench, campaign_id)
    await campaigns.unpublish(bench.ctx, campaign_id)
    await builders.settle(bench, campaign_id)
    await check(bench, campaign_id, in_progress=1)
    await webhooks.record(bench.ctx, going, OK)
    await check(bench, campaign_id, stopped=1)
    await builders.publish(bench, campaign_id)
    assert await builders.text_all(bench, campaign_id) == 1


@pytest.mark.req("A6", "S3")
async def test_after_a_crash_it_is_sent_again_with_the_same_key(bench: Bench) -> None:
    campaign_id = await running(bench)
    first = await under_way(bench, campaign_id)
    assert await webhooks.take_back(bench.ctx) == 0, "its own are under way for all a running node knows"
    assert await webhooks.take_back(bench.ctx, own=True) == 1
    await check(bench, campaign_id, pending=1)
    await webhooks.record(bench.ctx, first, FAILED)
    await check(bench, campaign_id, pending=1)

    again = await under_way(bench, campaign_id)
    assert (again.id, store.key_of(again)) == (first.id, store.key_of(first))
    await webhooks.record(bench.ctx, again, OK)
    await check(bench, campaign_id, pending=1)
    kinds = ["queued", "sending", "withdrawn", "sending", "answered"]
    assert await told(bench) == [f"webhook-{kind}" for kind in kinds]


@pytest.mark.req("A6", "C7", "C8", "S3")
async def test_after_a_crash_and_an_unpublish_it_is_flagged_and_keeps_its_key(bench: Bench) -> None:
    campaign_id = await running(bench)
    first = await under_way(bench, campaign_id)
    await campaigns.unpublish(bench.ctx, campaign_id)
    await webhooks.take_back(bench.ctx, own=True)
    assert bench.engine.looked_at[-1] == campaign_id
    await builders.settle(bench, campaign_id)
    await check(bench, campaign_id, stopped=1)
    for _ in range(2):  # however often it is queued again
        await builders.publish(bench, campaign_id)
        await campaigns.unpublish(bench.ctx, campaign_id)
        await builders.settle(bench, campaign_id)
    await builders.publish(bench, campaign_id)
    again = await under_way(bench, campaign_id)
    assert again.id != first.id
    assert store.key_of(again) == store.key_of(first) == str(first.id)


@pytest.mark.req("A6", "S3")
async def test_another_node_takes_over_when_the_lease_is_over(bench: Bench, second: Bench) -> None:
    campaign_id = await running(bench, many=1)
    first = await under_way(bench, campaign_id)
    allow(second, "hooks.example")
    assert await webhooks.take_back(second.ctx, own=True) == 0
    bench.clock.advance(seconds=10 + bench.ctx.settings.calls.lease_s - 1)
    assert await webhooks.take_back(second.ctx) == 0
    bench.clock.advance(seconds=1)
    assert await webhooks.take_back(second.ctx) == 1
    again = await under_way(second, campaign_id)
    await webhooks.record(second.ctx, again, OK)
    await webhooks.record(bench.ctx, first, FAILED)
    await check(bench, campaign_id, pending=1)


@pytest.mark.req("A6", "S3")
async def test_many_are_taken_back_in_chunks(bench: Bench) -> None:
    many = webhooks.CHUNK * 2 + 1
    campaign_id = await running(bench, many)
    for request in await builders.claim(bench, campaign_id, "webhook"):
        assert await webhooks.intend(bench.ctx, request)
    assert await webhooks.take_back(bench.ctx, own=True) == many
    await check(bench, campaign_id, pending=many)


@pytest.mark.req("K11", "S3")
async def test_who_has_one_under_way_is_not_erased(bench: Bench) -> None:
    campaign_id = await running(bench)
    going = await under_way(bench, campaign_id)
    with pytest.raises(UnderWay):
        await people.erase(bench.ctx, going.contact_id, by="me")
    await webhooks.record(bench.ctx, going, FAILED)
    await people.erase(bench.ctx, going.contact_id, by="me")
    (row,) = await rows(bench, tables.contact_request)
    assert (row.address, row.payload) == ("", {})


@pytest.mark.req("K11", "S3")
async def test_an_edited_number_leaves_a_queued_webhook_alone(bench: Bench) -> None:
    campaign_id = await running(bench)
    (contact,) = await rows(bench, tables.contact)
    wanted = Edit(named={"time_zone": "Asia/Tokyo"}, addresses=[("voice", number(78))])
    await people.edit(bench.ctx, contact.id, wanted, by="me")
    request = await claimed(bench, campaign_id)
    assert (request.address, request.requeue_no) == ("hooks.example", 0)


@pytest.mark.req("K2", "S3")
async def test_a_contact_that_was_joined_meanwhile_takes_one_step_only(bench: Bench) -> None:
    campaign_id = await running(bench, many=2)
    both = await builders.claim(bench, campaign_id, "webhook")
    going = [await webhooks.intend(bench.ctx, request) for request in both]
    await builders.load(bench, campaign_id, [person(0, 1)])
    for request in going:
        assert request is not None
        await webhooks.record(bench.ctx, request, OK)
    await check(bench, campaign_id, pending=1)


@pytest.mark.req("S2", "S3")
async def test_a_strategy_with_a_host_that_is_not_allowed_is_not_deployed(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    with pytest.raises(InvalidInput) as refused:
        await strategies.deploy(bench.ctx, campaign_id, hook())
    assert [fault.field for fault in refused.value.faults] == ["nodes.hook.url"]
    allow(bench, "hooks.example")
    await strategies.deploy(bench.ctx, campaign_id, hook())


@pytest.mark.req("K13", "S3")
async def test_no_window_holds_it_back(bench: Bench) -> None:
    execution = ExecutionTime(time(20), time(21))
    campaign_id = await running(bench, execution=execution, time_zone="UTC")
    (place,) = await rows(bench, tables.enrollment)
    found = await why_not(bench.ctx, campaign_id, place.contact_id)
    assert [reason.code for reason in found.reasons] == ["not-running"]


@pytest.mark.req("S3")
async def test_those_under_way_are_found_by_their_index(bench: Bench) -> None:
    await running(bench)
    if not bench.ctx.db.is_sqlite:
        return  # an empty table is read as a whole
    query = select(tables.contact_request.c.id).where(store._UNDER_WAY)
    text = str(query.compile(bench.ctx.db._writers.sync_engine, compile_kwargs={"literal_binds": True}))
    async with bench.ctx.db.read() as tx:
        plan = [row.detail for row in (await tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}"))]
    assert any("ix_contact_request_webhook" in line for line in plan), plan


async def test_one_that_is_withdrawn_by_hand_is_not_recorded(bench: Bench) -> None:
    """A state nobody writes by itself: what comes late finds nothing to finish."""
    campaign_id = await running(bench)
    going = await under_way(bench, campaign_id)
    async with bench.ctx.db.write() as tx:
        changed = update(tables.contact_request).where(tables.contact_request.c.id == going.id)
        await tx.execute(changed.values(state=RequestState.CANCELLED, lease_node=None, lease_until=None))
        assert await store.finish(tx, going.id) is None
        assert await requests.get(tx, going.id) is not None
