"""Sources: where contacts came from, what was refused of them, and how one is removed."""

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.errors import DomainError, IllegalTransition, NotFound
from dialer.domain.said import Said
from dialer.domain.transitions import SourceState
from dialer.operations import audit
from dialer.operations.context import Context
from dialer.store import sources
from dialer.store.types import AnyRow

REFUSED_PAGE = 1_000


class NotRemovable(DomainError):  # noqa: N818 -- named by what happened
    """A source that can't be taken off the list (HTTP 409)."""

    def __init__(self, source_id: int, reason: str) -> None:
        self.id, self.reason = source_id, reason
        super().__init__(source_id, reason)

    def __str__(self) -> str:
        return Said("the source %(id)s can't be removed: %(reason)s", id=self.id, reason=self.reason)


async def get(ctx: Context, campaign_id: int, source_id: int) -> AnyRow:
    async with ctx.db.read() as tx:
        row = await sources.get(tx, source_id)
    if row is None or row.campaign_id != campaign_id:
        raise NotFound("source", source_id)
    return row


async def names(ctx: Context, source_ids: Collection[int]) -> dict[int, str]:
    """What these sources of any campaign are called; one that is gone is left out."""
    if not source_ids:
        return {}
    async with ctx.db.read() as tx:
        return await sources.names(tx, source_ids)


async def cancel(ctx: Context, campaign_id: int, source_id: int) -> AnyRow:
    """Stop an import; what it brought so far stays, and can be removed. Raises `IllegalTransition` for one that is over."""
    async with ctx.db.write() as tx:
        row = await sources.get(tx, source_id)
        if row is None or row.campaign_id != campaign_id:
            raise NotFound("source", source_id)
        if row.kind == "rest":
            raise IllegalTransition(
                "REST source", row.state, Said("cancelled: it takes contacts as long as its campaign")
            )
        if not await sources.set_state(tx, source_id, SourceState.CANCELLED, finished_at=ctx.clock()):
            raise IllegalTransition("source", row.state, "cancelled")
        await told(tx, ctx, "cancel", row, SourceState.CANCELLED)
    if row.file:  # whoever reads it has it open
        await asyncio.to_thread((ctx.settings.data_dir / "uploads" / row.file).unlink, missing_ok=True)
    return await get(ctx, campaign_id, source_id)


async def told(tx: AsyncConnection, ctx: Context, action: str, row: AnyRow, to: SourceState) -> None:
    """In the audit log; the name of a filter is made of its conditions, which may be about somebody."""
    name = row.name if row.kind != "filter" else ""
    old, new = {"state": row.state, "campaign_id": row.campaign_id}, {"state": to, "campaign_id": row.campaign_id}
    await audit.write(tx, ctx, action, "source", row.id, name=name, before=old, after=new)


def columns(source: AnyRow) -> list[str]:
    """The columns of a source's file, as they are called there; of what came over REST the item as it was. A filter has none."""
    if source.kind == "rest":
        return ["item"]
    shape = (source.mapping or {}).get("shape")
    return list(shape["columns"]) if shape else []


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


def progress(row: Any) -> float:
    """From 0 to 1, of anything with the columns of a source."""
    if row.state == SourceState.DONE:
        return 1.0
    return round(min(1.0, row.rows / row.rows_total), 3) if row.rows_total else 0.0


def pace(row: Any, now: datetime) -> dict[str, float | None]:
    """`rows_per_second` of an import, and `seconds_left` of one that runs; None where there is no telling."""
    if row.started_at is None or row.kind == "rest":
        return {"rows_per_second": None, "seconds_left": None}
    took_s = ((row.finished_at or now) - row.started_at).total_seconds()
    rate = round(row.rows / took_s, 1) if row.rows and took_s > 0 else None
    runs = row.state == SourceState.RUNNING and rate and row.rows_total
    return {
        "rows_per_second": rate if row.state in _IMPORTED else None,
        "seconds_left": round(max(0, row.rows_total - row.rows) / rate, 1) if runs and rate else None,
    }


_IMPORTED = frozenset({SourceState.RUNNING, SourceState.DONE, SourceState.FAILED, SourceState.CANCELLED})
