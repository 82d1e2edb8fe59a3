"""What the store has to be told when the clock was set back."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.operations.context import Context
from dialer.store import overdue
from dialer.store.types import AnyRow

CHUNK = 500


async def keep_due(ctx: Context, campaign_ids: Sequence[int], before: datetime, now: datetime) -> int:
    """The clock was set back from `before` to `now`: what was due stays due, in its order; how many that are.

    Otherwise nobody would be called until the old time comes again. What waits for a later moment waits for it still, by the
    new clock.
    """
    async with ctx.db.read() as tx:
        lines = await overdue.lines(tx, campaign_ids)
    return sum([await _keep_line(ctx, line, before, now) for line in lines])


async def _keep_line(ctx: Context, line: AnyRow, before: datetime, now: datetime) -> int:
    async def chunk(tx: AsyncConnection) -> int:
        return await overdue.move(tx, line, now, before, now - before, CHUNK)

    moved = 0
    while some := await ctx.db.transact(chunk):
        moved += some
        ctx.engine.work_changed(line.campaign_id)
    return moved
