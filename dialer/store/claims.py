"""The queue of contact requests as it is taken from: who is next, who will be due, and whether there is anybody."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Integer, and_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.campaign import LoadOrder
from dialer.domain.transitions import RequestState
from dialer.store import requests
from dialer.store.prepared import Prepared
from dialer.store.requests import ContactRequest
from dialer.store.tables import contact_request
from dialer.store.types import spelled

_Queue = Mapping[str, Any]  # the names and values of `_queued`


async def claim(
    tx: AsyncConnection,
    campaign_id: int,
    channel: str,
    *,
    order: LoadOrder,
    node: str,
    until: datetime,
    now: datetime,
    limit: int,
    zoned_only: bool = False,
) -> list[ContactRequest]:
    """Reserve up to `limit` due requests: the highest priority first, then by due time and the campaign's load order.

    `zoned_only`: the campaign's own window is closed, so only contacts with a time zone of their own are looked at.
    """
    queue: _Queue = {"_campaign": campaign_id, "_channel": channel}
    claimed: list[ContactRequest] = []
    priority = await _highest(tx, queue, zoned_only=zoned_only)
    while priority is not None and len(claimed) < limit:
        at = {"_priority": priority, "_now": now, "_limit": limit - len(claimed)}
        ids = [row.id for row in await _due(order, zoned_only=zoned_only).rows(tx, {**queue, **at})]
        found = await requests.reserve(tx, ids, node, until)
        claimed += sorted(found, key=lambda r: (r.due_at, r.id), reverse=order is LoadOrder.NEWEST_FIRST)
        priority = await _highest(tx, queue, priority, zoned_only=zoned_only)
    return claimed


async def any_pending(tx: AsyncConnection, campaign_id: int, channel: str) -> bool:
    """Whether anything stands in the queue, due or not: one look into its index."""
    return bool(await _ANY_PENDING.rows(tx, {"_campaign": campaign_id, "_channel": channel}))


async def next_due(tx: AsyncConnection, campaign_id: int, channel: str, now: datetime) -> datetime | None:
    """When the next request of the queue that is not due yet becomes due: one seek for each priority in use."""
    queue: _Queue = {"_campaign": campaign_id, "_channel": channel}
    found: list[datetime] = []
    priority = await _highest(tx, queue)
    while priority is not None:
        (row,) = await _LATER.rows(tx, {**queue, "_priority": priority, "_now": now})
        found += [row.at] if row.at else []
        priority = await _highest(tx, queue, priority)
    return min(found, default=None)


async def _highest(
    tx: AsyncConnection, queue: _Queue, below: int | None = None, *, zoned_only: bool = False
) -> int | None:
    """One seek in the queue's index for each priority in use."""
    values = dict(queue) if below is None else {**queue, "_priority": below}
    (row,) = await _seek(zoned_only=zoned_only, below=below is not None).rows(tx, values)
    highest: int | None = row.highest
    return highest


# Statements of the busy paths are made once: building one costs as much as running it.
_PRIORITY = bindparam("_priority", type_=contact_request.c.priority.type)
_NOW = bindparam("_now", type_=contact_request.c.due_at.type)


def _queued(*, zoned_only: bool = False) -> Any:
    """What stands in the queue, of contacts with a time zone of their own only, or of all."""
    conditions = [
        contact_request.c.campaign_id == bindparam("_campaign", type_=contact_request.c.campaign_id.type),
        contact_request.c.channel == bindparam("_channel", type_=contact_request.c.channel.type),
        contact_request.c.state == spelled(RequestState.PENDING),
    ]
    return and_(*conditions, contact_request.c.zone.is_not(None)) if zoned_only else and_(*conditions)


@cache
def _seek(*, zoned_only: bool, below: bool) -> Prepared:
    query = select(func.max(contact_request.c.priority).label("highest")).where(_queued(zoned_only=zoned_only))
    return Prepared(query.where(contact_request.c.priority < _PRIORITY) if below else query)


@cache
def _due(order: LoadOrder, *, zoned_only: bool) -> Prepared:
    row = contact_request.c
    line = (row.due_at.desc(), row.id.desc()) if order is LoadOrder.NEWEST_FIRST else (row.due_at, row.id)
    query = select(row.id).where(_queued(zoned_only=zoned_only), row.priority == _PRIORITY, row.due_at <= _NOW)
    # Nodes that claim at the same time pass each other by (SQLite has one writer and ignores it).
    return Prepared(query.order_by(*line).limit(bindparam("_limit", type_=Integer())).with_for_update(skip_locked=True))


_ANY_PENDING = Prepared(select(contact_request.c.id).where(_queued()).limit(1))
_LATER = Prepared(
    select(func.min(contact_request.c.due_at).label("at")).where(
        _queued(), contact_request.c.priority == _PRIORITY, contact_request.c.due_at > _NOW
    )
)
