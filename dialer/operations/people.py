"""Contacts edited, erased, and both for several at once (K11)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.contact import ContactRecord
from dialer.domain.editing import Edit, Edited, edited
from dialer.domain.errors import DomainError, Fault, InvalidInput, NotFound, StaleEdit, shown
from dialer.domain.said import Said
from dialer.domain.suppression import address_digest
from dialer.domain.transitions import RequestState
from dialer.operations import audit, suppression, unreachable
from dialer.operations.context import Context
from dialer.store import contact_fields, contacts, deliveries, do_not_contact, people, replies, trail, trials
from dialer.store.types import AnyRow
from dialer.store.webhooks import CHANNEL

MOST_AT_ONCE = 100
GONE = "address-removed"


class AddressTaken(DomainError):  # noqa: N818 -- named by what happened
    """An address that another contact has (HTTP 409)."""

    def __init__(self, address: str, contact_id: int) -> None:
        self.address, self.contact_id = address, contact_id
        super().__init__(address, contact_id)

    def __str__(self) -> str:
        return Said(
            "%(address)s is an address of the contact %(id)s: take it away there first, or, if both are one "
            "person, load a row with an address of each, which joins them",
            address=self.address, id=self.contact_id,
        )  # fmt: skip


class UnderWay(DomainError):  # noqa: N818 -- named by what happened
    """A contact that is being called, texted or imported at this moment can't be erased (HTTP 409)."""

    def __init__(self, contact_id: int, *, lands: bool = False) -> None:
        self.id, self.lands = contact_id, lands
        super().__init__(contact_id, lands)

    def __str__(self) -> str:
        if self.lands:
            return Said("the contact %(id)s is just being imported: repeat it in some seconds", id=self.id)
        return Said(
            "the contact %(id)s is being called or texted now, or its webhook goes on: wait for the end, or end the call, and repeat",
            id=self.id,
        )


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one of several; `reason` says why it was not done, with its `faults` if values were wrong."""

    id: int
    done: bool
    reason: str | None = None
    faults: tuple[Fault, ...] = ()


async def edit(ctx: Context, contact_id: int, wanted: Edit, *, revision: int | None = None, by: str) -> None:
    """Change what is named, all or nothing; what is queued follows. `by` is told in the trail.

    Raises `InvalidInput` with every fault, `AddressTaken`, `StaleEdit` for a `revision` that is not the present one.
    """
    doer = audit.doer()

    async def work(tx: AsyncConnection) -> set[int]:
        await contacts.begin_load(tx)
        record = await _locked(tx, contact_id, revision)
        fields = await contact_fields.all_fields(tx)
        found = edited(record, wanted, ctx.settings.default_region, fields)
        await _check_addresses(tx, ctx, record, found.contact)
        if not found.changes:
            return set()
        now = ctx.clock()
        await contacts.save(tx, [(record, found.contact)], now)
        await trail.write(tx, [trail.Entry(now, None, contact_id, "edited", _told(found, by))])
        await audit.write(tx, ctx, "edit", "contact", contact_id, after=_fields(found), by=doer)
        return await _follow(tx, ctx, record, found.contact, now)

    for campaign_id in await ctx.db.transact(work):
        ctx.engine.work_changed(campaign_id)


async def erase(ctx: Context, contact_id: int, *, revision: int | None = None, by: str) -> None:
    """Erase everything personal. When this returns the contact is not called or texted any more.

    The row, its places, attempts and messages stay without names, numbers and texts, so that all counts go on to add up.
    Of called numbers and of entries on do-not-contact lists the keyed hash stays, for the rules that protect them.
    Raises `UnderWay`, `NotFound`, `StaleEdit`.
    """
    doer = audit.doer()

    async def work(tx: AsyncConnection) -> None:
        await contacts.begin_load(tx)
        await _locked(tx, contact_id, revision)
        if await people.is_landing(tx, contact_id):
            raise UnderWay(contact_id, lands=True)
        await people.cancel_queued(tx, contact_id)
        if await people.is_under_way(tx, contact_id):  # after it: an intent of another node is through, or cancelled
            raise UnderWay(contact_id)
        now = ctx.clock()
        addresses = await people.erase(tx, contact_id, partial(address_digest, ctx.secret), now)
        await do_not_contact.forget_addresses(tx, addresses)
        await trials.forget(tx, addresses)
        await replies.forget(tx, addresses)
        await deliveries.forget_contact(tx, contact_id)
        await trail.write(tx, [trail.Entry(now, None, contact_id, people.ERASED, {"by": by})])
        await audit.write(tx, ctx, "erase", "contact", contact_id, by=doer)

    await ctx.db.transact(work)


async def edit_many(ctx: Context, contact_ids: Sequence[int], wanted: Edit, *, by: str) -> list[Result]:
    """The same edit for each of up to 100 contacts, each for itself: what one refuses does not hold the others up."""
    return [await _result(one, edit(ctx, one, wanted, by=by)) for one in _several(contact_ids)]


async def erase_many(ctx: Context, contact_ids: Sequence[int], *, by: str) -> list[Result]:
    return [await _result(one, erase(ctx, one, by=by)) for one in _several(contact_ids)]


async def revision_of(ctx: Context, contact_id: int) -> int:
    async with ctx.db.read() as tx:
        found = await people.revision(tx, contact_id)
    if found is None:
        raise NotFound("contact", contact_id)
    return found


def _several(contact_ids: Sequence[int]) -> list[int]:
    if not contact_ids:
        raise InvalidInput.single("ids", "nobody is chosen: give 1 to %(most)s contacts", most=MOST_AT_ONCE)
    if len(contact_ids) > MOST_AT_ONCE:
        raise InvalidInput.single(
            "ids", "are %(number)s; give 1 to %(most)s contacts at once", number=len(contact_ids), most=MOST_AT_ONCE
        )
    return list(dict.fromkeys(contact_ids))


async def _result(contact_id: int, doing: Any) -> Result:
    try:
        await doing
    except DomainError as error:
        faults = error.faults if isinstance(error, InvalidInput) else ()
        return Result(contact_id, done=False, reason=str(error), faults=faults)
    return Result(contact_id, done=True)


async def _locked(tx: AsyncConnection, contact_id: int, revision: int | None) -> ContactRecord:
    row = await people.lock(tx, contact_id)
    if row is None:
        raise NotFound("contact", contact_id)
    if revision is not None and revision != row.revision:
        raise StaleEdit("contact", contact_id)
    return (await contacts.records(tx, [contact_id]))[contact_id]


async def _check_addresses(tx: AsyncConnection, ctx: Context, old: ContactRecord, new: ContactRecord) -> None:
    """Nobody else has a new one, and none is on the do-not-contact list of the system, as it would be with an import."""
    added = [a.address for a in new.addresses if a.address not in {held.address for held in old.addresses}]
    for address, owner in (await contacts.owners(tx, added)).items():
        raise AddressTaken(address, owner)
    if barred := await suppression.barred(tx, ctx, None, added):
        raise InvalidInput(
            Fault("addresses", "%(one)s is on the do-not-contact list; take it off there first", one=shown(one))
            for one in sorted(barred)
        )


def _told(found: Edited, by: str) -> dict[str, Any]:
    return {"by": by, "changes": [asdict(change) for change in found.changes]}


def _fields(found: Edited) -> dict[str, list[str]]:
    """Which ones, never their values: a change of an address has the address in its name."""
    names = {change.field for change in found.changes}
    return {"fields": sorted({"addresses" if name.startswith("addresses.") else name for name in names})}


async def _follow(tx: AsyncConnection, ctx: Context, old: ContactRecord, new: ContactRecord, now: datetime) -> set[int]:
    """What is queued goes to an address that is still there, in the new time zone; returns the campaigns concerned."""
    rows = await people.awaiting(tx, new.id)
    cancelled = [row.id for row in rows if not await _follow_one(tx, row, old, new, now)]
    await unreachable.go_on(tx, ctx, cancelled, GONE)
    return {row.campaign_id for row in rows}


async def _follow_one(tx: AsyncConnection, row: AnyRow, old: ContactRecord, new: ContactRecord, now: datetime) -> bool:
    """False if the contact has no address left for this request, which is cancelled then."""
    if row.channel == CHANNEL:  # it goes to a host
        return True
    channel = "voice" if row.channel == "call" else "sms"
    usable = [a.address for a in new.addresses if channel in a.channels()]
    address = row.address if row.address in usable else next(iter(usable), "")
    has_moved = old.time_zone != new.time_zone
    if row.state == RequestState.STOPPED:
        await people.readdress(tx, row.id, address)
    elif not address:
        await people.cancel(tx, row.id)
        return False
    elif address != row.address or (has_moved and row.state == RequestState.CLAIMED):
        made = await people.renew(tx, row, address, new.time_zone, now)
        data = {"node": row.node, "channel": row.channel, "address": address, "request": made, "replaces": row.id}
        await trail.write(tx, [trail.Entry(now, row.campaign_id, new.id, "readdressed", {**data, "old": row.address})])
    elif has_moved:
        await people.look_again(tx, row.id, new.time_zone)
    return True
