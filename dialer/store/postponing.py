"""Requests that are put off: until their contact's window opens, or a rule allows them. Their contact's place says so, too."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.transitions import RequestState
from dialer.store.tables import contact_request, enrollment
from dialer.store.types import spelled

_WAITS = enrollment.c.request_id == contact_request.c.id


async def postpone(tx: AsyncConnection, until: Mapping[int, datetime], state: str = RequestState.CLAIMED) -> None:
    """Back into the queue for later, `{request: when}`: the contact's window is closed now, or a rule does not allow it yet."""
    if until:
        values = [{"_id": request_id, "_due_at": due_at} for request_id, due_at in until.items()]
        await tx.execute(
            update(contact_request)
            .where(contact_request.c.id == bindparam("_id"), contact_request.c.state == state)
            .values(state=RequestState.PENDING, due_at=bindparam("_due_at"), lease_node=None, lease_until=None),
            values,
        )
        await tx.execute(_TELL_PLACE, values)


_OWN = select(contact_request.c.enrollment_id).where(contact_request.c.id == bindparam("_id"))
_TELL_PLACE = (
    update(enrollment)
    .where(enrollment.c.id == _OWN.scalar_subquery(), enrollment.c.request_id == bindparam("_id"))
    .values(due_at=bindparam("_due_at"))
)


async def reopen_windows(tx: AsyncConnection, campaign_id: int) -> None:
    """The execution time, the rules or a zone were changed: what was put off is looked at again (C13)."""
    put_off = (
        contact_request.c.campaign_id == campaign_id,
        contact_request.c.state == spelled(RequestState.PENDING),
        contact_request.c.due_at > contact_request.c.wanted_at,
    )
    wanted_at = select(contact_request.c.wanted_at).where(_WAITS).scalar_subquery()
    waiting = enrollment.c.request_id.in_(select(contact_request.c.id).where(*put_off))
    of_campaign = enrollment.c.campaign_id == campaign_id
    await tx.execute(update(enrollment).where(of_campaign, waiting).values(due_at=wanted_at))
    await tx.execute(update(contact_request).where(*put_off).values(due_at=contact_request.c.wanted_at))
