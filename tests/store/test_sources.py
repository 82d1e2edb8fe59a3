"""Imports of real files through the reading process: progress, refusals, restarts, and campaigns that go away (K2, K5, K6, K8)."""

import asyncio
from collections.abc import Iterable

import pytest
from sqlalchemy import func, select

from dialer.domain.errors import IllegalTransition, InvalidInput, NotFound
from dialer.domain.transitions import SourceState
from dialer.domain.uploading import Told
from dialer.operations import campaigns, deleting, importing, sources, uploads
from dialer.operations.uploads import Upload
from dialer.store import sources as store_sources
from dialer.store import tables
from dialer.store.types import AnyRow
from tests.support import builders, invariants
from tests.support.context import Bench


def _write(bench: Bench, name: str, lines: Iterable[str]) -> Upload:
    file = uploads.uploads_folder(bench.ctx) / name
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Upload(file, name, Told())


def _lines(many: int, start: int = 0) -> list[str]:
    return ["phone,first_name,city", *(f"(202) 555-{n:04d},P{n},Town {n % 7}" for n in range(start, start + many))]


async def _take(bench: Bench, campaign_id: int, lines: Iterable[str], name: str = "contacts.csv") -> AnyRow:
    return await uploads.take(bench.ctx, campaign_id, _write(bench, name, lines))


async def _contacts(bench: Bench) -> int:
    async with bench.ctx.db.read() as tx:
        return await tx.scalar(select(func.count()).select_from(tables.contact)) or 0


def _counts(row: AnyRow) -> tuple[str, int, int, int, int]:
    return row.state, row.rows, row.created, row.merged, row.refused


