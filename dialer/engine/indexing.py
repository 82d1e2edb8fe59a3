"""Keeps up what contacts are listed from (SQLite's projection). It rests as long as it works: an import goes before."""

import asyncio

from dialer.operations.context import Context
from dialer.store import contact_changes
from dialer.store.projection import Projection

LOOK_AGAIN_S = 1.0
FORGET_EVERY_S = 60.0


async def follow_contacts(ctx: Context) -> None:
    """Runs until it is cancelled; on PostgreSQL there is nothing to do."""
    if ctx.db.projection is None:
        return
    now = asyncio.get_running_loop().time
    forgotten = now()
    while True:
        began = now()
        more = await ctx.db.projection.follow()
        await asyncio.sleep(now() - began if more else LOOK_AGAIN_S)
        if not more and now() - forgotten > FORGET_EVERY_S:
            await forget_changes(ctx, ctx.db.projection)
            forgotten = now()


async def forget_changes(ctx: Context, projection: Projection) -> None:
    """Changes that the projection has for good, whatever happens to the machine now."""
    last = await projection.settled()
    while await ctx.db.transact(lambda tx: contact_changes.forget(tx, last), durable=False):
        pass
