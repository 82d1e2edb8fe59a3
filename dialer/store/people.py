"""One contact that is edited or erased: the row, its work that has not begun, and everything personal it left behind."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, case, delete, exists, func, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.transitions import AttemptState, EnrollmentState, MessageStatus, RequestState
from dialer.store import requests
from dialer.store.prepared import Prepared
from dialer.store.tables import (
    attempt,
    channel_address,
    contact,
    contact_request,
    enrollment,
    message,
    reply,
    source,
    trail,
)
from dialer.store.types import AnyRow
from dialer.store.webhooks import CHANNEL

ERASED = "erased"  # the result of whoever was erased before the strategy's end
_QUEUED = (RequestState.PENDING, RequestState.CLAIMED)
_COPIED = (
    "enrollment_id", "campaign_id", "contact_id", "channel", "node", "visit", "try_no", "payload", "priority", "wanted_at",
)  # fmt: skip


async def lock(tx: AsyncConnection, contact_id: int) -> AnyRow | None:
    """The contact's row, for nobody else to change before the transaction ends; None if there is none, or no more."""
    query = select(contact).where(contact.c.id == contact_id, contact.c.erased_at.is_(None)).with_for_update()
    return (await tx.execute(query)).one_or_none()


async def revision(tx: AsyncConnection, contact_id: int) -> int | None:
    found: int | None = await tx.scalar(
        select(contact.c.revision).where(contact.c.id == contact_id, contact.c.erased_at.is_(None))
    )
    return found


async def is_landing(tx: AsyncConnection, contact_id: int) -> bool:
    """Whether an import is about to put the contact into its campaign (store/bulk.py), and would do so whatever happens to it."""
    query = select(source.c.campaign_id, source.c.landing).where(source.c.landing.is_not(null()))
    landing = [
        row.campaign_id for row in await tx.execute(query) if row.landing["first"] <= contact_id < row.landing["end"]
    ]
    if not landing:
        return False
    places = select(func.count()).where(enrollment.c.contact_id == contact_id, enrollment.c.campaign_id.in_(landing))
    return int(await tx.scalar(places) or 0) < len(landing)


async def awaiting(tx: AsyncConnection, contact_id: int) -> list[AnyRow]:
    """The requests that have not begun and that a place of the contact waits for: queued, claimed, or stopped."""
    query = (
        select(contact_request)
        .join(enrollment, enrollment.c.request_id == contact_request.c.id)
        .where(
            contact_request.c.contact_id == contact_id,
            contact_request.c.state.in_((*_QUEUED, RequestState.STOPPED)),
        )
        .order_by(contact_request.c.id)
        .with_for_update()
    )
    return list(await tx.execute(query))


async def cancel(tx: AsyncConnection, request_id: int) -> None:
    await tx.execute(
        update(contact_request)
        .where(contact_request.c.id == request_id, contact_request.c.state.in_(_QUEUED))
        .values(state=RequestState.CANCELLED, lease_node=None, lease_until=None)
    )


async def renew(tx: AsyncConnection, row: AnyRow, address: str, zone: str | None, now: datetime) -> int:
    """Another request in place of a queued or claimed one. A new one: the hopper may hold a copy of the old, which is dead now."""
    await cancel(tx, row.id)
    copy = {name: getattr(row, name) for name in _COPIED}
    fresh = {
        **copy, "address": address, "zone": zone, "due_at": row.wanted_at, "requeue_no": row.requeue_no + 1,
        "replaces_id": row.id, "state": RequestState.PENDING, "created_at": now,
    }  # fmt: skip
    (made,) = await requests.add_many(tx, [fresh])
    await tx.execute(
        update(enrollment)
        .where(enrollment.c.id == row.enrollment_id)
        .values(request_id=made, due_at=row.wanted_at, modified_at=now, revision=enrollment.c.revision + 1)
    )
    return made


async def look_again(tx: AsyncConnection, request_id: int, zone: str | None) -> None:
    """The contact's zone was changed: what was put off until a window of the old one is looked at again."""
    await tx.execute(
        update(contact_request)
        .where(contact_request.c.id == request_id)
        .values(zone=zone, due_at=contact_request.c.wanted_at)
    )


async def readdress(tx: AsyncConnection, request_id: int, address: str) -> None:
    """Of a stopped request, in whose place another is queued one day."""
    await tx.execute(update(contact_request).where(contact_request.c.id == request_id).values(address=address))


