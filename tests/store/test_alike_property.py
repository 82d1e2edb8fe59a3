"""Contacts who take a step together end where each would have come alone, with the same trail, whatever came before."""

import asyncio
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, select

from dialer.domain.outcome import Outcome
from dialer.operations import alike, campaigns
from dialer.store.tables import contact_request, enrollment, trail
from tests.support import builders, invariants
from tests.support.context import Bench
from tests.support.context import bench as make_bench
from tests.support.databases import Databases, opened

PEOPLE = 6
ZONES = (None, None, "Asia/Tokyo", None, "America/New_York", "Asia/Tokyo")
# Every kind of wait, a branch, a window in the contact's own zone, a time limit, and steps that need the contact.
STRATEGY = builders.strategy(
    {"id": "day", "type": "wait", "fields": {"kind": "for", "duration": "1d"}, "out": {"next": "call"}},
    {"id": "call", "type": "call", "fields": {"tries": 1}, "out": {"no_answer": "text", "otherwise": "ten"}},
    {
        "id": "text", "type": "sms", "fields": {"text": "Hello", "until": "delivered", "timeout": "1h"},
        "out": {"timeout": "office", "otherwise": "end"},
    },
    {"id": "office", "type": "time-window", "fields": {"from": "09:00", "to": "17:00"}, "out": {"open": "ten"}},
    {"id": "ten", "type": "wait", "fields": {"kind": "until_time", "at": "10:00"}, "out": {"next": "which"}},
    {
        "id": "which", "type": "branch", "fields": {"on": "last.outcome", "rules": [{"op": "eq", "value": "answered"}]},
        "out": {"rule1": "end", "otherwise": "note"},
    },
    {"id": "note", "type": "set-attribute", "fields": {"attribute": "a", "value": "1"}, "out": {"next": "end"}},
    {"id": "end", "type": "end", "fields": {"result": "done"}},
)  # fmt: skip
ONE = st.sampled_from(["hour", "day", "settle", "answered", "no answer", "text", "unpublish", "publish"])
MANY = st.sampled_from(
    [
        ["day", "settle", "answered", "day", "settle"],
        ["day", "settle", "no answer", "text", "hour", "hour", "settle", "day", "settle", "day", "settle"],
        ["day", "settle", "no answer", "text", "unpublish", "hour", "hour", "settle", "publish", "settle", "day"],
    ]
)
STORIES = st.lists(st.one_of(MANY, ONE.map(lambda one: [one])), min_size=1, max_size=5).map(
    lambda parts: [event for part in parts for event in part]
)


async def _tell(bench: Bench, campaign_id: int, event: str) -> None:
    match event:
        case "settle":
            await builders.settle(bench, campaign_id)
        case "answered" | "no answer":
            await builders.call_all(bench, campaign_id, Outcome(event.replace(" ", "_")))
        case "text":
            for request in await builders.claim(bench, campaign_id, "sms"):
                message_id = await builders.intend_text(bench, request)
                assert message_id is not None
                await builders.answer_text(bench, message_id)
        case "unpublish":
            await campaigns.unpublish(bench.ctx, campaign_id)
        case "publish":
            await campaigns.publish(bench.ctx, campaign_id)


async def _written(bench: Bench, campaign_id: int) -> dict[str, list[dict[str, Any]]]:
    """All rows of a campaign by their contacts, in order, without the ids by which two campaigns differ."""

    async def rows(table: Table) -> list[dict[str, Any]]:
        query = select(table).where(table.c.campaign_id == campaign_id).order_by(table.c.contact_id, table.c.id)
        async with bench.ctx.db.read() as tx:
            return [_without_ids(dict(row._mapping)) for row in await tx.execute(query)]

    return {table.name: await rows(table) for table in (enrollment, contact_request, trail)}


def _without_ids(row: dict[str, Any]) -> dict[str, Any]:
    """What an attribute held before is left out, too: both campaigns have the same contacts, and one comes first."""
    named = {"id", "campaign_id", "source_id", "enrollment_id", "request_id", "replaces_id", "data"}
    told = {"request", "replaces", "message", "attempt", "source", "changes"}
    left = {name: value for name, value in row.items() if name not in named}
    data = {name: value for name, value in row.get("data", {}).items() if name not in told}
    set_to = [(change["field"], change["new"]) for change in row.get("data", {}).get("changes", [])]
    return {**left, "data": data, "set": set_to, "asks": row.get("request_id") is None}


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.mark.req("S4", "C7", "C8", "K12")
def test_together_is_as_one_after_the_other(
    runner: asyncio.Runner, databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = opened(runner.run(databases.make()))
    bench = make_bench(runner.run(database.__aenter__()), tmp_path)
    examples = count()

    async def happens(events: list[str]) -> None:
        first = PEOPLE * next(examples)
        people = [builders.person(n, time_zone=ZONES[n % len(ZONES)]) for n in range(first, first + PEOPLE)]
        both = [await builders.add_campaign(bench, STRATEGY) for _ in range(2)]
        for campaign_id in both:
            await builders.load(bench, campaign_id, people)
        for event in ["publish", "settle", *events, "settle"]:
            bench.clock.advance(hours={"hour": 1, "day": 24}.get(event, 0))
            for few, campaign_id in zip((2, 1_000), both, strict=True):
                monkeypatch.setattr(alike, "FEW", few)
                if event in {"publish", "unpublish"} and not await _may(bench, campaign_id, event):
                    continue
                await _tell(bench, campaign_id, event)
        together, alone = [await _written(bench, campaign_id) for campaign_id in both]
        assert together == alone

    @given(STORIES)
    @settings(max_examples=12, deadline=None, database=None)
    def stories(events: list[str]) -> None:
        runner.run(happens(events))

    try:
        stories()
        runner.run(invariants.check(bench.ctx.db))
    finally:
        runner.run(database.__aexit__(None, None, None))


async def _may(bench: Bench, campaign_id: int, event: str) -> bool:
    is_published = (await campaigns.get(bench.ctx, campaign_id)).status == "published"
    return is_published if event == "unpublish" else not is_published
