"""Stopped work, by the thousand: flagged when a campaign may not run, and queued again when it may.

Each function handles a range of enrollments of one campaign in a few statements, whatever their number: the rows never
come to Python. All of them are found by the index of states, in the order of their ids.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    bindparam,
    case,
    func,
    insert,
    literal,
    literal_column,
    select,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.transitions import EnrollmentState, RequestState, StopReason
from dialer.store.tables import contact_request, enrollment, trail
from dialer.store.types import Id, Utc

RECOVERABLE = tuple(reason for reason in StopReason if reason.recoverable)
_IDLE = (EnrollmentState.PENDING, EnrollmentState.WAITING)
_QUEUED = (RequestState.PENDING, RequestState.CLAIMED)


@dataclass(frozen=True, slots=True)
class Range:
    """Rows of a campaign's enrollments with `after` < id ≤ `last`, of which `number` were meant."""

    campaign_id: int
    after: int
    last: int
    number: int

    @property
    def bounds(self) -> dict[str, Any]:
        return {"_campaign": self.campaign_id, "_after": self.after, "_last": self.last}


_E = enrollment.c
_OF_CAMPAIGN = (_E.campaign_id == bindparam("_campaign"), _E.id > bindparam("_after", type_=Id))
_IN_RANGE = (*_OF_CAMPAIGN, _E.id <= bindparam("_last", type_=Id))
_IS_IDLE, _IS_STOPPED = _E.state.in_(_IDLE), _E.state == EnrollmentState.STOPPED
_MAY_RETURN = _E.stop_reason.in_(RECOVERABLE)
_NOW = bindparam("_now", type_=Utc)
_CHANGED = {"modified_at": _NOW, "revision": _E.revision + 1}
_ENTRY = ["at", "campaign_id", "contact_id", "kind", "data"]


def _first(*where: ColumnElement[bool], locked: bool = False) -> Select[Any]:
    """The first rows that are meant, in the order of their ids."""
    chosen = select(_E.id).where(*_OF_CAMPAIGN, *where).order_by(_E.id).limit(bindparam("_limit"))
    return chosen.with_for_update() if locked else chosen


def _extent(chosen: Select[Any] | CompoundSelect[Any]) -> Select[Any]:
    """The last id, and the number, of these rows."""
    rows = chosen.subquery()
    return select(func.coalesce(func.max(rows.c.id), 0), func.count()).select_from(rows)


def _of_both_states() -> CompoundSelect[Any]:
    """Each state's first rows, and the first of these: looked for together, a million would be sorted for each chunk."""
    each = [select(_first(_E.state == state).subquery().c.id) for state in _IDLE]
    return union_all(*each).order_by("id").limit(bindparam("_limit"))


_FIRST_IDLE = _extent(_of_both_states())
_FIRST_STOPPED = _extent(_first(_IS_STOPPED))
_FIRST_TO_RETURN = _extent(_first(_IS_STOPPED, _MAY_RETURN, locked=True))


async def _range(tx: AsyncConnection, query: Any, campaign_id: int, after: int, limit: int) -> Range:
    found = await tx.execute(query, {"_campaign": campaign_id, "_after": after, "_limit": limit})
    last, number = found.one()
    return Range(campaign_id, after, last, number)


async def stop_pending(
    tx: AsyncConnection, campaign_id: int, reason: StopReason, now: datetime, *, after: int, limit: int
) -> Range:
    """Stop and flag up to `limit` contacts whose work is pending, and their requests (C7).

    Contacts with a call or text under way are left: their outcome is recorded, and their next step then stops.
    """
    chosen = await _range(tx, _FIRST_IDLE, campaign_id, after, limit)
    if chosen.number:
        await tx.execute(_STOP_REQUESTS, chosen.bounds | {"_reason": reason})
        # Those whose call was committed just before the stop had their requests are in progress by now (PostgreSQL).
        await _flag(tx, chosen, _IS_IDLE, reason, now)
    return chosen


_STOP_REQUESTS = (
    update(contact_request)
    .where(
        contact_request.c.id.in_(select(_E.request_id).where(*_IN_RANGE, _IS_IDLE)),
        contact_request.c.state.in_(_QUEUED),
    )
    .values(state=RequestState.STOPPED, stop_reason=bindparam("_reason"), lease_node=None, lease_until=None)
)


async def end_stopped(tx: AsyncConnection, campaign_id: int, now: datetime, *, after: int, limit: int) -> Range:
    """What was stopped before the end never returns: its flag becomes `campaign-ended` (C8). Looks at `limit` contacts."""
    chosen = await _range(tx, _FIRST_STOPPED, campaign_id, after, limit)
    if chosen.number:
        await _flag(tx, chosen, _IS_STOPPED & _MAY_RETURN, StopReason.CAMPAIGN_ENDED, now)
    return chosen


