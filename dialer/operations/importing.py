"""Import a contact file: many short transactions, each with how far it got, so that a restart goes on where it was (K6)."""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.said import marked
from dialer.domain.transitions import SourceState
from dialer.intake.csv_reader import FileShape
from dialer.intake.faults import UnreadableFile
from dialer.intake.lots import lots, refused, staged
from dialer.intake.staging import Job, Lot
from dialer.operations import landing
from dialer.operations.context import Context
from dialer.operations.merging import BATCH_ROWS, UnwantedError, check_wanted, merge
from dialer.operations.uploads import uploads_folder
from dialer.store import contact_fields, do_not_contact, sources
from dialer.store.room import is_full
from dialer.store.types import AnyRow

RETRIES = 5
NO_ROOM = marked(
    "the server's disk is full: what was taken so far stays; make room, and load the file again for the rest"
)


class ElsewhereError(Exception):
    """Another node imports this source."""


async def is_here(ctx: Context, source_id: int) -> bool:
    """Whether this node can do it: files are imported by the node that took them, or by any that shares its data folder."""
    async with ctx.db.read() as tx:
        source = await sources.get(tx, source_id)
    if source is None or source.file is None or source.mapping.get("node", ctx.settings.node) == ctx.settings.node:
        return True
    return await asyncio.to_thread((uploads_folder(ctx) / source.file).exists)


async def run(ctx: Context, source_id: int) -> None:
    """Import one source to its end. A disk that fills up ends the import and nothing else."""
    async with ctx.db.read() as tx:
        source = await sources.get(tx, source_id)
    if source is None:
        return
    if source.landing:
        await landing.take_back(ctx, source_id, source.landing)
    async with ctx.db.write() as tx:
        started = source.started_at or ctx.clock()
        if not await sources.set_state(tx, source_id, SourceState.RUNNING, started_at=started):
            return
    file = uploads_folder(ctx) / source.file
    try:
        await _import(ctx, source, file)
    except ElsewhereError:
        return
    except UnwantedError:
        pass
    except (OSError, RuntimeError, UnreadableFile, DatabaseError, sqlite3.Error) as fault:
        if not is_full(fault) and isinstance(fault, DatabaseError | sqlite3.Error):
            raise
        await _finish(ctx, source, SourceState.FAILED, NO_ROOM if is_full(fault) else str(fault))
    else:
        await _finish(ctx, source, SourceState.DONE, None)
    file.unlink(missing_ok=True)


async def _import(ctx: Context, source: AnyRow, file: Path) -> None:
    job = await _job(ctx, source, file)
    line = job.after
    async with aclosing(lots(job)) as read:  # an import that ends early ends its reading process
        async for lot in read:
            if ctx.db.is_sqlite:
                await landing.land(ctx, source, lot, line)
            else:
                await _merge_all(ctx, source, lot, line)
            line = lot.last_line


async def _job(ctx: Context, source: AnyRow, file: Path) -> Job:
    said = source.mapping
    shape = FileShape(**{**said["shape"], "columns": tuple(said["shape"]["columns"]), "sample_rows": ()})
    async with ctx.db.read() as tx:
        fields = await contact_fields.all_fields(tx)
        hashed = await do_not_contact.any_listed(tx)
    return Job(
        str(file), shape, said["columns"], said.get("region") or ctx.settings.default_region, said.get("time_zone"),
        fields, source.last_row, ctx.secret.decode() if hashed else None,
    )  # fmt: skip


async def _merge_all(ctx: Context, source: AnyRow, lot: Lot, line: int) -> None:
    """Row by row, for PostgreSQL."""
    first = 0
    while first < lot.contacts or line < lot.last_line:
        line = await _repeated(ctx, partial(_merge, ctx=ctx, source=source, lot=lot, first=first, line=line))
        first += BATCH_ROWS
        ctx.engine.contacts_added(source.campaign_id)


async def _merge(tx: AsyncConnection, ctx: Context, source: AnyRow, lot: Lot, first: int, line: int) -> int:
    """Some rows; the line up to which the file is done with then."""
    await check_wanted(tx, source)
    if not await sources.is_at(tx, source.id, line):
        raise ElsewhereError
    rows = await asyncio.to_thread(staged, lot, first, first + BATCH_ROWS)
    until = rows[-1].line if first + BATCH_ROWS < lot.contacts else lot.last_line
    wrong = await asyncio.to_thread(refused, lot, line, until)
    counts = await merge(tx, ctx, source, rows)
    await sources.refuse(tx, source.id, wrong)
    await sources.progress(
        tx, source.id, rows=len(rows) + len(wrong), created=counts.created, merged=counts.merged,
        refused=counts.refused + len(wrong), last_row=until,
    )  # fmt: skip
    return until


async def _repeated(ctx: Context, work: Callable[[AsyncConnection], Coroutine[Any, Any, int]]) -> int:
    """Again if another node stored one of the addresses at the same moment."""
    for _ in range(RETRIES):
        with suppress(IntegrityError):
            return await ctx.db.transact(work)
    return await ctx.db.transact(work)


async def _finish(ctx: Context, source: AnyRow, state: SourceState, error: str | None) -> None:
    async with ctx.db.write() as tx:
        await sources.set_state(tx, source.id, state, error=error, finished_at=ctx.clock())
