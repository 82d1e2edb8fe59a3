"""Contact requests: the queue. Claimed into a node's hopper, dispatched once, stopped with a flag, queued again as new ones."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, exists, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.record import record
from dialer.domain.transitions import CampaignStatus, RequestState
from dialer.store.do_not_contact import listed
from dialer.store.prepared import Prepared
from dialer.store.tables import campaign, contact_request, enrollment
from dialer.store.types import AnyRow, spelled


@record
class ContactRequest:
    """One call or text to make at `due_at`, at first `wanted_at`; `zone` is the contact's own time zone, where known."""

    id: int
    enrollment_id: int
    campaign_id: int
    contact_id: int
    channel: str
    node: str
    visit: int
    try_no: int
    requeue_no: int
    address: str
    payload: Mapping[str, Any]
    priority: int
    due_at: datetime
    state: RequestState
    zone: str | None
    wanted_at: datetime | None = None

    @property
    def was_put_off(self) -> bool:
        """Whether it had to wait for an opening or a rule."""
        return self.wanted_at is not None and self.due_at > self.wanted_at


_COLUMNS = tuple(contact_request.c[name] for name in ContactRequest.__dataclass_fields__)

# Statements of the busy paths are made once: building one costs as much as running it.
_THESE = contact_request.c.id.in_(bindparam("_ids", expanding=True))
_INSERT = Prepared(insert(contact_request).returning(contact_request.c.id, sort_by_parameter_order=True))
_OF_PUBLISHED = exists().where(
    campaign.c.id == contact_request.c.campaign_id, campaign.c.status == CampaignStatus.PUBLISHED
)
_DISPATCH = Prepared(
    update(contact_request)
    .where(_THESE, contact_request.c.state == RequestState.CLAIMED, _OF_PUBLISHED, ~listed(contact_request))
    .values(state=RequestState.DISPATCHED, lease_node=None, lease_until=None)
    .returning(*_COLUMNS)
)
_COMPLETE = Prepared(
    update(contact_request)
    .where(_THESE, contact_request.c.state == RequestState.DISPATCHED)
    .values(state=RequestState.COMPLETED)
    .returning(*_COLUMNS)
)
_BY_IDS = Prepared(select(*_COLUMNS).where(_THESE))
_AWAITED = Prepared(
    select(*_COLUMNS)
    .join(
        enrollment,
        (enrollment.c.id == contact_request.c.enrollment_id) & (enrollment.c.request_id == contact_request.c.id),
    )
    .where(_THESE)
)
_RESERVE = Prepared(
    update(contact_request)
    .where(_THESE, contact_request.c.state == RequestState.PENDING)
    .values(state=RequestState.CLAIMED, lease_node=bindparam("_node"), lease_until=bindparam("_until"))
)


