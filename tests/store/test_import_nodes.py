"""Two nodes over one PostgreSQL: each file is imported once, by a node that has it (A6, K5)."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from dialer.engine.importing import imports
from dialer.intake.csv_reader import inspect
from dialer.operations import selections
from dialer.operations.uploads import uploads_folder
from dialer.store import sources, tables
from tests.support import builders
from tests.support.builders import number
from tests.support.context import Bench
from tests.support.context import bench as make_bench
from tests.support.databases import PostgresDatabases, opened
from tests.support.waiting import until

ROWS = 600


@pytest.fixture
async def nodes(postgres_databases: PostgresDatabases, tmp_path: Path) -> Any:
    url = await postgres_databases.make()
    async with opened(url) as one, opened(url) as other:
        yield make_bench(one, tmp_path / "one", node="one"), make_bench(other, tmp_path / "other", node="other")
    await postgres_databases.drop(url)


async def _source(bench: Bench) -> int:
    campaign_id = await builders.add_campaign(bench)
    file = uploads_folder(bench.ctx) / "rows.csv"
    file.write_text("phone\n" + "\n".join(number(at) for at in range(ROWS)))
    shape = {**asdict(inspect(file)), "sample_rows": ()}
    mapping = {"columns": {}, "shape": shape, "node": bench.ctx.settings.node}
    async with bench.ctx.db.write() as tx:
        return await sources.add(tx, campaign_id, "csv", "rows", bench.clock(), mapping=mapping, file=file.name)


async def _state(bench: Bench, source_id: int) -> Any:
    async with bench.ctx.db.read() as tx:
        return await sources.get(tx, source_id)


async def _until_over(source_id: int, *benches: Bench) -> Any:
    """Both nodes' loops run until the source is not running any more."""
    loops = [asyncio.create_task(imports(bench.ctx).run()) for bench in benches]

    async def is_over() -> bool:
        return (await _state(benches[0], source_id)).state not in {"pending", "running"}

    await until(is_over, "the import to be over", every_s=0.05)
    assert not any(loop.done() for loop in loops)
    for loop in loops:
        loop.cancel()
    await asyncio.gather(*loops, return_exceptions=True)
    return await _state(benches[0], source_id)


@pytest.mark.req("A6", "K5")
@pytest.mark.parametrize("shared", [False, True])
async def test_a_file_is_imported_once_by_a_node_that_has_it(nodes: tuple[Bench, Bench], shared: bool) -> None:
    one, other = nodes
    if shared:
        other.ctx.settings = other.ctx.settings.model_copy(update={"data_dir": one.ctx.settings.data_dir})
    source_id = await _source(one)
    found = await _until_over(source_id, other, one)
    assert (found.state, found.error) == ("done", None)
    assert (found.rows, found.created, found.merged) == (ROWS, ROWS, 0)
    async with one.ctx.db.read() as tx:
        assert await tx.scalar(select(func.count()).select_from(tables.enrollment)) == ROWS


@pytest.mark.req("A6", "K5")
async def test_a_node_without_the_file_leaves_the_import_to_the_one_that_has_it(nodes: tuple[Bench, Bench]) -> None:
    one, other = nodes
    source_id = await _source(one)
    loop = asyncio.create_task(imports(other.ctx).run())
    await asyncio.sleep(0.5)
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
    assert (await _state(one, source_id)).state == "pending"


@pytest.mark.req("A6", "K9")
async def test_contacts_chosen_by_a_filter_are_counted_once(nodes: tuple[Bench, Bench]) -> None:
    one, other = nodes
    await _until_over(await _source(one), one)
    campaign_id = await builders.add_campaign(one)
    row = await selections.take(one.ctx, campaign_id, (), None, None)
    found = await _until_over(row.id, one, other)
    assert (found.state, found.rows, found.created, found.merged) == ("done", ROWS, ROWS, 0)
