"""Contact files before they are imported: what is in them, and a source made of one."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from dialer.domain.columns import map_columns
from dialer.domain.errors import IllegalTransition, InvalidInput, NotFound
from dialer.domain.transitions import CampaignStatus
from dialer.intake.csv_reader import FileShape, inspect, validate
from dialer.intake.faults import UnreadableFile
from dialer.operations.context import Context
from dialer.store import campaigns, sources
from dialer.store.types import AnyRow


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


def mapping_of(value: Any) -> dict[str, str | None]:
    """The `mapping` parameter: an object of column → field."""
    if not isinstance(value, dict) or not all(isinstance(v, str | None) for v in value.values()):
        raise InvalidInput.single("mapping", 'should be an object of column → field, such as {"Handy": "mobile"}')
    return value
