"""Enrollments: a contact's place in a campaign."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Select, and_, bindparam, case, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.record import record
from dialer.domain.transitions import EnrollmentState, RequestState
from dialer.store.prepared import Prepared
from dialer.store.requests import ContactRequest
from dialer.store.tables import campaign, enrollment
from dialer.store.types import AnyRow, spelled

# In these states `due_at` is the time of a step: of a text's time limit, and of the end of a wait.
_LIMITED, _WAITS = (
    enrollment.c.state == spelled(state) for state in (EnrollmentState.IN_PROGRESS, EnrollmentState.WAITING)
)


@record
class Enrollment:
    """What a step needs to know of a contact's place; `memory` is the strategy's own JSON."""

    id: int
    campaign_id: int
    contact_id: int
    state: EnrollmentState
    strategy_version: int | None
    node: str | None
    memory: str | None
    request_id: int | None
    due_at: datetime | None
    stop_reason: str | None
    attempts: int
    revision: int


@dataclass(slots=True)
class Moved:
    """Where an enrollment stands after a step. Its new request is filled in when that has an id."""

    id: int
    state: EnrollmentState
    strategy_version: int | None
    node: str | None
    memory: str | None
    request_id: int | None
    due_at: datetime | None
    stop_reason: str | None = None
    result: str | None = None


_MOVING = tuple(name for name in Moved.__dataclass_fields__ if name != "id")

# Statements of the busy paths are made once: building one costs as much as running it.
_CHANGED = {"modified_at": bindparam("_now"), "revision": enrollment.c.revision + 1}
_BY_IDS = Prepared(
    select(*(enrollment.c[name] for name in Enrollment.__dataclass_fields__))
    .where(enrollment.c.id.in_(bindparam("_ids", expanding=True)))
    .with_for_update()
)
_LOCKED = select(*(enrollment.c[name] for name in Enrollment.__dataclass_fields__)).with_for_update()
_OF_CAMPAIGN = _LOCKED.where(enrollment.c.campaign_id == bindparam("_campaign", type_=enrollment.c.id.type))
_NOT_ENTERED = Prepared(
    _OF_CAMPAIGN.where(
        enrollment.c.id > bindparam("_after", type_=enrollment.c.id.type),
        enrollment.c.node.is_(None),
        # Said so that SQLite does not look by state, through everybody who has entered and is pending.
        func.coalesce(enrollment.c.state, "") == EnrollmentState.PENDING,
    )
    .order_by(enrollment.c.id)
    .limit(bindparam("_limit", type_=Integer()))
)
_LIMIT_OVER, _WAIT_OVER = (
    Prepared(
        _OF_CAMPAIGN.where(over, enrollment.c.due_at <= bindparam("_now", type_=enrollment.c.due_at.type))
        .order_by(enrollment.c.due_at, enrollment.c.id)
        .limit(bindparam("_limit", type_=Integer()))
    )
    for over in (_LIMITED, _WAITS)
)
_NOW = bindparam("_now", type_=enrollment.c.due_at.type)
_ACTIVE = campaign.c.id.in_(bindparam("_active", expanding=True))
_HERE = enrollment.c.campaign_id == campaign.c.id
_SOMEBODY = exists().where(_HERE, enrollment.c.due_at <= _NOW)
_CAMPAIGNS_DUE = Prepared(
    select(campaign.c.id).where(or_(_SOMEBODY.where(_LIMITED), and_(_ACTIVE, _SOMEBODY.where(_WAITS))))
)
_SOONEST_LIMIT, _SOONEST_WAIT = (
    select(func.min(enrollment.c.due_at)).where(_HERE, enrollment.c.due_at > _NOW, over).scalar_subquery()
    for over in (_LIMITED, _WAITS)
)
_NEXT_DUE = Prepared(
    select(_SOONEST_LIMIT.label("limit_over"), case((_ACTIVE, _SOONEST_WAIT)).label("wait_over")).select_from(campaign)
)
_SAVE = Prepared(
    update(enrollment)
    .where(enrollment.c.id == bindparam("_id"))
    .values({name: bindparam(f"_{name}") for name in _MOVING} | _CHANGED)
)
_SAVE_TOGETHER = Prepared(
    update(enrollment)
    .where(enrollment.c.id.in_(bindparam("_ids", expanding=True)))
    .values({name: bindparam(f"_{name}") for name in _MOVING} | _CHANGED)
)
_CALLS = enrollment.c.attempts + bindparam("_calls", type_=enrollment.c.attempts.type)
_DISPATCHING = Prepared(
    update(enrollment)
    .where(enrollment.c.id.in_(bindparam("_ids", expanding=True)))
    .values({"state": EnrollmentState.IN_PROGRESS, "attempts": _CALLS, "due_at": None} | _CHANGED)
)

_REACHED = Prepared(
    update(enrollment)
    .where(enrollment.c.id.in_(bindparam("_ids", expanding=True)), enrollment.c.reached_after.is_(None))
    .values(reached_after=enrollment.c.attempts)
)


async def get(tx: AsyncConnection, enrollment_id: int) -> Enrollment | None:
    found = await _select(tx, _columns().where(enrollment.c.id == enrollment_id))
    return found[0] if found else None


async def by_ids(tx: AsyncConnection, enrollment_ids: Collection[int]) -> dict[int, Enrollment]:
    if not enrollment_ids:
        return {}
    rows = await _BY_IDS.rows(tx, {"_ids": list(enrollment_ids)})
    return {row.id: _enrollment(row) for row in rows}


async def enroll(
    tx: AsyncConnection, campaign_id: int, contact_ids: Sequence[int], source_id: int | None, now: datetime
) -> list[int]:
    """Put contacts into a campaign; those that are in it stay as they are (K3). Returns the ids of the new contacts."""
    if not contact_ids:
        return []
    rows = [
        {
            "campaign_id": campaign_id,
            "contact_id": contact_id,
            "source_id": source_id,
            "state": EnrollmentState.PENDING,
            "attempts": 0,
            "revision": 1,
            "created_at": now,
            "modified_at": now,
        }
        for contact_id in contact_ids
    ]
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(enrollment).on_conflict_do_nothing(index_elements=["campaign_id", "contact_id"])
    made = await tx.execute(statement.returning(enrollment.c.contact_id), rows)
    return [int(contact_id) for contact_id in made.scalars()]


async def not_entered(tx: AsyncConnection, campaign_id: int, after: int, limit: int) -> list[Enrollment]:
    """Contacts that have yet to enter the strategy, in the order they came; those with an id higher than `after`."""
    rows = await _NOT_ENTERED.rows(tx, {"_campaign": campaign_id, "_after": after, "_limit": limit})
    return [_enrollment(row) for row in rows]


async def due(
    tx: AsyncConnection, campaign_id: int, now: datetime, limit: int, *, is_active: bool = True
) -> list[Enrollment]:
    """Enrollments of a campaign whose wait, or whose time limit for a receipt, is over; each the oldest first.

    One that is not active makes nobody go on who waits, but whose text is under way has a time limit all the same.
    """
    found: list[Enrollment] = []
    for over in (_LIMIT_OVER, _WAIT_OVER) if is_active else (_LIMIT_OVER,):
        rows = await over.rows(tx, {"_campaign": campaign_id, "_now": now, "_limit": limit - len(found)})
        found += map(_enrollment, rows)
    return found


async def campaigns_due(tx: AsyncConnection, active: Collection[int], now: datetime) -> list[int]:
    """Campaigns that have somebody `due`, of those that are not `active` as well."""
    return [row.id for row in await _CAMPAIGNS_DUE.rows(tx, {"_active": list(active), "_now": now})]


async def next_due(tx: AsyncConnection, active: Collection[int], now: datetime) -> datetime | None:
    """When the next wait of these campaigns, or anybody's time limit, is over: one seek for each campaign."""
    rows = await _NEXT_DUE.rows(tx, {"_active": list(active), "_now": now})
    return min((at for row in rows for at in row if at is not None), default=None)


