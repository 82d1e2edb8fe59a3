"""Replies of handsets: which text they answer, what the strategy does, who is not contacted any more (M5)."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from dialer.domain.contact import Address, NewContact
from dialer.domain.errors import NotFound
from dialer.domain.transitions import MessageStatus
from dialer.engine.replying import Replying
from dialer.operations import evidence, messages, people, replies, reports
from dialer.operations.message_rows import PartNews, ReceiptNews
from dialer.operations.replies import Taken
from dialer.operations.trail_check import trail_check
from dialer.store import tables
from dialer.store.listing import Query
from dialer.store.types import AnyRow
from sms.alphabet import Encoding
from sms.receipt import Reply
from sms.settings import GatewaySettings, split
from sms.submission import Accepted, OutgoingPart
from sms.text import Segmentation
from tests.support import builders, invariants
from tests.support.context import Bench
from tests.support.stories import Story, stories

pytestmark = pytest.mark.req("M5")
SURVEY = builders.strategy(
    {"id": "ask", "type": "sms", "fields": {"text": "Happy?", "until": "replied", "timeout": "1d"},
     "out": {"replied": "branch", "otherwise": "end"}},
    {"id": "branch", "type": "branch", "fields": {"on": "last.reply", "rules": [{"op": "eq", "value": "yes"}]},
     "out": {"rule1": "thanks", "otherwise": "end"}},
    {"id": "thanks", "type": "sms", "fields": {"text": "Thanks", "until": "replied", "timeout": "1d"},
     "out": {"otherwise": "end"}},
    {"id": "end", "type": "end", "fields": {}},
)  # fmt: skip
DIGITS = builders.number(1).removeprefix("+")


async def asked(bench: Bench, *, send: bool = True, people: int = 1, document: Any = SURVEY) -> int:
    """A campaign whose contacts have got the first text."""
    campaign_id = await builders.add_campaign(bench, document)
    await builders.load(bench, campaign_id, [builders.person(n) for n in range(1, people + 1)])
    await builders.publish(bench, campaign_id)
    if send:
        assert await builders.text_all(bench, campaign_id) == people
    return campaign_id


async def reply(bench: Bench, text: str, source: str = DIGITS, destination: str = "us") -> Taken | None:
    bench.clock.advance(seconds=1)
    return await replies.take_in(bench.ctx, "texter", Reply(source, destination, text.encode()))


async def kept(bench: Bench) -> list[AnyRow]:
    async with bench.ctx.db.read() as tx:
        return list(await tx.execute(select(tables.reply).order_by(tables.reply.c.id)))


async def story(bench: Bench, campaign_id: int) -> Story:
    (found, *_) = await stories(bench.ctx.db, campaign_id)
    assert not [one.faults async for some in trail_check(bench.ctx) for one in some if one.faults]
    return found


@pytest.mark.parametrize("source", [DIGITS, f"+{DIGITS}", DIGITS.removeprefix("1")])
async def test_a_reply_leads_on_in_the_strategy_that_has_sent_the_text(bench: Bench, source: str) -> None:
    campaign_id = await asked(bench)
    assert await reply(bench, "yes", source) == Taken(1, confirm=False)
    told = await story(bench, campaign_id)
    (data,) = told.data("replied")
    assert (data["text"], data["address"], data["stop"]) == ("yes", builders.number(1), False)
    assert told.place.node == "thanks"
    (row,) = await kept(bench)
    assert (row.campaign_id, row.contact_id, row.message_id) == (campaign_id, 1, data["message"])
    assert bench.engine.contacts[-1] == campaign_id, "the engine looks for what is due"


@pytest.mark.parametrize(("source", "is_it"), [("07700900123", True), ("7700900123", True), ("0900123", False)])
async def test_a_stop_written_as_it_is_dialed_in_another_country_counts(bench: Bench, source: str, is_it: bool) -> None:
    """The region that is set is another one, in which it is no number, or somebody else's."""
    campaign_id = await builders.add_campaign(bench, SURVEY)
    british = "+447700900123"
    await builders.load(bench, campaign_id, [NewContact(first_name="P1", addresses=(Address(british, sms=True),))])
    await builders.publish(bench, campaign_id)
    assert await builders.text_all(bench, campaign_id) == 1
    assert await reply(bench, "Stop", source) == Taken(1, confirm=is_it)
    async with bench.ctx.db.read() as tx:
        listed = [row.address for row in await tx.execute(select(tables.do_not_contact.c.address))]
    assert listed == [british] * is_it
    assert [row.source for row in await kept(bench)] == [british if is_it else source]


