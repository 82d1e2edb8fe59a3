"""What a source brought, and why any of it stays when the source is removed (K8).

A place (enrollment) stays when its contact was called or texted in it. It is handed over when another source of the
campaign brought the contact too: it is that one's then. A contact that the source created stays when it is in another
campaign, when another source merged or joined it, or when a person edited it.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, delete, distinct, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.contact import Change
from dialer.domain.transitions import EnrollmentState, SourceState
from dialer.store.tables import attempt, contact, contact_request, enrollment, message, source, trail
from dialer.store.types import AnyRow

IN_PROGRESS, CONTACTED, SHARED, EDITED, JOINED = "in_progress", "contacted", "shared", "edited", "joined"
HANDED_OVER = "handed_over"
TAKEN_BACK = "taken-back"
_CHANGING = ("merged", "joined")
_TRIED = or_(
    enrollment.c.attempts > 0,
    exists().where(attempt.c.enrollment_id == enrollment.c.id),
    exists().where(message.c.enrollment_id == enrollment.c.id),
)


def _why_tried() -> list[tuple[ColumnElement[bool], str]]:
    return [(enrollment.c.state == EnrollmentState.IN_PROGRESS, IN_PROGRESS), (_TRIED, CONTACTED)]


def _others(row: AnyRow) -> Select[Any]:
    """Sources whose work counts: those that were removed brought nobody any more."""
    gone = (SourceState.REMOVING, SourceState.REMOVED)
    return select(source.c.id).where(source.c.id != row.id, source.c.state.not_in(gone))


def _heir(row: AnyRow) -> ColumnElement[Any]:
    """Another source of the campaign that brought the contact of an enrollment too, the newest of them; or null."""
    siblings = _others(row).where(source.c.campaign_id == row.campaign_id)
    brought = select(func.max(trail.c.source_id)).where(
        trail.c.contact_id == enrollment.c.contact_id, trail.c.kind.in_(_CHANGING), trail.c.source_id.in_(siblings)
    )
    return brought.correlate(enrollment).scalar_subquery()


def _why_place(row: AnyRow) -> ColumnElement[Any]:
    """Of an enrollment of the source; null for one that goes."""
    return case(*_why_tried(), (_heir(row).is_not(None), HANDED_OVER), else_=None)


def _why_contact(row: AnyRow) -> ColumnElement[Any]:
    """Of a contact that the source created; null for one that goes."""
    place, told = enrollment.alias("elsewhere"), trail.alias("told")
    own = and_(place.c.campaign_id == row.campaign_id, place.c.source_id == row.id)
    elsewhere = exists().where(place.c.contact_id == contact.c.id, or_(~own, place.c.source_id.is_(None)))
    foreign = and_(told.c.kind.in_(_CHANGING), told.c.source_id.in_(_others(row)))
    joined = and_(told.c.kind == "joined", told.c.data[("absorbed", 0)].as_integer().is_not(None))
    of_contact = exists().where(told.c.contact_id == contact.c.id)
    return case(
        (elsewhere, SHARED), (of_contact.where(or_(foreign, joined)), SHARED),
        (of_contact.where(told.c.kind == "edited"), EDITED), else_=None,
    )  # fmt: skip


def _created(row: AnyRow) -> Select[Any]:
    """Contacts that the source created and that are in its campaign by it no more."""
    held = exists().where(
        enrollment.c.contact_id == contact.c.id,
        enrollment.c.campaign_id == row.campaign_id,
        enrollment.c.source_id == row.id,
    )
    return select(contact.c.id, _why_contact(row).label("why")).where(contact.c.source_id == row.id, ~held)


async def places(tx: AsyncConnection, row: AnyRow, after: int, limit: int) -> list[AnyRow]:
    """The source's enrollments: `id`, `contact_id`, `why` it stays, its `heir`, and whether its contact `goes` with it."""
    goes = and_(contact.c.source_id == row.id, _why_contact(row).is_(None))
    query = (
        select(
            enrollment.c.id,
            enrollment.c.contact_id,
            _why_place(row).label("why"),
            _heir(row).label("heir"),
            goes.label("goes"),
        )
        .join_from(enrollment, contact, enrollment.c.contact_id == contact.c.id)
        .where(enrollment.c.source_id == row.id, enrollment.c.id > after)
    )
    return list(await tx.execute(query.order_by(enrollment.c.id).limit(limit)))


async def created(tx: AsyncConnection, row: AnyRow, after: int, limit: int) -> list[AnyRow]:
    """Contacts that the source created, in no place of its own: `id`, and `why` it stays."""
    return list(await tx.execute(_created(row).where(contact.c.id > after).order_by(contact.c.id).limit(limit)))


async def changed(tx: AsyncConnection, row: AnyRow, after: int, limit: int) -> list[AnyRow]:
    """Entries of older contacts that the source's rows merged with or joined: `id`, `contact_id`."""
    query = _entries(row).with_only_columns(trail.c.id, trail.c.contact_id).where(trail.c.id > after)
    return list(await tx.execute(query.order_by(trail.c.id).limit(limit)))


def _entries(row: AnyRow) -> Select[Any]:
    older = contact.c.source_id.is_distinct_from(row.id)
    query = select(trail.c.id).join_from(trail, contact, trail.c.contact_id == contact.c.id)
    return query.where(trail.c.source_id == row.id, trail.c.kind.in_(_CHANGING), older)


