"""Receipts that come days later, by another form of the id, for nobody, or when the strategy has long gone on (M3)."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from dialer.domain.transitions import MessageStatus
from dialer.engine.replying import EARLY_RECEIPTS_KEPT
from dialer.operations import messages
from dialer.operations.message_rows import PartNews, ReceiptNews
from dialer.store import tables
from sms.receipt import keys
from tests.support import builders, invariants
from tests.support.context import MONDAY, Bench
from tests.support.stories import Story, stories

pytestmark = pytest.mark.req("M3")
TEXT = builders.strategy(
    {"id": "text", "type": "sms", "fields": {"text": "Hello", "until": "delivered", "timeout": "1d"},
     "out": {"timeout": "end", "otherwise": "end"}},
    {"id": "end", "type": "end", "fields": {"result": "done"}},
)  # fmt: skip


async def accepted(bench: Bench, *ids: str) -> int:
    """A campaign with a text for each id, which is what the SMSC calls it."""
    campaign_id = await builders.add_campaign(bench, TEXT)
    await builders.load(bench, campaign_id, builders.persons(len(ids), start=1))
    await builders.publish(bench, campaign_id)
    requests = await builders.claim(bench, campaign_id, "sms")
    for request, smsc_id in zip(requests, ids, strict=True):
        message_id = await builders.intend_text(bench, request)
        assert message_id is not None
        news = PartNews(message_id, 1, MessageStatus.SUBMITTED, names=keys(smsc_id))
        await messages.record(bench.ctx, [("texter", news)])
    return campaign_id


async def receipt(
    bench: Bench, smsc_id: str, destination: str = builders.number(1), status: MessageStatus = MessageStatus.DELIVERED
) -> None:
    await messages.receipt(bench.ctx, [ReceiptNews("texter", keys(smsc_id), destination, status, None)])


async def test_in_a_batch_each_has_its_own_status_and_error(bench: Bench) -> None:
    """What is alike is written together: neither the status nor the error of one is another's."""
    ids = [f"{n:X}" for n in range(1, 7)]
    campaign_id = await accepted(bench, *ids)
    became = [
        (MessageStatus.DELIVERED, None), (MessageStatus.UNDELIVERED, "undeliverable 001"),
        (MessageStatus.UNDELIVERED, "undeliverable 002"), (MessageStatus.DELIVERED, None),
        (MessageStatus.EXPIRED, "undeliverable 001"),
    ]  # fmt: skip
    bench.clock.advance(minutes=1)
    batch = [ReceiptNews("texter", keys(name), "", *one) for name, one in zip(ids, became, strict=False)]
    await messages.receipt(bench.ctx, [*batch, batch[0], ReceiptNews("texter", keys("FFFF"), "", *became[0])])
    async with bench.ctx.db.read() as tx:
        columns = (tables.message.c[name] for name in ("status", "error", "submitted_at", "final_at"))
        rows = [tuple(row) for row in await tx.execute(select(*columns).order_by(tables.message.c.id))]
    assert rows == [
        *((status.value, error, MONDAY, bench.clock()) for status, error in became),
        ("submitted", None, MONDAY, None),
    ]
    assert await early(bench) == 1
    assert [story.place.state for story in await told(bench, campaign_id)] == ["done"] * 5 + ["in_progress"]
    await invariants.check(bench.ctx.db)


async def told(bench: Bench, campaign_id: int) -> list[Story]:
    return await stories(bench.ctx.db, campaign_id)


async def early(bench: Bench) -> int:
    async with bench.ctx.db.read() as tx:
        return int(await tx.scalar(select(func.count()).select_from(tables.early_receipt)) or 0)


@pytest.mark.parametrize(
    ("response", "in_receipt"),
    [
        ("7e286e2f", "2116578863"), ("2116578863", "7E286E2F"), ("0000007E286E2F", "7e286e2f"), ("0042", "42"),
        ("42", "0000000042"), ("a-b", "A-B"),
    ],
)  # fmt: skip
async def test_the_id_is_known_in_every_form(bench: Bench, response: str, in_receipt: str) -> None:
    campaign_id = await accepted(bench, response)
    await receipt(bench, in_receipt)
    assert [story.statuses for story in await told(bench, campaign_id)] == [["delivered"]]
    assert await early(bench) == 0


async def test_another_form_counts_only_for_the_same_number(bench: Bench) -> None:
    """`10` in hexadecimal is 16: two texts, of which each could be meant."""
    campaign_id = await accepted(bench, "10", "16")
    await receipt(bench, "16", builders.number(2))
    assert [story.statuses for story in await told(bench, campaign_id)] == [["submitted"], ["delivered"]]
    await receipt(bench, "A", builders.number(2))
    assert [story.statuses for story in await told(bench, campaign_id)] == [["submitted"], ["delivered"]]
    assert await early(bench) == 1, "10 is the first one's, whose number is another"


async def test_one_that_comes_after_days_is_told_and_changes_no_way_that_was_taken(bench: Bench) -> None:
    campaign_id = await accepted(bench, "7F")
    bench.clock.advance(days=1, minutes=1)
    await builders.settle(bench, campaign_id)
    (story,) = await told(bench, campaign_id)
    assert (story.place.state, story.statuses) == ("done", ["submitted"])
    bench.clock.advance(days=5)
    for status in (MessageStatus.UNDELIVERED, MessageStatus.DELIVERED, MessageStatus.UNDELIVERED):
        await receipt(bench, "7F", status=status)
    (story,) = await told(bench, campaign_id)
    assert (story.place.state, story.statuses) == ("done", ["undelivered"]), "a final state is never taken back"
    assert [data["status"] for data in story.data("sms-status")] == ["submitted", "undelivered"]
    assert story.kinds.count("finished") == 1
    await invariants.check(bench.ctx.db)


async def test_one_for_nobody_is_kept_for_a_week_and_then_forgotten(bench: Bench) -> None:
    campaign_id = await accepted(bench, "7F")
    await receipt(bench, "ABC-1")
    await receipt(bench, "ABC-1")
    assert await early(bench) == 2
    bench.clock.advance(seconds=EARLY_RECEIPTS_KEPT.total_seconds() - 1)
    await messages.forget_early(bench.ctx, EARLY_RECEIPTS_KEPT)
    assert await early(bench) == 2
    bench.clock.now += timedelta(seconds=2)
    await messages.forget_early(bench.ctx, EARLY_RECEIPTS_KEPT)
    assert await early(bench) == 0
    assert [story.statuses for story in await told(bench, campaign_id)] == [["submitted"]]


async def test_one_that_came_before_the_text_was_written_is_not_its(bench: Bench) -> None:
    """An SMSC that was installed anew counts its ids from 1 again; the parked receipt is that of a text long ago."""
    await receipt(bench, "1", "", MessageStatus.UNDELIVERED)
    bench.clock.advance(hours=1)
    campaign_id = await accepted(bench, "1")
    assert [story.statuses for story in await told(bench, campaign_id)] == [["submitted"]]
    await receipt(bench, "1")
    assert [story.statuses for story in await told(bench, campaign_id)] == [["delivered"]]
