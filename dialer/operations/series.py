"""Rates over time, as all nodes have counted them. A node adds every few seconds: so much is missing at most, after a crash for good."""

from collections.abc import Mapping
from datetime import datetime

from dialer.domain import series
from dialer.domain.errors import NotFound
from dialer.domain.series import Counts, Point, Span
from dialer.operations.context import Context
from dialer.store import campaigns, minutes


async def read(ctx: Context, span: Span, campaign_id: int | None = None) -> list[Point]:
    """Of a campaign, or of all; raises `NotFound`."""
    now = ctx.clock()
    async with ctx.db.read() as tx:
        if campaign_id is not None and await campaigns.get(tx, campaign_id) is None:
            raise NotFound("campaign", campaign_id)
        counted = await minutes.since(tx, series.since(span, now), campaign_id)
    return series.points(span, counted, now)


async def add(ctx: Context, counted: Mapping[tuple[int, datetime], Counts]) -> None:
    """By campaign and minute."""
    async with ctx.db.write() as tx:
        await minutes.add(tx, counted)


async def forget(ctx: Context) -> None:
    """What no span shows any more."""
    async with ctx.db.write() as tx:
        await minutes.forget(tx, ctx.clock() - series.KEPT)
