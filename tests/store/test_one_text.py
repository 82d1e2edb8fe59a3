"""One text before a scripted gateway: what becomes of it when its link is lost, or its SMSC refuses everything for long."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from dialer.domain.record import replace
from dialer.domain.windows import ExecutionTime
from dialer.engine.board import Board
from dialer.engine.feeds import Feeds
from dialer.engine.one_text import COMPLETED_WITHIN, PATIENCE, TRIES, OneText
from dialer.engine.text_log import TextLog
from dialer.operations.message_rows import TextIntent
from dialer.pacing.validity import validity
from dialer.store.tables import contact_request
from sms.status import Kind
from sms.submission import Accepted, OutgoingPart, Refused, SubmitResult
from sms.text import segments
from tests.support import builders, invariants
from tests.support.context import MONDAY, Bench
from tests.support.stories import stories
from tests.support.waiting import until

TEXT = builders.strategy({"id": "text", "type": "sms", "fields": {"text": "Hello"}})
FULL = Refused(0x14, "ESME_RMSGQFUL", Kind.TEMPORARY, "message queue is full")
LONG = "Hello " * 40  # of two parts


class Gateway:
    """Answers the submits with `answers`, the last of them again and again. No slot is free while it is not `open`."""

    def __init__(self, *answers: SubmitResult, others: bool = False) -> None:
        self.accepted, self.sent = 0, list[OutgoingPart]()
        self.open = asyncio.Event()
        self.open.set()
        self.waiting = 0
        self.then: Callable[[int], object] = lambda _: None  # before a slot is waited for, with the number of submits
        self._answers, self._others = answers, others

    def slot(self) -> "Gateway":
        self.then(len(self.sent))
        return self

    async def __aenter__(self) -> None:
        self.waiting += 1
        await self.open.wait()

    async def __aexit__(self, *_: object) -> None:
        self.waiting -= 1

    async def submit(self, part: OutgoingPart) -> SubmitResult:
        self.sent.append(part)
        answer = self._answers[min(len(self.sent), len(self._answers)) - 1]
        self.accepted += self._others or isinstance(answer, Accepted)
        return answer


async def made(bench: Bench, gateway: Any, body: str = "Hello", **more: Any) -> tuple[int, OneText]:
    campaign_id = await builders.add_campaign(bench, TEXT)
    await builders.load(bench, campaign_id, builders.persons(1))
    await builders.publish(bench, campaign_id)
    (request,) = await builders.claim(bench, campaign_id, "sms")
    split = segments(body, reference=1)
    intent = TextIntent(f"01TEXT{campaign_id}", request, "texter", "", body, "gsm7", len(split.parts))
    log = TextLog(bench.ctx, start=lambda work, name: asyncio.create_task(work, name=name))
    given = {"may_go": lambda: True, "validity": lambda: timedelta(hours=1), **more}
    return campaign_id, OneText(bench.ctx, log, gateway, intent, split, **given)


async def statuses(bench: Bench, campaign_id: int) -> Sequence[str]:
    (story,) = await stories(bench.ctx.db, campaign_id)
    return story.statuses


@pytest.mark.req("M4")
async def test_an_smsc_that_takes_nothing_for_a_while_makes_no_text_fail(bench: Bench) -> None:
    gateway = Gateway(*[FULL] * (3 * TRIES), Accepted("1"))
    campaign_id, text = await made(bench, gateway)
    await text.send()
    assert await statuses(bench, campaign_id) == ["submitted"]
    await invariants.check(bench.ctx.db)


@pytest.mark.req("M4")
@pytest.mark.parametrize("others", [True, False])
async def test_one_that_is_refused_while_others_are_taken_or_for_an_hour_has_failed(bench: Bench, others: bool) -> None:
    gateway = Gateway(FULL, others=others)
    if not others:
        gateway.then = lambda number: bench.clock.advance(seconds=PATIENCE.total_seconds() / 3 * (number > 0))
    campaign_id, text = await made(bench, gateway)
    await text.send()
    assert await statuses(bench, campaign_id) == ["failed"]
    assert len(gateway.sent) == TRIES + (0 if others else 4)


@pytest.mark.req("M4", "C6", "C9", "D7")
@pytest.mark.parametrize(("after", "sent", "became"), [(0, 2, "submitted"), (1, 1, "failed")])
async def test_the_rest_of_a_text_leaves_soon_or_is_asked_about_again(
    bench: Bench, after: int, sent: int, became: str
) -> None:
    """Its first part was taken when the link broke; it is there again in the night, or when the campaign has ended."""
    gateway = Gateway(Accepted("1"), Accepted("2"))
    campaign_id, text = await made(bench, gateway, LONG, may_go=lambda: not gateway.sent)
    passed = COMPLETED_WITHIN + timedelta(seconds=after)
    gateway.then = lambda number: bench.clock.advance(seconds=passed.total_seconds() * (number == 1))
    await text.send()
    assert (len(gateway.sent), await statuses(bench, campaign_id)) == (sent, [became])
    await invariants.check(bench.ctx.db)


@pytest.mark.req("C6", "C9", "D7")
@pytest.mark.parametrize("refused", [False, True])
async def test_a_text_whose_hours_end_while_it_waits_for_its_turn_is_not_sent(bench: Bench, refused: bool) -> None:
    """Its turn comes after a hold, in the night of whom it goes to, or when its campaign has ended."""
    is_open, gateway = True, Gateway(FULL)

    def close(number: int) -> None:
        nonlocal is_open
        is_open = is_open and number < refused

    gateway.then = close
    campaign_id, text = await made(bench, gateway, may_go=lambda: is_open)
    await text.send()
    assert len(gateway.sent) == refused
    assert len(await builders.claim(bench, campaign_id, "sms")) == 1, "it stands in the queue again"
    await invariants.check(bench.ctx.db)


@pytest.mark.req("M1", "M4")
@pytest.mark.parametrize("committed", [False, True])
async def test_a_text_does_not_wait_for_a_link_that_is_gone(bench: Bench, committed: bool) -> None:
    gateway = Gateway(FULL)
    if committed:
        gateway.then = lambda number: number == 1 and gateway.open.clear()
    else:
        gateway.open.clear()
    campaign_id, text = await made(bench, gateway, may_leave_by_another=True)
    sending = asyncio.create_task(text.send())
    await until(lambda: gateway.waiting and not gateway.open.is_set() and len(gateway.sent) == committed, "it to wait")
    text.divert()
    text.divert()
    await asyncio.wait_for(sending, 60)
    assert len(await builders.claim(bench, campaign_id, "sms")) == 1, "it stands in the queue again"
    await invariants.check(bench.ctx.db)


@pytest.mark.req("M1", "M4")
async def test_a_text_that_was_begun_waits_for_its_link_and_one_whose_step_names_its_gateway_too(bench: Bench) -> None:
    gateway = Gateway(Accepted("1"), Accepted("2"))
    gateway.then = lambda number: number == 1 and gateway.open.clear()
    campaign_id, text = await made(bench, gateway, LONG, may_leave_by_another=True)
    sending = asyncio.create_task(text.send())
    await until(lambda: gateway.waiting and not gateway.open.is_set(), "the second part to wait")
    text.divert()
    gateway.open.set()
    await asyncio.wait_for(sending, 60)
    assert await statuses(bench, campaign_id) == ["submitted"]

    alone = Gateway(Accepted("3"))
    alone.open.clear()
    other, named = await made(bench, alone)
    sending = asyncio.create_task(named.send())
    await until(lambda: alone.waiting, "the other to wait")
    named.divert()
    alone.open.set()
    await asyncio.wait_for(sending, 60)
    assert len(alone.sent) == 1
    assert other != campaign_id


@pytest.mark.req("C9", "D7")
async def test_a_text_waits_for_the_hours_of_whom_it_goes_to(bench: Bench) -> None:
    """It is nine in the morning in the campaign's zone, and eleven at night in Honolulu."""
    campaign_id = await builders.add_campaign(
        bench, TEXT, time_zone="UTC", execution=ExecutionTime.read("08:00", "21:00")
    )
    people = [builders.person(1), builders.person(2, time_zone="Pacific/Honolulu")]
    await builders.load(bench, campaign_id, people)
    await builders.publish(bench, campaign_id)
    await builders.settle(bench, campaign_id)
    board, tasks = Board(bench.ctx), set[asyncio.Task[None]]()
    await board.load()

    def start(work: Any, name: str) -> None:
        tasks.add(asyncio.create_task(work, name=name))

    feeds = Feeds(bench.ctx, board, "sms", start=start, ring=lambda: None)
    (campaign,) = board.active(bench.clock())
    assert feeds.take(campaign, 10, bench.clock()) == []
    await asyncio.gather(*tasks)
    (taken,) = feeds.take(campaign, 10, bench.clock())
    assert taken.address == builders.number(1)
    assert board.may_start(taken, bench.clock())
    assert not board.may_start(replace(taken, zone="Pacific/Honolulu"), bench.clock()), "nor at the last moment"
    window = board.window(taken, bench.clock())
    assert validity(window, bench.clock(), wanted=None, longest=timedelta(days=1)) == timedelta(hours=12)
    async with bench.ctx.db.read() as tx:
        due = await tx.scalar(select(contact_request.c.due_at).where(contact_request.c.address == builders.number(2)))
    assert due == MONDAY.replace(hour=18), "eight in Honolulu"
    await asyncio.gather(*tasks)
