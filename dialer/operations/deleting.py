"""A campaign deleted with all that was done in it: its rows go in chunks, behind which no call waits."""

import asyncio
from datetime import timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.campaign import Campaign, told_fields
from dialer.domain.chunk import fitting
from dialer.domain.errors import Conflict, IllegalTransition, NotFound, shown
from dialer.domain.transitions import CAMPAIGN, CampaignStatus
from dialer.operations import audit, events
from dialer.operations.campaigns import check_revision
from dialer.operations.context import Context
from dialer.store import campaigns

SOME_ROWS = 100
# A small campaign is gone before the answer; a larger one is left to the background.
AT_ONCE_S = 3.0


async def remove(
    ctx: Context, campaign_id: int, revision: int | None = None, *, at_once_s: float = AT_ONCE_S
) -> Campaign | None:
    """Delete a campaign that does not run, with its history. Contacts stay in the system.

    It is ended first, so that nobody adds to it. None: it is gone; else it is as returned, and goes in the background, through
    restarts. Raises `NotFound`, `IllegalTransition` for one that is published, `StaleEdit`, and `Conflict` for one whose calls go on
    or whose records are to be kept (`records_days`).
    """
    campaign = await _close(ctx, campaign_id, revision)
    await ctx.engine.campaign_changed(campaign_id)
    if await _work(ctx, campaign, at_once_s):
        return None
    ctx.engine.deletion_begun()
    return campaign


async def run(ctx: Context, campaign_id: int) -> bool:
    """The rest of a deletion, however long it takes. True: it is gone."""
    async with ctx.db.read() as tx:
        campaign = await campaigns.get(tx, campaign_id)
    return campaign is None or await _work(ctx, campaign, float("inf"))


async def _work(ctx: Context, campaign: Campaign, for_s: float) -> bool:
    """Whether all of it is gone; several may do this for the same campaign."""
    limit, time = SOME_ROWS, asyncio.get_running_loop().time
    until = time() + for_s
    while (began := time()) < until:
        if not await ctx.db.transact(partial(campaigns.remove_history, campaign_id=campaign.id, limit=limit)):
            await ctx.db.transact(partial(campaigns.remove, campaign_id=campaign.id))
            await ctx.engine.campaign_changed(campaign.id)
            return True
        took_s = time() - began
        limit = max(SOME_ROWS, fitting(limit, took_s))
        await asyncio.sleep(took_s)  # the writer is others' for as long
    return False


async def _close(ctx: Context, campaign_id: int, revision: int | None) -> Campaign:
    async with ctx.db.write(urgent=True) as tx:
        campaign = await campaigns.lock(tx, campaign_id)
        if campaign is None:
            raise NotFound("campaign", campaign_id)
        check_revision(campaign, revision)
        if campaign.status is CampaignStatus.PUBLISHED:
            raise IllegalTransition("campaign", campaign.status, "deleted")
        await _check_records(tx, ctx, campaign)
        if campaign.status is not CampaignStatus.ENDED:
            CAMPAIGN.check(campaign.status, CampaignStatus.ENDED)
            await campaigns.set_status(tx, campaign_id, CampaignStatus.ENDED, ctx.clock())
            await events.moved(tx, ctx, campaign, CampaignStatus.ENDED)
        if campaign.deleting_since is None:
            await campaigns.begin_deletion(tx, campaign_id, ctx.clock())
            before = told_fields(campaign)
            await audit.write(tx, ctx, "delete", "campaign", campaign_id, name=campaign.title, before=before)
        return await campaigns.get(tx, campaign_id) or campaign


async def _check_records(tx: AsyncConnection, ctx: Context, campaign: Campaign) -> None:
    if await campaigns.is_under_way(tx, campaign.id):
        raise Conflict(
            "calls or texts of %(title)s are under way: delete it when they are over", title=shown(campaign.title)
        )
    last = await campaigns.last_reached(tx, campaign.id)
    until = last and last + timedelta(days=ctx.settings.records_days)
    if until and until > ctx.clock():
        raise Conflict(
            "%(title)s has called or texted people, last on %(last)s: its records are evidence, and rules count the "
            "calls to a number by them. They are kept until %(until)s (setting records_days): end it in place of that",
            title=shown(campaign.title),
            last=format(last, "%Y-%m-%d"),
            until=format(until, "%Y-%m-%d"),
        )
