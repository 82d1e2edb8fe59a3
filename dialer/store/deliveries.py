"""The outbox of event webhooks: written with what it tells of, kept for some days after it was delivered."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, bindparam, delete, exists, func, insert, or_, select, update
from sqlalchemy import literal_column as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.transitions import DeliveryState
from dialer.store.prepared import Prepared
from dialer.store.tables import webhook_delivery as delivery
from dialer.store.tables import webhook_endpoint as endpoint
from dialer.store.types import AnyRow

# In the statement's own text: a partial index serves only statements that say what it is for.
_OPEN = sql("webhook_delivery.state IN ('pending', 'failed')", Boolean())
_OVER = sql("webhook_delivery.state IN ('delivered', 'given_up')", Boolean())
_INSERT = Prepared(insert(delivery))
RESULT = ("id", "state", "tries", "next_due_at", "last_status", "last_error", "delivered_at")
_SET_RESULT = Prepared(
    update(delivery)
    .where(delivery.c.id == bindparam("_id"), sql("state IN ('pending', 'failed')", Boolean()))
    .values({name: bindparam(f"_{name}", type_=delivery.c[name].type) for name in RESULT[1:]})
)


def new(event_id: str, kind: str, payload: Mapping[str, Any], contact_id: int | None, now: datetime) -> dict[str, Any]:
    """A row but for its endpoint."""
    return {
        "event_id": event_id, "kind": kind, "contact_id": contact_id, "payload": payload,
        "state": DeliveryState.PENDING, "tries": 0, "queued_at": now, "next_due_at": now, "created_at": now,
        "last_status": None, "last_error": None, "delivered_at": None,
    }  # fmt: skip


async def add(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    await _INSERT.run_many(tx, rows)


async def add_one(tx: AsyncConnection, row: Mapping[str, Any]) -> AnyRow:
    made: AnyRow = (await tx.execute(insert(delivery).values(row).returning(delivery))).one()
    return made


async def get(tx: AsyncConnection, endpoint_id: int, delivery_id: int) -> AnyRow | None:
    query = select(delivery).where(delivery.c.id == delivery_id, delivery.c.endpoint_id == endpoint_id)
    return (await tx.execute(query)).one_or_none()


async def with_work(tx: AsyncConnection, node: str, now: datetime) -> list[int]:
    """Endpoints to which something is to be sent now, and to which no other node sends."""
    free = or_(endpoint.c.lease_until.is_(None), endpoint.c.lease_until <= now, endpoint.c.lease_node == node)
    is_due = exists().where(delivery.c.endpoint_id == endpoint.c.id, _OPEN, delivery.c.next_due_at <= now)
    query = select(endpoint.c.id).where(endpoint.c.enabled, free, is_due)
    return [row.id for row in await tx.execute(query.order_by(endpoint.c.id))]


async def due(tx: AsyncConnection, endpoint_id: int, now: datetime, limit: int) -> list[AnyRow]:
    """The next to be sent: in the order in which they were written, those that are tried again at their time."""
    query = select(delivery).where(delivery.c.endpoint_id == endpoint_id, _OPEN, delivery.c.next_due_at <= now)
    return list(await tx.execute(query.order_by(delivery.c.next_due_at, delivery.c.id).limit(limit)))


async def set_results(tx: AsyncConnection, results: Sequence[Mapping[str, Any]]) -> None:
    """What became of them, by the names in `RESULT`; one that was deleted meanwhile stays so."""
    await _SET_RESULT.run_many(tx, [{f"_{name}": one[name] for name in RESULT} for one in results])


async def send_again(tx: AsyncConnection, delivery_id: int, now: datetime) -> AnyRow:
    """As it was, by the same event id."""
    values = {"state": DeliveryState.PENDING, "tries": 0, "queued_at": now, "next_due_at": now, "delivered_at": None}
    changed = update(delivery).where(delivery.c.id == delivery_id).values(values).returning(delivery)
    row: AnyRow = (await tx.execute(changed)).one()
    return row


async def waiting(tx: AsyncConnection, endpoint_id: int, most: int) -> int:
    """How many are to be sent, counted up to `most`."""
    some = select(delivery.c.id).where(delivery.c.endpoint_id == endpoint_id, _OPEN).limit(most).subquery()
    return int(await tx.scalar(select(func.count()).select_from(some)) or 0)


async def old(tx: AsyncConnection, before: datetime, limit: int) -> list[int]:
    """Some that are over, and were queued before that."""
    query = select(delivery.c.id).where(_OVER, delivery.c.queued_at < before).order_by(delivery.c.queued_at)
    return [row.id for row in await tx.execute(query.limit(limit))]


async def forget(tx: AsyncConnection, ids: Sequence[int]) -> None:
    await tx.execute(delete(delivery).where(delivery.c.id.in_(ids), _OVER))


async def forget_contact(tx: AsyncConnection, contact_id: int) -> None:
    """Of a contact that is erased, whatever is kept about it, sent or not."""
    await tx.execute(delete(delivery).where(delivery.c.contact_id == contact_id, delivery.c.contact_id.is_not(None)))
