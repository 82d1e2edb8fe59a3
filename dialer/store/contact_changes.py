"""Which contacts were changed or deleted, as SQLite's triggers note it for the projection."""

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.store.tables import contact_change

CHUNK = 2_000  # rows of a few bytes: a transaction of a millisecond


async def forget(tx: AsyncConnection, last: int) -> bool:
    """Forget changes up to `last`, the next few thousand of them; False if none are left."""
    oldest = select(contact_change.c.id).where(contact_change.c.id <= last).order_by(contact_change.c.id).limit(CHUNK)
    gone = await tx.execute(delete(contact_change).where(contact_change.c.id.in_(oldest)))
    return gone.rowcount == CHUNK