async def save(tx: AsyncConnection, places: Sequence["Moved"], now: datetime) -> None:
    """Write where contacts stand now. They were read with a lock in the same transaction."""
    await _SAVE.run_many(tx, [{"_id": place.id} | _written(place, now) for place in places])


async def save_together(tx: AsyncConnection, enrollment_ids: Sequence[int], moved: "Moved", now: datetime) -> None:
    """Write that all of these stand where `moved` stands; they were read with a lock in the same transaction."""
    await _SAVE_TOGETHER.run(tx, {"_ids": enrollment_ids} | _written(moved, now))


def _written(place: "Moved", now: datetime) -> dict[str, Any]:
    return {"_now": now} | {f"_{name}": getattr(place, name) for name in _MOVING}


async def dispatching(tx: AsyncConnection, enrollment_ids: Collection[int], now: datetime, *, is_call: bool) -> None:
    """A call or text is committed for these: they are in progress, the wait for their turn is over."""
    await _DISPATCHING.run(tx, {"_ids": list(enrollment_ids), "_calls": int(is_call), "_now": now})


async def reached(tx: AsyncConnection, enrollment_ids: Collection[int]) -> None:
    """These talked with an agent: after how many calls is noted the first time."""
    if enrollment_ids:
        await _REACHED.run(tx, {"_ids": list(enrollment_ids)})


async def waits_for(tx: AsyncConnection, enrollment_id: int, request_id: int, due_at: datetime, now: datetime) -> None:
    """In the place of the request that it waited for there is another one, at the same step."""
    await tx.execute(
        update(enrollment)
        .where(enrollment.c.id == enrollment_id)
        .values(
            state=EnrollmentState.PENDING,
            request_id=request_id,
            due_at=due_at,
            modified_at=now,
            revision=enrollment.c.revision + 1,
        )
    )


async def withdrawn(tx: AsyncConnection, request: ContactRequest, now: datetime) -> None:
    """The call or text that was committed never left this process: its turn comes again, if the contact waits for it."""
    if request.channel == "call":
        await tx.execute(
            update(enrollment)
            .where(enrollment.c.id == request.enrollment_id)
            .values(attempts=enrollment.c.attempts - 1, modified_at=now, revision=enrollment.c.revision + 1)
        )
    if request.state is RequestState.PENDING:
        await tx.execute(
            update(enrollment)
            .where(enrollment.c.id == request.enrollment_id, enrollment.c.state == EnrollmentState.IN_PROGRESS)
            .values(
                state=EnrollmentState.PENDING,
                due_at=request.due_at,
                modified_at=now,
                revision=enrollment.c.revision + 1,
            )
        )


def _columns() -> Select[Any]:
    return select(*(enrollment.c[name] for name in Enrollment.__dataclass_fields__))


async def _select(tx: AsyncConnection, query: Select[Any]) -> list[Enrollment]:
    """Read with a lock, so that two steps of one contact come after each other (SQLite has one writer anyway)."""
    query = query.with_for_update()
    return [_enrollment(row) for row in await tx.execute(query)]


def _enrollment(row: AnyRow) -> Enrollment:
    place_id, campaign_id, contact_id, state, *others = row  # as in Enrollment
    return Enrollment(place_id, campaign_id, contact_id, _STATES[state], *others)


_STATES = {state.value: state for state in EnrollmentState}  # several times as fast as asking the enumeration
