"""What a node leaves that never comes back: its calls are looked for in Asterisk by another node, its texts are lost."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.operations import messages, trials
from dialer.operations.context import Context
from dialer.store import nodes

# Leases without a sign of life. Longer than that of a claim: an outcome that is given for a call is final.
SILENT_LEASES = 3


def silent_since(ctx: Context) -> datetime:
    """A node that was seen last before then is gone."""
    return ctx.clock() - timedelta(seconds=SILENT_LEASES * ctx.settings.calls.lease_s)


async def take_over(ctx: Context) -> tuple[int, int]:
    """Of nodes that are gone: how many calls are this node's now, to be matched with Asterisk's, and how many texts are lost.

    One that was never seen counts as seen just now.
    """
    now, own, since = ctx.clock(), ctx.settings.node, silent_since(ctx)

    async def work(tx: AsyncConnection) -> tuple[int, list[str]]:
        last = await nodes.others_with_work(tx, own)
        for name in (name for name, at in last.items() if at is None):
            await nodes.seen(tx, name, now)
        gone = sorted(name for name, at in last.items() if at is not None and at <= since)
        return sum([await nodes.take_calls(tx, name, own) for name in gone]), gone

    async with ctx.db.read() as tx:
        if not await nodes.others_with_work(tx, own):
            return 0, 0
    calls, gone = await ctx.db.transact(work)
    for name in gone:
        await trials.lose_unanswered(ctx, name)
    return calls, sum([await messages.lose_unanswered(ctx, name) for name in gone])
