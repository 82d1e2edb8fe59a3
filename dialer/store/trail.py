"""A contact's history: one row for everything that happened, in order."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.record import record
from dialer.store.prepared import Prepared
from dialer.store.tables import enrollment, trail


@record
class Entry:
    """`kind` is one of docs/reference/trail.md; `data` holds what a reader needs to understand it, reasons included."""

    at: datetime
    campaign_id: int | None
    contact_id: int
    kind: str
    data: dict[str, Any] = field(default_factory=dict)
    source_id: int | None = None  # whose rows changed an older contact: what the removal of a source takes back


async def write(tx: AsyncConnection, entries: Iterable[Entry]) -> None:
    rows = [
        {
            "at": e.at,
            "campaign_id": e.campaign_id,
            "contact_id": e.contact_id,
            "kind": e.kind,
            "data": e.data,
            "source_id": e.source_id,
        }
        for e in entries
    ]
    await _INSERT.run_many(tx, rows)


async def write_together(tx: AsyncConnection, enrollment_ids: Sequence[int], entries: Iterable[Entry]) -> None:
    """The same entries for the contacts of all these enrollments, whoever's they were."""
    for entry in entries:
        await _INSERT_TOGETHER.run(
            tx, {"_ids": enrollment_ids, "_at": entry.at, "_kind": entry.kind, "_data": entry.data}
        )


_INSERT = Prepared(insert(trail))
_INSERT_TOGETHER = Prepared(
    insert(trail).from_select(
        ["at", "campaign_id", "contact_id", "kind", "data"],
        select(
            bindparam("_at", type_=trail.c.at.type),
            enrollment.c.campaign_id,
            enrollment.c.contact_id,
            bindparam("_kind", type_=trail.c.kind.type),
            bindparam("_data", type_=trail.c.data.type),
        )
        .where(enrollment.c.id.in_(bindparam("_ids", expanding=True)))
        .order_by(enrollment.c.id),
    )
)


async def of_contacts(tx: AsyncConnection, contact_ids: Collection[int]) -> dict[int, list[dict[str, Any]]]:
    """The trails of these contacts, `{campaign_id, at, kind, data}` oldest first."""
    columns = (trail.c[name] for name in ("contact_id", "campaign_id", "at", "kind", "data"))
    found: dict[int, list[dict[str, Any]]] = {one: [] for one in contact_ids}
    for row in await tx.execute(select(*columns).where(trail.c.contact_id.in_(contact_ids)).order_by(trail.c.id)):
        found[row.contact_id].append(dict(row._mapping))  # noqa: SLF001
    return found


async def of_contact(tx: AsyncConnection, contact_id: int, campaign_id: int | None) -> Sequence[dict[str, Any]]:
    """The trail, oldest first; with `campaign_id`, that campaign's entries and those of no campaign (merges)."""
    columns = (trail.c[name] for name in ("id", "at", "campaign_id", "contact_id", "kind", "data"))
    query = select(*columns).where(trail.c.contact_id == contact_id).order_by(trail.c.id)
    if campaign_id is not None:
        query = query.where((trail.c.campaign_id == campaign_id) | trail.c.campaign_id.is_(None))
    return [dict(row._mapping) for row in await tx.execute(query)]  # noqa: SLF001
