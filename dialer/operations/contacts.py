"""Loading contacts: each is merged with whom it matches (K2), put into the campaign, and its trail says so."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.contact import MOST_ADDRESSES, Change, ContactRecord, NewContact, combine_addresses, join, merge
from dialer.domain.said import Said, marked
from dialer.store import contacts, enrollments, joins, places, trail

SHARED = marked(
    "%(address)s is shared by too many to be one person's (a contact has at most %(most)s addresses): left out"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row ended: its contact, whether that was made of this row, and what was left out of it and why."""

    contact_id: int
    created: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a batch: contacts created, rows merged into others, and the place of each row.

    `created` is less by those of the source's former batches that are one with another now.
    """

    created: int
    merged: int
    places: Sequence[Place] = ()


@dataclass
class _WorkingSet:
    """The contacts a batch touches, in memory. New ones have negative ids until they are written."""

    holder: dict[str, int]  # address → contact
    records: dict[int, ContactRecord]
    stored: dict[int, ContactRecord]  # as they were read
    order: list[int] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)
    absorbed: list[tuple[int, int]] = field(default_factory=list)  # survivor, gone; both in the store
    alias: dict[int, int] = field(default_factory=dict)  # gone → survivor
    notes: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)  # contact, kind of trail entry, data
    told: list[tuple[str, ...]] = field(default_factory=list)  # notes of each row
    created: int = 0
    merged: int = 0
    last_id: int = 0

    def take(self, new: NewContact) -> None:
        """One row: create, or merge into the one contact that matches, or join the several that match."""
        found = sorted({self.holder[a.address] for a in new.addresses if a.address in self.holder}, key=_seniority)
        if found:
            new, found = self._bounded(new, found)
        self.told.append(new.notes)
        if not found:
            self._create(new)
            return
        survivor = found[0]
        if len(found) > 1:
            self._join(survivor, found[1:])
        merged = merge(self.records[survivor], new)
        if merged.changes:
            self._keep(merged.contact)
        self.merged += 1
        self.order.append(survivor)
        self.notes.append((survivor, "merged", {"changes": _changes(merged.changes), "notes": list(new.notes)}))

    def _bounded(self, new: NewContact, found: list[int]) -> tuple[NewContact, list[int]]:
        """The row without addresses by which a contact would get too many, and those it is merged with then."""
        held = {a.address for a in new.addresses if a.address not in self.holder}
        kept: list[int] = []
        for one in sorted(found, key=lambda one: (len(self.records[one].addresses), _seniority(one))):
            own = {a.address for a in self.records[one].addresses}
            if len(held | own) <= MOST_ADDRESSES or not held:
                held |= own
                kept.append(one)
        out = [a.address for a in new.addresses if a.address not in held]
        if not out:
            return new, found
        left = tuple(a for a in new.addresses if a.address in held)
        notes = (*new.notes, *(Said(SHARED, address=address, most=MOST_ADDRESSES) for address in out))
        return replace(new, addresses=left, notes=notes), sorted(kept, key=_seniority)

    def _create(self, new: NewContact) -> None:
        self.created += 1
        fields = {name: getattr(new, name) for name in ContactRecord.__dataclass_fields__ if name != "id"}
        self.last_id -= 1  # never used twice, also when a join takes back what was created
        record = ContactRecord(id=self.last_id, **{**fields, "addresses": combine_addresses(new.addresses)})
        self._keep(record)
        self.order.append(record.id)
        self.notes.append((record.id, "created", {"notes": list(new.notes)}))

    def _join(self, survivor: int, others: Sequence[int]) -> None:
        joined = join(self.records[survivor], [self.records[other] for other in others])
        for other in others:
            self.alias[other] = survivor
            del self.records[other]
            self.changed.discard(other)
            if other > 0:
                self.absorbed.append((survivor, other))
            else:
                self.created -= 1
                self.merged += 1
        self._keep(joined.contact)
        data = {"absorbed": [o for o in others if o > 0], "dropped": _changes(joined.dropped)}
        self.notes.append((survivor, "joined", {"changes": _changes(joined.changes), **data}))

    def _keep(self, record: ContactRecord) -> None:
        self.records[record.id] = record
        self.changed.add(record.id)
        self.holder.update((address.address, record.id) for address in record.addresses)

    def final(self, contact_id: int) -> int:
        while contact_id in self.alias:
            contact_id = self.alias[contact_id]
        return contact_id


async def load(
    tx: AsyncConnection, campaign_id: int, source_id: int, batch: Sequence[NewContact], now: datetime
) -> Loaded:
    """Merge or create each contact and enroll those new to the campaign, all in the caller's transaction.

    Loads come one after the other. Another writer that stores one of the addresses at the same time is an
    IntegrityError: repeat the transaction.
    """
    await contacts.begin_load(tx)
    working = await _gather(tx, batch)
    for new in batch:
        working.take(new)
    # As within a batch: who was created by an earlier row of the source, and turns out to be one with another, was merged.
    own = await contacts.number_of_source(tx, source_id, [gone for _, gone in working.absorbed])
    ids, doubles = await _write(tx, working, source_id, now)
    touched = [ids[working.final(contact_id)] for contact_id in working.order]
    enrolled = await enrollments.enroll(tx, campaign_id, list(dict.fromkeys(touched)), source_id, now)
    await trail.write(tx, _entries(working, ids, campaign_id, source_id, set(enrolled), now))
    await trail.write(tx, await _kept(tx, doubles, now))
    return Loaded(working.created - own, working.merged + own, list(_places(working, touched)))


def _places(working: _WorkingSet, touched: Sequence[int]) -> Iterable[Place]:
    """Of the rows that ended in one new contact, the first of those that made one is the one that created it."""
    seen: set[int] = set()
    for contact_id, stored_id, notes in zip(working.order, touched, working.told, strict=True):
        yield Place(stored_id, created=working.final(contact_id) < 0 and stored_id not in seen, notes=notes)
        seen.add(stored_id)


async def _gather(tx: AsyncConnection, batch: Sequence[NewContact]) -> _WorkingSet:
    holder = await contacts.owners(tx, {address.address for new in batch for address in new.addresses})
    records = await contacts.records(tx, set(holder.values()))
    for record in records.values():
        holder.update((address.address, record.id) for address in record.addresses)
    return _WorkingSet(holder, records, dict(records))


async def _write(
    tx: AsyncConnection, working: _WorkingSet, source_id: int, now: datetime
) -> tuple[dict[int, int], set[tuple[int, int]]]:
    """Store the working set; the stored id of every contact in it, and (campaign, contact) where two places became one."""
    doubles = set[tuple[int, int]]()
    for survivor, gone in working.absorbed:
        final = working.final(survivor)
        doubles |= {(one, final) for one in await joins.settle_doubles(tx, final, gone)}
        await contacts.absorb(tx, final, gone)
    joined = {working.final(survivor) for survivor, _ in working.absorbed}
    await contacts.set_zones(tx, {one: working.records[one].time_zone for one in joined})
    known = (contact_id for contact_id in sorted(working.changed) if contact_id > 0)
    await contacts.save(tx, [(working.stored[one], working.records[one]) for one in known], now)
    fresh = [working.records[contact_id] for contact_id in sorted(working.changed, reverse=True) if contact_id < 0]
    made = await contacts.add_many(tx, [_described(record) for record in fresh], now, source_id)
    ids = {contact_id: contact_id for contact_id in working.records if contact_id > 0}
    return ids | {record.id: new_id for record, new_id in zip(fresh, made, strict=True)}, doubles


async def _kept(tx: AsyncConnection, doubles: Iterable[tuple[int, int]], now: datetime) -> list[trail.Entry]:
    """The trails of both are one now: only this says which of the two places is the one that stayed."""
    found = [(at, await places.place_in(tx, *at)) for at in sorted(doubles)]
    return [
        trail.Entry(now, campaign_id, contact_id, "place-kept", place.to_data())
        for (campaign_id, contact_id), place in found
    ]


def _described(record: ContactRecord) -> NewContact:
    fields = {name: getattr(record, name) for name in ContactRecord.__dataclass_fields__ if name != "id"}
    return NewContact(**fields)


def _entries(
    working: _WorkingSet, ids: dict[int, int], campaign_id: int, source_id: int, enrolled: set[int], now: datetime
) -> Iterable[trail.Entry]:
    for contact_id, kind, data in working.notes:
        changed_by = None if kind == "created" else source_id
        yield trail.Entry(now, None, ids[working.final(contact_id)], kind, {"source": source_id, **data}, changed_by)
    for contact_id in sorted(enrolled):
        yield trail.Entry(now, campaign_id, contact_id, "enrolled", {"source": source_id})


def _seniority(contact_id: int) -> tuple[bool, int]:
    """Stored contacts before new ones, older before younger."""
    return (contact_id < 0, abs(contact_id))


def _changes(changes: Iterable[Change]) -> list[dict[str, Any]]:
    return [asdict(change) for change in changes]
