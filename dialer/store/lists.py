"""The lists that people and programs see, and the numbers above them."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.store.tables import attempt, message


async def attempt_counts(tx: AsyncConnection) -> dict[str, int]:
    """Attempts by outcome; those under way are `open`."""
    rows = await tx.execute(select(func.coalesce(attempt.c.outcome, "open"), func.count()).group_by(attempt.c.outcome))
    return {str(outcome): int(number) for outcome, number in rows}


async def message_counts(tx: AsyncConnection) -> dict[str, int]:
    rows = await tx.execute(select(message.c.status, func.count()).group_by(message.c.status))
    return {str(status): int(number) for status, number in rows}
