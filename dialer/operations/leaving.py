"""Between the commit of a call or text and its sending: what nodes that share a database owe each other (C6, D7).

Whoever stops a campaign, or lists a number, can't see whether another node has sent by now what it committed just before.
So each sends within `SENT_WITHIN` of the moment at which it asked the store, or asks once more; and whoever stops something
answers after that time. SQLite has one node, which waits for its own calls (`Engine.campaign_changed`).
"""

import asyncio
from datetime import datetime, timedelta

from dialer.domain.campaign import may_start
from dialer.operations.context import Context
from dialer.operations.nodes import silent_since
from dialer.operations.suppression import barred
from dialer.store import campaigns, nodes
from dialer.store.requests import ContactRequest

SENT_WITHIN = timedelta(seconds=0.75)
# What may pass between the last look at the clock and the write to the socket.
MARGIN_S = 0.25


async def in_time(ctx: Context, request: ContactRequest, begun: datetime) -> bool:
    """Whether what was committed may be sent now; `begun` is before the commit asked the store."""
    now = ctx.clock()
    if ctx.db.is_sqlite or now - begun <= SENT_WITHIN:
        return True
    return await still_allowed(ctx, request) and ctx.clock() - now <= SENT_WITHIN


async def still_allowed(ctx: Context, request: ContactRequest) -> bool:
    """Whether the stored campaign may run, and the address is on no list."""
    async with ctx.db.read() as tx:
        campaign = await campaigns.get(tx, request.campaign_id)
        if campaign is None or not may_start(campaign, request.zone, request.address, ctx.clock()):
            return False
        return not await barred(tx, ctx, campaign.id, [request.address])


async def others_have_sent(ctx: Context, since: float) -> None:
    """Returns once nothing leaves any more that other nodes committed before `since`, on the event loop's clock."""
    if ctx.db.is_sqlite:
        return
    async with ctx.db.read() as tx:
        if not await nodes.any_other(tx, ctx.settings.node, silent_since(ctx)):
            return
    passed_s = asyncio.get_running_loop().time() - since
    await asyncio.sleep(SENT_WITHIN.total_seconds() + MARGIN_S - passed_s)
