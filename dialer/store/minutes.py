"""What happened by campaign and minute: sums to which every node adds what it has counted."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.series import Counts
from dialer.store.sums import adding
from dialer.store.tables import campaign, minute_count

_COUNTS = ("calls", "ended", "answered", "abandoned", "texts")
_ADD = adding(minute_count, ("campaign_id", "minute"), _COUNTS)


async def add(tx: AsyncConnection, counted: Mapping[tuple[int, datetime], Counts]) -> None:
    """Add to `(campaign, minute)`; what was counted for a campaign that is gone is passed over."""
    ids = {campaign_id for campaign_id, _minute in counted}
    there = set((await tx.execute(select(campaign.c.id).where(campaign.c.id.in_(ids)))).scalars())
    rows = [
        {"campaign_id": campaign_id, "minute": at, **{name: getattr(one, name) for name in _COUNTS}}
        for (campaign_id, at), one in sorted(counted.items(), key=lambda item: item[0])
        if campaign_id in there
    ]
    if rows:
        await _ADD(tx.dialect.name).run_many(tx, rows)


async def since(tx: AsyncConnection, start: datetime, campaign_id: int | None = None) -> dict[datetime, Counts]:
    """By minute, of a campaign or of all; minutes in which nothing happened are missing."""
    sums = (func.sum(minute_count.c[name]) for name in _COUNTS)
    asked = select(minute_count.c.minute, *sums).where(minute_count.c.minute >= start).group_by(minute_count.c.minute)
    if campaign_id is not None:
        asked = asked.where(minute_count.c.campaign_id == campaign_id)
    return {row[0]: Counts(*(int(one) for one in row[1:])) for row in await tx.execute(asked)}


async def forget(tx: AsyncConnection, before: datetime) -> None:
    await tx.execute(delete(minute_count).where(minute_count.c.minute < before))
