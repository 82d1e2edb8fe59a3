"""Sources: take an uploaded file, and import it batch by batch so that a restart goes on where it was."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.columns import map_columns
from dialer.domain.errors import DomainError, IllegalTransition, InvalidInput, NotFound
from dialer.domain.transitions import SOURCE, CampaignStatus, SourceState
from dialer.intake.batches import Batch, stream
from dialer.intake.csv_reader import FileShape, inspect, validate
from dialer.intake.faults import UnreadableFile
from dialer.operations import contacts
from dialer.operations.context import Context
from dialer.store import campaigns, sources
from dialer.store.types import AnyRow

RETRIES = 5
REFUSED_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in the data folder, as it came. `mapping` is `{column: field}` by hand."""

    file: Path
    name: str
    mapping: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Preview:
    """What is in a file: its shape with sample rows, the field each column fills, and how many rows can't be read."""

    shape: FileShape
    fields: Mapping[str, str]
    rows: int
    refused: int


class NotRemovable(DomainError):  # noqa: N818 -- named by what happened
    """A source that can't be taken off the list (HTTP 409)."""

    def __init__(self, source_id: int, reason: str) -> None:
        self.id, self.reason = source_id, reason
        super().__init__(source_id, reason)

    def __str__(self) -> str:
        return f"the source {self.id} can't be removed: {self.reason}"


def uploads_folder(ctx: Context) -> Path:
    folder = ctx.settings.data_dir / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


async def check_open(ctx: Context, campaign_id: int) -> None:
    """Before a file is taken: the campaign exists and has not ended (C4)."""
    async with ctx.db.read() as tx:
        campaign = await campaigns.get(tx, campaign_id)
    if campaign is None:
        raise NotFound("campaign", campaign_id)
    if campaign.status is CampaignStatus.ENDED:
        raise IllegalTransition("campaign", CampaignStatus.ENDED, "fed with contacts")


async def take(ctx: Context, campaign_id: int, upload: Upload) -> AnyRow:
    """Check the whole file and make a source of it, which the engine then imports.

    Raises `InvalidInput` for a file that can't be read or mapped; nothing is stored then.
    """
    await check_open(ctx, campaign_id)
    shape, rows = await asyncio.to_thread(_examine, upload)
    settings = {"columns": dict(upload.mapping), "shape": asdict(replace(shape, sample_rows=()))}
    async with ctx.db.write() as tx:
        source_id = await sources.add(
            tx, campaign_id, "csv", upload.name, ctx.clock(),
            file=upload.file.name, mapping=settings, rows_total=rows,
        )  # fmt: skip
        row = await sources.get(tx, source_id)
    assert row is not None  # noqa: S101  (made in the same transaction)
    ctx.engine.source_added()
    return row


def _examine(upload: Upload) -> tuple[FileShape, int]:
    try:
        shape = inspect(upload.file)
        map_columns(shape.columns, upload.mapping)
        census = validate(upload.file, shape)
    except UnreadableFile as fault:
        raise InvalidInput.single("file", str(fault)) from None
    return shape, census.rows


async def preview(ctx: Context, campaign_id: int, upload: Upload) -> Preview:
    """What a file would bring, before it is taken. Raises `InvalidInput` for a file that can't be read or mapped."""
    await check_open(ctx, campaign_id)
    return await asyncio.to_thread(_preview, upload)


def _preview(upload: Upload) -> Preview:
    try:
        shape = inspect(upload.file)
        columns = map_columns(shape.columns, upload.mapping)
        census = validate(upload.file, shape)
    except UnreadableFile as fault:
        raise InvalidInput.single("file", str(fault)) from None
    return Preview(shape, columns.as_fields(), census.rows, census.refused)


async def remove(ctx: Context, campaign_id: int, source_id: int) -> None:
    """Take a source that brought nobody off the list. Raises `NotRemovable` for any other."""
    async with ctx.db.write() as tx:
        row = await sources.get(tx, source_id)
        if row is None or row.campaign_id != campaign_id:
            raise NotFound("source", source_id)
        if not SOURCE.final(row.state):
            raise NotRemovable(source_id, "its import has not ended")
        if row.created or row.merged:
            raise NotRemovable(source_id, f"it brought {row.created + row.merged} contacts")
        await sources.remove(tx, source_id)


def columns(source: AnyRow) -> list[str]:
    """The columns of a source's file, as they are called there."""
    return list(source.mapping["shape"]["columns"]) if source.mapping else []


async def refused_rows(ctx: Context, source: AnyRow) -> AsyncIterator[tuple[int, list[str], str]]:
    """`(line of the file, cells, reason)` of every row that was not taken, read page by page."""
    after = -1
    while True:
        async with ctx.db.read() as tx:
            rows = await sources.refused(tx, source.id, after, REFUSED_PAGE)
        for row in rows:
            yield row.row, row.cells, row.reason
            after = row.row
        if len(rows) < REFUSED_PAGE:
            return


async def run(ctx: Context, source_id: int) -> None:
    """Import one source to its end. Every batch is a transaction together with how far it got (K6)."""
    async with ctx.db.write() as tx:
        source = await sources.get(tx, source_id)
        if source is None or not await sources.set_state(tx, source_id, SourceState.RUNNING):
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


async def get(ctx: Context, campaign_id: int, source_id: int) -> AnyRow:
    async with ctx.db.read() as tx:
        row = await sources.get(tx, source_id)
    if row is None or row.campaign_id != campaign_id:
        raise NotFound("source", source_id)
    return row


def progress(row: Any) -> float:
    """From 0 to 1, of anything with the columns of a source."""
    if row.state == SourceState.DONE:
        return 1.0
    return round(min(1.0, row.rows / row.rows_total), 3) if row.rows_total else 0.0


def mapping_of(value: Any) -> dict[str, str | None]:
    """The `mapping` parameter: an object of column → field."""
    if not isinstance(value, dict) or not all(isinstance(v, str | None) for v in value.values()):
        raise InvalidInput.single("mapping", 'should be an object of column → field, such as {"Handy": "mobile"}')
    return value
