"""The audit log: one row for each change that a person or a program has made."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.store.tables import audit


async def add(tx: AsyncConnection, fields: Mapping[str, Any]) -> None:
    plain = {name: _plain(fields[name]) for name in ("before", "after")}
    await tx.execute(insert(audit).values({**fields, **plain}))


def _plain(values: Any) -> Any:
    """Dataclasses, enumerations and instants as JSON has them."""
    return None if values is None else orjson.loads(orjson.dumps(values, default=str))


async def forget(tx: AsyncConnection, before: datetime, limit: int) -> int:
    """The oldest rows that are older, `limit` of them; returns how many there were."""
    oldest = select(audit.c.id).where(audit.c.at < before).order_by(audit.c.at).limit(limit)
    return (await tx.execute(delete(audit).where(audit.c.id.in_(oldest)))).rowcount
