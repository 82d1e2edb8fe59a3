"""One contact's whole story and its delivery, out of the stores."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from dialer.domain.campaign import LoadOrder
from dialer.domain.contact import Address, NewContact
from dialer.domain.outcome import Outcome
from dialer.domain.transitions import MessageStatus, SourceState
from dialer.operations import contacts, history, messages, why_not
from dialer.operations.message_rows import PartNews, ReceiptNews, TextIntent
from dialer.pacing.outlook import SmsGatewayView, TextOutlook
from dialer.store import requests, sources, standing
from dialer.store.tables import contact_request
from tests.support import builders as b
from tests.support.context import Bench


@pytest.mark.req("K12")
async def test_a_call_a_wait_and_a_long_text_with_its_receipts(bench: Bench) -> None:
    campaign_id = await b.add_campaign(bench, b.call_wait_text())
    await b.load(bench, campaign_id, [b.person(1)])
    await b.publish(bench, campaign_id)
    await b.call_all(bench, campaign_id, Outcome.NO_ANSWER)
    bench.clock.advance(hours=1)
    await b.settle(bench, campaign_id)
    (request,) = await b.claim(bench, campaign_id, "sms")
    intent = TextIntent("01J" + "0" * 23, request, "texter", "", "long " * 50, "gsm7", 2)
    assert await messages.intend(bench.ctx, [intent])
    for part in (1, 2):
        news = PartNews(intent.message_id, part, MessageStatus.SUBMITTED, (f"smsc-{part}",))
        await messages.record(bench.ctx, [("texter", news)])
    for part in (1, 2):
        bench.clock.advance(seconds=5)
        news = ReceiptNews("texter", [f"smsc-{part}"], b.number(1), MessageStatus.DELIVERED, None)
        await messages.receipt(bench.ctx, [news])

    told = await history.trail_of(bench.ctx, 1, campaign_id)
    assert [(one["kind"], one["data"].get("part")) for one in told if one["kind"] != "step"] == [
        ("created", None), ("enrolled", None), ("call-queued", None), ("call-dialed", None), ("call-ended", None),
        ("waiting", None), ("sms-queued", None), ("sms-sending", None), ("sms-status", None), ("finished", None),
        ("sms-part", 1), ("sms-part", 2), ("sms-part", 1), ("sms-status", None), ("sms-part", 2),
    ]  # fmt: skip
    steps = [one["data"] for one in told if one["kind"] == "step"]
    assert steps
    assert all(one["version"] == 1 and one["node"] for one in steps)
    queued = [one["data"]["request"] for one in told if one["kind"].endswith("-queued")]
    assert queued == [1, request.id]
    assert [one["at"] for one in told] == sorted(one["at"] for one in told)


@pytest.mark.req("K12")
async def test_delivery_by_address_in_a_campaign_and_in_all(bench: Bench) -> None:
    first, second = [await b.add_campaign(bench, b.call_wait_text()) for _ in range(2)]
    for campaign_id in (first, second):
        await b.load(bench, campaign_id, [b.person(1, 2)])
    await b.publish(bench, first)
    await b.call_all(bench, first, Outcome.BUSY)
    here, there = [await history.contact_in(bench.ctx, one, 1) for one in (first, second)]
    voice, sms = here["delivery"][:2]
    assert (voice.channel, voice.address, voice.tries) == ("voice", b.number(1), 1)
    assert voice.last is not None
    assert (voice.last["outcome"], voice.last["cause"], voice.last["gateway"]) == ("busy", 16, "carrier")
    assert (sms.channel, sms.last) == ("sms", None)
    assert [one.last for one in there["delivery"]] == [None] * 4
    whole = await history.contact(bench.ctx, 1)
    assert whole["delivery"] == here["delivery"]
    assert [place["campaign_id"] for place in whole["campaigns"]] == [first, second]


@pytest.mark.req("K13")
async def test_why_not_counts_those_who_are_due_before(bench: Bench) -> None:
    """Whoever is being called is in progress and nothing else."""
    campaign_id = await b.add_campaign(bench)
    await b.load(bench, campaign_id, b.persons(5))
    before = await why_not.why_not(bench.ctx, campaign_id, 5)
    assert [one.code for one in before.reasons] == ["campaign-unpublished", "not-entered"]  # a REST source is no import
    await b.publish(bench, campaign_id)
    found = await why_not.why_not(bench.ctx, campaign_id, 5)
    assert [one.code for one in found.reasons] == ["not-running"]
    bench.engine.seen = TextOutlook(True, False, None, SmsGatewayView("texter", exists=True, bound=True), busy=8)
    found = await why_not.why_not(bench.ctx, campaign_id, 5)
    assert [one.text for one in found.reasons] == ["4 contacts are due before it"]
    (request, *_) = await b.claim(bench, campaign_id, limit=1)
    await b.intend_call(bench, request)
    called = await why_not.why_not(bench.ctx, campaign_id, request.contact_id)
    assert [one.code for one in called.reasons] == ["in-progress"]
    mailed = NewContact(addresses=(Address("ann@example.com", email=True),))
    await b.load(bench, campaign_id, [mailed])
    unreachable = await why_not.why_not(bench.ctx, campaign_id, 6)
    assert [one.code for one in unreachable.reasons] == ["no-address", "not-entered"]
    async with bench.ctx.db.write() as tx:
        source_id = await sources.add(tx, campaign_id, "csv", "people.csv", bench.clock(), state=SourceState.RUNNING)
        await contacts.load(tx, campaign_id, source_id, [b.person(20)], bench.clock())
    importing = await why_not.why_not(bench.ctx, campaign_id, 7)
    assert [one.code for one in importing.reasons] == ["import-running", "not-entered"]
    assert importing.reasons[0].text == "people.csv, from which it came, is still being read"


@pytest.mark.req("K13")
@pytest.mark.parametrize("order", list(LoadOrder))
async def test_the_place_in_the_line_is_that_of_the_claim(bench: Bench, order: LoadOrder) -> None:
    """Higher priorities first, then by due time and load order; what is not due yet counts for nobody."""
    campaign_id = await b.add_campaign(bench)
    await b.load(bench, campaign_id, b.persons(7))
    await b.publish(bench, campaign_id)
    now = bench.clock()
    async with bench.ctx.db.write() as tx:
        for request_id, fields in {
            2: {"priority": 5}, 4: {"due_at": now - timedelta(hours=1)}, 5: {"due_at": now - timedelta(hours=1)},
            6: {"priority": 5, "due_at": now + timedelta(hours=1)},
        }.items():  # fmt: skip
            await tx.execute(update(contact_request).where(contact_request.c.id == request_id).values(**fields))
    async with bench.ctx.db.read() as tx:
        queued = [found for one in range(1, 8) if (found := await requests.get(tx, one)) and found.due_at <= now]
        places = {one.id: await standing.before(tx, one, order, now) for one in queued}
    claimed = await b.claim(bench, campaign_id, order=order)
    assert {request.id: place for place, request in enumerate(claimed)} == places
