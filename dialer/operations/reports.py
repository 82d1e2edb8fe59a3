"""What was tried and what came of it: reads only."""

from dialer.operations.context import Context
from dialer.store import lists, migrate


async def counts(ctx: Context) -> dict[str, dict[str, int]]:
    """`{attempts: {outcome: n}, messages: {status: n}}` of everything in the store; attempts under way are `open`."""
    async with ctx.db.read() as tx:
        return {"attempts": await lists.attempt_counts(tx), "messages": await lists.message_counts(tx)}


async def migrations_pending(ctx: Context) -> bool:
    return await migrate.pending(ctx.db)
