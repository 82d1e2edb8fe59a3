"""Event webhooks in the store: written with what they tell of, for those who want it, and sent in turns."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from config.settings import Webhooks
from dialer.domain.errors import Conflict, InvalidInput, StaleEdit
from dialer.domain.hooks import EventKind
from dialer.domain.outcome import Outcome
from dialer.domain.transitions import CampaignStatus, DeliveryState
from dialer.operations import campaigns, deliveries, events, hooks, people, replies
from dialer.operations.deliveries import Tried
from dialer.store import tables
from dialer.store.types import AnyRow
from sms.receipt import Reply
from tests.support import builders
from tests.support.context import Bench

ALL = tuple(kind.value for kind in EventKind)
TEXT = {"id": "text", "type": "sms", "fields": {"text": "Hello"}, "out": {"otherwise": "end"}}
END = {"id": "end", "type": "end", "fields": {"result": "over"}}
pytestmark = pytest.mark.req("A5")


def settle(bench: Bench, **fields: Any) -> None:
    section = Webhooks(allowed_hosts=frozenset({"hooks.example"}), **fields)
    bench.ctx.settings = bench.ctx.settings.model_copy(update={"webhooks": section})


async def endpoint(bench: Bench, **fields: Any) -> AnyRow:
    settle(bench)
    return await hooks.create(bench.ctx, {"name": "CRM", "url": "https://hooks.example/in", "events": ALL, **fields})


async def told(bench: Bench) -> list[AnyRow]:
    async with bench.ctx.db.read() as tx:
        table = tables.webhook_delivery
        return list(await tx.execute(select(table).order_by(table.c.id)))


async def called(bench: Bench) -> int:
    """A published campaign with one call that was busy."""
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, builders.persons(1))
    await builders.publish(bench, campaign_id)
    (request,) = await builders.claim(bench, campaign_id, "call")
    attempt = await builders.intend_call(bench, request)
    assert attempt
    await builders.end_call(bench, attempt, Outcome.BUSY)
    return campaign_id


async def test_without_endpoints_nothing_is_written(bench: Bench) -> None:
    await called(bench)
    assert await told(bench) == []
    assert not bench.ctx.subscribed.is_fresh


async def test_each_event_is_written_once_for_each_that_wants_it(bench: Bench) -> None:
    first = await endpoint(bench)
    second = await endpoint(bench, events=("attempt.outcome",))
    campaign_id = await called(bench)
    rows = await told(bench)
    kinds = [(row.endpoint_id, row.kind) for row in rows]
    assert kinds == [
        (first.id, "campaign.status"), (first.id, "request.dispatched"), (first.id, "attempt.outcome"),
        (second.id, "attempt.outcome"),
    ]  # fmt: skip
    assert rows[2].event_id == rows[3].event_id, "one event, by one id, to both"
    body = rows[3].payload
    assert (body["id"], body["type"], body["campaign_id"]) == (rows[3].event_id, "attempt.outcome", campaign_id)
    assert (body["data"]["outcome"], body["data"]["contact_id"]) == ("busy", rows[3].contact_id)
    assert rows[0].payload["data"] == {"title": "Spring", "from": "unpublished", "to": "published"}


@pytest.mark.req("M3", "M5")
async def test_texts_tell_their_status_and_replies_are_told(bench: Bench) -> None:
    await endpoint(bench, events=("message.status", "reply.received", "request.dispatched"))
    campaign_id = await builders.add_campaign(bench, builders.strategy(TEXT, END))
    await builders.load(bench, campaign_id, builders.persons(1))
    await builders.publish(bench, campaign_id)
    await builders.text_all(bench, campaign_id)
    await replies.take_in(bench.ctx, "texter", Reply(builders.number(0), "12345", b"Yes"))
    rows = [row.payload for row in await told(bench)]
    assert [row["type"] for row in rows] == ["request.dispatched", "message.status", "reply.received"]
    assert {row["campaign_id"] for row in rows} == {campaign_id}
    sent, status, reply = (row["data"] for row in rows)
    assert (sent["channel"], status["status"], reply["text"]) == ("sms", "submitted", "Yes")
    assert sent["message"] == status["message"] == reply["message"]


async def test_one_of_another_campaign_is_not_told(bench: Bench) -> None:
    other = await builders.add_campaign(bench)
    await endpoint(bench, campaign_id=other)
    await called(bench)
    assert await told(bench) == []


async def test_what_is_rolled_back_was_never_told(bench: Bench) -> None:
    await endpoint(bench)
    campaign_id = await builders.add_campaign(bench)
    campaign = await campaigns.get(bench.ctx, campaign_id)
    with suppress(RuntimeError):
        async with bench.ctx.db.write() as tx:
            await events.moved(tx, bench.ctx, campaign, CampaignStatus.ENDED)
            raise RuntimeError
    assert await told(bench) == []


async def test_a_full_backlog_drops_what_comes_and_says_so(bench: Bench) -> None:
    one = await endpoint(bench)
    settle(bench, backlog=100)
    campaign_id = await builders.add_campaign(bench)
    campaign = await campaigns.get(bench.ctx, campaign_id)
    for _ in range(100):
        async with bench.ctx.db.write() as tx:
            await events.moved(tx, bench.ctx, campaign, CampaignStatus.ENDED)
    await deliveries.look_after(bench.ctx)
    async with bench.ctx.db.write() as tx:
        await events.moved(tx, bench.ctx, campaign, CampaignStatus.ENDED)
    await deliveries.look_after(bench.ctx)
    assert len(await told(bench)) == 100
    assert (await hooks.get(bench.ctx, one.id)).dropped == 1


async def test_a_turn_belongs_to_one_node_until_its_lease_is_over(bench: Bench, second: Bench) -> None:
    one = await endpoint(bench)
    await hooks.test(bench.ctx, one.id, "ann")
    assert await deliveries.with_work(second.ctx) == [one.id]
    begun = await deliveries.begin(bench.ctx, one.id)
    assert begun is not None
    assert [row.kind for row in begun[1]] == ["test"]
    second.clock.now = bench.clock.now
    second.ctx.settings = bench.ctx.settings.model_copy(update={"node": "node-2"})
    assert await deliveries.begin(second.ctx, one.id) is None
    assert await deliveries.with_work(second.ctx) == []
    second.clock.advance(seconds=41)
    begun = await deliveries.begin(second.ctx, one.id)
    assert begun is not None
    assert len(begun[1]) == 1


async def tried(bench: Bench, one: AnyRow, *, ok: bool, status: int = 500) -> AnyRow:
    begun = await deliveries.begin(bench.ctx, one.id)
    assert begun is not None
    result = [Tried(row, ok, status, None if ok else f"answered {status}") for row in begun[1]]
    await deliveries.record_tried(bench.ctx, one.id, result, more=False)
    return (await told(bench))[-1]


async def test_a_failure_is_tried_again_and_given_up_after_a_day_and_sent_again_by_hand(bench: Bench) -> None:
    one = await endpoint(bench)
    made = await hooks.test(bench.ctx, one.id, "ann")
    row = await tried(bench, one, ok=False)
    assert (row.state, row.tries, row.last_status, row.last_error) == ("failed", 1, 500, "answered 500")
    assert timedelta(seconds=8) <= row.next_due_at - bench.clock.now <= timedelta(seconds=12)
    assert await deliveries.with_work(bench.ctx) == []
    bench.clock.advance(hours=25)
    row = await tried(bench, one, ok=False)
    assert (row.state, row.tries) == (DeliveryState.GIVEN_UP, 2)
    await hooks.resend(bench.ctx, one.id, made.id)
    row = await tried(bench, one, ok=True, status=204)
    assert (row.state, row.tries, row.delivered_at) == (DeliveryState.DELIVERED, 1, bench.clock.now)
    assert row.event_id == made.event_id


async def test_gone_disables_it_and_nothing_more_is_written(bench: Bench) -> None:
    one = await endpoint(bench)
    await hooks.test(bench.ctx, one.id, "ann")
    await tried(bench, one, ok=False, status=410)
    row = await hooks.get(bench.ctx, one.id)
    assert (row.enabled, row.disabled_reason) == (
        False, "the receiver answered 410: it does not want to be told any more",
    )  # fmt: skip
    await called(bench)
    assert len(await told(bench)) == 1
    with pytest.raises(Conflict, match="disabled"):
        await hooks.test(bench.ctx, one.id, "ann")
    row = await hooks.edit(bench.ctx, one.id, {"enabled": True})
    assert (row.enabled, row.disabled_reason) == (True, None)


async def test_a_turn_ends_when_its_endpoint_is_disabled_meanwhile(bench: Bench) -> None:
    one = await endpoint(bench)
    for _ in range(2):
        await hooks.test(bench.ctx, one.id, "ann")
    begun = await deliveries.begin(bench.ctx, one.id)
    assert begun is not None
    first, second = (Tried(row, True, 200, None) for row in begun[1])
    assert await deliveries.record_tried(bench.ctx, one.id, [first], more=True)
    await hooks.edit(bench.ctx, one.id, {"enabled": False})
    assert not await deliveries.record_tried(bench.ctx, one.id, [second], more=True)
    assert [row.state for row in await told(bench)] == ["delivered", "delivered"], "what was sent is recorded"
    assert await deliveries.begin(bench.ctx, one.id) is None


async def test_what_is_over_is_forgotten_after_some_days(bench: Bench) -> None:
    one = await endpoint(bench)
    await hooks.test(bench.ctx, one.id, "ann")
    await tried(bench, one, ok=True)
    await hooks.test(bench.ctx, one.id, "ann")
    bench.clock.advance(days=6)
    await deliveries.forget(bench.ctx)
    assert len(await told(bench)) == 2
    bench.clock.advance(days=2)
    assert not await deliveries.forget(bench.ctx)
    assert [row.state for row in await told(bench)] == ["pending"], "what was not sent yet is kept"


@pytest.mark.req("K9")
async def test_what_is_told_of_a_contact_is_erased_with_it(bench: Bench) -> None:
    await endpoint(bench)
    await called(bench)
    contact_id = (await told(bench))[-1].contact_id
    await people.erase(bench.ctx, contact_id, by="ann")
    assert {row.kind for row in await told(bench)} == {"campaign.status"}


async def test_faults_are_told_all_at_once(bench: Bench) -> None:
    settle(bench)
    wrong = {"name": " ", "url": "https://other.example", "events": ["nothing"], "campaign_id": 9, "secret": "short"}
    with pytest.raises(InvalidInput) as refused:
        await hooks.create(bench.ctx, wrong)
    assert {fault.field for fault in refused.value.faults} == {"name", "url", "events", "campaign_id", "secret"}
    settle(bench, allow_private=False)
    bench.ctx.settings = bench.ctx.settings.model_copy(
        update={"webhooks": Webhooks(allowed_hosts=frozenset({"127.0.0.1"}))}
    )
    with pytest.raises(InvalidInput, match="private address"):
        await hooks.create(bench.ctx, {"name": "x", "url": "http://127.0.0.1/", "events": ALL})


async def test_a_stale_edit_is_refused(bench: Bench) -> None:
    one = await endpoint(bench)
    await hooks.edit(bench.ctx, one.id, {"name": "Other"}, 1)
    with pytest.raises(StaleEdit):
        await hooks.edit(bench.ctx, one.id, {"name": "Third"}, 1)
    with pytest.raises(StaleEdit):
        await hooks.remove(bench.ctx, one.id, 1)
    await hooks.remove(bench.ctx, one.id, 2)
    assert bench.ctx.subscribed.endpoints == ()


async def test_the_busy_look_uses_the_index_of_what_is_due(bench: Bench) -> None:
    if not bench.ctx.db.is_sqlite:
        return
    async with bench.ctx.db.read() as tx:
        statement = (
            "EXPLAIN QUERY PLAN SELECT id FROM webhook_delivery WHERE endpoint_id = 1 AND"
            " webhook_delivery.state IN ('pending', 'failed') AND next_due_at <= '2026' ORDER BY next_due_at, id LIMIT 50"
        )
        plan = " ".join(str(row) for row in await tx.execute(text(statement)))
    assert "ix_webhook_delivery_due" in plan
    assert "TEMP B-TREE" not in plan
