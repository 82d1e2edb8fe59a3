"""Calls and texts that are under way while their campaign is deleted or stopped, or their contact is joined with another."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from ulid import ULID

from dialer.domain.contact import NewContact
from dialer.domain.errors import Conflict
from dialer.domain.outcome import Outcome
from dialer.domain.transitions import MessageStatus
from dialer.operations import attempts, campaigns, deleting, messages
from dialer.operations.attempts import Intent
from dialer.operations.message_rows import ReceiptNews, TextIntent
from dialer.store import enrollments, tables
from dialer.store.types import AnyRow
from tests.support import builders, invariants
from tests.support.builders import person
from tests.support.context import Bench


def _text_first(**fields: Any) -> dict[str, Any]:
    return builders.strategy(
        {"id": "text", "type": "sms", "fields": {"text": "Hello", **fields}, "out": {"otherwise": "end"}},
        {"id": "end", "type": "end", "fields": {"result": "done"}},
    )


async def _running(bench: Bench, document: dict[str, Any] | None = None, *contacts: NewContact) -> int:
    campaign_id = await builders.add_campaign(bench, document)
    await builders.load(bench, campaign_id, contacts or [person(1)])
    await builders.publish(bench, campaign_id)
    return campaign_id


async def _all(bench: Bench, table: Any) -> list[AnyRow]:
    async with bench.ctx.db.read() as tx:
        return list(await tx.execute(select(table).order_by(table.c.id)))


@pytest.mark.req("C6", "M3")
@pytest.mark.parametrize("status", [MessageStatus.SUBMITTED, MessageStatus.LOST])
async def test_a_campaign_is_not_deleted_before_the_answer_to_its_text(bench: Bench, status: MessageStatus) -> None:
    campaign_id = await _running(bench, _text_first())
    (request,) = await builders.claim(bench, campaign_id, "sms")
    message_id = await builders.intend_text(bench, request)
    assert message_id is not None
    await campaigns.unpublish(bench.ctx, campaign_id)
    bench.clock.advance(days=bench.ctx.settings.records_days + 1)
    with pytest.raises(Conflict, match="under way"):
        await deleting.remove(bench.ctx, campaign_id)

    await builders.answer_text(bench, message_id, status)
    await deleting.remove(bench.ctx, campaign_id)
    await messages.receipt(
        bench.ctx, [ReceiptNews("texter", ["smsc-1"], request.address, MessageStatus.DELIVERED, None)]
    )
    assert await _all(bench, tables.message) == []


@pytest.mark.req("C6", "D3")
async def test_a_campaign_is_not_deleted_before_the_end_of_its_call(bench: Bench) -> None:
    """Its attempt is what a restart knows the call by: without it the callee would be called again meanwhile."""
    campaign_id = await _running(bench)
    (request,) = await builders.claim(bench, campaign_id)
    attempt_id = await builders.intend_call(bench, request)
    assert attempt_id is not None
    await campaigns.unpublish(bench.ctx, campaign_id)
    bench.clock.advance(days=bench.ctx.settings.records_days + 1)
    with pytest.raises(Conflict, match="under way"):
        await deleting.remove(bench.ctx, campaign_id)
    await builders.end_call(bench, attempt_id, Outcome.BUSY)
    await deleting.remove(bench.ctx, campaign_id)
    await attempts.withdraw(bench.ctx, Intent(attempt_id, request, "carrier", "sales"), "test")
    assert await _all(bench, tables.attempt) == []


@pytest.mark.req("K2", "D3")
@pytest.mark.parametrize("withdrawn", [0, 1])
async def test_two_calls_of_joined_contacts_of_which_one_never_left(bench: Bench, withdrawn: int) -> None:
    """Nothing of it stays open for ever: it was no attempt, and the other call goes on."""
    campaign_id = await _running(bench, None, person(1), person(2))
    claimed = await builders.claim(bench, campaign_id)
    intents = [Intent(str(ULID()), request, "carrier", "sales") for request in claimed]
    assert len(await attempts.intend(bench.ctx, intents)) == 2
    await builders.load(bench, campaign_id, [person(1, 2)])

    await attempts.withdraw(bench.ctx, intents[withdrawn], "test")
    await builders.end_call(bench, intents[1 - withdrawn].attempt_id, Outcome.ANSWERED)
    await builders.settle(bench, campaign_id)
    await invariants.check(bench.ctx.db)
    assert [row.state for row in await _all(bench, tables.attempt)] == ["ended"]
    assert "dispatched" not in {row.state for row in await _all(bench, tables.contact_request)}


@pytest.mark.req("K2", "M3")
@pytest.mark.parametrize("withdrawn", [0, 1])
async def test_two_texts_of_joined_contacts_of_which_one_never_left(bench: Bench, withdrawn: int) -> None:
    campaign_id = await _running(bench, _text_first(), person(1), person(2))
    claimed = await builders.claim(bench, campaign_id, "sms")
    intents = [TextIntent(str(ULID()), request, "texter", "", "Hello", "gsm7", 1) for request in claimed]
    for intent in intents:
        assert await messages.intend(bench.ctx, [intent])
    await builders.load(bench, campaign_id, [person(1, 2)])

    await messages.withdraw(bench.ctx, intents[withdrawn], "test")
    await builders.answer_text(bench, intents[1 - withdrawn].message_id)
    await invariants.check(bench.ctx.db)
    assert [row.status for row in await _all(bench, tables.message)].count("pending") == 0
    assert "dispatched" not in {row.state for row in await _all(bench, tables.contact_request)}


@pytest.mark.req("C7", "S4")
@pytest.mark.parametrize("stop", [campaigns.unpublish, campaigns.end])
async def test_the_time_limit_for_a_receipt_ends_also_in_a_campaign_that_was_stopped(bench: Bench, stop: Any) -> None:
    """The receipt may never come: nobody stays in progress for ever."""
    campaign_id = await _running(bench, _text_first(until="delivered", timeout="1h"))
    await builders.text_all(bench, campaign_id)
    await stop(bench.ctx, campaign_id)
    bench.clock.advance(hours=1)
    await builders.settle(bench, campaign_id)
    await invariants.check(bench.ctx.db, settled=True)
    assert await invariants.states(bench.ctx.db, campaign_id) == {"done": 1}


@pytest.mark.req("C7", "S4")
async def test_a_stopped_campaign_is_due_for_time_limits_only(bench: Bench) -> None:
    texting = await _running(bench, _text_first(until="delivered", timeout="1h"))
    await builders.text_all(bench, texting)
    waiting = await _running(bench, builders.call_wait_text(), person(2))
    await builders.call_all(bench, waiting, Outcome.NO_ANSWER)
    async with bench.ctx.db.read() as tx:
        assert await enrollments.next_due(tx, [], bench.clock()) == bench.clock() + timedelta(hours=1)
        assert await enrollments.campaigns_due(tx, [texting, waiting], bench.clock()) == []
        bench.clock.advance(hours=1)
        assert await enrollments.campaigns_due(tx, [], bench.clock()) == [texting]
        assert await enrollments.campaigns_due(tx, [waiting], bench.clock()) == [texting, waiting]
        assert await enrollments.due(tx, waiting, bench.clock(), 10, is_active=False) == []


@pytest.mark.req("D2")
async def test_calls_decided_on_while_others_write_go_along_with_the_next_commit(bench: Bench) -> None:
    """SQLite has one writer: whoever waits for it takes along what came meanwhile, and nothing twice."""
    campaign_id = await _running(bench, None, person(1), person(2))
    early, late = (
        Intent(str(ULID()), request, "carrier", "sales") for request in await builders.claim(bench, campaign_id)
    )
    outbox = [early]
    async with bench.ctx.db.write():
        first = asyncio.create_task(attempts.intend(bench.ctx, _emptied(outbox)))
        await asyncio.sleep(0.01)
        outbox.append(late)
        second = asyncio.create_task(attempts.intend(bench.ctx, _emptied(outbox)))
        await asyncio.sleep(0)
    both = {early.attempt_id, late.attempt_id}
    assert await first | await second == both
    if bench.ctx.db.is_sqlite:  # PostgreSQL has many writers: the first one did not wait
        assert await first == both
    assert len(await _all(bench, tables.attempt)) == 2


def _emptied(outbox: list[Intent]) -> Iterator[Intent]:
    while outbox:
        yield outbox.pop(0)