async def _flag(
    tx: AsyncConnection, chosen: Range, which: ColumnElement[bool], reason: StopReason, now: datetime
) -> None:
    data = literal({"reason": reason.value}, type_=trail.c.data.type)
    rows = select(_NOW, _E.campaign_id, _E.contact_id, literal("stopped"), data).where(*_IN_RANGE, which)
    if tx.dialect.name == "postgresql":  # nobody takes a step of theirs between the entry and the flag
        held = select(_E.id).where(*_IN_RANGE, which).order_by(_E.id).with_for_update().subquery()
        await tx.execute(select(func.count()).select_from(held), chosen.bounds)
    await tx.execute(insert(trail).from_select(_ENTRY, rows.order_by(_E.id)), chosen.bounds | {"_now": now})
    await tx.execute(
        update(enrollment)
        .where(*_IN_RANGE, which)
        .values(state=EnrollmentState.STOPPED, stop_reason=reason, **_CHANGED),
        chosen.bounds | {"_now": now},
    )


async def queue_again(tx: AsyncConnection, campaign_id: int, now: datetime, *, after: int, limit: int) -> Range:
    """Take up to `limit` contacts up again that an unpublish or an expiry stopped, in order (C8).

    Whose request was stopped gets a new one in its place; who waited waits on; who had not entered has yet to enter.
    """
    chosen = await _range(tx, _FIRST_TO_RETURN, campaign_id, after, limit)
    if chosen.number:
        values = chosen.bounds | {"_now": now}
        for statement in (_COPY_REQUESTS, _REQUEUED[tx.dialect.name], _TAKE_UP_QUEUED, _TAKE_UP_OTHERS):
            await tx.execute(statement, values)
    return chosen


_RETURNING = (*_IN_RANGE, _IS_STOPPED, _MAY_RETURN)
_OLD, _NEW = contact_request.alias("old"), contact_request.alias("new")
_COPIED = (
    "enrollment_id", "campaign_id", "contact_id", "channel", "node", "visit", "try_no", "address", "payload", "priority", "zone",
)  # fmt: skip


def _copies() -> Any:
    """New requests in place of stopped ones; work that is overdue is due now, not in the past (no burst of old dates)."""
    due_at = case((_OLD.c.wanted_at > _NOW, _OLD.c.wanted_at), else_=_NOW)
    made = {
        "requeue_no": _OLD.c.requeue_no + 1,
        "replaces_id": _OLD.c.id,
        "wanted_at": due_at,
        "due_at": due_at,
        "state": literal(RequestState.PENDING.value),
        "created_at": _NOW,
    }
    rows = (
        select(*(_OLD.c[name] for name in _COPIED), *made.values())
        .select_from(enrollment.join(_OLD, _OLD.c.id == _E.request_id))
        .where(*_RETURNING, _OLD.c.state == RequestState.STOPPED)
        .order_by(_E.id)
    )
    return insert(contact_request).from_select([*_COPIED, *made], rows)


_COPY_REQUESTS = _copies()
_IS_REPLACED = (_NEW.c.replaces_id == _E.request_id) & _NEW.c.replaces_id.is_not(None)


def _entries(json_object: str) -> Any:
    """`{"request": new, "replaces": old}`, or `{}` of contacts who have none."""
    make: Callable[..., Any] = getattr(func, json_object)
    both = make(literal_column("'request'"), _NEW.c.id, literal_column("'replaces'"), _NEW.c.replaces_id)
    data = case((_NEW.c.id.is_(None), make()), else_=both)
    rows = (
        select(_NOW, _E.campaign_id, _E.contact_id, literal("requeued"), data)
        .select_from(enrollment.outerjoin(_NEW, _IS_REPLACED))
        .where(*_RETURNING)
        .order_by(_E.id)
    )
    return insert(trail).from_select(_ENTRY, rows)


_REQUEUED = {"sqlite": _entries("json_object"), "postgresql": _entries("jsonb_build_object")}


_TAKE_UP_QUEUED = (
    update(enrollment)
    .where(*_RETURNING, _IS_REPLACED)
    .values(
        state=EnrollmentState.PENDING,
        stop_reason=None,
        result=None,
        request_id=_NEW.c.id,
        due_at=_NEW.c.due_at,
        **_CHANGED,
    )
)
_TAKE_UP_OTHERS = (
    update(enrollment)
    .where(*_RETURNING)
    .values(
        state=case((_E.node.is_(None), EnrollmentState.PENDING.value), else_=EnrollmentState.WAITING.value),
        stop_reason=None,
        result=None,
        **_CHANGED,
    )
)
