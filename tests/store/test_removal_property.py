"""Any sources over the same few people, some of whom were called, removed in any order: a model of dictionaries says the same (K8)."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from dialer.domain.contact import NewContact
from dialer.operations import contacts, removal
from dialer.store import sources
from dialer.store.tables import contact, enrollment
from tests.support import builders
from tests.support.builders import person
from tests.support.context import Bench
from tests.support.context import bench as make_bench
from tests.support.databases import SqliteDatabases, opened

PEOPLE, CAMPAIGNS = 4, 2
ROW = st.tuples(st.integers(0, PEOPLE - 1), st.sampled_from("abc"))
LOAD = st.tuples(st.just("load"), st.integers(0, CAMPAIGNS - 1), st.lists(ROW, min_size=1, max_size=4))
CALL = st.tuples(st.just("call"), st.integers(0, CAMPAIGNS - 1), st.integers(0, PEOPLE - 1))
REMOVE = st.tuples(st.just("remove"), st.integers(0, 5), st.just(None))
STEPS = st.lists(st.one_of(LOAD, LOAD, CALL, REMOVE), min_size=2, max_size=12)


@dataclass
class _Source:
    campaign: int
    changes: dict[int, list[tuple[str, str]]] = field(default_factory=dict)  # person → old and new city of each row
    is_there: bool = True


@dataclass
class _Model:
    """Who created whom, who put whom where, whose city is what."""

    sources: list[_Source] = field(default_factory=list)
    creator: dict[int, int] = field(default_factory=dict)
    city: dict[int, str] = field(default_factory=dict)
    places: dict[tuple[int, int], int] = field(default_factory=dict)  # campaign, person → source
    called: set[tuple[int, int]] = field(default_factory=set)

    def load(self, campaign: int, rows: list[tuple[int, str]]) -> None:
        new, source = len(self.sources), _Source(campaign)
        self.sources.append(source)
        for who, city in rows:
            if who not in self.creator:
                self.creator[who] = new
            else:
                source.changes.setdefault(who, [])
                if self.city[who] != city:
                    source.changes[who].append((self.city[who], city))
            self.city[who] = city
            self.places.setdefault((campaign, who), new)

    def remove(self, gone: int) -> None:
        source = self.sources[gone]
        source.is_there = False
        own = [who for (campaign, who), by in self.places.items() if campaign == source.campaign and by == gone]
        for who in own:
            if (source.campaign, who) not in self.called:
                self._leave(source.campaign, who, gone)
        for who in [who for who, by in self.creator.items() if by == gone]:
            if not any(place == who for _, place in self.places) and not self._brought(who):
                for held in (self.creator, self.city):
                    held.pop(who)
                for other in self.sources:
                    other.changes.pop(who, None)
        for who, changes in source.changes.items():
            if self.creator[who] != gone and (source.campaign, who) not in self.called:
                for old, new in reversed(changes):
                    self.city[who] = old if self.city[who] == new else self.city[who]

    def _leave(self, campaign: int, who: int, gone: int) -> None:
        heirs = [
            at
            for at, one in enumerate(self.sources)
            if one.is_there and one.campaign == campaign and who in one.changes
        ]
        if heirs:
            self.places[campaign, who] = heirs[-1]
            if self.creator[who] == gone:
                self.creator[who] = heirs[-1]
        else:
            del self.places[campaign, who]

    def _brought(self, who: int) -> bool:
        return any(one.is_there and who in one.changes for one in self.sources)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.mark.req("K8")
def test_removals_in_any_order_end_as_the_model_does(
    runner: asyncio.Runner, sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    database = opened(runner.run(sqlite_databases.make()))
    bench = make_bench(runner.run(database.__aenter__()), tmp_path)
    examples = count()

    @given(STEPS)
    @settings(max_examples=60, deadline=None, database=None)
    def removes(steps: list[tuple[str, int, object]]) -> None:
        runner.run(_check(bench, steps, PEOPLE * next(examples)))

    try:
        removes()
    finally:
        runner.run(database.__aexit__(None, None, None))


async def _check(bench: Bench, steps: list[tuple[str, int, object]], first: int) -> None:
    model, ids = _Model(), []
    campaigns = [await builders.add_campaign(bench) for _ in range(CAMPAIGNS)]
    for step, at, what in steps:
        if step == "load" and isinstance(what, list):
            model.load(at, what)
            ids.append(await _load(bench, campaigns[at], [_row(first, who, city) for who, city in what]))
        elif step == "call" and isinstance(what, int) and (at, what) in model.places:
            model.called.add((at, what))
            await _call(bench, campaigns[at], first + what)
        elif step == "remove" and at < len(ids) and model.sources[at].is_there:
            model.remove(at)
            await removal.remove(bench.ctx, campaigns[model.sources[at].campaign], ids[at], at_once_s=60)
        await _compare(bench, model, campaigns, first)


def _row(first: int, who: int, city: str) -> NewContact:
    return person(first + who, attributes={"city": city})


async def _load(bench: Bench, campaign_id: int, batch: list[NewContact]) -> int:
    async with bench.ctx.db.write() as tx:
        source_id = await sources.add(tx, campaign_id, "csv", "people.csv", bench.clock(), state="done")
        await contacts.load(tx, campaign_id, source_id, batch, bench.clock())
    return source_id


async def _call(bench: Bench, campaign_id: int, who: int) -> None:
    called = select(contact.c.id).where(contact.c.first_name == f"P{who}")
    place = update(enrollment).where(enrollment.c.campaign_id == campaign_id, enrollment.c.contact_id.in_(called))
    async with bench.ctx.db.write() as tx:
        await tx.execute(place.values(attempts=1))


async def _compare(bench: Bench, model: _Model, campaigns: list[int], first: int) -> None:
    async with bench.ctx.db.read() as tx:
        rows = await tx.execute(select(contact.c.first_name, contact.c.attributes))
        held = {int(row.first_name[1:]) - first: row.attributes["city"] for row in rows}
        places = await tx.execute(select(enrollment.c.campaign_id, contact.c.first_name).join_from(enrollment, contact))
        there = {(row.campaign_id, int(row.first_name[1:]) - first) for row in places}
    assert {who: city for who, city in held.items() if who >= 0} == model.city
    assert {one for one in there if one[0] in campaigns} == {(campaigns[at], who) for at, who in model.places}
