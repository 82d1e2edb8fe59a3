"""Test messages: refused where they must be, begun once, followed to the receipt whatever the order, and over a restart."""

from typing import Any

import pytest

from dialer.domain.errors import Conflict, InvalidInput, NotFound
from dialer.domain.transitions import MessageStatus
from dialer.operations import do_not_contact, evidence, messages, nodes, people, trials
from dialer.operations.do_not_contact import NewEntry
from dialer.operations.message_rows import ReceiptNews
from dialer.operations.trials import Hasty
from dialer.store.listing import Query
from dialer.store.nodes import seen
from dialer.store.types import AnyRow
from tests.support import builders
from tests.support.context import Bench

pytestmark = pytest.mark.req("M1", "M3", "M4")
NUMBER = builders.number(1)
LONG = "x" * 200


@pytest.fixture(autouse=True)
async def gateways(bench: Bench) -> None:
    await builders.add_gateways(bench)


async def asked(bench: Bench, text: str = "Hello", number: str = NUMBER) -> int:
    return int((await trials.ask(bench.ctx, "texter", number, text, "ann")).id)


async def now(bench: Bench, trial_id: int = 1) -> AnyRow:
    return await trials.get(bench.ctx, "texter", trial_id)


async def receipt(bench: Bench, name: str, status: MessageStatus, error: str | None = None) -> None:
    await messages.receipt(bench.ctx, [ReceiptNews("texter", (name,), NUMBER, status, error)])


async def test_it_is_committed_and_the_engine_told(bench: Bench) -> None:
    trial_id = await asked(bench, "Hello", "(202) 555-0001")
    row = await now(bench, trial_id)
    assert (row.address, row.status, row.asked_by, row.parts, row.encoding) == (NUMBER, "pending", "ann", 1, "gsm7")
    assert bench.engine.trials == [trial_id]
    assert (await trials.page(bench.ctx, "texter", Query())).total == 1


@pytest.mark.parametrize(
    ("gateway", "number", "text", "error", "told"),
    [
        ("texter", "12", "Hi", InvalidInput, "number: "),
        ("texter", NUMBER, "  ", InvalidInput, "text: is empty: write"),
        ("texter", NUMBER, "x" * 1_001, InvalidInput, "text: has 1001 characters: at most 1000"),
        ("carrier", NUMBER, "Hi", Conflict, "'carrier' is a voice gateway: test messages are sent by SMS gateways"),
        ("none", NUMBER, "Hi", NotFound, "'none'"),
    ],
)
async def test_what_can_not_be_sent_is_refused(
    bench: Bench, gateway: str, number: str, text: str, error: type[Exception], told: str
) -> None:
    with pytest.raises(error) as refused:
        await trials.ask(bench.ctx, gateway, number, text, "ann")
    assert told in str(refused.value)
    assert bench.engine.trials == []


@pytest.mark.req("D7")
async def test_a_listed_number_gets_none(bench: Bench) -> None:
    await do_not_contact.add(bench.ctx, [NewEntry(NUMBER)])
    with pytest.raises(InvalidInput) as refused:
        await asked(bench)
    assert str(refused.value) == f"number: '{NUMBER}' is on the do-not-contact list: take another number"
    assert (await trials.page(bench.ctx, "texter", Query())).total == 0


@pytest.mark.req("D7")
async def test_nor_one_that_is_listed_while_it_waits(bench: Bench) -> None:
    trial_id = await asked(bench)
    await do_not_contact.add(bench.ctx, [NewEntry(NUMBER)])
    assert not await trials.begin(bench.ctx, (trial_id, 1))
    row = await now(bench)
    assert (row.status, row.error) == ("failed", "the number came onto the do-not-contact list")


async def test_a_gateway_that_is_not_bound_refuses_it(bench: Bench) -> None:
    bench.engine.no_text = "is down: connection refused"
    with pytest.raises(Conflict, match="'texter' is down: connection refused: send the test message when it is bound"):
        await asked(bench)


async def test_ten_in_a_minute_and_then_no_more(bench: Bench) -> None:
    for _ in range(10):
        await asked(bench)
        bench.clock.advance(seconds=2)
    with pytest.raises(Hasty) as refused:
        await asked(bench)
    assert refused.value.wait_s == 40
    bench.clock.advance(seconds=41)
    await asked(bench)


async def test_a_part_begins_once_and_again_only_if_it_certainly_was_not_taken(bench: Bench) -> None:
    part = (await asked(bench), 1)
    assert await trials.begin(bench.ctx, part)
    assert not await trials.begin(bench.ctx, part)
    await trials.end(bench.ctx, part, MessageStatus.PENDING, "ESME_RTHROTTLED: more messages than the account allows")
    assert await trials.begin(bench.ctx, part)
    await trials.end(bench.ctx, part, MessageStatus.LOST, "no answer")
    assert not await trials.begin(bench.ctx, part)
    assert (await now(bench)).status == "lost"


async def test_one_that_waited_for_a_minute_is_not_sent_any_more(bench: Bench) -> None:
    trial_id = await asked(bench)
    bench.clock.advance(seconds=61)
    assert not await trials.begin(bench.ctx, (trial_id, 1))
    assert (await now(bench)).error == "the gateway had no room for it in time"


async def test_accepted_then_delivered_and_a_final_state_stays(bench: Bench) -> None:
    part = (await asked(bench), 1)
    await trials.begin(bench.ctx, part)
    await trials.end(bench.ctx, part, MessageStatus.SUBMITTED, None, ["7F", "127"])
    assert ((await now(bench)).status, (await now(bench)).final_at) == ("submitted", None)
    bench.clock.advance(days=3)
    for status in (MessageStatus.DELIVERED, MessageStatus.UNDELIVERED, MessageStatus.DELIVERED):
        await receipt(bench, "7F", status)
    row = await now(bench)
    assert (row.status, row.final_at, row.error) == ("delivered", bench.clock(), None)


