"""Uploads that wait for a person's word: a file that is kept for an hour, so that a mapping can be tried without sending it again.

On disk: the file as it came, or the table of a workbook, and a note `ID.json` with what is known of it.
"""

import asyncio
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from dialer.domain.errors import NotFound
from dialer.domain.said import Said
from dialer.domain.uploading import Told
from dialer.intake.workbook import Sheet
from dialer.operations import uploads
from dialer.operations.context import Context
from dialer.operations.uploads import Preview, Upload
from dialer.store import sources
from dialer.store.types import AnyRow

KEPT = timedelta(hours=1)
_ID_BYTES = 16


class Gone(NotFound):
    """An upload that does not wait: taken or discarded, perhaps a moment ago in another window, or too old."""

    def __init__(self, upload_id: str) -> None:
        super().__init__("upload", upload_id)

    def __str__(self) -> str:
        return Said("no such file waits any more: it was imported or discarded, or more than an hour has passed")


@dataclass(frozen=True, slots=True)
class Pending:
    """`upload.told` is what was said last, at `told_at`; `remembered` as long as that is what was said of such a file before."""

    id: str
    campaign_id: int
    upload: Upload
    created_at: datetime
    told_at: datetime
    remembered: bool = False

    @property
    def expires_at(self) -> datetime:
        return self.created_at + KEPT


async def keep(ctx: Context, campaign_id: int, upload: Upload) -> tuple[Pending, Preview]:
    """Look at a new file and keep it. Raises `InvalidInput` for one that can't be read; the caller removes it then."""
    found = await uploads.preview(ctx, campaign_id, upload)
    table = Path(found.found.path)
    kept = replace(upload, file=table, told=found.told, sheet=found.found.sheet)
    now = ctx.clock()
    pending = Pending(secrets.token_urlsafe(_ID_BYTES), campaign_id, kept, now, now, found.remembered)
    await asyncio.to_thread(_save, ctx, pending)
    if table != upload.file:
        await asyncio.to_thread(upload.file.unlink, missing_ok=True)
    return pending, found


async def get(ctx: Context, campaign_id: int, upload_id: str) -> Pending:
    """Raises `Gone`: none of that id, of this campaign, or not any more."""
    found = await asyncio.to_thread(_load, ctx, upload_id)
    if found is None or found.campaign_id != campaign_id or found.expires_at <= ctx.clock():
        raise Gone(upload_id)
    return found


async def of_campaign(ctx: Context, campaign_id: int) -> list[Pending]:
    """Those that wait, the newest first."""
    found = await asyncio.to_thread(_all, ctx)
    mine = (one for one in found if one.campaign_id == campaign_id and one.expires_at > ctx.clock())
    return sorted(mine, key=lambda one: one.created_at, reverse=True)


async def preview(ctx: Context, pending: Pending, told: Told | None, *, remember: bool) -> Preview:
    """With what is said now (None: what was said last), which is what holds from now on if `remember`."""
    upload = pending.upload if told is None else replace(pending.upload, told=told)
    told_at = ctx.clock()
    try:
        found = await uploads.preview(ctx, pending.campaign_id, upload)
    except FileNotFoundError:  # taken or discarded meanwhile
        raise Gone(pending.id) from None
    if remember:
        same = found.remembered or (pending.remembered and found.told == pending.upload.told)
        said = replace(pending, upload=replace(upload, told=found.told), told_at=told_at, remembered=same)
        await asyncio.to_thread(_update, ctx, said)
    return found


async def take(ctx: Context, pending: Pending, told: Told | None) -> AnyRow:
    """Make a source of it. Of two who try at the same moment one is told `Gone`."""
    claimed = await _claim(ctx, pending)
    try:
        upload = pending.upload if told is None else replace(pending.upload, told=told)
        row = await uploads.take(ctx, pending.campaign_id, upload)
    except BaseException:
        await asyncio.to_thread(claimed.rename, _note(ctx, pending.id))
        raise
    await asyncio.to_thread(claimed.unlink, missing_ok=True)
    return row


async def _claim(ctx: Context, pending: Pending) -> Path:
    """The note under another name: whoever takes or discards the file has it alone. Raises `Gone`."""
    note = _note(ctx, pending.id)
    claimed = note.with_suffix(_claimed_by(ctx))
    try:
        await asyncio.to_thread(note.rename, claimed)
    except FileNotFoundError:
        raise Gone(pending.id) from None
    return claimed


