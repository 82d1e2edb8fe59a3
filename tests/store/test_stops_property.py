"""Whatever came before, stopping and queueing again by the thousand does what one contact after the other would do."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from itertools import chain, count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from dialer.domain.campaign import active, stop_reason
from dialer.domain.errors import DomainError
from dialer.domain.outcome import Outcome
from dialer.domain.windows import Validity
from dialer.operations import campaigns, lifecycle
from dialer.store.requests import ContactRequest
from dialer.store.tables import contact_request, enrollment, trail
from tests.support import builders, invariants
from tests.support.context import Bench
from tests.support.context import bench as make_bench
from tests.support.databases import Databases, opened

PEOPLE = 9
# What happens at once, and what belongs together often enough to be seen.
ONE = st.sampled_from(
    ["load", "claim", "call", "no answer", "answer", "publish", "unpublish", "wait", "some", "settle"]
)
MANY = st.sampled_from(
    [
        ["claim", "call", "no answer", "unpublish", "settle"],  # one who waits
        ["claim", "call", "unpublish", "no answer"],  # under way while the campaign stops
        ["unpublish", "settle", "wait", "publish", "settle"],
        ["unpublish", "some", "publish", "settle"],
        ["expire", "settle", "wait", "open", "settle"],
        ["expire", "some", "unpublish", "load", "settle"],
        ["unpublish", "end", "settle"],
    ]
)
STORIES = st.lists(st.one_of(ONE.map(lambda one: [one]), MANY), min_size=2, max_size=8).map(
    lambda parts: list(chain(*parts))
)

Row = dict[str, Any]


class _Places:
    """The rows of a campaign as plain dicts, changed one contact after the other; new rows have negative ids."""

    def __init__(self, places: list[Row], requests: list[Row], entries: list[Row]) -> None:
        self.places, self.requests, self.entries = places, requests, entries

    @classmethod
    async def read(cls, bench: Bench, campaign_id: int) -> "_Places":
        async with bench.ctx.db.read() as tx:
            found = [
                [dict(row._mapping) for row in await tx.execute(query.order_by(query.selected_columns["id"]))]
                for query in (select(t).where(t.c.campaign_id == campaign_id) for t in (enrollment, contact_request, trail))
            ]  # fmt: skip
        return cls(*found)

    def stop(self, reason: str, now: datetime) -> None:
        for place in self.places:
            if place["state"] in {"pending", "waiting"}:
                for request in self.requests:
                    if request["enrollment_id"] == place["id"] and request["state"] in {"pending", "claimed"}:
                        request |= {"state": "stopped", "stop_reason": reason, "lease_node": None, "lease_until": None}
                self._flag(place, reason, now)

    def end(self, now: datetime) -> None:
        for place in self.places:
            if place["state"] == "stopped" and place["stop_reason"] != "campaign-ended":
                self._flag(place, "campaign-ended", now)

    def _flag(self, place: Row, reason: str, now: datetime) -> None:
        self._change(place, now, state="stopped", stop_reason=reason)
        self._tell(place, now, "stopped", {"reason": reason})

    def queue_again(self, now: datetime) -> None:
        for place in self.places:
            if place["state"] != "stopped" or place["stop_reason"] == "campaign-ended":
                continue
            old = next((r for r in self.requests if r["id"] == place["request_id"] and r["state"] == "stopped"), None)
            if old is None:
                state = "pending" if place["node"] is None else "waiting"
                self._change(place, now, state=state, stop_reason=None, result=None)
                self._tell(place, now, "requeued", {})
                continue
            new = self._copy(old, now)
            self._change(place, now, state="pending", stop_reason=None, result=None)
            place |= {"request_id": new["id"], "due_at": new["due_at"]}
            self._tell(place, now, "requeued", {"request": new["id"], "replaces": old["id"]})

    def _copy(self, old: Row, now: datetime) -> Row:
        due = max(old["wanted_at"], now)
        new = {**old, "id": -len(self.requests), "requeue_no": old["requeue_no"] + 1, "replaces_id": old["id"]}
        new |= {"state": "pending", "stop_reason": None, "wanted_at": due, "due_at": due, "created_at": now}
        self.requests.append(new)
        return new

    @staticmethod
    def _change(place: Row, now: datetime, **fields: Any) -> None:
        place |= {**fields, "modified_at": now, "revision": place["revision"] + 1}

    def _tell(self, place: Row, now: datetime, kind: str, data: Row) -> None:
        told = {"id": -len(self.entries), "at": now, "campaign_id": place["campaign_id"], "source_id": None}
        self.entries.append({**told, "contact_id": place["contact_id"], "kind": kind, "data": data})

    def named_alike(self) -> tuple[list[Row], list[Row], list[tuple[int, list[Row]]]]:
        """Comparable: requests by their order, and each contact's trail, in its order."""
        number = {request["id"]: n for n, request in enumerate(self.requests)}
        requests = [{**r, "id": number[r["id"]], "replaces_id": number.get(r["replaces_id"])} for r in self.requests]
        places = [{**p, "request_id": number.get(p["request_id"])} for p in self.places]
        trails: dict[int, list[Row]] = {}
        for entry in self.entries:
            data = {k: number.get(v, v) if k in {"request", "replaces"} else v for k, v in entry["data"].items()}
            trails.setdefault(entry["contact_id"], []).append({**entry, "id": None, "data": data})
        return places, requests, sorted(trails.items())


