"""What follows from a campaign's status and validity, in chunks that can be repeated: enter, stop and flag, queue again.

Each function does one chunk in one transaction and says whether there is more. All of it derives from stored rows, so a
crash between two chunks costs nothing: the next start goes on.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.campaign import active, stop_reason
from dialer.domain.chunk import Chunk
from dialer.domain.transitions import CampaignStatus
from dialer.operations import steps
from dialer.operations.context import Context
from dialer.store import campaigns, enrollments, stops
from dialer.store.stops import Range
from dialer.strategy.events import Due, Entered

# A chunk holds SQLite's one writer: short, so that an intent never waits long behind it. The first of a kind is small.
CHUNK = 25
MOST = 250  # of which some go together (operations/alike.py), at a quarter of the price of others
FIRST, LEAST = 250, 250  # of what SQL does by itself


async def stop_pending(ctx: Context, campaign_id: int) -> bool:
    """Stop and flag what is pending in a campaign that may not run (C7)."""
    now = ctx.clock()

    async def work(tx: AsyncConnection) -> bool:
        campaign = await campaigns.hold(tx, campaign_id)
        reason = stop_reason(campaign, now) if campaign else None
        if campaign is None or reason is None:
            return False
        more = await _chunk(ctx, ("stop", campaign_id), partial(stops.stop_pending, tx, campaign_id, reason, now))
        if more or campaign.status is not CampaignStatus.ENDED:
            return more
        return await _chunk(ctx, ("end", campaign_id), partial(stops.end_stopped, tx, campaign_id, now))

    return await ctx.db.transact(work, durable=False)


async def queue_again(ctx: Context, campaign_id: int) -> bool:
    """Take up what an unpublish or an expiry stopped, as new requests at the step where the contact stood (C8)."""
    now = ctx.clock()

    async def work(tx: AsyncConnection) -> bool:
        campaign = await campaigns.hold(tx, campaign_id)
        if campaign is None or not active(campaign, now):
            return False
        return await _chunk(ctx, ("queue again", campaign_id), partial(stops.queue_again, tx, campaign_id, now))

    return await ctx.db.transact(work, durable=False)


async def enter(ctx: Context, campaign_id: int) -> bool:
    """Sync: contacts that are new to the campaign enter its strategy (K4). Safe to repeat: who entered has a node."""
    now = ctx.clock()

    async def work(tx: AsyncConnection) -> bool:
        campaign = await campaigns.hold(tx, campaign_id)
        if campaign is None or not active(campaign, now) or campaign.strategy_version is None:
            return False

        async def entering(*, after: int, limit: int) -> Range:
            places = await enrollments.not_entered(tx, campaign_id, after, limit)
            await steps.take(tx, ctx, campaign, [(place, Entered()) for place in places], now)
            return Range(campaign_id, after, places[-1].id if places else after, len(places))

        return await _chunk(ctx, ("enter", campaign_id), entering, Chunk(CHUNK, least=CHUNK, most=MOST))

    return await ctx.db.transact(work, durable=False)


async def take_due(ctx: Context, campaign_id: int) -> bool:
    """Waits that are over, and time limits for receipts that have passed (S4), these in a stopped campaign too (C7)."""
    now = ctx.clock()

    async def work(tx: AsyncConnection) -> bool:
        campaign = await campaigns.hold(tx, campaign_id)
        if campaign is None:
            return False

        async def going_on(*, after: int, limit: int) -> Range:
            places = await enrollments.due(tx, campaign_id, now, limit, is_active=active(campaign, now))
            await steps.take(tx, ctx, campaign, [(place, Due()) for place in places], now)
            return Range(campaign_id, after, after, len(places))  # who has gone on is not due any more

        return await _chunk(ctx, ("due", campaign_id), going_on, Chunk(CHUNK, least=CHUNK, most=MOST))

    return await ctx.db.transact(work, durable=False)


async def _chunk(
    ctx: Context, what: tuple[str, int], do: Callable[..., Awaitable[Range]], first: Chunk | None = None
) -> bool:
    """One chunk of a piece of work; whether there is more. How far it came is remembered only for speed."""
    chunk = ctx.chunks.get(what) or first or Chunk(FIRST, least=min(FIRST, LEAST))
    began = ctx.clock()
    done = await do(after=chunk.after, limit=chunk.size)
    following = chunk.then(done.number, done.last, (ctx.clock() - began).total_seconds())
    ctx.chunks[what] = following or replace(chunk, after=0)
    return following is not None