async def cancel_queued(tx: AsyncConnection, contact_id: int) -> None:
    """Nothing that is claimed or pending goes out any more; an intent that is being written is waited for."""
    await tx.execute(
        update(contact_request)
        .where(contact_request.c.contact_id == contact_id, contact_request.c.state.in_(_QUEUED))
        .values(state=RequestState.CANCELLED, lease_node=None, lease_until=None)
    )


async def is_under_way(tx: AsyncConnection, contact_id: int) -> bool:
    """Whether a call goes on, or a text has no answer of the SMSC yet, or a webhook none of its receiver."""
    calls = exists().where(attempt.c.contact_id == contact_id, attempt.c.state != AttemptState.ENDED)
    texts = exists().where(message.c.contact_id == contact_id, message.c.status == MessageStatus.PENDING)
    hooks = exists().where(
        contact_request.c.contact_id == contact_id,
        contact_request.c.channel == CHANNEL,
        contact_request.c.state == RequestState.DISPATCHED,
    )
    return bool(await tx.scalar(select(or_(calls, texts, hooks))))


async def erased_number(tx: AsyncConnection, campaign_id: int | None = None) -> int:
    """How many contacts were erased; of a campaign, how many of its own."""
    if campaign_id is None:
        rows = await _ERASED.rows(tx, {})
    else:  # few are erased, many may be in the campaign: their places are looked up
        rows = await _ERASED_OF.rows(tx, {"_campaign": campaign_id})
    return int(rows[0][0])


_GONE = select(contact.c.id).where(contact.c.erased_at.is_not(None))
_ERASED = Prepared(select(func.count()).select_from(_GONE.subquery()))
_ERASED_OF = Prepared(
    select(func.count()).where(enrollment.c.campaign_id == bindparam("_campaign"), enrollment.c.contact_id.in_(_GONE))
)


async def erase(tx: AsyncConnection, contact_id: int, digest: Callable[[str], str], now: datetime) -> list[str]:
    """Overwrite everything personal; ids, times, outcomes and results stay, so that all counts do. The addresses it had."""
    held = await tx.execute(select(channel_address.c.address).where(channel_address.c.contact_id == contact_id))
    addresses = list(held.scalars())
    await tx.execute(delete(channel_address).where(channel_address.c.contact_id == contact_id))
    await tx.execute(delete(trail).where(trail.c.contact_id == contact_id))
    await _end_places(tx, contact_id, now)
    await _keep_digests(tx, contact_id, digest)
    await _blank_history(tx, contact_id)
    await tx.execute(
        update(contact)
        .where(contact.c.id == contact_id)
        .values(
            first_name="", last_name="", time_zone=None, external_id=None, attributes={}, erased_at=now, modified_at=now,
            revision=contact.c.revision + 1,
        )
    )  # fmt: skip
    return addresses


async def _end_places(tx: AsyncConnection, contact_id: int, now: datetime) -> None:
    """`memory` holds replies. Whoever was done keeps the result."""
    is_done = enrollment.c.state == EnrollmentState.DONE
    await tx.execute(
        update(enrollment)
        .where(enrollment.c.contact_id == contact_id)
        .values(
            state=EnrollmentState.DONE, result=case((is_done, enrollment.c.result), else_=ERASED), stop_reason=None,
            memory=None, request_id=None, due_at=None, modified_at=now, revision=enrollment.c.revision + 1,
        )
    )  # fmt: skip


async def _keep_digests(tx: AsyncConnection, contact_id: int, digest: Callable[[str], str]) -> None:
    """Rules count calls to a number: they must go on to do so if it is loaded again."""
    own = attempt.c.contact_id == contact_id
    for number in (await tx.execute(select(attempt.c.number).where(own).distinct())).scalars().all():
        of_number = update(attempt).where(own, attempt.c.number == number)
        await tx.execute(of_number.values(digest=digest(number)))


async def _blank_history(tx: AsyncConnection, contact_id: int) -> None:
    await tx.execute(
        update(contact_request)
        .where(contact_request.c.contact_id == contact_id)
        .values(address="", payload={}, zone=None)
    )
    await tx.execute(
        update(attempt)
        .where(attempt.c.contact_id == contact_id)
        .values(number="", reason=_without(attempt.c.reason, attempt.c.number))
    )
    await tx.execute(
        update(message)
        .where(message.c.contact_id == contact_id)
        .values(address="", text="", error=_without(message.c.error, message.c.address))
    )
    await tx.execute(delete(reply).where(reply.c.contact_id == contact_id))


def _without(told: Any, number: Any) -> Any:
    """A reason in which the number stood, as it stood, or without its plus."""
    return case((and_(told.is_not(None), number != ""), func.replace(told, func.substr(number, 2), "…")), else_=told)