async def told(tx: AsyncConnection, row: AnyRow, contact_ids: Collection[int]) -> dict[int, list[AnyRow]]:
    """Every entry that the source made in these contacts' trails, oldest first: `id`, `kind`, `data`."""
    query = select(trail.c.id, trail.c.contact_id, trail.c.kind, trail.c.data)
    query = query.where(trail.c.contact_id.in_(contact_ids), trail.c.source_id == row.id).order_by(trail.c.id)
    found: dict[int, list[AnyRow]] = {}
    for entry in await tx.execute(query):
        found.setdefault(entry.contact_id, []).append(entry)
    return found


def changes(entries: Sequence[AnyRow]) -> list[Change]:
    """What the rows themselves changed; what a join filled in came from the contact that was joined."""
    given = [change for entry in entries if entry.kind == "merged" for change in entry.data.get("changes", ())]
    return [Change(change["field"], change["old"], change["new"]) for change in given]


async def tried(tx: AsyncConnection, row: AnyRow, contact_ids: Collection[int]) -> dict[int, tuple[str, bool]]:
    """Which of these contacts the campaign has called or texted: the reason, and whether that place is the source's own."""
    query = select(enrollment.c.contact_id, case(*_why_tried(), else_=None).label("why"), enrollment.c.source_id)
    query = query.where(enrollment.c.campaign_id == row.campaign_id, enrollment.c.contact_id.in_(contact_ids))
    return {one.contact_id: (one.why, one.source_id == row.id) for one in await tx.execute(query) if one.why}


async def in_use(tx: AsyncConnection, contact_ids: Collection[int]) -> dict[int, set[str]]:
    """Addresses for which these contacts have or had a call or text, as fields."""
    query = select(contact_request.c.contact_id, contact_request.c.address).distinct()
    found: dict[int, set[str]] = {}
    for contact_id, address in await tx.execute(query.where(contact_request.c.contact_id.in_(contact_ids))):
        found.setdefault(contact_id, set()).add(f"addresses.{address}")
    return found


async def drop(tx: AsyncConnection, *, contacts: Collection[int] = (), places: Collection[int] = ()) -> None:
    """With everything that hangs on them."""
    if contacts:
        await tx.execute(delete(contact).where(contact.c.id.in_(contacts)))
    if places:
        await tx.execute(delete(enrollment).where(enrollment.c.id.in_(places)))


async def hand_over(tx: AsyncConnection, row: AnyRow, heirs: Mapping[int, Mapping[int, int]]) -> None:
    """Give enrollments to other sources, `{source: {enrollment: contact}}`, with the contacts that this one created."""
    for heir, held in heirs.items():
        await tx.execute(update(enrollment).where(enrollment.c.id.in_(held)).values(source_id=heir))
        mine = and_(contact.c.id.in_(held.values()), contact.c.source_id == row.id)
        await tx.execute(update(contact).where(mine).values(source_id=heir))


async def counted(tx: AsyncConnection, row: AnyRow) -> tuple[dict[str, int], Mapping[str, int]]:
    """What a removal would do now: `{leave, deleted, changed}` in contacts, and what would stay by reason."""
    why = _why_place(row)
    held = await _by_reason(tx, select(why, func.count()).where(enrollment.c.source_id == row.id).group_by(why))
    stays = select(enrollment.c.contact_id).where(enrollment.c.source_id == row.id, why.is_not(None))
    gone = _why_contact(row)
    own = select(gone, func.count()).where(contact.c.source_id == row.id, contact.c.id.not_in(stays)).group_by(gone)
    made = await _by_reason(tx, own)
    touched, older = await _older(tx, row)
    goes = {"leave": held.pop(None, 0), "deleted": made.pop(None, 0), "changed": touched}
    kept = Counter({str(why): n for why, n in held.items()}) + Counter({str(why): n for why, n in made.items()})
    return goes, kept + older


async def _older(tx: AsyncConnection, row: AnyRow) -> tuple[int, Counter[str]]:
    """Of the older contacts that its rows changed: how many get values back, and those that don't by reason."""
    why = case(*_why_tried(), else_=None)
    tried = select(enrollment.c.contact_id).where(enrollment.c.campaign_id == row.campaign_id, why.is_not(None))
    number = _entries(row).with_only_columns(func.count(distinct(trail.c.contact_id)))
    untried = number.where(trail.c.contact_id.not_in(tried))
    changed, joined = [int(await tx.scalar(untried.where(trail.c.kind == kind)) or 0) for kind in _CHANGING]
    theirs = number.add_columns(why).join(enrollment, enrollment.c.contact_id == trail.c.contact_id)
    theirs = theirs.where(
        enrollment.c.campaign_id == row.campaign_id, enrollment.c.source_id.is_distinct_from(row.id), why.is_not(None)
    )
    found = {reason: many for many, reason in await tx.execute(theirs.group_by(why))}
    return changed, +Counter({JOINED: joined, **found})


async def _by_reason(tx: AsyncConnection, query: Select[Any]) -> dict[str | None, int]:
    return {row[0]: row[1] for row in await tx.execute(query)}