async def test_the_list_of_a_campaign_has_its_replies_with_the_texts_they_answer(bench: Bench) -> None:
    campaign_id = await asked(bench)
    other = await builders.add_campaign(bench)
    await reply(bench, "yes")
    await reply(bench, "hello", "12025559999")
    (one,) = (await reports.replies_page(bench.ctx, Query(), campaign_id)).items
    assert (one["text"], one["answered"], one["first_name"]) == ("yes", "Happy?", "P1")
    assert (await reports.replies_page(bench.ctx, Query(), other)).total == 0
    stranger, _ = (await reports.replies_page(bench.ctx, Query())).items
    assert (stranger["answered"], stranger["first_name"]) == (None, None)
    with pytest.raises(NotFound):
        await reports.replies_page(bench.ctx, Query(), 99)


async def test_texts_are_counted_by_gateway_and_what_their_receipts_say(bench: Bench) -> None:
    campaign_id = await asked(bench, people=3)
    async with bench.ctx.db.read() as tx:
        sent = [row.id for row in await tx.execute(select(tables.message.c.id))]
    await messages.record(
        bench.ctx, [("texter", PartNews(one, 1, MessageStatus.SUBMITTED, names=[one])) for one in sent]
    )
    for one, status in zip(sent, (MessageStatus.DELIVERED, MessageStatus.EXPIRED), strict=False):
        await messages.receipt(bench.ctx, [ReceiptNews("texter", [one], builders.number(1), status, None)])
    counted = (await reports.counts(bench.ctx)).messages
    assert counted == {"texter": {"delivered": 1, "expired": 1, "submitted": 1}}
    assert campaign_id


async def test_a_text_that_ends_with_nul_is_taken(bench: Bench) -> None:
    """PostgreSQL refuses it, and the SMSC would send it again for ever."""
    await asked(bench)
    await replies.take_in(bench.ctx, "texter", Reply(DIGITS, "us", "yes\0".encode("utf-16-be"), 8))
    assert [row.text for row in await kept(bench)] == ["yes"]


async def test_another_answer_goes_another_way(bench: Bench) -> None:
    campaign_id = await asked(bench)
    await reply(bench, "no")
    told = await story(bench, campaign_id)
    assert (told.place.state, len(told.data("sms-queued"))) == ("done", 1)


async def test_a_reply_to_an_earlier_text_does_not_answer_one_that_is_not_sent_yet(bench: Bench) -> None:
    campaign_id = await asked(bench)
    await reply(bench, "yes")
    await reply(bench, "oh, and")
    told = await story(bench, campaign_id)
    assert (told.place.node, len(told.data("replied"))) == ("thanks", 2)
    assert await builders.text_all(bench, campaign_id) == 1, "the second text is still sent"
    await reply(bench, "welcome")
    assert (await story(bench, campaign_id)).place.state == "done"


async def test_the_text_is_meant_that_came_from_the_sender_who_is_written_to(bench: Bench) -> None:
    campaigns = [await asked(bench), await asked(bench)]
    async with bench.ctx.db.write() as tx:
        for campaign_id, sender in zip(campaigns, ("+15550001", "Shop"), strict=True):
            await tx.execute(
                tables.message.update().where(tables.message.c.campaign_id == campaign_id).values(sender=sender)
            )
    await reply(bench, "yes", destination="15550001")
    assert [(await stories(bench.ctx.db, one))[0].place.node for one in campaigns] == ["thanks", "ask"]
    await reply(bench, "yes", destination="unknown")
    assert (await kept(bench))[-1].campaign_id == campaigns[1], "else the newest"


async def test_a_reply_that_the_smsc_sends_again_is_one(bench: Bench) -> None:
    campaign_id = await asked(bench)
    await reply(bench, "yes")
    assert await reply(bench, "yes") is None
    assert len(await kept(bench)) == 1
    assert await builders.text_all(bench, campaign_id) == 1
    assert await reply(bench, "yes") is not None, "the same word for the next question"
    assert (await story(bench, campaign_id)).place.state == "done"


