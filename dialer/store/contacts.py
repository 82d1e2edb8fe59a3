"""Contacts and their addresses."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.contact import Address, ContactRecord, NewContact
from dialer.domain.transitions import RequestState
from dialer.store.prepared import Prepared
from dialer.store.tables import attempt, channel_address, contact, contact_request, enrollment, message, reply, trail

# SQLite takes 32,766 parameters in a statement.
CHUNK = 5_000

# A name for PostgreSQL's lock; any number that no other lock of ours has.
_SEEN = 250
_LOADING = 0x6C6F6164

T = TypeVar("T")


async def begin_load(tx: AsyncConnection) -> None:
    """Wait until no other node loads contacts: two that read the same contact would each write it without the other's news.

    Held until the transaction ends. SQLite has one writer anyway.
    """
    if tx.dialect.name == "postgresql":
        await tx.execute(select(func.pg_advisory_xact_lock(_LOADING)))


async def owners(tx: AsyncConnection, addresses: Collection[str]) -> dict[str, int]:
    """Which contact holds each of these addresses; those that nobody holds are left out."""
    found: dict[str, int] = {}
    for chunk in _chunks(addresses):
        rows = await tx.execute(
            select(channel_address.c.address, channel_address.c.contact_id).where(channel_address.c.address.in_(chunk))
        )
        found.update((address, contact_id) for address, contact_id in rows)
    return found


# Statements of the busy paths are made once: building one costs as much as running it.
_BY_IDS = Prepared(select(contact).where(contact.c.id.in_(bindparam("_ids", expanding=True))))
_ADDRESSES = Prepared(
    select(channel_address)
    .where(channel_address.c.contact_id.in_(bindparam("_ids", expanding=True)))
    .order_by(channel_address.c.contact_id, channel_address.c.position)
)
_ZONES = Prepared(
    select(contact.c.id, contact.c.time_zone).where(
        contact.c.id.in_(bindparam("_ids", expanding=True)), contact.c.time_zone.is_not(None)
    )
)
_NAMED = ("first_name", "last_name", "time_zone", "external_id", "attributes")
_SAVE = Prepared(
    update(contact)
    .where(contact.c.id == bindparam("_id"))
    .values(
        {name: bindparam(f"_{name}", type_=contact.c[name].type) for name in _NAMED}
        | {"modified_at": bindparam("_now", type_=contact.c.modified_at.type), "revision": contact.c.revision + 1}
    )
)
_NOT_BEGUN = (RequestState.PENDING, RequestState.CLAIMED, RequestState.STOPPED)
_SAVE_ZONE = Prepared(
    update(contact_request)
    .where(
        contact_request.c.enrollment_id.in_(
            select(enrollment.c.id).where(enrollment.c.contact_id == bindparam("_id", type_=contact.c.id.type))
        ),
        or_(*(contact_request.c.state == state for state in _NOT_BEGUN)),  # a list can't be run for many
    )
    .values(
        zone=bindparam("_zone", type_=contact_request.c.zone.type),
        due_at=func.coalesce(contact_request.c.wanted_at, contact_request.c.due_at),
    )
)
_ADD_ADDRESS = Prepared(insert(channel_address))
_DROP_ADDRESSES = Prepared(delete(channel_address).where(channel_address.c.contact_id == bindparam("_id")))


async def records(tx: AsyncConnection, contact_ids: Collection[int]) -> dict[int, ContactRecord]:
    held = await addresses_of(tx, contact_ids)
    found: dict[int, ContactRecord] = {}
    for chunk in _chunks(contact_ids):
        for row in await _BY_IDS.rows(tx, {"_ids": chunk}):
            found[row.id] = ContactRecord(
                id=row.id,
                first_name=row.first_name,
                last_name=row.last_name,
                time_zone=row.time_zone,
                external_id=row.external_id,
                addresses=tuple(held.get(row.id, ())),
                attributes=row.attributes,
            )
    return found


async def zones(tx: AsyncConnection, contact_ids: Collection[int]) -> dict[int, str]:
    """The time zones of those of these contacts who have one of their own."""
    rows = [row for chunk in _chunks(contact_ids) for row in await _ZONES.rows(tx, {"_ids": chunk})]
    return {row.id: row.time_zone for row in rows if row.time_zone}


async def addresses_of(tx: AsyncConnection, contact_ids: Collection[int]) -> dict[int, list[Address]]:
    held: dict[int, list[Address]] = {}
    for chunk in _chunks(contact_ids):
        for row in await _ADDRESSES.rows(tx, {"_ids": chunk}):
            held.setdefault(row.contact_id, []).append(Address(row.address, row.voice, row.sms, row.email))
    return held


async def add_many(
    tx: AsyncConnection, contacts: Sequence[NewContact], now: datetime, source_id: int | None = None
) -> list[int]:
    """New contacts with their addresses; ids in the order given. An address that somebody holds is an IntegrityError."""
    if not contacts:
        return []
    common = {"revision": 1, "created_at": now, "modified_at": now, "source_id": source_id}
    rows = [{**_fields(new), **common} for new in contacts]
    made = await tx.execute(insert(contact).returning(contact.c.id, sort_by_parameter_order=True), rows)
    ids = [int(contact_id) for contact_id in made.scalars()]
    await _add_addresses(tx, zip(ids, (new.addresses for new in contacts), strict=True))
    return ids


async def save(tx: AsyncConnection, changed: Sequence[tuple[ContactRecord, ContactRecord]], now: datetime) -> None:
    """Write contacts anew: each as it is stored, and as it is to be. What is the same is left alone."""
    await _SAVE.run_many(
        tx,
        [
            {"_id": new.id, "_now": now} | {f"_{name}": value for name, value in _fields(new).items()}
            for _, new in changed
        ],
    )
    await set_zones(tx, {new.id: new.time_zone for old, new in changed if old.time_zone != new.time_zone})
    moved = [(new.id, new.addresses) for old, new in changed if old.addresses != new.addresses]
    await _DROP_ADDRESSES.run_many(tx, [{"_id": contact_id} for contact_id, _ in moved])
    await _add_addresses(tx, moved)


async def set_zones(tx: AsyncConnection, zones: Mapping[int, str | None]) -> None:
    """What waits for these contacts goes by this zone, `{contact: zone}`; what was put off until an opening is looked at again.

    A hopper may hold a copy of what is claimed: its intent finds the zone changed, and nothing leaves.
    """
    await _SAVE_ZONE.run_many(tx, [{"_id": contact_id, "_zone": zone} for contact_id, zone in zones.items()])


async def set_attributes(tx: AsyncConnection, contact_id: int, changes: Mapping[str, str], now: datetime) -> None:
    held = await tx.scalar(select(contact.c.attributes).where(contact.c.id == contact_id).with_for_update())
    if held is not None:
        await tx.execute(
            update(contact)
            .where(contact.c.id == contact_id)
            .values(attributes={**held, **changes}, modified_at=now, revision=contact.c.revision + 1)
        )


async def absorb(tx: AsyncConnection, survivor: int, gone: int) -> None:
    """Hang everything of contact `gone` on `survivor` and delete it. Enrollments in the same campaign are settled before."""
    places = select(enrollment.c.id).where(enrollment.c.contact_id.in_((survivor, gone)))
    for table in (contact_request, attempt, message):  # by enrollment: that is what they are indexed by
        await tx.execute(update(table).where(table.c.enrollment_id.in_(places)).values(contact_id=survivor))
    for table in (trail, enrollment, reply):
        await tx.execute(update(table).where(table.c.contact_id == gone).values(contact_id=survivor))
    await tx.execute(delete(channel_address).where(channel_address.c.contact_id == gone))
    await tx.execute(delete(contact).where(contact.c.id == gone))


async def number_of_source(tx: AsyncConnection, source_id: int, contact_ids: Collection[int]) -> int:
    """How many of these contacts the source created."""
    if not contact_ids:
        return 0
    query = select(func.count()).where(contact.c.id.in_(contact_ids), contact.c.source_id == source_id)
    return int(await tx.scalar(query) or 0)


async def attributes_in(tx: AsyncConnection, campaign_id: int) -> set[str] | None:
    """The attributes that contacts of a campaign have, seen at some of its first and last; None if it has no contacts."""
    found: set[str] = set()
    any_there = False
    of_campaign = select(contact.c.attributes).join(enrollment, enrollment.c.contact_id == contact.c.id)
    for order in (enrollment.c.id, enrollment.c.id.desc()):
        some = of_campaign.where(enrollment.c.campaign_id == campaign_id).order_by(order).limit(_SEEN)
        for attributes in (await tx.execute(some)).scalars():
            any_there = True
            found |= attributes.keys()
    return found if any_there else None


async def newest(tx: AsyncConnection) -> int:
    """The id of the contact that came last; 0 without any."""
    return int(await tx.scalar(select(func.max(contact.c.id))) or 0)


async def still_there(tx: AsyncConnection, contact_ids: Collection[int]) -> list[int]:
    """Those of these contacts that were not deleted, or erased, in order; nobody deletes them before the transaction ends."""
    query = select(contact.c.id).where(contact.c.id.in_(contact_ids), contact.c.erased_at.is_(None))
    query = query.order_by(contact.c.id).with_for_update(read=True, key_share=True)
    return list((await tx.execute(query)).scalars())


async def number(tx: AsyncConnection) -> int:
    return int(await tx.scalar(select(func.count()).select_from(contact)) or 0)


def _fields(described: NewContact | ContactRecord) -> dict[str, Any]:
    return {name: getattr(described, name) for name in _NAMED}


async def _add_addresses(tx: AsyncConnection, held: Iterable[tuple[int, Sequence[Address]]]) -> None:
    rows = [
        {
            "contact_id": contact_id,
            "address": a.address,
            "voice": a.voice,
            "sms": a.sms,
            "email": a.email,
            "position": n,
        }
        for contact_id, addresses in held
        for n, a in enumerate(addresses)
    ]
    await _ADD_ADDRESS.run_many(tx, rows)


def _chunks(values: Collection[T]) -> Iterable[list[T]]:
    listed = list(values)
    return (listed[start : start + CHUNK] for start in range(0, len(listed), CHUNK))
