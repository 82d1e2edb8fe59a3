"""Lots of an import (SQLite): the same contacts as row by row, whatever dies or interferes in the middle."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from dialer.domain.suppression import address_digest
from dialer.domain.transitions import SourceState
from dialer.intake import staging
from dialer.intake.csv_reader import inspect
from dialer.intake.staging import Job
from dialer.operations import deleting, importing, landing, reports
from dialer.store import bulk, do_not_contact, sources, tables
from dialer.store.listing import Query
from tests.support import builders, invariants
from tests.support.builders import number, person
from tests.support.context import Bench
from tests.support.context import bench as make_bench
from tests.support.databases import SqliteDatabases, opened

NUMBERS = 14
ROWS = st.lists(st.lists(st.integers(0, NUMBERS - 1), min_size=1, max_size=3), min_size=1, max_size=16)
KNOWN = st.lists(st.lists(st.integers(0, NUMBERS - 1), min_size=1, max_size=2), max_size=3)
DEATHS = st.lists(st.integers(1, 14), max_size=3)
PUSHES = st.dictionaries(st.integers(1, 14), st.integers(0, NUMBERS - 1), max_size=2)


class DeadError(Exception):
    """The process is gone: nothing is written any more, not even what should be done at the end."""


class _Fate:
    """Kills the process at its `dies`-th transaction, or lets somebody else load a number before one."""

    def __init__(self, bench: Bench, dies: int | None, pushes: dict[int, Callable[[], Awaitable[Any]]]) -> None:
        self._transact, self._dies, self._pushes = bench.ctx.db.transact, dies, pushes
        self._number, self._pushing = count(1), False
        bench.ctx.db.transact = self.transact  # type: ignore[method-assign]

    async def transact(self, work: Any, **how: Any) -> Any:
        if not self._pushing:
            now = next(self._number)
            if self._dies is not None and now >= self._dies:
                raise DeadError
            if now in self._pushes:
                self._pushing = True
                await self._pushes[now]()
                self._pushing = False
        return await self._transact(work, **how)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


def _components(rows: Sequence[Sequence[int]]) -> set[frozenset[str]]:
    """The groups of numbers that rows connect."""
    groups: list[set[int]] = []
    for row in rows:
        joined = set(row).union(*(group for group in groups if group & set(row)))
        groups = [group for group in groups if not group & set(row)] + [joined]
    return {frozenset(map(number, group)) for group in groups}


def _written(folder: Path, rows: Sequence[Sequence[int]]) -> Path:
    file = folder / "rows.csv"
    lines = [",".join([*map(number, row), *[""] * (3 - len(row)), f"R{at}"]) for at, row in enumerate(rows)]
    file.write_text("phone,phone2,phone3,first_name\n" + "\n".join([*lines, "nonsense,,,X"]) + "\n")
    return file


async def _source(bench: Bench, campaign_id: int, file: Path) -> int:
    shape = inspect(file)
    mapping = {"columns": {}, "shape": {**asdict(shape), "sample_rows": ()}}
    async with bench.ctx.db.write() as tx:
        return await sources.add(
            tx, campaign_id, "csv", "rows", bench.clock(), state="running", mapping=mapping, file=file.name
        )


async def _land_all(bench: Bench, source_id: int, file: Path, lot_rows: int) -> None:
    """What importing.run does, with small lots laid out in this process."""
    async with bench.ctx.db.read() as tx:
        source = await sources.get(tx, source_id)
    assert source is not None
    if source.landing:
        await landing.take_back(bench.ctx, source_id, source.landing)
    line = source.last_row
    job = Job(str(file), inspect(file), {}, "US", None, {}, line, None, lot_rows)
    for lot in staging.lots(job):
        await landing.land(bench.ctx, source, lot, line)
        line = lot.last_line


async def _found(bench: Bench, campaign_id: int) -> tuple[set[frozenset[str]], int, Any]:
    """Numbers by contact, contacts in the campaign, and what the source says."""
    held: dict[int, set[str]] = {}
    async with bench.ctx.db.read() as tx:
        for row in await tx.execute(select(tables.contact.c.id)):
            held[row.id] = set()
        for row in await tx.execute(select(tables.channel_address)):
            held[row.contact_id].add(row.address)
        places = tables.enrollment.c.campaign_id == campaign_id
        enrolled = await tx.scalar(select(func.count()).select_from(tables.enrollment).where(places))
        source = (await tx.execute(select(tables.source).where(tables.source.c.name == "rows"))).one()
    return {frozenset(numbers) for numbers in held.values()}, int(enrolled or 0), source


@pytest.mark.req("K2", "K5", "K6")
def test_lots_end_as_the_groups_of_their_numbers_whatever_dies_or_interferes(
    sqlite_databases: SqliteDatabases, runner: asyncio.Runner, tmp_path: Path
) -> None:
    numbers = count()

    async def story(
        known: list[list[int]], rows: list[list[int]], lot_rows: int, deaths: list[int], pushes: dict[int, int]
    ) -> None:
        url = await sqlite_databases.make()
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        async with opened(url) as db:
            bench = make_bench(db, folder)
            campaign_id, other = await builders.add_campaign(bench), await builders.add_campaign(bench)
            await builders.load(bench, other, [person(*row) for row in known])
            file = _written(folder, rows)
            source_id = await _source(bench, campaign_id, file)
        pushed: list[list[int]] = []

        async def push(bench: Bench, one: int) -> None:
            pushed.append([one])
            await builders.load(bench, other, [person(one)])

        for dies in [*deaths, None]:
            async with opened(url) as db:
                bench = make_bench(db, folder)
                todo = {at: (lambda b=bench, n=one: push(b, n)) for at, one in pushes.items()}  # type: ignore[misc]
                _Fate(bench, dies, todo)
                try:
                    await _land_all(bench, source_id, file, lot_rows)
                except DeadError:
                    continue
                else:
                    break
        async with opened(url) as db:
            bench = make_bench(db, folder)
            groups, enrolled, source = await _found(bench, campaign_id)
            everybody = _components([*known, *rows, *pushed])
            assert groups == everybody
            of_file = {number(one) for row in rows for one in row}
            assert enrolled == sum(1 for group in everybody if group & of_file)
            assert (source.rows, source.refused) == (len(rows) + 1, 1)
            assert source.created + source.merged == len(rows)
            assert source.landing is None
            await invariants.check(db)
        await sqlite_databases.drop(url)

    @settings(max_examples=60, deadline=None)
    @given(KNOWN, ROWS, st.integers(2, 9), DEATHS, PUSHES)
    def check(
        known: list[list[int]], rows: list[list[int]], lot_rows: int, deaths: list[int], pushes: dict[int, int]
    ) -> None:
        runner.run(story(known, rows, lot_rows, deaths, pushes))

    check()


@pytest.fixture
async def again(lite: Bench, tmp_path: Path) -> Any:
    """The same database after a restart."""
    async with opened(lite.ctx.db.url) as db:
        yield make_bench(db, tmp_path)


@pytest.fixture
async def lite(sqlite_databases: SqliteDatabases, tmp_path: Path) -> Any:
    url = await sqlite_databases.make()
    async with opened(url) as db:
        yield make_bench(db, tmp_path)
    await sqlite_databases.drop(url)


@pytest.mark.req("K6")
async def test_nobody_is_left_half_in_when_the_campaign_is_deleted_meanwhile(lite: Bench, tmp_path: Path) -> None:
    campaign_id = await builders.add_campaign(lite)
    file = _written(tmp_path, [[n] for n in range(9)])
    source_id = await _source(lite, campaign_id, file)

    async def deleted() -> None:
        await deleting.remove(lite.ctx, campaign_id)

    _Fate(lite, None, {4: deleted})  # when contacts are in, and no address
    with pytest.raises(importing.UnwantedError):
        await _land_all(lite, source_id, file, 5)
    async with lite.ctx.db.read() as tx:
        assert await tx.scalar(select(func.count()).select_from(tables.contact)) == 0
        assert await tx.scalar(select(func.count()).select_from(tables.channel_address)) == 0


@pytest.mark.req("K6", "K8")
async def test_an_import_that_was_cancelled_and_killed_at_once_leaves_nobody_half_in(
    lite: Bench, again: Bench, tmp_path: Path
) -> None:
    campaign_id = await builders.add_campaign(lite)
    file = _written(tmp_path, [[n] for n in range(9)])
    source_id = await _source(lite, campaign_id, file)
    _Fate(lite, 5, {})  # contacts are in, and no address
    with pytest.raises(DeadError):
        await _land_all(lite, source_id, file, 9)
    async with again.ctx.db.write() as tx:
        assert await sources.set_state(tx, source_id, SourceState.CANCELLED)
        assert await sources.unfinished(tx) == [source_id]
    await importing.run(again.ctx, source_id)
    async with again.ctx.db.read() as tx:
        assert await sources.unfinished(tx) == []
        assert await tx.scalar(select(func.count()).select_from(tables.contact)) == 0
        source = await sources.get(tx, source_id)
    assert source is not None
    assert (source.state, source.landing) == ("cancelled", None)


@pytest.mark.req("K6", "K8")
async def test_ids_of_contacts_that_land_are_given_to_nobody_else(lite: Bench) -> None:
    campaign_id = await builders.add_campaign(lite)
    source_id = (await builders.load(lite, campaign_id, [person(1)])).created
    base = await lite.ctx.db.transact(lambda tx: bulk.reserve(tx, source_id, 100))
    loaded = await builders.load(lite, campaign_id, [person(2)])
    assert [place.contact_id for place in loaded.places] == [base + 100]


@pytest.mark.req("D7", "K11")
async def test_a_listed_address_is_left_out_and_who_has_no_other_is_refused(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    rows = [
        {
            "digest": address_digest(bench.ctx.secret, number(one)), "address": None, "campaign_id": where,
            "reason": "asked", "created_at": bench.clock(),
        }
        for one, where in ((0, None), (1, campaign_id))
    ]  # fmt: skip
    async with bench.ctx.db.write() as tx:
        await do_not_contact.add_many(tx, rows)
    file = bench.ctx.settings.data_dir / "uploads"
    file.mkdir(parents=True, exist_ok=True)
    source_id = await _source(bench, campaign_id, _written(file, [[0], [1, 2], [3]]))
    async with bench.ctx.db.write() as tx:
        await tx.execute(update(tables.source).values(state="pending"))
    await importing.run(bench.ctx, source_id)
    groups, enrolled, source = await _found(bench, campaign_id)
    assert groups == {frozenset({number(2)}), frozenset({number(3)})}
    assert (enrolled, source.created, source.merged, source.refused) == (2, 2, 0, 2)
    async with bench.ctx.db.read() as tx:
        refused = await sources.refused(tx, source_id, 0, 10)
    assert [(row.row, row.cells[0]) for row in refused] == [(2, number(0)), (5, "nonsense")]
    assert "do-not-contact" in refused[0].reason


@pytest.mark.req("K2", "K7")
@pytest.mark.parametrize("at", range(2, 8))
async def test_a_number_that_is_pushed_in_the_middle_is_merged(lite: Bench, tmp_path: Path, at: int) -> None:
    campaign_id, other = await builders.add_campaign(lite), await builders.add_campaign(lite)
    file = _written(tmp_path, [[0, 1], [2], [3]])
    source_id = await _source(lite, campaign_id, file)
    _Fate(lite, None, {at: lambda: builders.load(lite, other, [person(1), person(2)])})
    await _land_all(lite, source_id, file, 50)
    groups, enrolled, source = await _found(lite, campaign_id)
    assert groups == {frozenset({number(0), number(1)}), frozenset({number(2)}), frozenset({number(3)})}
    assert (enrolled, source.created + source.merged) == (3, 3)
    await invariants.check(lite.ctx.db)


@pytest.mark.req("K10")
async def test_contacts_are_indexed_with_their_addresses_also_if_they_are_looked_for_while_they_land(
    lite: Bench, tmp_path: Path
) -> None:
    campaign_id = await builders.add_campaign(lite)
    file = _written(tmp_path, [[n] for n in range(9)])
    source_id = await _source(lite, campaign_id, file)

    async def looked() -> None:
        seen.append((await reports.contacts_page(lite.ctx, Query(limit=10))).total)
        page = await reports.contacts_page(lite.ctx, Query(limit=10), campaign_id)
        async with lite.ctx.db.read() as tx:
            placed = await tx.scalar(select(func.count()).select_from(tables.enrollment))
        assert len(page.items) + page.unindexed >= placed, "of whom a list does not have it says so"

    seen: list[int] = []
    _Fate(lite, None, dict.fromkeys(range(1, 12), looked))
    await _land_all(lite, source_id, file, 5)
    assert seen[0] == 0
    found = await reports.contacts_page(lite.ctx, Query(limit=10, q=number(7)))
    assert [item["first_name"] for item in found.items] == ["R7"]