def _claimed_by(ctx: Context) -> str:
    """With the node, as nodes may share a folder (docs/how-to/postgresql.md)."""
    return f".{ctx.settings.node}.taken"


async def put_back(ctx: Context) -> int:
    """Before this node serves: files that wait again, as a former process of its name died while it looked through them.

    Returns how many. One that became a source meanwhile is that source's.
    """
    async with ctx.db.read() as tx:
        needed = await sources.files(tx)
    return await asyncio.to_thread(_put_back, ctx, needed)


def _put_back(ctx: Context, needed: set[str]) -> int:
    ending, back = _claimed_by(ctx), 0
    for claimed in [one for one in uploads.uploads_folder(ctx).iterdir() if one.name.endswith(ending)]:
        document = _read(claimed)
        if document is None or document["file"] in needed:
            claimed.unlink()
        else:
            claimed.rename(_note(ctx, claimed.name.removesuffix(ending)))
            back += 1
    return back


async def discard(ctx: Context, pending: Pending) -> None:
    """Raises `Gone` if somebody took it meanwhile: the file is an import's then."""
    claimed = await _claim(ctx, pending)
    await asyncio.to_thread(pending.upload.file.unlink, missing_ok=True)
    await asyncio.to_thread(claimed.unlink, missing_ok=True)


async def clean(ctx: Context) -> int:
    """Remove what waited too long, and files that nobody needs (of a process that was killed). Returns how many."""
    async with ctx.db.read() as tx:
        needed = await sources.files(tx)
    return await asyncio.to_thread(_clean, ctx, needed)


def _note(ctx: Context, upload_id: str) -> Path:
    return uploads.uploads_folder(ctx) / f"{upload_id}.json"


def _update(ctx: Context, pending: Pending) -> None:
    """A look that ends after the file was taken or discarded must not bring it back, nor what was said before the last word."""
    document = _read(_note(ctx, pending.id))
    if document is not None and datetime.fromisoformat(document["told_at"]) <= pending.told_at:
        _save(ctx, pending)


def _save(ctx: Context, pending: Pending) -> None:
    upload = pending.upload
    document = {
        "campaign_id": pending.campaign_id, "file": upload.file.name, "name": upload.name, "told": asdict(upload.told),
        "sheet": upload.sheet, "created_at": pending.created_at,
        "told_at": pending.told_at, "remembered": pending.remembered,
    }  # fmt: skip
    note = _note(ctx, pending.id)
    half = note.with_suffix(".half")
    half.write_bytes(orjson.dumps(document))
    half.rename(note)


def _load(ctx: Context, upload_id: str) -> Pending | None:
    if not upload_id.replace("-", "").replace("_", "").isalnum():
        return None  # no path is made of anything else
    document = _read(_note(ctx, upload_id))
    if document is None:
        return None
    file = uploads.uploads_folder(ctx) / document["file"]
    if not file.exists():
        return None
    created_at, told_at = (datetime.fromisoformat(document[name]) for name in ("created_at", "told_at"))
    return Pending(
        upload_id, document["campaign_id"], _upload(file, document), created_at, told_at, document["remembered"]
    )


def _read(note: Path) -> dict[str, Any] | None:
    try:
        document: dict[str, Any] = orjson.loads(note.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return None
    return {"told_at": document["created_at"], **document}  # one that a former version wrote has none


def _upload(file: Path, document: dict[str, Any]) -> Upload:
    sheet = document["sheet"]
    return Upload(
        file,
        document["name"],
        Told(**document["told"]),
        Sheet(sheet["name"], tuple(sheet["left_out"])) if sheet else None,
    )


def _all(ctx: Context) -> list[Pending]:
    found = (_load(ctx, note.stem) for note in uploads.uploads_folder(ctx).glob("*.json"))
    return [one for one in found if one is not None]


def _clean(ctx: Context, needed: set[str]) -> int:
    now, removed = ctx.clock(), 0
    waiting = set[str]()
    for pending in _all(ctx):
        if pending.expires_at > now:
            waiting |= {pending.upload.file.name, f"{pending.id}.json"}
    for file in uploads.uploads_folder(ctx).iterdir():
        old = file.stat().st_mtime < (now - KEPT).timestamp()
        if old and file.is_file() and file.name not in needed | waiting:
            file.unlink(missing_ok=True)
            removed += 1
    return removed