async def test_parts_come_in_any_order_and_twice(bench: Bench) -> None:
    campaign_id = await asked(bench)
    for number, part in ((2, b"es"), (2, b"es"), (1, b"y")):
        assert not await kept(bench)
        taken = await replies.take_in(bench.ctx, "texter", Reply(DIGITS, "us", part, 0, 7, number, 2))
    assert taken is not None
    assert [row.text for row in await kept(bench)] == ["yes"]
    assert (await story(bench, campaign_id)).place.node == "thanks"
    assert await replies.take_left_alone(bench.ctx) == []


async def part(bench: Bench, text: bytes, number: int, *, of: int = 2) -> Taken | None:
    return await replies.take_in(bench.ctx, "texter", Reply(DIGITS, "us", text, 0, 7, number, of))


async def test_a_part_that_comes_again_after_the_whole_is_no_other_reply(bench: Bench) -> None:
    """Its answer did not reach the SMSC."""
    await asked(bench)
    for number, text in ((1, b"I am "), (2, b"happy"), (2, b"happy")):
        await part(bench, text, number)
    bench.clock.advance(minutes=11)
    assert await replies.take_left_alone(bench.ctx) == []
    assert [row.text for row in await kept(bench)] == ["I am happy"]
    async with bench.ctx.db.read() as tx:
        assert (await tx.execute(select(tables.reply_part))).all() == []


async def test_a_reference_that_is_used_again_mixes_nothing(bench: Bench) -> None:
    await asked(bench)
    for number, text in ((1, b"I am "), (2, b"happy"), (2, b"happy"), (1, b"Please "), (2, b"stop")):
        await part(bench, text, number)
    assert [(row.text, row.stop) for row in await kept(bench)] == [("I am happy", False), ("Please stop", True)]


async def test_a_part_that_never_comes_is_marked(bench: Bench) -> None:
    await asked(bench)
    await replies.take_in(bench.ctx, "texter", Reply(DIGITS, "us", b"you", 0, 7, 3, 3))
    await replies.take_in(bench.ctx, "texter", Reply(DIGITS, "us", b"I am ", 0, 7, 1, 3))
    bench.clock.advance(minutes=9)
    assert await replies.take_left_alone(bench.ctx) == []
    bench.clock.advance(minutes=2)
    assert len(await replies.take_left_alone(bench.ctx)) == 1
    assert [row.text for row in await kept(bench)] == ["I am …you"]
    assert await replies.take_left_alone(bench.ctx) == []


@pytest.mark.req("D7")
async def test_stop_ends_calls_and_texts_of_all_campaigns(bench: Bench) -> None:
    campaign_id = await asked(bench)
    other = await builders.add_campaign(bench)
    await builders.load(bench, other, [builders.person(1)])
    await builders.publish(bench, other)
    assert await reply(bench, "Stop!") == Taken(1, confirm=True)
    assert bench.engine.barred == {builders.number(1)}
    assert await builders.claim(bench, other) == []
    assert (await story(bench, other)).place.state == "done"
    told = await story(bench, campaign_id)
    assert (told.data("replied")[0]["stop"], told.place.state) == (True, "done")
    (entry,) = [one for one in (await evidence.of_number(bench.ctx, builders.number(1))).items if one.kind == "reply"]
    assert (entry.disposition, entry.text, entry.campaign_id) == ("stop", "Stop!", campaign_id)
    bench.clock.advance(hours=1)
    assert await reply(bench, "STOP") == Taken(2, confirm=False), "confirmed once"
    assert await invariants.states(bench.ctx.db, campaign_id) == {"done": 1}


async def test_stop_of_a_number_that_nobody_holds_is_kept_and_holds(bench: Bench) -> None:
    assert await reply(bench, "stop", "12025559999") == Taken(1, confirm=True)
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, [builders.person(9999)])
    await builders.publish(bench, campaign_id)
    assert await builders.claim(bench, campaign_id) == []
    (row,) = await kept(bench)
    assert (row.source, row.contact_id) == ("+12025559999", None)


async def test_a_short_code_that_says_stop_bars_nobody(bench: Bench) -> None:
    assert await reply(bench, "stop", "12345") == Taken(1, confirm=False)
    assert bench.engine.barred == set()


async def test_a_reply_after_the_end_is_told_and_changes_nothing(bench: Bench) -> None:
    campaign_id = await asked(bench)
    await reply(bench, "no")
    await reply(bench, "still no")
    told = await story(bench, campaign_id)
    assert ([data["text"] for data in told.data("replied")], told.place.state) == (["no", "still no"], "done")


