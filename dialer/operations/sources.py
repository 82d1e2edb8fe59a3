"""Sources: where contacts came from, what was refused of them, and how one is removed."""

from collections.abc import AsyncIterator
from typing import Any

from dialer.domain.errors import DomainError, NotFound
from dialer.domain.transitions import SourceState
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
        return f"the source {self.id} can't be removed: {self.reason}"


async def get(ctx: Context, campaign_id: int, source_id: int) -> AnyRow:
    async with ctx.db.read() as tx:
        row = await sources.get(tx, source_id)
    if row is None or row.campaign_id != campaign_id:
        raise NotFound("source", source_id)
    return row


async def remove(ctx: Context, campaign_id: int, source_id: int) -> None:
    """Take a source that brought nobody off the list. Raises `NotRemovable` for any other."""
    async with ctx.db.write() as tx:
        row = await sources.get(tx, source_id)
        if row is None or row.campaign_id != campaign_id:
            raise NotFound("source", source_id)
        if row.state in (SourceState.PENDING, SourceState.RUNNING):
            raise NotRemovable(source_id, "its import has not ended")
        if row.created or row.merged:
            raise NotRemovable(source_id, f"it brought {row.created + row.merged} contacts")
        await sources.remove(tx, source_id)


def columns(source: AnyRow) -> list[str]:
    """The columns of a source's file, as they are called there; of what came over REST the item as it was."""
    if source.kind == "rest":
        return ["item"]
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


def progress(row: Any) -> float:
    """From 0 to 1, of anything with the columns of a source."""
    if row.state == SourceState.DONE:
        return 1.0
    return round(min(1.0, row.rows / row.rows_total), 3) if row.rows_total else 0.0
