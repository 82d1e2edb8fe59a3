"""Contacts' places in campaigns as a replay of their trails would have them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.transitions import EnrollmentState, StopReason
from dialer.store.tables import contact, enrollment
from dialer.store.types import AnyRow
from dialer.strategy.memory import Memory
from dialer.strategy.replay import Place


@dataclass(frozen=True, slots=True)
class Held:
    """A place with whose it is; `attributes` are the contact's."""

    id: int
    campaign_id: int
    contact_id: int
    attributes: dict[str, Any]
    place: Place


async def place_in(tx: AsyncConnection, campaign_id: int, contact_id: int) -> Place:
    """Of a contact who is in the campaign."""
    where = (enrollment.c.campaign_id == campaign_id, enrollment.c.contact_id == contact_id)
    return _held((await tx.execute(_query().where(*where))).one()).place


async def some(tx: AsyncConnection, campaign_id: int | None, after: int, limit: int) -> Sequence[Held]:
    """Places with an id higher than `after`, in that order; without those of erased contacts, who have no trail."""
    query = _query().where(enrollment.c.id > after, contact.c.erased_at.is_(None))
    if campaign_id is not None:
        query = query.where(enrollment.c.campaign_id == campaign_id)
    return [_held(row) for row in await tx.execute(query.order_by(enrollment.c.id).limit(limit))]


def _query() -> Select[Any]:
    names = (
        "id", "campaign_id", "contact_id", "state", "stop_reason", "result", "strategy_version", "memory", "request_id",
        "due_at", "attempts",
    )  # fmt: skip
    columns = (enrollment.c[name] for name in names)
    return select(*columns, contact.c.attributes).join(contact, contact.c.id == enrollment.c.contact_id)


def _held(row: AnyRow) -> Held:
    state = EnrollmentState(row.state)
    place = Place(
        state=state,
        stop_reason=StopReason(row.stop_reason) if row.stop_reason else None,
        result=row.result,
        version=row.strategy_version,
        memory=Memory.from_json(row.memory) if row.memory else Memory(),
        request=row.request_id,
        due_at=row.due_at if state is EnrollmentState.WAITING else None,
        calls=row.attempts,
    )
    return Held(row.id, row.campaign_id, row.contact_id, row.attributes, place)
