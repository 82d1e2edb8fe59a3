"""A campaign's report: its numbers add up whatever has happened, say what the rows say, and are taken over from old rows."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from dialer.domain.contact import NewContact
from dialer.domain.outcome import Outcome
from dialer.domain.transitions import MessageStatus
from dialer.operations import campaign_report, campaigns, messages, reports
from dialer.operations.message_rows import ReceiptNews
from dialer.store import tables
from dialer.strategy.model import Strategy
from tests.support import builders, sums
from tests.support.context import Bench
from tests.support.databases import SqliteDatabases
from tests.support.lives import EVENTS, Home, Life
from tests.support.revisions import revision
from tests.support.soak import examples, seconds
from tests.support.wired import graphs

HAPPENINGS = st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 9)), min_size=8, max_size=40)
KEPT = "SELECT * FROM result_count ORDER BY campaign_id, channel, quarter, node, gateway, result"


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.mark.soak
@pytest.mark.timeout(seconds(600))
@pytest.mark.req("A5")
def test_the_numbers_add_up_whatever_happens(
    runner: asyncio.Runner, sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    home = Home(runner.run(sqlite_databases.make()), tmp_path)

    @given(strategies=st.tuples(graphs(busy=True), graphs(busy=True)), happenings=HAPPENINGS)
    @settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def holds(strategies: tuple[Strategy, Strategy], happenings: list[tuple[str, int]]) -> None:
        runner.run(_holds(Life(home, strategies, ("1", "x")), happenings))

    runner.run(home.connect())
    try:
        holds()
    finally:
        runner.run(home.close())


async def _holds(life: Life, happenings: list[tuple[str, int]]) -> None:
    await life.home.empty()
    await life.begin()
    for event, number in happenings:
        await life.tell(event, number)
    await sums.check(life.bench.ctx, life.campaign_id)
    await _counts_for_metrics_equal_the_rows(life.bench)


async def _counts_for_metrics_equal_the_rows(bench: Bench) -> None:
    counted = await reports.counts(bench.ctx)
    async with bench.ctx.db.read() as tx:
        calls = "SELECT coalesce(outcome, 'open'), count(*) FROM attempt GROUP BY 1"
        assert counted.attempts == {row[0]: row[1] for row in await tx.execute(text(calls))}
        texts = await tx.execute(text("SELECT gateway, status, count(*) FROM message GROUP BY 1, 2"))
        told = [(gateway, status, n) for gateway, states in counted.messages.items() for status, n in states.items()]
        assert sorted(told) == sorted((row[0], row[1], row[2]) for row in texts)


async def _lived(bench: Bench) -> int:
    """A campaign with calls of several outcomes, over several hours, one open, and texts of several statuses."""
    campaign_id = await builders.add_campaign(bench, builders.call_wait_text(tries=2), time_zone="Asia/Kathmandu")
    await builders.load(bench, campaign_id, builders.persons(9))
    await builders.publish(bench, campaign_id)
    outcomes = [Outcome.ANSWERED, Outcome.BUSY, Outcome.ABANDONED, Outcome.MACHINE] + [Outcome.NO_ANSWER] * 4
    for request, outcome in zip(await builders.claim(bench, campaign_id, limit=8), outcomes, strict=True):
        attempt_id = await builders.intend_call(bench, request)
        assert attempt_id is not None
        bench.clock.advance(minutes=7)
        ended = bench.clock()
        talked = {"connected_at": ended - timedelta(seconds=90), "answered_at": ended - timedelta(seconds=93)}
        await builders.end_call(bench, attempt_id, outcome, **(talked if outcome is Outcome.ANSWERED else {}))
    await builders.intend_call(bench, (await builders.claim(bench, campaign_id, limit=1))[0])
    bench.clock.advance(minutes=30)
    again = await builders.claim(bench, campaign_id, limit=4)
    for request, outcome in zip(again, [Outcome.ANSWERED] + [Outcome.NO_ANSWER] * 3, strict=True):
        attempt_id = await builders.intend_call(bench, request)
        assert attempt_id is not None
        await builders.end_call(bench, attempt_id, outcome)
    bench.clock.advance(hours=2)
    await builders.settle(bench, campaign_id)
    statuses = (MessageStatus.SUBMITTED, MessageStatus.REJECTED)
    for request, status in zip(await builders.claim(bench, campaign_id, "sms", limit=2), statuses, strict=True):
        message_id = await builders.intend_text(bench, request)
        assert message_id is not None
        await builders.answer_text(bench, message_id, status)
    await builders.intend_text(bench, (await builders.claim(bench, campaign_id, "sms", limit=1))[0])
    return campaign_id


@pytest.mark.req("A5")
async def test_a_report_tells_what_became_of_contacts_calls_and_texts(bench: Bench) -> None:
    campaign_id = await _lived(bench)
    told = await sums.check(bench.ctx, campaign_id)
    one = told.summary
    assert (one.loaded, one.dialed, one.reached, one.remaining) == (9, 9, 2, 2)
    assert {name: n for name, n in one.results.outcomes.items() if n} == {
        "answered": 2, "abandoned": 1, "busy": 1, "no_answer": 7, "machine": 1, "open": 1,
    }  # fmt: skip
    assert {name: n for name, n in one.results.statuses.items() if n} == {"submitted": 1, "rejected": 1, "open": 1}
    assert (one.talk_s, one.talk_average_s) == (90, 45)
    assert [(row.calls, row.contacts, row.reached, row.reached_so_far) for row in told.tries] == [
        (1, 5, 1, 1),
        (2, 4, 1, 2),
    ]
    steps = {step.node: step for step in told.steps}
    assert list(steps) == ["in", "call", "wait", "text", "end"]
    assert (steps["call"].entered, steps["call"].results.attempts, steps["call"].waiting) == (9, 13, 1)
    assert (steps["text"].entered, steps["text"].results.texts, steps["end"].done) == (3, 3, 7)
    assert steps["wait"].entered is None


@pytest.mark.req("A5", "M3")
async def test_a_text_that_gets_another_status_is_counted_in_that_one_only(bench: Bench) -> None:
    campaign_id = await _lived(bench)
    async with bench.ctx.db.read() as tx:
        accepted = await tx.scalar(text("SELECT id FROM message WHERE status = 'submitted'"))
    for _ in range(2):  # a receipt may come twice
        news = ReceiptNews("texter", [f"smsc-{accepted}"], "", MessageStatus.DELIVERED, None)
        await messages.receipt(bench.ctx, [news])
        told = await sums.check(bench.ctx, campaign_id)
        assert {name: n for name, n in told.summary.results.statuses.items() if n} == {
            "delivered": 1, "rejected": 1, "open": 1,
        }  # fmt: skip
    await _counts_for_metrics_equal_the_rows(bench)


@pytest.mark.req("A5")
async def test_hours_are_those_of_the_campaigns_zone(bench: Bench) -> None:
    campaign_id = await _lived(bench)
    zone = "Asia/Kathmandu"  # 5 h 45 min before UTC
    async with bench.ctx.db.read() as tx:
        begun = [row.started_at for row in await tx.execute(tables.attempt.select())]
    local = [moment + timedelta(hours=5, minutes=45) for moment in begun]
    _, told = await campaign_report.of_campaign(bench.ctx, campaign_id)
    calls = {hour.label: hour.results.attempts for hour in told.hours if hour.results.attempts}
    assert calls == {f"{hour:02d}:00": sum(m.hour == hour for m in local) for hour in {m.hour for m in local}}
    _, of_day = await campaign_report.of_campaign(bench.ctx, campaign_id, local[0].date())
    on_it = [moment for moment in local if moment.date() == local[0].date()]
    assert sum(hour.results.attempts for hour in of_day.hours) == len(on_it)
    assert len(of_day.hours) == 24, zone
    _, empty = await campaign_report.of_campaign(bench.ctx, campaign_id, date(2020, 1, 1))
    assert sum(hour.results.attempts + hour.results.texts for hour in empty.hours) == 0


@pytest.mark.req("A5")
async def test_a_day_on_which_the_clocks_change_and_the_hours_around_it(bench: Bench) -> None:
    bench.clock.now = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)  # 01:30 of the 25th in Berlin, in summer
    campaign_id = await builders.add_campaign(bench, time_zone="Europe/Berlin")
    await builders.load(bench, campaign_id, builders.persons(4))
    await builders.publish(bench, campaign_id)
    for request in await builders.claim(bench, campaign_id):  # 01:30, 02:30, 02:30 again, 03:30
        attempt_id = await builders.intend_call(bench, request)
        assert attempt_id is not None
        await builders.end_call(bench, attempt_id, Outcome.BUSY)
        bench.clock.advance(hours=1)
    _, day = await campaign_report.of_campaign(bench.ctx, campaign_id, date(2026, 10, 25))
    assert len(day.hours) == 25
    assert [(hour.label, hour.results.attempts) for hour in day.hours[:5]] == [
        ("00:00", 0), ("01:00", 1), ("02:00 (UTC+2)", 1), ("02:00 (UTC+1)", 1), ("03:00", 1),
    ]  # fmt: skip
    told = await sums.check(bench.ctx, campaign_id)
    assert [hour.results.attempts for hour in told.hours[:5]] == [0, 1, 2, 1, 0]


@pytest.mark.req("A5")
async def test_old_rows_are_counted_as_they_would_have_been(bench: Bench) -> None:
    campaign_id = await _lived(bench)
    places = "SELECT id, reached_after FROM enrollment ORDER BY id"
    async with bench.ctx.db.write() as tx:
        before = [tuple(row) for row in await tx.execute(text(KEPT))], list(await tx.execute(text(places)))
        await tx.execute(text("DELETE FROM result_count"))
        await tx.execute(text("UPDATE enrollment SET reached_after = NULL"))
        for statement in revision("0027_result_counts").backfill(tx.dialect.name):
            await tx.execute(text(statement))
        after = [tuple(row) for row in await tx.execute(text(KEPT))], list(await tx.execute(text(places)))
    assert after == before
    assert len(before[0]) > 8
    await sums.check(bench.ctx, campaign_id)


@pytest.mark.req("A5")
async def test_two_nodes_count_into_the_same_row(bench: Bench, second: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, builders.persons(2))
    await builders.publish(bench, campaign_id)
    for node in (bench, second):
        (request,) = await builders.claim(node, campaign_id, limit=1)
        attempt_id = await builders.intend_call(node, request)
        assert attempt_id is not None
        await builders.end_call(node, attempt_id, Outcome.BUSY)
    for node in (bench, second):
        assert (await sums.check(node.ctx, campaign_id)).summary.results.outcomes["busy"] == 2


@pytest.mark.req("A5")
async def test_the_counts_go_with_their_campaign(bench: Bench) -> None:
    campaign_id = await _lived(bench)
    await campaigns.unpublish(bench.ctx, campaign_id)
    async with bench.ctx.db.write() as tx:
        await tx.execute(text("DELETE FROM campaign"))
    assert (await reports.counts(bench.ctx)) == reports.Counts({}, {}, {})


@pytest.mark.req("A5")
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(st.integers(0, 12), max_size=6), min_size=1, max_size=5))
def test_loaded_is_what_the_sources_brought(
    sqlite_databases: SqliteDatabases, tmp_path_factory: pytest.TempPathFactory, batches: list[list[int]]
) -> None:
    asyncio.run(_brought(sqlite_databases, tmp_path_factory.mktemp("brought"), batches))


async def _brought(databases: SqliteDatabases, folder: Path, batches: list[list[int]]) -> None:
    """Each row created a contact or was merged into one; a person that came again is in the campaign once."""
    home = Home(await databases.make(), folder)
    await home.connect()
    try:
        bench = Life(home, (), ("", "")).bench  # type: ignore[arg-type]
        campaign_id, other = await builders.add_campaign(bench), await builders.add_campaign(bench)
        await builders.load(bench, other, builders.persons(5))
        created = merged = again = 0
        seen: set[int] = set()
        for batch in batches:
            new: list[NewContact] = [builders.person(n) for n in batch]
            done = await builders.load(bench, campaign_id, new)
            created, merged = created + done.created, merged + done.merged
            again += len(batch) - len(set(batch) - seen)
            seen |= set(batch)
        told = await sums.check(bench.ctx, campaign_id)
        assert told.summary.loaded == created + merged - again == len(seen)
    finally:
        await home.close()
