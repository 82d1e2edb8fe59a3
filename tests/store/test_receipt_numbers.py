"""Receipts that name a message in another form than the response did: the number decides, however the SMSC writes it (M3)."""

import pytest
from sqlalchemy import select

from dialer.domain.transitions import MessageStatus
from dialer.operations import messages
from dialer.operations.message_rows import PartNews, ReceiptNews
from dialer.store import messages as stored
from dialer.store import tables
from sms.receipt import keys
from tests.support import builders
from tests.support.context import Bench

pytestmark = pytest.mark.req("M3")
NUMBER = builders.number(1).removeprefix("+")
RESPONSE, RECEIPT = "1e2401", str(0x1E2401)


TEXT = builders.strategy(
    {"id": "text", "type": "sms", "fields": {"text": "Hello"}, "out": {"otherwise": "end"}},
    {"id": "end", "type": "end", "fields": {}},
)


async def _text(bench: Bench, smsc_id: str, n: int = 1) -> str:
    """A text to the `n`th person that the SMSC has taken as `smsc_id`."""
    campaign_id = await builders.add_campaign(bench, TEXT)
    await builders.load(bench, campaign_id, [builders.person(n)])
    await builders.publish(bench, campaign_id)
    assert await builders.text_all(bench, campaign_id) == 1
    async with bench.ctx.db.read() as tx:
        (row,) = (await tx.exec_driver_sql(f"select id from message where campaign_id = {campaign_id}")).all()
    news = PartNews(row.id, 1, MessageStatus.SUBMITTED, names=keys(smsc_id))
    await messages.record(bench.ctx, [("texter", news)])
    return str(row.id)


async def _became(bench: Bench, message_id: str) -> str:
    async with bench.ctx.db.read() as tx:
        return str((await stored.by_ids(tx, [message_id]))[message_id].status)


@pytest.mark.parametrize(
    ("destination", "status"),
    [
        (NUMBER, "delivered"),
        (f"00{NUMBER}", "delivered"),  # `number_prefix`
        (f"123{NUMBER}", "delivered"),
        (f"0{NUMBER[1:]}", "delivered"),  # as written at home
        ("12025559999", "submitted"),
        (NUMBER[-4:], "submitted"),
        ("", "submitted"),
    ],
)
async def test_the_number_decides_however_it_is_written(bench: Bench, destination: str, status: str) -> None:
    text = await _text(bench, RESPONSE)
    receipt = ReceiptNews("texter", keys(RECEIPT), destination, MessageStatus.DELIVERED, None)
    await messages.receipt(bench.ctx, [receipt])
    assert await _became(bench, text) == status


async def test_texts_without_an_id_do_not_get_each_others_receipts(bench: Bench) -> None:
    texts = [await _text(bench, "", n) for n in (1, 2)]
    await messages.receipt(bench.ctx, [ReceiptNews("texter", keys("0"), NUMBER, MessageStatus.UNDELIVERED, None)])
    assert [await _became(bench, text) for text in texts] == ["submitted", "submitted"]


async def test_a_late_answer_takes_the_reason_of_the_loss_away(bench: Bench) -> None:
    """Else a text is told as submitted, or delivered, with the error that there was no answer."""
    campaign_id = await builders.add_campaign(bench, TEXT)
    await builders.load(bench, campaign_id, [builders.person(1)])
    await builders.publish(bench, campaign_id)
    (request,) = await builders.claim(bench, campaign_id, "sms")
    text = await builders.intend_text(bench, request)
    assert text is not None
    for status, error in (("lost", "no answer"), ("submitted", None), ("delivered", None)):
        news = PartNews(text, 1, MessageStatus(status), error=error)
        await messages.record(bench.ctx, [("texter", news)])
        async with bench.ctx.db.read() as tx:
            row = (await tx.execute(select(tables.message))).one()
            (part,) = (await stored.parts_of(tx, [text]))[text]
        assert (row.status, row.error, part.error) == (status, error, error)


@pytest.mark.parametrize(("destination", "status"), [(NUMBER, "undelivered"), ("12025550002", "submitted")])
async def test_an_early_receipt_in_another_form_is_the_numbers_too(bench: Bench, destination: str, status: str) -> None:
    """16 is 0x10: whose receipt it is, the number says."""
    early = ReceiptNews("texter", keys("16"), destination, MessageStatus.UNDELIVERED, None)
    await messages.receipt(bench.ctx, [early])
    text = await _text(bench, "10", 1)
    assert await _became(bench, text) == status
    other = await _text(bench, "16", 2)
    assert await _became(bench, other) == ("submitted" if status == "undelivered" else "undelivered")
