"""Requests that were due when the clock was set back."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.transitions import RequestState
from dialer.store.tables import contact_request
from dialer.store.types import AnyRow, spelled

_PENDING = contact_request.c.state == spelled(RequestState.PENDING)


async def lines(tx: AsyncConnection, campaign_ids: Sequence[int]) -> list[AnyRow]:
    """`(campaign_id, channel, priority)` of everything that is queued: in each, the index has the order of `due_at`."""
    columns = (contact_request.c.campaign_id, contact_request.c.channel, contact_request.c.priority)
    chosen = contact_request.c.campaign_id.in_(campaign_ids)
    return list(await tx.execute(select(*columns).where(chosen, _PENDING).distinct()))


async def move(tx: AsyncConnection, line: AnyRow, since: datetime, until: datetime, by: timedelta, limit: int) -> int:
    """Those of a line that are due after `since`, up to `until`, become due `by` so much earlier or later; how many."""
    due = contact_request.c.due_at
    query = select(contact_request.c.id, due).where(
        contact_request.c.campaign_id == line.campaign_id,
        contact_request.c.channel == line.channel,
        contact_request.c.priority == line.priority,
        _PENDING,
        due > since,
        due <= until,
    )
    rows = list(await tx.execute(query.order_by(due).limit(limit)))
    if rows:
        await tx.execute(
            update(contact_request).where(contact_request.c.id == bindparam("_id")).values(due_at=bindparam("_due")),
            [{"_id": row.id, "_due": row.due_at + by} for row in rows],
        )
    return len(rows)