class _Story:
    """One campaign, and what happens to it."""

    def __init__(self, bench: Bench, campaign_id: int, first: int) -> None:
        self.bench, self.campaign_id = bench, campaign_id
        self.people = iter(range(first, first + 10 * PEOPLE))
        self.claimed: list[ContactRequest] = []
        self.calling: list[str] = []

    async def tell(self, event: str) -> None:
        if event in {"some", "settle"}:
            await self._compared(chunks=1 if event == "some" else 1000)
        elif event == "wait":
            self.bench.clock.advance(minutes=25)
        else:
            await self._tell(event)

    async def _tell(self, event: str) -> None:
        clock, ctx, campaign_id = self.bench.clock, self.bench.ctx, self.campaign_id
        match event:
            case "load":
                await builders.load(self.bench, campaign_id, [builders.person(next(self.people)) for _ in range(3)])
            case "claim":
                self.claimed += await builders.claim(self.bench, campaign_id, limit=3)
            case "call" if self.claimed:
                attempt_id = await builders.intend_call(self.bench, self.claimed.pop())
                self.calling += [attempt_id] if attempt_id else []
            case "no answer" | "answer" if self.calling:
                outcome = Outcome.NO_ANSWER if event == "no answer" else Outcome.ANSWERED
                await builders.end_call(self.bench, self.calling.pop(), outcome)
            case "publish" | "unpublish" | "end":
                await getattr(campaigns, event)(ctx, campaign_id)
            case "expire":
                await campaigns.edit(ctx, campaign_id, {"validity": Validity(until=clock() + timedelta(minutes=1))})
                clock.advance(minutes=1)
            case "open":
                await campaigns.edit(ctx, campaign_id, {"validity": Validity()})

    async def _compared(self, chunks: int) -> None:
        campaign = await campaigns.get(self.bench.ctx, self.campaign_id)
        now = self.bench.clock()
        expected, whole = await _Places.read(self.bench, self.campaign_id), chunks > 1
        await self._repeat(lifecycle.stop_pending, chunks)
        await self._repeat(lifecycle.queue_again, chunks)
        if whole:
            reason = stop_reason(campaign, now)
            if reason:
                expected.stop(reason, now)
                expected.end(now) if campaign.status == "ended" else None
            if active(campaign, now):
                expected.queue_again(now)
            found = await _Places.read(self.bench, self.campaign_id)
            assert found.named_alike() == expected.named_alike()
        await self._repeat(lifecycle.enter, chunks)
        await self._repeat(lifecycle.take_due, chunks)

    async def _repeat(self, operation: Callable[..., Awaitable[bool]], chunks: int) -> None:
        while await operation(self.bench.ctx, self.campaign_id) and (chunks := chunks - 1):
            pass


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.mark.req("C7", "C8")
def test_by_the_thousand_is_as_one_after_the_other(
    runner: asyncio.Runner, databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "FIRST", 2)
    database = opened(runner.run(databases.make()))
    bench = make_bench(runner.run(database.__aenter__()), tmp_path)
    examples = count()

    @given(STORIES)
    @settings(max_examples=40, deadline=None, database=None)
    def happens(events: list[str]) -> None:
        runner.run(_happens(bench, events, 10 * PEOPLE * next(examples)))

    try:
        happens()
        runner.run(invariants.check(bench.ctx.db))
    finally:
        runner.run(database.__aexit__(None, None, None))


async def _happens(bench: Bench, events: list[str], first: int) -> None:
    campaign_id = await builders.add_campaign(bench, builders.call_wait_text())
    story = _Story(bench, campaign_id, first)
    for event in ("load", "load", "publish", "settle", *events, "settle"):
        try:
            await story.tell(event)
        except DomainError:  # not in this state of the campaign
            continue
