"""Webhook endpoints: who is told, and which node sends to each of them now."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.hooks import Endpoint
from dialer.store.tables import webhook_endpoint as endpoint
from dialer.store.types import AnyRow


async def add(tx: AsyncConnection, fields: Mapping[str, Any]) -> AnyRow:
    row: AnyRow = (await tx.execute(insert(endpoint).values(fields).returning(endpoint))).one()
    return row


async def get(tx: AsyncConnection, endpoint_id: int) -> AnyRow | None:
    return (await tx.execute(select(endpoint).where(endpoint.c.id == endpoint_id))).one_or_none()


async def held(tx: AsyncConnection, endpoint_id: int) -> AnyRow | None:
    """Locked."""
    return (await tx.execute(select(endpoint).where(endpoint.c.id == endpoint_id).with_for_update())).one_or_none()


async def edit(tx: AsyncConnection, endpoint_id: int, fields: Mapping[str, Any], now: datetime) -> AnyRow:
    """A new revision of one that is locked."""
    changed = update(endpoint).where(endpoint.c.id == endpoint_id).returning(endpoint)
    values = {**fields, "revision": endpoint.c.revision + 1, "modified_at": now}
    row: AnyRow = (await tx.execute(changed.values(values))).one()
    return row


async def remove(tx: AsyncConnection, endpoint_id: int) -> None:
    await tx.execute(delete(endpoint).where(endpoint.c.id == endpoint_id))


async def enabled(tx: AsyncConnection) -> tuple[Endpoint, ...]:
    names = ("id", "revision", "events", "campaign_id")
    rows = await tx.execute(
        select(*(endpoint.c[name] for name in names)).where(endpoint.c.enabled).order_by(endpoint.c.id)
    )
    return tuple(Endpoint(row.id, row.revision, frozenset(row.events), row.campaign_id) for row in rows)


async def add_dropped(tx: AsyncConnection, dropped: Iterable[tuple[int, int]]) -> None:
    """`(endpoint, how many)` events that were not kept for it."""
    many = update(endpoint).where(endpoint.c.id == bindparam("_id"))
    for endpoint_id, number in dropped:
        await tx.execute(
            many.values(dropped=endpoint.c.dropped + bindparam("_more")), {"_id": endpoint_id, "_more": number}
        )


# -- whose turn it is -------------------------------------------------------------------------------------------------


async def take(tx: AsyncConnection, endpoint_id: int, node: str, now: datetime, until: datetime) -> AnyRow | None:
    """The endpoint for this node alone until then; None if another one has it, or it is disabled or gone."""
    free = or_(endpoint.c.lease_until.is_(None), endpoint.c.lease_until <= now, endpoint.c.lease_node == node)
    taken = update(endpoint).where(endpoint.c.id == endpoint_id, endpoint.c.enabled, free).returning(endpoint)
    row: AnyRow | None = (await tx.execute(taken.values(lease_node=node, lease_until=until))).one_or_none()
    return row


async def give_back(tx: AsyncConnection, endpoint_id: int, node: str) -> None:
    given = update(endpoint).where(endpoint.c.id == endpoint_id, endpoint.c.lease_node == node)
    await tx.execute(given.values(lease_node=None, lease_until=None))
