"""Import a contact file batch by batch, so that a restart goes on where it was."""

import asyncio
from contextlib import suppress
from pathlib import Path

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.transitions import CampaignStatus, SourceState
from dialer.intake.batches import Batch, stream
from dialer.intake.csv_reader import FileShape
from dialer.intake.faults import UnreadableFile
from dialer.operations import contacts
from dialer.operations.context import Context
from dialer.operations.uploads import uploads_folder
from dialer.store import campaigns, sources
from dialer.store.types import AnyRow

RETRIES = 5


async def run(ctx: Context, source_id: int) -> None:
    """Import one source to its end. Every batch is a transaction together with how far it got (K6)."""
    async with ctx.db.write() as tx:
        source = await sources.get(tx, source_id)
        started = source.started_at or ctx.clock() if source else None
        if source is None or not await sources.set_state(tx, source_id, SourceState.RUNNING, started_at=started):
            return
    file = uploads_folder(ctx) / source.file
    try:
        await _import(ctx, source, file)
    except (OSError, RuntimeError, UnreadableFile) as fault:
        await _finish(ctx, source, SourceState.FAILED, str(fault))
    else:
        await _finish(ctx, source, SourceState.DONE, None)
    file.unlink(missing_ok=True)


async def _import(ctx: Context, source: AnyRow, file: Path) -> None:
    shape = source.mapping["shape"]
    shape = FileShape(**{**shape, "columns": tuple(shape["columns"]), "sample_rows": ()})
    columns = source.mapping["columns"]
    async for batch in stream(file, shape, columns, ctx.settings.default_region, after=source.last_row):
        if not await _load(ctx, source, batch):
            return
        ctx.engine.contacts_added(source.campaign_id)
        await asyncio.sleep(0)  # between two batches the dialer goes first


async def _load(ctx: Context, source: AnyRow, batch: Batch) -> bool:
    """False if the source, or its campaign, was removed meanwhile."""

    async def work(tx: AsyncConnection) -> bool:
        if not await _is_wanted(tx, source):
            return False
        loaded = await contacts.load(tx, source.campaign_id, source.id, batch.contacts, ctx.clock())
        await sources.refuse(tx, source.id, batch.refused)
        await sources.progress(
            tx, source.id, rows=batch.rows, created=loaded.created, merged=loaded.merged,
            refused=len(batch.refused), last_row=batch.last_line,
        )  # fmt: skip
        return True

    for _ in range(RETRIES):
        with suppress(IntegrityError):  # another node stored one of the addresses at the same moment
            return await ctx.db.transact(work)
    return await ctx.db.transact(work)


async def _is_wanted(tx: AsyncConnection, source: AnyRow) -> bool:
    campaign = await campaigns.hold(tx, source.campaign_id)
    if campaign is not None and campaign.status is CampaignStatus.ENDED:
        raise RuntimeError("the campaign has ended: the rest of the file was not imported")
    return campaign is not None and await sources.is_running(tx, source.id)


async def _finish(ctx: Context, source: AnyRow, state: SourceState, error: str | None) -> None:
    async with ctx.db.write() as tx:
        await sources.set_state(tx, source.id, state, error=error, finished_at=ctx.clock())