async def test_a_receipt_before_the_response_counts(bench: Bench) -> None:
    part = (await asked(bench), 1)
    await trials.begin(bench.ctx, part)
    await receipt(bench, "7F", MessageStatus.UNDELIVERED, "undeliverable 021")
    await trials.end(bench.ctx, part, MessageStatus.SUBMITTED, None, ["7F"])
    assert ((await now(bench)).status, (await now(bench)).error) == ("undelivered", "undeliverable 021")


async def test_the_parts_make_the_status_of_the_whole(bench: Bench) -> None:
    trial_id = await asked(bench, LONG)
    for number in (1, 2):
        await trials.begin(bench.ctx, (trial_id, number))
        await trials.end(bench.ctx, (trial_id, number), MessageStatus.SUBMITTED, None, [f"{number}"])
    await receipt(bench, "1", MessageStatus.DELIVERED)
    assert (await now(bench)).status == "submitted"
    await receipt(bench, "2", MessageStatus.EXPIRED, "expired 000")
    assert ((await now(bench)).status, (await now(bench)).error) == ("expired", "expired 000")


async def test_what_is_not_sent_after_a_refused_part_has_failed(bench: Bench) -> None:
    trial_id = await asked(bench, LONG)
    await trials.begin(bench.ctx, (trial_id, 1))
    await trials.end(bench.ctx, (trial_id, 1), MessageStatus.FAILED, "ESME_RINVDSTADR: destination address is invalid")
    await trials.give_up(bench.ctx, trial_id, "a part was refused")
    row = await now(bench)
    assert (row.status, row.error) == ("failed", "ESME_RINVDSTADR: destination address is invalid")


async def test_a_text_of_a_campaign_that_was_called_so_before_is_not_meant_any_more(bench: Bench) -> None:
    """An SMSC that counts from one again after a restart."""
    campaign_id = await builders.add_campaign(bench, builders.strategy(
        {"id": "text", "type": "sms", "fields": {"text": "Hi", "until": "delivered"}, "out": {"otherwise": "end"}},
        {"id": "end", "type": "end", "fields": {}},
    ))  # fmt: skip
    await builders.load(bench, campaign_id, [builders.person(1)])
    await builders.publish(bench, campaign_id)
    (request,) = await builders.claim(bench, campaign_id, channel="sms")
    message_id = await builders.intend_text(bench, request)
    assert message_id is not None
    news: Any = messages.PartNews(message_id, 1, MessageStatus.SUBMITTED, names=["7F"])
    await messages.record(bench.ctx, [("texter", news)])
    part = (await asked(bench), 1)
    await trials.begin(bench.ctx, part)
    await trials.end(bench.ctx, part, MessageStatus.SUBMITTED, None, ["7F"])
    await receipt(bench, "7F", MessageStatus.DELIVERED)
    assert (await now(bench)).status == "delivered"
    async with bench.ctx.db.read() as tx:
        (text,) = (await messages.messages.by_ids(tx, [message_id])).values()
    assert text.status == "submitted"


@pytest.mark.req("A6")
async def test_after_a_restart_what_may_have_left_is_lost_and_what_has_not_is_not_sent(bench: Bench) -> None:
    begun, waits, answered = [await asked(bench) for _ in range(3)]
    await trials.begin(bench.ctx, (begun, 1))
    await trials.begin(bench.ctx, (answered, 1))
    await trials.end(bench.ctx, (answered, 1), MessageStatus.SUBMITTED, None, ["1"])
    await trials.lose_unanswered(bench.ctx)
    told = [(row.status, row.error) for row in [await now(bench, one) for one in (begun, waits, answered)]]
    assert told == [
        ("lost", "the server stopped before the SMSC answered: nobody knows whether it was sent"),
        ("failed", "the server stopped before it was sent"),
        ("submitted", None),
    ]
    assert not await trials.begin(bench.ctx, (begun, 1))
    assert not await trials.begin(bench.ctx, (waits, 1))


@pytest.mark.req("A6")
async def test_those_of_a_node_that_is_gone_are_lost_too(bench: Bench) -> None:
    await trials.begin(bench.ctx, (await asked(bench), 1))
    async with bench.ctx.db.write() as tx:
        await seen(tx, bench.ctx.settings.node, bench.clock())
    other = type(bench.ctx)(
        bench.ctx.db, bench.ctx.settings.model_copy(update={"node": "node-2"}), bench.engine, bench.clock
    )
    await nodes.take_over(other)
    assert (await now(bench)).status == "pending"
    bench.clock.advance(hours=1)
    await nodes.take_over(other)
    assert (await now(bench)).status == "lost"


@pytest.mark.req("D7")
async def test_the_evidence_of_the_number_has_it_and_an_erased_contact_leaves_none(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, [builders.person(1)])
    await asked(bench)
    (one,) = (await evidence.of_number(bench.ctx, NUMBER)).items
    assert (one.kind, one.disposition, one.text, one.reason) == (
        "text", "pending", "Hello", "test message, asked for by ann",
    )  # fmt: skip
    await people.erase(bench.ctx, 1, by="tester")
    assert (await trials.page(bench.ctx, "texter", Query())).total == 0
    await trials.end(bench.ctx, (1, 1), MessageStatus.SUBMITTED, None, ["1"])
