"""A disk without room ends the import that filled it, and nothing else (K6)."""

import asyncio
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import func, select

from config.settings import Log
from dialer.engine import importing as loops
from dialer.intake.csv_reader import inspect
from dialer.logs import set_up_logs
from dialer.operations import importing
from dialer.operations.uploads import uploads_folder
from dialer.store import sources, tables
from tests.support import builders
from tests.support.builders import number
from tests.support.context import Bench
from tests.support.context import bench as make_bench
from tests.support.databases import SqliteDatabases, opened

ROWS = 3_000


@pytest.fixture
async def lite(sqlite_databases: SqliteDatabases, tmp_path: Path) -> Any:
    url = await sqlite_databases.make()
    async with opened(url) as db:
        yield make_bench(db, tmp_path)
    await sqlite_databases.drop(url)


async def _pages(bench: Bench, most: int) -> None:
    """The writer's connection finds room for so many pages; 1 is what the file has now."""
    writer = bench.ctx.db._writer
    assert writer is not None
    await writer.outside(lambda driver: driver.execute(f"PRAGMA max_page_count={most}"))


async def _source(bench: Bench) -> int:
    campaign_id = await builders.add_campaign(bench)
    file = uploads_folder(bench.ctx) / "rows.csv"
    file.write_text("phone,note\n" + "\n".join(f"{number(at)},{'x' * 500}" for at in range(ROWS)))
    mapping = {"columns": {}, "shape": {**asdict(inspect(file)), "sample_rows": ()}}
    async with bench.ctx.db.write() as tx:
        return await sources.add(tx, campaign_id, "csv", "rows", bench.clock(), mapping=mapping, file=file.name)


async def _state(bench: Bench, source_id: int) -> Any:
    async with bench.ctx.db.read() as tx:
        return await sources.get(tx, source_id)


@pytest.mark.req("K6")
async def test_an_import_says_that_the_disk_is_full_and_leaves_nobody_half_in(lite: Bench) -> None:
    source_id = await _source(lite)
    await _pages(lite, 1)
    await importing.run(lite.ctx, source_id)
    found = await _state(lite, source_id)
    assert (found.state, found.error) == ("failed", importing.NO_ROOM)
    await _pages(lite, 1_000_000)
    await importing.run(lite.ctx, source_id)  # as the loop does for one that left contacts half in
    async with lite.ctx.db.read() as tx:
        assert await tx.scalar(select(func.count()).select_from(tables.contact)) == found.created
        assert await tx.scalar(select(func.count()).select_from(tables.enrollment)) == found.created
    assert (await _state(lite, source_id)).landing is None


@pytest.mark.req("K6")
async def test_the_loop_waits_for_room_and_goes_on(lite: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "LOOK_AGAIN_S", 0.05)
    source_id = await _source(lite)
    await _pages(lite, 1)

    met = asyncio.Event()

    async def no_room(*_: Any) -> None:
        met.set()
        raise OSError(28, "No space left on device")

    real = importing._finish
    monkeypatch.setattr(importing, "_finish", no_room)  # not even for the word that it failed
    running = asyncio.create_task(loops.imports(lite.ctx).run())
    await asyncio.wait_for(met.wait(), 60)
    assert not running.done()
    await _pages(lite, 1_000_000)  # before it can say that it failed
    monkeypatch.setattr(importing, "_finish", real)
    for _ in range(1_200):
        await asyncio.sleep(0.05)
        found = await _state(lite, source_id)
        if found.state == "done":
            break
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (found.state, found.created, found.rows) == ("done", ROWS, ROWS)


def test_logs_tell_no_local_variables(capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.getLogger().handlers[:]
    try:
        set_up_logs(Log())
        token = "dlr_" + "s" * 8
        try:
            raise RuntimeError(len(token))
        except RuntimeError:
            logging.getLogger("aiohttp.server").exception("it failed")
        for handler in set(logging.getLogger().handlers) - set(before):
            handler.stream.close()  # type: ignore[attr-defined] # a thread writes: until it has
    finally:
        logging.getLogger().handlers[:] = before
        structlog.reset_defaults()  # else loggers of later tests are kept, and write to the output captured for one
    told = capsys.readouterr().err
    assert "RuntimeError: 12" in told
    assert token not in told
