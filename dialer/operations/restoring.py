"""A database that was restored does not know what happened since its backup: nothing in it may go out by itself.

Calls and texts that were under way when the backup was made are `lost` as after a crash, see `Tracker.resync` and
`messages.lose_unanswered`: the server's start does that.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dialer.domain.transitions import CampaignStatus
from dialer.operations import campaigns as operations
from dialer.operations.context import Context
from dialer.store import campaigns, users


@dataclass(frozen=True, slots=True)
class Halted:
    """A campaign that was published when the backup was made."""

    id: int
    title: str


async def settle(ctx: Context, *, end: bool) -> Sequence[Halted]:
    """Unpublish what was published, or end it for good; log everybody out. Safe to repeat.

    `end`: whoever waits in them may have been called or texted since, and nobody knows who: none of them ever is again.
    """
    async with ctx.db.write() as tx:
        await users.close_all_sessions(tx)
    async with ctx.db.read() as tx:
        published = await campaigns.all_with_status(tx, CampaignStatus.PUBLISHED)
    stop = operations.end if end else operations.unpublish
    for campaign in published:
        await stop(ctx, campaign.id)
    return [Halted(campaign.id, campaign.title) for campaign in published]