@pytest.mark.req("K5", "K6", "K8")
async def test_a_file_is_imported_in_batches_with_its_refused_rows_kept(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    lines = [*_lines(600), "nonsense,Nobody,Nowhere", "(202) 555-0001,Again,Rome"]
    source = await _take(bench, campaign_id, lines)
    assert (_counts(source), source.rows_total) == (("pending", 0, 0, 0, 0), 602)
    assert bench.engine.sources == 1
    async with bench.ctx.db.read() as tx:
        assert await store_sources.unfinished(tx) == [source.id]

    await importing.run(bench.ctx, source.id)
    source = await sources.get(bench.ctx, campaign_id, source.id)
    assert (_counts(source), source.error) == (("done", 602, 600, 1, 1), None)
    assert sources.progress(source) == 1.0
    assert set(bench.engine.contacts) == {campaign_id}, "the engine heard of them"
    assert not (uploads.uploads_folder(bench.ctx) / "contacts.csv").exists()
    async with bench.ctx.db.read() as tx:
        assert await store_sources.unfinished(tx) == []
        (refused,) = await store_sources.refused(tx, source.id, after=0, limit=10)
        assert await store_sources.refused(tx, source.id, after=refused.row, limit=10) == []
    assert (refused.row, refused.cells) == (602, ["nonsense", "Nobody", "Nowhere"])
    assert refused.reason
    await invariants.check(bench.ctx.db)
    await importing.run(bench.ctx, source.id)  # a second time there is nothing to do
    assert _counts(await sources.get(bench.ctx, campaign_id, source.id)) == ("done", 602, 600, 1, 1)


@pytest.mark.req("K5", "K6")
@pytest.mark.parametrize("batches", [1, 3])
async def test_a_restart_goes_on_where_it_was(bench: Bench, batches: int) -> None:
    campaign_id = await builders.add_campaign(bench)
    source = await _take(bench, campaign_id, [*_lines(2000), "nonsense,,", *_lines(200, 1900)[1:]])
    running = asyncio.create_task(importing.run(bench.ctx, source.id))
    async with asyncio.timeout(60):
        while len(bench.engine.contacts) < batches:
            await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    half = await sources.get(bench.ctx, campaign_id, source.id)
    assert half.state == SourceState.RUNNING
    assert 0 < half.rows < 2201
    assert 0 < sources.progress(half) < 1

    await importing.run(bench.ctx, source.id)
    assert _counts(await sources.get(bench.ctx, campaign_id, source.id)) == ("done", 2201, 2100, 100, 1)
    assert await _contacts(bench) == 2100
    assert await invariants.states(bench.ctx.db, campaign_id) == {"pending": 2100}
    await invariants.check(bench.ctx.db)


@pytest.mark.req("K2", "A6")
async def test_two_nodes_import_the_same_people_at_once(bench: Bench, second: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    one = await _take(bench, campaign_id, _lines(400), "one.csv")
    other = await _take(second, campaign_id, reversed_rows(_lines(400)), "other.csv")
    await asyncio.gather(importing.run(bench.ctx, one.id), importing.run(second.ctx, other.id))
    done = [await sources.get(bench.ctx, campaign_id, source.id) for source in (one, other)]
    assert [row.state for row in done] == ["done", "done"]
    assert sum(row.created for row in done) == 400
    assert sum(row.merged for row in done) == 400
    assert await _contacts(bench) == 400
    await invariants.check(bench.ctx.db)


def reversed_rows(lines: list[str]) -> list[str]:
    return [lines[0], *reversed(lines[1:])]


@pytest.mark.req("C4")
async def test_an_ended_campaign_is_not_fed_any_more(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    source = await _take(bench, campaign_id, _lines(300))
    await campaigns.end(bench.ctx, campaign_id)
    with pytest.raises(IllegalTransition):
        await _take(bench, campaign_id, _lines(1), "late.csv")
    await importing.run(bench.ctx, source.id)
    row = await sources.get(bench.ctx, campaign_id, source.id)
    assert (row.state, row.created) == ("failed", 0)
    assert "ended" in row.error
    assert await _contacts(bench) == 0


@pytest.mark.req("K8")
async def test_a_campaign_that_is_deleted_meanwhile_ends_its_import(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    source = await _take(bench, campaign_id, _lines(2000))
    running = asyncio.create_task(importing.run(bench.ctx, source.id))
    async with asyncio.timeout(60):
        while not bench.engine.contacts:
            await asyncio.sleep(0)
    await deleting.remove(bench.ctx, campaign_id)
    await asyncio.wait_for(running, 60)
    with pytest.raises(NotFound):
        await sources.get(bench.ctx, campaign_id, source.id)


@pytest.mark.req("K8")
async def test_a_source_that_is_cancelled_stops_at_the_next_batch(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    source = await _take(bench, campaign_id, _lines(2000))
    running = asyncio.create_task(importing.run(bench.ctx, source.id))
    async with asyncio.timeout(60):
        while not bench.engine.contacts:
            await asyncio.sleep(0)
    async with bench.ctx.db.write() as tx:
        assert await store_sources.set_state(tx, source.id, SourceState.CANCELLED)
    await asyncio.wait_for(running, 60)
    row = await sources.get(bench.ctx, campaign_id, source.id)
    assert row.state == "cancelled"
    assert await _contacts(bench) == row.rows < 2000


@pytest.mark.req("K6")
async def test_a_file_that_is_gone_fails_the_source_with_a_reason(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    source = await _take(bench, campaign_id, _lines(3))
    (uploads.uploads_folder(bench.ctx) / "contacts.csv").unlink()
    await importing.run(bench.ctx, source.id)
    row = await sources.get(bench.ctx, campaign_id, source.id)
    assert row.state == "failed"
    assert row.error


@pytest.mark.req("K6")
async def test_a_file_that_cannot_be_read_leaves_nothing(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    upload = _write(bench, "bad.csv", ["phone,name", '"(202) 555-0001,never closed', *["x" * 50] * 10])
    with pytest.raises(InvalidInput) as refused:
        await uploads.take(bench.ctx, campaign_id, upload)
    assert refused.value.faults[0].field == "file"
    async with bench.ctx.db.read() as tx:
        assert await store_sources.unfinished(tx) == []
    assert bench.engine.sources == 0


async def test_a_source_of_another_campaign_is_not_found(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    other = await builders.add_campaign(bench, title="Other")
    source = await _take(bench, campaign_id, _lines(1))
    with pytest.raises(NotFound):
        await sources.get(bench.ctx, other, source.id)
    with pytest.raises(NotFound):
        await uploads.check_open(bench.ctx, 999)


def test_a_mapping_is_an_object_of_names() -> None:
    assert uploads.mapping_of({"Handy": "mobile", "x": None}) == {"Handy": "mobile", "x": None}
    wrongs: list[object] = [[], "phone", {"Handy": 3}]
    for wrong in wrongs:
        with pytest.raises(InvalidInput):
            uploads.mapping_of(wrong)
