"""Contacts that come in, against the do-not-contact lists: a listed address is left out, and whoever has no other is refused (D7)."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.columns import Refusal
from dialer.domain.contact import NewContact
from dialer.domain.said import Said, marked
from dialer.domain.suppression import address_digest
from dialer.store import do_not_contact

LISTED = marked("%(addresses)s is on a do-not-contact list")
REMEDY = marked("take it off the list first if that is wrong")


async def sieve(
    tx: AsyncConnection, secret: bytes, campaign_id: int, batch: Sequence[NewContact]
) -> list[NewContact | Refusal]:
    """The batch in its order: each contact without listed addresses, with a note of them, or why it is refused."""
    if not await do_not_contact.any_listed(tx):
        return list(batch)
    barred = await listed(tx, secret, campaign_id, {a.address for new in batch for a in new.addresses})
    return [_without(new, barred) for new in batch]


async def listed(tx: AsyncConnection, secret: bytes, campaign_id: int, addresses: Collection[str]) -> set[str]:
    """Those of these addresses that the campaign may not contact."""
    if not await do_not_contact.any_listed(tx):
        return set()
    digests = {address: address_digest(secret, address) for address in addresses}
    found = await do_not_contact.digests(tx, campaign_id, set(digests.values()))
    return {address for address, digest in digests.items() if digest in found}


def _without(new: NewContact, barred: Collection[str]) -> NewContact | Refusal:
    left = tuple(a for a in new.addresses if a.address not in barred)
    if len(left) == len(new.addresses):
        return new
    reason = Said(LISTED, addresses=", ".join(a.address for a in new.addresses if a.address in barred))
    if not left:
        return Refusal(Said("%(what)s; %(remedy)s", what=reason, remedy=Said(REMEDY)))
    return replace(new, addresses=left, notes=(*new.notes, Said("%(what)s: left out", what=reason)))
