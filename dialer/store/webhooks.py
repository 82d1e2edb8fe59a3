"""Webhooks under way: their requests keep a lease, so that those of a node that died are sent again."""

from datetime import datetime

from sqlalchemy import ColumnElement, String, and_, or_, select, update
from sqlalchemy import literal_column as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.transitions import RequestState
from dialer.store import requests
from dialer.store.requests import ContactRequest
from dialer.store.tables import contact_request
from dialer.store.types import spelled

CHANNEL = "webhook"
KEY = "key"  # in the payload of one that was sent before: the id by which its receiver may know it
# In the statement's own text: a partial index serves only statements that say what it is for.
_UNDER_WAY = and_(
    contact_request.c.channel == sql(f"'{CHANNEL}'", String()),
    contact_request.c.state == spelled(RequestState.DISPATCHED),
)


async def hold(tx: AsyncConnection, request_id: int, node: str, until: datetime) -> None:
    """It was dispatched in this transaction; until then the node sends it or is dead."""
    await tx.execute(
        update(contact_request).where(contact_request.c.id == request_id).values(lease_node=node, lease_until=until)
    )


async def finish(tx: AsyncConnection, request_id: int) -> ContactRequest | None:
    """Dispatched → completed; None if that was done already, or its turn is to come again."""
    changed = await tx.execute(
        update(contact_request)
        .where(contact_request.c.id == request_id, contact_request.c.state == RequestState.DISPATCHED)
        .values(state=RequestState.COMPLETED, lease_node=None, lease_until=None)
    )
    return await requests.get(tx, request_id) if changed.rowcount else None


async def take_back(tx: AsyncConnection, now: datetime, node: str, limit: int, *, own: bool) -> list[ContactRequest]:
    """Up to `limit` whose answer nobody awaits any more, back into the queue; as they stand now (`requests.withdraw`).

    Those of other nodes whose lease is over; or the node's `own`, at its start. They keep the id that their receiver
    was given, also in a request that replaces them one day.
    """
    query = select(contact_request.c.id, contact_request.c.payload).where(_UNDER_WAY, _is_left(now, node, own=own))
    order = (contact_request.c.lease_until, contact_request.c.id)  # by id alone SQLite would go through all requests
    rows = await tx.execute(query.order_by(*order).limit(limit).with_for_update(skip_locked=True))
    back: list[ContactRequest] = []
    for row in list(rows):
        known = {**row.payload, KEY: row.payload.get(KEY) or str(row.id)}
        released = {"payload": known, "lease_node": None, "lease_until": None}
        await tx.execute(update(contact_request).where(contact_request.c.id == row.id).values(released))
        request = await requests.withdraw(tx, row.id)
        back += [request] if request is not None else []
    return back


def _is_left(now: datetime, node: str, *, own: bool) -> ColumnElement[bool]:
    is_own = contact_request.c.lease_node == node
    expired = contact_request.c.lease_until <= now
    return or_(is_own, expired) if own else and_(~is_own, expired)


def key_of(request: ContactRequest) -> str:
    """By which the receiver tells a request that comes a second time: the id of the one that was sent first."""
    return str(request.payload.get(KEY) or request.id)
