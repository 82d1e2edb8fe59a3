"""What calls that created something were answered, so that the same call again is answered the same."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.store.tables import idempotent_answer as answer
from dialer.store.types import AnyRow

FORGOTTEN_AT_ONCE = 100
_KEY = (answer.c.who, answer.c.what, answer.c.key)


async def get(tx: AsyncConnection, who: str, what: str, key: str) -> AnyRow | None:
    query = select(answer).where(answer.c.who == who, answer.c.what == what, answer.c.key == key)
    return (await tx.execute(query)).one_or_none()


async def add(tx: AsyncConnection, row: Mapping[str, Any]) -> None:
    """A second one by the same key is an IntegrityError."""
    await tx.execute(insert(answer).values(row))


async def forget(tx: AsyncConnection, before: datetime) -> None:
    """Some of those that are older; each new call forgets more of them than it adds."""
    old = select(*_KEY).where(answer.c.created_at < before).limit(FORGOTTEN_AT_ONCE)
    if keys := [tuple(row) for row in await tx.execute(old)]:
        await tx.execute(delete(answer).where(tuple_(*_KEY).in_(keys)))