async def add_many(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """New requests; ids in the order given. The same effect of the same step a second time is an IntegrityError."""
    return await _INSERT.ids(tx, rows)


async def get(tx: AsyncConnection, request_id: int) -> ContactRequest | None:
    rows = await _BY_IDS.rows(tx, {"_ids": [request_id]})
    return _request(rows[0]) if rows else None


async def reserve(tx: AsyncConnection, ids: Sequence[int], node: str, until: datetime) -> list[ContactRequest]:
    """These requests for this node, in no order; `claims` says which."""
    if not ids:
        return []
    await _RESERVE.run(tx, {"_ids": ids, "_node": node, "_until": until})
    return [_request(row) for row in await _BY_IDS.rows(tx, {"_ids": ids})]


async def release(tx: AsyncConnection, ids: Collection[int]) -> None:
    """Back into the queue: claimed, but nothing was written for them. Those stopped meanwhile stay stopped."""
    if ids:
        await tx.execute(
            update(contact_request)
            .where(contact_request.c.id.in_(ids), contact_request.c.state == RequestState.CLAIMED)
            .values(state=RequestState.PENDING, lease_node=None, lease_until=None)
        )


async def renew(tx: AsyncConnection, node: str, until: datetime) -> None:
    """This node shows a sign of life for everything in its hopper."""
    await tx.execute(
        update(contact_request)
        .where(contact_request.c.state == spelled(RequestState.CLAIMED), contact_request.c.lease_node == node)
        .values(lease_until=until)
    )


async def release_expired(tx: AsyncConnection, now: datetime, own_node: str | None = None) -> int:
    """Claims of nodes that died, and at a start our own former ones, go back into the queue: nothing was sent for them."""
    expired = contact_request.c.lease_until <= now
    changed = await tx.execute(
        update(contact_request)
        .where(
            contact_request.c.state == spelled(RequestState.CLAIMED),
            or_(expired, contact_request.c.lease_node == own_node) if own_node else expired,
        )
        .values(state=RequestState.PENDING, lease_node=None, lease_until=None)
    )
    return int(changed.rowcount)


async def dispatch(tx: AsyncConnection, request_ids: Collection[int]) -> dict[int, ContactRequest]:
    """The step before an intent: claimed → dispatched, only while the campaign is published (C6), to no listed address (D7).

    Returns those that may go on, as they stand now: since they were claimed, their contact may have been joined with
    another. The others were stopped or claimed by somebody else.
    """
    changed = await _DISPATCH.rows(tx, {"_ids": list(request_ids)})
    return {row.id: _request(row) for row in changed}


async def withdraw(tx: AsyncConnection, request_id: int) -> ContactRequest | None:
    """Back into the queue: an intent was written, but proven never to have left this process.

    The request as it stands now: cancelled if it is not the one that its contact's place waits for, because the contact
    was joined with another. None if it was not dispatched.
    """
    is_awaited = exists().where(
        enrollment.c.id == contact_request.c.enrollment_id, enrollment.c.request_id == request_id
    )
    changed = await tx.execute(
        update(contact_request)
        .where(contact_request.c.id == request_id, contact_request.c.state == RequestState.DISPATCHED)
        .values(state=case((is_awaited, RequestState.PENDING), else_=RequestState.CANCELLED))
        .returning(*_COLUMNS)
    )
    row = changed.one_or_none()
    return _request(row) if row else None


async def refuse(tx: AsyncConnection, request_id: int) -> ContactRequest | None:
    """Claimed, and found not to be allowed at all: nothing is sent for it. The request as it stands now."""
    changed = await tx.execute(
        update(contact_request)
        .where(contact_request.c.id == request_id, contact_request.c.state == RequestState.CLAIMED)
        .values(state=RequestState.CANCELLED, lease_node=None, lease_until=None)
        .returning(*_COLUMNS)
    )
    row = changed.one_or_none()
    return _request(row) if row else None


async def complete(tx: AsyncConnection, request_ids: Collection[int]) -> dict[int, ContactRequest]:
    """Dispatched → completed; the requests by id, also those that were completed before."""
    if not request_ids:
        return {}
    rows = await _COMPLETE.rows(tx, {"_ids": list(request_ids)})
    if before := set(request_ids).difference(row.id for row in rows):
        rows += await _BY_IDS.rows(tx, {"_ids": list(before)})
    return {row.id: _request(row) for row in rows}


async def awaited(tx: AsyncConnection, request_ids: Collection[int]) -> dict[int, ContactRequest]:
    """Those that their contacts' places wait to hear of."""
    rows = await _AWAITED.rows(tx, {"_ids": list(request_ids)}) if request_ids else ()
    return {row.id: _request(row) for row in rows}


async def cancel_open(tx: AsyncConnection, enrollment_id: int) -> None:
    await tx.execute(
        update(contact_request)
        .where(
            contact_request.c.enrollment_id == enrollment_id,
            contact_request.c.state.in_((RequestState.PENDING, RequestState.CLAIMED)),
        )
        .values(state=RequestState.CANCELLED, lease_node=None, lease_until=None)
    )


def _request(row: AnyRow) -> ContactRequest:
    cells = [*row]  # in the order of _COLUMNS
    cells[_STATE] = _STATES[cells[_STATE]]
    return ContactRequest(*cells)


_STATE = [column.key for column in _COLUMNS].index("state")


_STATES = {state.value: state for state in RequestState}  # several times as fast as asking the enumeration
