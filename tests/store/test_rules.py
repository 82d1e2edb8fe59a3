"""Rule packs where calls are committed, on both stores: no race, no second node and no resume exceeds what a pack allows."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from ulid import ULID

from dialer.domain.ending import CallResult
from dialer.domain.outcome import Outcome
from dialer.domain.windows import ExecutionTime
from dialer.engine.board import Board
from dialer.engine.feeds import Feed, Feeds
from dialer.operations import attempts, campaigns, compliance, do_not_contact, people, why_not
from dialer.operations.attempts import Intent
from dialer.operations.do_not_contact import NewEntry
from dialer.store import requests, tables, trail
from dialer.store.requests import ContactRequest
from tests.support import builders, invariants
from tests.support.builders import number, persons, strategy
from tests.support.context import Bench

# Noon in Washington, D.C., where the numbers of the tests are.
NOON = datetime(2026, 5, 6, 16, tzinfo=UTC)
OFTEN = strategy(
    {"id": "call", "type": "call", "fields": {"tries": 5, "retry_after": "1m", "retry_on": ["no_answer", "abandoned"]}},
)


@pytest.fixture(autouse=True)
def noon(bench: Bench) -> None:
    bench.clock.now = NOON


async def _campaigns(bench: Bench, many: int, rule_pack: str, document: dict[str, Any] | None = None) -> list[int]:
    """So many campaigns, each with a call to the same person due."""
    made = []
    for n in range(many):
        campaign_id = await builders.add_campaign(bench, document, title=f"C{n}", rule_pack=rule_pack)
        await builders.load(bench, campaign_id, persons(1))
        await builders.publish(bench, campaign_id)
        made.append(campaign_id)
    return made


async def _claimed(bench: Bench, made: list[int]) -> list[ContactRequest]:
    return [request for campaign_id in made for request in await builders.claim(bench, campaign_id)]


def _intent(request: ContactRequest) -> Intent:
    return Intent(str(ULID()), request, "carrier", "sales", "+12025550999")


async def _entries(bench: Bench, contact_id: int = 1) -> list[dict[str, Any]]:
    async with bench.ctx.db.read() as tx:
        found = await trail.of_contact(tx, contact_id, None)
    return [entry["data"] for entry in found if entry["kind"] == "put-off"]


async def _rows(bench: Bench, table: Any) -> list[Any]:
    async with bench.ctx.db.read() as tx:
        return list(await tx.execute(select(table).order_by(table.c.id)))


async def _call(bench: Bench, campaign_id: int, outcome: Outcome = Outcome.NO_ANSWER, *, talked: bool = False) -> bool:
    """The call that is due is made and ends so; False if it may not be made."""
    (request,) = await builders.claim(bench, campaign_id)
    attempt_id = await builders.intend_call(bench, request)
    if attempt_id is None:
        return False
    now = bench.clock()
    spoke = now if talked else None
    result = CallResult(outcome, 16, None, None, spoke, spoke, spoke, now, "test")
    await attempts.record(bench.ctx, [], [(attempt_id, result)])
    return True


# -- in the transaction -----------------------------------------------------------------------------------------------


@pytest.mark.req("D7", "A6")
async def test_two_nodes_that_dial_the_same_number_at_once_make_no_more_calls_than_allowed(
    bench: Bench, second: Bench
) -> None:
    made = await _campaigns(bench, 10, "us-debt-collection")
    claimed = await _claimed(bench, made[:5]) + await _claimed(second, made[5:])
    for here, there in zip(claimed[:5], claimed[5:], strict=True):
        going = await asyncio.gather(builders.intend_call(bench, here), builders.intend_call(second, there))
        for attempt_id in filter(None, going):
            await builders.end_call(bench, attempt_id, Outcome.BUSY)
    bench.clock.now += attempts.BUSY_AGAIN  # PostgreSQL: whom the other node was calling (D6) comes again
    for request in await _claimed(second, made):
        if attempt_id := await builders.intend_call(second, request):
            await builders.end_call(second, attempt_id, Outcome.BUSY)
    assert len(await _rows(bench, tables.attempt)) == 7
    waiting = [row for row in await _rows(bench, tables.contact_request) if row.state == "pending"]
    assert [row.due_at for row in waiting] == [NOON + timedelta(days=7)] * 3
    assert {entry["until"] for entry in await _entries(bench)} == {(NOON + timedelta(days=7)).isoformat()}
    await invariants.check(bench.ctx.db, settled=False)


@pytest.mark.req("D7")
async def test_calls_that_are_committed_together_count_for_each_other(bench: Bench) -> None:
    claimed = await _claimed(bench, await _campaigns(bench, 9, "us-debt-collection"))
    intents = [_intent(request) for request in claimed]
    assert await attempts.intend(bench.ctx, intents) == {one.attempt_id for one in intents[:7]}
    for entry in await _entries(bench):
        assert entry["rule"] == {"rule": "attempts", "pack": "us-debt-collection", "version": "2026.1"}
        assert (entry["channel"], entry["address"], entry["node"]) == ("call", number(0), "call")
        assert "7 calls of all campaigns to the number were made within 7 days, and 7 are allowed" in entry["reason"]


@pytest.mark.req("D7")
async def test_the_period_is_rolling_and_what_was_put_off_comes_when_it_has_passed(bench: Bench) -> None:
    (campaign_id,) = await _campaigns(bench, 1, "us-florida", OFTEN)
    for _ in range(3):
        assert await _call(bench, campaign_id)
        bench.clock.advance(minutes=30)
    assert not await _call(bench, campaign_id)  # within 24 hours, also when midnight lies between
    bench.clock.advance(hours=22)
    assert await builders.claim(bench, campaign_id) == []
    bench.clock.now = NOON + timedelta(hours=24)
    assert await _call(bench, campaign_id)
    bench.clock.advance(minutes=2)
    assert not await _call(bench, campaign_id)
    assert [row.started_at - NOON for row in await _rows(bench, tables.attempt)] == [
        timedelta(minutes=0), timedelta(minutes=30), timedelta(hours=1), timedelta(hours=24)
    ]  # fmt: skip
    first, again = await _entries(bench)
    assert first["until"] == (NOON + timedelta(hours=24)).isoformat()
    assert again["until"] == (NOON + timedelta(hours=24, minutes=30)).isoformat()


@pytest.mark.req("D7")
async def test_who_is_erased_and_loaded_again_is_not_called_more_often(bench: Bench) -> None:
    (first,) = await _campaigns(bench, 1, "us-florida", OFTEN)
    for _ in range(3):
        assert await _call(bench, first)
        bench.clock.advance(minutes=30)
    await people.erase(bench.ctx, 1, by="ann")
    assert {(row.number, len(row.digest)) for row in await _rows(bench, tables.attempt)} == {("", 64)}
    await builders.load(bench, first, persons(1))
    await builders.settle(bench, first)
    assert not await _call(bench, first)
    (again,) = [row.id for row in await _rows(bench, tables.contact) if row.erased_at is None]
    found = await why_not.why_not(bench.ctx, first, again)
    assert [one.code for one in found.reasons if one.rule is not None] == ["rule-calls"]


@pytest.mark.req("D7", "K11")
async def test_after_an_abandoned_call_no_campaign_with_the_pack_calls_for_72_hours(bench: Bench) -> None:
    first, second = await _campaigns(bench, 2, "uk")
    (free,) = await _campaigns(bench, 1, "none")
    assert await _call(bench, first, Outcome.ABANDONED)
    bench.clock.advance(hours=71)
    assert not await _call(bench, second)
    assert await _call(bench, free), "a campaign without a pack is not held back"
    bench.clock.now = NOON + timedelta(hours=72)
    assert await _call(bench, second)
    (entry,) = await _entries(bench)
    assert entry["rule"]["rule"] == "after-abandoned"


@pytest.mark.req("D7")
async def test_after_a_conversation_with_any_campaign_nobody_calls_for_a_week(bench: Bench) -> None:
    (free,) = await _campaigns(bench, 1, "none")
    (debt,) = await _campaigns(bench, 1, "us-debt-collection")
    assert await _call(bench, free, Outcome.ANSWERED, talked=True)
    assert not await _call(bench, debt)
    (entry,) = await _entries(bench)
    assert (entry["rule"]["rule"], entry["until"]) == ("after-conversation", (NOON + timedelta(days=7)).isoformat())


@pytest.mark.req("D7")
async def test_a_call_that_never_left_does_not_count(bench: Bench) -> None:
    (campaign_id,) = await _campaigns(bench, 1, "us-florida", OFTEN)
    for _ in range(4):
        (request,) = await builders.claim(bench, campaign_id)
        intent = _intent(request)
        assert await attempts.intend(bench.ctx, [intent])
        await attempts.withdraw(bench.ctx, intent, "the link was down")
    assert await _entries(bench) == []


@pytest.mark.req("D7", "C13")
async def test_the_pack_that_counts_is_the_one_in_force_when_the_call_is_committed(bench: Bench) -> None:
    """It was claimed and planned without a pack; the edit came in between."""
    (campaign_id,) = await _campaigns(bench, 1, "none", OFTEN)
    for _ in range(3):
        assert await _call(bench, campaign_id)
        bench.clock.advance(minutes=2)
    (request,) = await builders.claim(bench, campaign_id)
    await campaigns.edit(bench.ctx, campaign_id, {"rule_pack": "us-florida"})
    assert await builders.intend_call(bench, request) is None
    await campaigns.edit(bench.ctx, campaign_id, {"rule_pack": "none"})  # what was put off is looked at again
    assert await _call(bench, campaign_id)


# -- at the claim, and in the answers ----------------------------------------------------------------------------------


@pytest.mark.req("D7")
async def test_a_claim_puts_off_what_is_not_allowed_and_tells_it_once(bench: Bench) -> None:
    (campaign_id,) = await _campaigns(bench, 1, "us-florida", OFTEN)
    for _ in range(3):
        assert await _call(bench, campaign_id)
        bench.clock.advance(minutes=2)
    campaign = await campaigns.get(bench.ctx, campaign_id)
    claimed = await builders.claim(bench, campaign_id)
    async with bench.ctx.db.write() as tx:
        until = await compliance.refuse_claimed(tx, bench.ctx, campaign, claimed, bench.clock())
    assert until == {claimed[0].id: NOON + timedelta(hours=24)}
    assert len(await _entries(bench)) == 1
    plain = await _campaigns(bench, 1, "none")
    claimed = await _claimed(bench, plain)
    async with bench.ctx.db.write() as tx:
        campaign = await campaigns.get(bench.ctx, plain[0])
        assert await compliance.refuse_claimed(tx, bench.ctx, campaign, claimed, bench.clock()) == {}


@pytest.mark.req("D7", "C9")
async def test_hours_of_the_pack_are_told_in_the_trail_the_first_time(bench: Bench) -> None:
    (campaign_id,) = await _campaigns(bench, 1, "us-florida")
    bench.clock.now = datetime(2026, 5, 7, 1, tzinfo=UTC)  # 21:00 in Washington
    campaign, claimed = await campaigns.get(bench.ctx, campaign_id), await builders.claim(bench, campaign_id)
    async with bench.ctx.db.write() as tx:
        await compliance.tell_closed(tx, campaign, claimed, bench.clock())
    (entry,) = await _entries(bench)
    assert entry["rule"] == {"rule": "hours", "pack": "us-florida", "version": "2026.1"}
    assert entry["until"] == "2026-05-07T12:00:00+00:00"
    later = [ContactRequest(**{**_fields(one), "due_at": one.due_at + timedelta(hours=1)}) for one in claimed]
    async with bench.ctx.db.write() as tx:
        await compliance.tell_closed(tx, campaign, later, bench.clock())
    assert len(await _entries(bench)) == 1


def _fields(request: ContactRequest) -> dict[str, Any]:
    return {name: getattr(request, name) for name in ContactRequest.__dataclass_fields__}


@pytest.mark.req("D7", "K13")
async def test_why_not_cites_the_rule_and_says_when_it_passes(bench: Bench) -> None:
    (campaign_id,) = await _campaigns(bench, 1, "us-florida", OFTEN)
    for _ in range(3):
        assert await _call(bench, campaign_id)
        bench.clock.advance(minutes=2)
    bench.clock.now = datetime(2026, 5, 7, 1, 30, tzinfo=UTC)  # 21:30 in Washington
    found = await why_not.why_not(bench.ctx, campaign_id, 1)
    told = {(one.code, str(one.rule), one.until) for one in found.reasons if one.rule is not None}
    morning, noon = datetime(2026, 5, 7, 12, tzinfo=UTC), NOON + timedelta(hours=24)
    assert told == {
        ("rule-hours", "rule hours of the pack us-florida 2026.1", morning),
        ("rule-hours", "rule hours of the pack us-federal 2026.1", morning),
        ("rule-calls", "rule attempts of the pack us-florida 2026.1", noon),
    }
    assert "America/New_York" in next(one.text for one in found.reasons if one.code == "rule-hours")
    assert found.changes_at == morning
    bench.clock.now = noon
    found = await why_not.why_not(bench.ctx, campaign_id, 1)
    assert not [one for one in found.reasons if one.rule is not None]


@pytest.mark.req("D7", "K13")
async def test_a_do_not_contact_entry_is_cited_by_the_rule_of_the_pack(bench: Bench) -> None:
    (campaign_id,) = await _campaigns(bench, 1, "eu")
    await do_not_contact.add(bench.ctx, [NewEntry(number(0))])  # which refuses what is queued
    found = await why_not.why_not(bench.ctx, campaign_id, 1)
    assert [str(one.rule) for one in found.reasons if one.code == "do-not-contact"] == [
        "rule objection of the pack eu 2026.1"
    ]
    async with bench.ctx.db.read() as tx:
        refused = [entry for entry in await trail.of_contact(tx, 1, None) if entry["kind"] == "refused"]
    assert refused[0]["data"]["rule"] == {"rule": "objection", "pack": "eu", "version": "2026.1"}


@pytest.mark.req("D7")
async def test_attempts_and_texts_keep_the_pack_that_was_in_force(bench: Bench) -> None:
    texting = strategy({"id": "text", "type": "sms", "fields": {"text": "Hello"}})
    (calls,) = await _campaigns(bench, 1, "us-florida")
    (texts,) = await _campaigns(bench, 1, "uk", texting)
    (request,) = await builders.claim(bench, calls)
    assert await attempts.intend(bench.ctx, [_intent(request)])
    assert await builders.text_all(bench, texts) == 1
    (attempt,), (message,) = await _rows(bench, tables.attempt), await _rows(bench, tables.message)
    assert (attempt.rule_pack, attempt.rule_version, attempt.caller_id) == ("us-florida", "2026.1", "+12025550999")
    assert (message.rule_pack, message.rule_version) == ("uk", "2026.1")


# -- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.req("D7")
async def test_warnings_tell_hours_that_never_meet_and_steps_that_ring_too_short(bench: Bench) -> None:
    short = strategy({"id": "call", "type": "call", "name": "First call", "fields": {"ring_s": 10}})
    campaign_id = await builders.add_campaign(bench, short, time_zone="America/New_York")

    async def told(**fields: Any) -> dict[str, str]:
        return {one.field: one.reason for one in await campaigns.warnings(bench.ctx, campaign_id, fields)}

    assert await told() == {}
    assert await told(rule_pack="moon", title="x") == {}
    federal = await told(rule_pack="us-federal", abandonment_limit_percent=5.0)
    assert federal["rule_pack"] == (
        "the step First call rings 10 s; its calls ring 15 s, by rule ring of the pack us-federal 2026.1"
    )
    assert federal["abandonment_limit_percent"] == (
        "5 % is above the 3 % of the rule abandonment of the pack us-federal 2026.1, which holds"
    )
    assert "abandonment_limit_percent" not in await told(rule_pack="us-federal")
    early = await told(rule_pack="canada", execution=ExecutionTime.read("06:00", "09:00"))
    assert "never within the hours of the rule pack canada" in early["execution.start"]


# -- the hopper -------------------------------------------------------------------------------------------------------


@pytest.mark.req("D7", "C9")
async def test_a_hopper_takes_nobody_whose_number_sleeps_and_nobody_who_was_called_too_often(bench: Bench) -> None:
    (often,) = await _campaigns(bench, 1, "us-florida", OFTEN)
    for _ in range(3):
        assert await _call(bench, often)
        bench.clock.advance(minutes=2)
    (texts,) = await _campaigns(
        bench, 1, "us-florida", strategy({"id": "text", "type": "sms", "fields": {"text": "Hello"}})
    )
    board = Board(bench.ctx)
    await board.load()
    calls, messages = (Feeds(bench.ctx, board, channel, start=_never, ring=_never) for channel in ("call", "sms"))
    assert await _ready(calls, often) == []
    assert len(await _ready(messages, texts)) == 1, "texts are not counted"
    await messages._release(await _claimed_of(bench, texts))
    bench.clock.now = datetime(2026, 5, 7, 3, tzinfo=UTC)  # 23:00 in Washington
    assert await _ready(messages, texts) == []
    due = {row.campaign_id: row.due_at for row in await _rows(bench, tables.contact_request) if row.state == "pending"}
    assert due == {often: NOON + timedelta(hours=24), texts: datetime(2026, 5, 7, 12, tzinfo=UTC)}
    assert [entry["rule"]["rule"] for entry in await _entries(bench)] == ["attempts", "hours"]


async def _ready(feeds: Feeds, campaign_id: int) -> list[ContactRequest]:
    ready, _look_at = await feeds._claim(campaign_id, Feed(), 10)
    return ready


async def _claimed_of(bench: Bench, campaign_id: int) -> list[ContactRequest]:
    async with bench.ctx.db.read() as tx:
        rows = [row.id for row in await _rows(bench, tables.contact_request) if row.campaign_id == campaign_id]
        return [found for one in rows if (found := await requests.get(tx, one)) is not None]


def _never(*_args: Any, **_named: Any) -> None:
    raise AssertionError("nothing else is begun")


@pytest.mark.req("D7", "K10", "K13")
async def test_a_place_says_when_a_call_that_was_put_off_is_due(bench: Bench) -> None:
    """Lists and pages of contacts named the time at which it would have been due without the rule."""
    (campaign_id,) = await _campaigns(bench, 1, "us-florida", OFTEN)
    for _ in range(3):
        assert await _call(bench, campaign_id)
        await builders.settle(bench, campaign_id)
        bench.clock.advance(minutes=1)
    assert not await _call(bench, campaign_id)
    (place,) = await _rows(bench, tables.enrollment)
    assert place.due_at == NOON + timedelta(hours=24)
    await campaigns.edit(bench.ctx, campaign_id, {"rule_pack": "us-federal"})
    (place,) = await _rows(bench, tables.enrollment)
    assert place.due_at == bench.clock(), "by the rules that hold now"
    assert await _call(bench, campaign_id)
