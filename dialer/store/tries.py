"""What was tried with one contact: its attempts, its texts and their parts, each in one query."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.store.tables import attempt, message, message_part


@dataclass(frozen=True, slots=True)
class Tries:
    """Rows of the tables of these names, oldest first."""

    attempts: Sequence[dict[str, Any]]
    messages: Sequence[dict[str, Any]]
    parts: Sequence[dict[str, Any]]


async def of_contact(tx: AsyncConnection, contact_id: int, campaign_id: int | None) -> Tries:
    """With `campaign_id`, those of that campaign. Ids are ULIDs: their order is that of time."""
    calls = select(attempt).where(attempt.c.contact_id == contact_id).order_by(attempt.c.id)
    texts = select(message).where(message.c.contact_id == contact_id).order_by(message.c.id)
    parts = (
        select(message_part)
        .join(message, message.c.id == message_part.c.message_id)
        .where(message.c.contact_id == contact_id, message.c.parts > 1)
        .order_by(message_part.c.message_id, message_part.c.part)
    )
    if campaign_id is not None:
        calls = calls.where(attempt.c.campaign_id == campaign_id)
        texts, parts = (query.where(message.c.campaign_id == campaign_id) for query in (texts, parts))
    return Tries(*[await _rows(tx, query) for query in (calls, texts, parts)])


async def _rows(tx: AsyncConnection, query: Select[Any]) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in await tx.execute(query)]  # noqa: SLF001  (SQLAlchemy's public name for it)
