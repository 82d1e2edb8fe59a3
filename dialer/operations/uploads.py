"""Contact files before they are imported: what is in them, and a source made of one."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from dialer.domain.errors import Fault, IllegalTransition, InvalidInput, NotFound
from dialer.domain.transitions import CampaignStatus
from dialer.domain.uploading import Told, checked, shape_of, with_remembered, worth_remembering
from dialer.intake.encodings import checked_encoding
from dialer.intake.examine import COUNTED_ROWS, Examined, Job, examine
from dialer.intake.faults import UnreadableFile
from dialer.intake.workbook import DELIMITER, ENCODING, Sheet
from dialer.operations import audit
from dialer.operations.context import Context
from dialer.operations.foreseeing import Counts, foreseen
from dialer.store import campaigns, contact_fields, mappings, sources
from dialer.store.types import AnyRow


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in the data folder, and what was said about it. With `sheet` it is the table of a workbook already."""

    file: Path
    name: str
    told: Told
    sheet: Sheet | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What is in a file and would become of it. `told` is what was said now, or is `remembered` of such a file.

    `faults` are those of the mapping; without an answer to them nothing is counted, and nothing can be imported.
    """

    found: Examined
    told: Told
    remembered: bool
    faults: Sequence[Fault]
    counts: Counts | None


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


def check_told(told: Told) -> Told:
    """Everything that is said beside the mapping, in its one form. Raises InvalidInput."""
    return replace(checked(told), encoding=checked_encoding(told.encoding) if told.encoding else None)


async def take(ctx: Context, campaign_id: int, upload: Upload) -> AnyRow:
    """Check the whole file and make a source of it, which the engine then imports.

    Raises `InvalidInput` for a file that can't be read or mapped; nothing is stored then.
    """
    await check_open(ctx, campaign_id)
    told = check_told(upload.told)
    found = await _examined(ctx, upload, told, counted=0)
    file = Path(found.path)
    try:
        if found.faults:
            raise InvalidInput(found.faults)
        row = await _stored(ctx, campaign_id, upload.name, found, told)
    except BaseException:
        if file != upload.file:
            await asyncio.to_thread(file.unlink, missing_ok=True)
        raise
    if file != upload.file:  # a workbook, of which the table is kept
        await asyncio.to_thread(upload.file.unlink, missing_ok=True)
    ctx.engine.source_added()
    return row


async def preview(ctx: Context, campaign_id: int, upload: Upload) -> Preview:
    """What a file would bring, before it is taken; nothing is stored. Raises `InvalidInput` for one that can't be read.

    A file with the columns of an earlier one is proposed what was said about that one. The table of a workbook is left
    at `found.path`, for the caller to keep or to remove.
    """
    await check_open(ctx, campaign_id)
    told = check_told(upload.told)
    found = await _examined(ctx, upload, told, counted=COUNTED_ROWS)
    async with ctx.db.read() as tx:
        known = await mappings.remembered(tx, shape_of(found.shape.columns))
    again = with_remembered(told, known) if known else told
    remembered = again != told
    if remembered:
        table = replace(upload, file=Path(found.path), sheet=found.sheet)
        found = await _examined(ctx, table, again, counted=COUNTED_ROWS)
    counts = None if found.faults else await foreseen(ctx, campaign_id, found)
    return Preview(found, again, remembered, found.faults, counts)


async def _examined(ctx: Context, upload: Upload, told: Told, *, counted: int) -> Examined:
    async with ctx.db.read() as tx:
        fields = await contact_fields.all_fields(tx)
    job = Job(
        str(upload.file),
        dict(told.mapping or {}),
        told.region or ctx.settings.default_region,
        encoding=ENCODING if upload.sheet else told.encoding,
        delimiter=DELIMITER if upload.sheet else told.delimiter,
        header=told.header,
        fields=tuple(fields.values()),
        counted=counted,
    )
    try:
        found = await examine(job)
    except UnreadableFile as fault:
        raise InvalidInput.single("file", str(fault)) from None
    return replace(found, sheet=upload.sheet) if upload.sheet else found


async def _stored(ctx: Context, campaign_id: int, name: str, found: Examined, told: Told) -> AnyRow:
    settings = {
        "columns": dict(told.mapping or {}),
        "shape": asdict(replace(found.shape, sample_rows=())),
        "region": told.region or ctx.settings.default_region,
        "time_zone": told.time_zone,
        "node": ctx.settings.node,
    }
    remembered = worth_remembering(found.shape.columns, told)
    async with ctx.db.write() as tx:
        source_id = await sources.add(
            tx, campaign_id, "csv", name, ctx.clock(),
            file=Path(found.path).name, mapping=settings, rows_total=found.rows,
        )  # fmt: skip
        if remembered is not None:
            await mappings.remember(tx, shape_of(found.shape.columns), asdict(remembered), ctx.clock())
        row = await sources.get(tx, source_id)
        new = {"campaign_id": campaign_id, "kind": "csv", "rows": found.rows}
        await audit.write(tx, ctx, "create", "source", source_id, name=name, after=new)
    assert row is not None  # noqa: S101  (made in the same transaction)
    return row


def mapping_of(value: Any) -> dict[str, str | None]:
    """The `mapping` parameter: an object of column → field."""
    if not isinstance(value, dict) or not all(isinstance(v, str | None) for v in value.values()):
        raise InvalidInput.single("mapping", 'should be an object of column → field, such as {"Handy": "mobile"}')
    return value
