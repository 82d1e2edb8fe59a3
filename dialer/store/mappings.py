"""Mappings that people made by hand, by the shape of the file (its column names in order)."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.store.tables import remembered_mapping


async def remembered(tx: AsyncConnection, shape: str) -> dict[str, Any] | None:
    """What was said about the last file of this shape."""
    found: dict[str, Any] | None = await tx.scalar(
        select(remembered_mapping.c.mapping).where(remembered_mapping.c.shape == shape)
    )
    return found


async def remember(tx: AsyncConnection, shape: str, mapping: dict[str, Any], now: datetime) -> None:
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(remembered_mapping).values(shape=shape, mapping=mapping, used_at=now)
    newer = {"mapping": statement.excluded.mapping, "used_at": statement.excluded.used_at}
    await tx.execute(statement.on_conflict_do_update(index_elements=["shape"], set_=newer))
