"""A campaign deleted with all that was done in it: its rows go in chunks, behind which no call waits."""

import asyncio
from functools import partial

from dialer.domain.campaign import Campaign, told_fields
from dialer.domain.chunk import fitting
from dialer.domain.errors import IllegalTransition, NotFound
from dialer.domain.transitions import CAMPAIGN, CampaignStatus
from dialer.operations import audit, events
from dialer.operations.campaigns import check_revision
from dialer.operations.context import Context
from dialer.store import campaigns

SOME_ROWS = 100


async def remove(ctx: Context, campaign_id: int, revision: int | None = None) -> None:
    """Delete a campaign that does not run, with its history. Contacts stay in the system.

    It is ended first, so that nobody adds to it; a crash leaves an ended campaign that can be deleted again.
    Raises `NotFound`, `IllegalTransition` for one that is published, `StaleEdit`.
    """
    campaign = await _close(ctx, campaign_id, revision)
    await ctx.engine.campaign_changed(campaign_id)
    limit, time = SOME_ROWS, asyncio.get_running_loop().time
    while True:
        began = time()
        if not await ctx.db.transact(partial(campaigns.remove_history, campaign_id=campaign_id, limit=limit)):
            break
        took_s = time() - began
        limit = max(SOME_ROWS, fitting(limit, took_s))
        await asyncio.sleep(took_s)  # the writer is others' for as long
    async with ctx.db.write() as tx:
        await campaigns.remove(tx, campaign_id)
        await audit.write(tx, ctx, "delete", "campaign", campaign_id, name=campaign.title, before=told_fields(campaign))
    await ctx.engine.campaign_changed(campaign_id)


async def _close(ctx: Context, campaign_id: int, revision: int | None) -> Campaign:
    async with ctx.db.write(urgent=True) as tx:
        campaign = await campaigns.lock(tx, campaign_id)
        if campaign is None:
            raise NotFound("campaign", campaign_id)
        check_revision(campaign, revision)
        if campaign.status is CampaignStatus.PUBLISHED:
            raise IllegalTransition("campaign", campaign.status, "deleted")
        if campaign.status is not CampaignStatus.ENDED:
            CAMPAIGN.check(campaign.status, CampaignStatus.ENDED)
            await campaigns.set_status(tx, campaign_id, CampaignStatus.ENDED, ctx.clock())
            await events.moved(tx, ctx, campaign, CampaignStatus.ENDED)
        return campaign
