"""Any rows in any batches end as the connected groups of their addresses: a union-find model says the same."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from dialer.store.tables import channel_address, enrollment
from tests.support import builders, invariants
from tests.support.builders import number, person
from tests.support.context import Bench
from tests.support.context import bench as make_bench
from tests.support.databases import SqliteDatabases, opened

NUMBERS = 12
ROWS = st.lists(st.integers(0, NUMBERS - 1), min_size=1, max_size=3)
BATCHES = st.lists(st.lists(ROWS, min_size=1, max_size=6), min_size=1, max_size=4)


class _Model:
    """Rows in order; the group of an address is the oldest row it is connected with."""

    def __init__(self) -> None:
        self._leader: list[int] = []  # row → an older row of the same group, or itself
        self._row: dict[int, int] = {}  # address → the row that first named it

    def add(self, row: Sequence[int]) -> None:
        leaders = {self._find(self._row[address]) for address in row if address in self._row}
        new = len(self._leader)
        self._leader.append(min(leaders, default=new))
        for leader in leaders:
            self._leader[leader] = min(leaders)
        for address in row:
            self._row.setdefault(address, new)

    def _find(self, row: int) -> int:
        while self._leader[row] != row:
            row = self._leader[row]
        return row

    def groups(self) -> list[frozenset[int]]:
        """The oldest first."""
        found: dict[int, set[int]] = {}
        for address, row in self._row.items():
            found.setdefault(self._find(row), set()).add(address)
        return [frozenset(found[leader]) for leader in sorted(found)]


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.mark.req("K2", "K3")
def test_loading_makes_the_connected_groups(
    runner: asyncio.Runner, sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    database = opened(runner.run(sqlite_databases.make()))
    bench = make_bench(runner.run(database.__aenter__()), tmp_path)
    examples = count()

    @given(BATCHES)
    @settings(max_examples=60, deadline=None, database=None)
    def loads(batches: list[list[list[int]]]) -> None:
        runner.run(_check(bench, batches, NUMBERS * next(examples)))

    try:
        loads()
        runner.run(invariants.check(bench.ctx.db))
    finally:
        runner.run(database.__aexit__(None, None, None))


async def _check(bench: Bench, batches: list[list[list[int]]], start: int) -> None:
    """`start` makes the numbers of an example its own."""
    campaign_id = await builders.add_campaign(bench)
    model = _Model()
    for batch in batches:
        loaded = await builders.load(bench, campaign_id, [person(*(start + n for n in row)) for row in batch])
        assert loaded.created + loaded.merged == len(batch)
        for row in batch:
            model.add(row)
        await _compare(bench, campaign_id, model, start)


async def _compare(bench: Bench, campaign_id: int, model: _Model, start: int) -> None:
    places = select(enrollment.c.contact_id).where(enrollment.c.campaign_id == campaign_id)
    held = select(channel_address.c.contact_id, channel_address.c.address).order_by(channel_address.c.contact_id)
    async with bench.ctx.db.read() as tx:
        enrolled = sorted((await tx.execute(places)).scalars())
        found: dict[int, set[str]] = {}
        for contact_id, address in await tx.execute(held.where(channel_address.c.contact_id.in_(places))):
            found.setdefault(contact_id, set()).add(address)
    assert list(found.values()) == [{number(start + n) for n in group} for group in model.groups()]
    assert enrolled == sorted(found)
