"""Where one contact stands in a campaign, for those who ask why it is not called. Reads only, without locks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.campaign import LoadOrder
from dialer.domain.transitions import EnrollmentState, RequestState, SourceState
from dialer.store import requests
from dialer.store.requests import ContactRequest
from dialer.store.tables import channel_address, contact, contact_request, enrollment, source
from dialer.store.types import spelled

# Nobody needs to know by how many thousands more.
MOST_COUNTED = 10_000
_READING = (SourceState.PENDING, SourceState.RUNNING)  # a REST source is always open: it holds nobody up


@dataclass(frozen=True, slots=True)
class Standing:
    """`request` is the one its place waits for; `importing` names its source while that is being read."""

    state: EnrollmentState
    node: str | None
    due_at: datetime | None
    stop_reason: str | None
    result: str | None
    zone: str | None
    addresses: Sequence[tuple[str, tuple[str, ...]]]  # with their channels
    request: ContactRequest | None
    importing: str | None


async def of_contact(tx: AsyncConnection, campaign_id: int, contact_id: int) -> Standing | None:
    query = (
        select(enrollment, contact.c.time_zone, source.c.name, source.c.kind, source.c.state.label("source_state"))
        .join(contact, contact.c.id == enrollment.c.contact_id)
        .outerjoin(source, source.c.id == enrollment.c.source_id)
        .where(enrollment.c.campaign_id == campaign_id, enrollment.c.contact_id == contact_id)
    )
    row = (await tx.execute(query)).one_or_none()
    if row is None:
        return None
    return Standing(
        state=EnrollmentState(row.state),
        node=row.node,
        due_at=row.due_at,
        stop_reason=row.stop_reason,
        result=row.result,
        zone=row.time_zone,
        addresses=await _addresses(tx, contact_id),
        request=await requests.get(tx, row.request_id) if row.request_id else None,
        importing=row.name if row.kind != "rest" and row.source_state in _READING else None,
    )


async def _addresses(tx: AsyncConnection, contact_id: int) -> list[tuple[str, tuple[str, ...]]]:
    rows = await tx.execute(select(channel_address).where(channel_address.c.contact_id == contact_id))
    return [(row.address, tuple(name for name in ("voice", "sms", "email") if getattr(row, name))) for row in rows]


async def before(tx: AsyncConnection, request: ContactRequest, order: LoadOrder, now: datetime) -> int:
    """How many requests of its queue are due and come before it, up to `MOST_COUNTED`; those claimed are not counted."""
    queue = [
        contact_request.c.campaign_id == request.campaign_id,
        contact_request.c.channel == request.channel,
        contact_request.c.state == spelled(RequestState.PENDING),
    ]
    priority, due_at, row = contact_request.c.priority, contact_request.c.due_at, contact_request.c.id
    newest = order is LoadOrder.NEWEST_FIRST
    same = [*queue, priority == request.priority]
    # Each is one range of the queue's index. What is earlier than a request that is due is due.
    ranges = (
        [*queue, priority > request.priority, due_at <= now],
        [*same, due_at > request.due_at, due_at <= now] if newest else [*same, due_at < request.due_at],
        [*same, due_at == request.due_at, row > request.id if newest else row < request.id],
    )
    return min(MOST_COUNTED, sum([await _count(tx, one) for one in ranges]))


async def _count(tx: AsyncConnection, where: Sequence[ColumnElement[bool]]) -> int:
    found = select(contact_request.c.id).where(*where).limit(MOST_COUNTED).subquery()
    return int(await tx.scalar(select(func.count()).select_from(found)) or 0)