async def test_an_erased_contact_leaves_no_reply_behind(bench: Bench) -> None:
    await asked(bench)
    await reply(bench, "yes")
    await part(bench, b"I am ", 1)
    await people.erase(bench.ctx, 1, by="tester")
    assert await kept(bench) == []
    async with bench.ctx.db.read() as tx:
        assert (await tx.execute(select(tables.reply_part))).all() == []


async def test_nor_one_that_came_before_it_was_a_contact(bench: Bench) -> None:
    await reply(bench, "who is this?")
    await asked(bench)
    assert [row.contact_id for row in await kept(bench)] == [None]
    await people.erase(bench.ctx, 1, by="tester")
    assert await kept(bench) == []


async def test_the_confirmation_is_taken_on_once_and_in_time(bench: Bench) -> None:
    await reply(bench, "stop")
    assert (await replies.begin_confirmation(bench.ctx, 1)) is not None
    assert await replies.begin_confirmation(bench.ctx, 1) is None
    await replies.end_confirmation(bench.ctx, 1, "pending", "the link is down")
    bench.clock.advance(minutes=6)
    assert await replies.begin_confirmation(bench.ctx, 1) is None
    assert (await kept(bench))[0].confirmation == "failed"


async def test_after_a_restart_a_confirmation_that_may_have_left_is_lost(bench: Bench) -> None:
    await reply(bench, "stop")
    await reply(bench, "stop", "12025550002")
    await replies.begin_confirmation(bench.ctx, 1)
    await replies.lose_confirmations(bench.ctx)
    assert await replies.pending_confirmations(bench.ctx) == [2]
    assert [row.confirmation for row in await kept(bench)] == ["lost", "pending"]
    await replies.end_confirmation(bench.ctx, 1, "sent", None, late=True)
    assert (await kept(bench))[0].confirmation == "sent"


async def test_a_confirmation_whose_gateway_is_gone_is_given_up_in_time(bench: Bench) -> None:
    tasks: list[asyncio.Task[None]] = []

    class NoGateways:
        def of(self, _name: str) -> None:
            return None

    replying = Replying(
        bench.ctx, NoGateways(), start=lambda work, name: tasks.append(asyncio.create_task(work, name=name))
    )
    await replying.take_in("texter", Reply(DIGITS, "us", b"stop"))
    await asyncio.gather(*tasks)
    assert await replies.pending_confirmations(bench.ctx) == [1], "it may come back"
    bench.clock.advance(minutes=6)
    replying._confirm(1)
    await asyncio.gather(*tasks)
    assert [(row.confirmation, row.confirmation_error) for row in await kept(bench)] == [
        ("failed", "the gateway was not there in time")
    ]


@pytest.mark.req("M2", "M5")
@pytest.mark.parametrize(
    ("alphabet", "octets"), [(Encoding.GSM7, b"No more @ us\x05"), (Encoding.LATIN1, b"No more @ us\xe9")]
)
async def test_the_confirmation_is_written_in_the_gateways_alphabet(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, alphabet: Encoding, octets: bytes
) -> None:
    replied = bench.ctx.settings.replies.model_copy(update={"stop_confirmation": "No more @ us\u00e9"})
    monkeypatch.setattr(bench.ctx, "settings", bench.ctx.settings.model_copy(update={"replies": replied}))
    sent: list[OutgoingPart] = []
    tasks: list[asyncio.Task[None]] = []
    settings = GatewaySettings("texter", "127.0.0.1", 1, "dialer", "", alphabet=alphabet)

    class Texter:
        def of(self, _name: str) -> Any:
            return self

        def split(self, text: str, _destination: str) -> Segmentation:
            return split(settings, text)

        def slot(self) -> Any:
            return asyncio.Lock()

        async def submit(self, part: OutgoingPart) -> Accepted:
            sent.append(part)
            return Accepted("1")

    replying = Replying(
        bench.ctx, Texter(), start=lambda work, name: tasks.append(asyncio.create_task(work, name=name))
    )
    await replying.take_in("texter", Reply(DIGITS, "us", b"stop"))
    await asyncio.gather(*tasks)
    assert [part.payload.replace(b"\0", b"@") for part in sent] == [octets]
    assert [row.confirmation for row in await kept(bench)] == ["sent"]
