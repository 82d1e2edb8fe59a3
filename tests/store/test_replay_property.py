"""Random strategies and random orders of events on the real store: trails tell it all, and a restart changes nothing."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from dialer.operations import alike
from dialer.operations.trail_check import trail_check
from dialer.store import tables
from dialer.strategy.model import Strategy
from tests.support import invariants
from tests.support.databases import SqliteDatabases
from tests.support.lives import EVENTS, Home, Life
from tests.support.soak import examples, seconds
from tests.support.wired import graphs

RESTARTS = 4  # of 20 events so many are followed by a restart, one of them with new connections
HAPPENINGS = st.lists(
    st.tuples(st.sampled_from(EVENTS), st.integers(0, 9), st.integers(0, 19)), min_size=8, max_size=30
)
VALUES = st.sampled_from([("1", "x"), ("2026-05-06", "1"), ("2026-05-04T12:00", "2026-07-01")])


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.mark.soak
@pytest.mark.timeout(seconds(600))
@pytest.mark.req("S3", "S4", "D3")
def test_the_trail_gives_the_state_and_a_restart_changes_nothing(
    runner: asyncio.Runner, sqlite_databases: SqliteDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alike, "FEW", 2)  # two are enough to take a step together
    homes = [Home(runner.run(sqlite_databases.make()), tmp_path) for _ in range(2)]

    @given(strategies=st.tuples(graphs(busy=True), graphs(busy=True)), values=VALUES, happenings=HAPPENINGS)
    @settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def holds(
        strategies: tuple[Strategy, Strategy], values: tuple[str, str], happenings: list[tuple[str, int, int]]
    ) -> None:
        runner.run(_holds([Life(home, strategies, values) for home in homes], happenings))

    for home in homes:
        runner.run(home.connect())
    try:
        holds()
    finally:
        for home in homes:
            runner.run(home.close())


async def _holds(lives: list[Life], happenings: list[tuple[str, int, int]]) -> None:
    """The same life twice, the second time with restarts in between."""
    for life in lives:
        await life.home.empty()
        await life.begin()
        for event, number, restart in happenings:
            await life.tell(event, number)
            if life is lives[1] and restart < RESTARTS:
                await life.new_process(connects=restart == 0)
    assert await _rows(lives[0]) == await _rows(lives[1]), "a restart changed something"
    await _check(lives[1])


async def _check(life: Life) -> None:
    """Also that every request key is unique, and that no contact is in two states."""
    await invariants.check(life.bench.ctx.db)
    checked = [one async for some in trail_check(life.bench.ctx) for one in some]
    wrong = [one for one in checked if one.faults]
    assert not wrong, wrong
    async with life.bench.ctx.db.read() as tx:
        for row in await tx.execute(select(tables.enrollment).where(tables.enrollment.c.node.is_not(None))):
            assert any(row.node in strategy.by_id for strategy in life.strategies), f"{row.node} is in no strategy"


async def _rows(life: Life) -> dict[str, list[Any]]:
    async with life.bench.ctx.db.read() as tx:
        return {
            table.name: [tuple(row) for row in await tx.execute(select(table).order_by(*table.primary_key))]
            for table in (tables.enrollment, tables.contact_request, tables.contact, tables.trail, tables.attempt)
        }
