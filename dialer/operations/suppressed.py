"""Contacts that come in, against the do-not-contact lists: a listed address is left out, and whoever has no other is refused (D7)."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.columns import Refusal
from dialer.domain.contact import NewContact
from dialer.domain.suppression import address_digest
from dialer.store import do_not_contact


async def sieve(
    tx: AsyncConnection, secret: bytes, campaign_id: int, batch: Sequence[NewContact]
) -> list[NewContact | Refusal]:
    """The batch in its order: each contact without listed addresses, with a note of them, or why it is refused."""
    if not await do_not_contact.any_listed(tx):
        return list(batch)
    digests = {a.address: address_digest(secret, a.address) for new in batch for a in new.addresses}
    listed = await do_not_contact.digests(tx, campaign_id, set(digests.values()))
    return [_without(new, {address for address, digest in digests.items() if digest in listed}) for new in batch]


def _without(new: NewContact, listed: Collection[str]) -> NewContact | Refusal:
    left = tuple(a for a in new.addresses if a.address not in listed)
    if len(left) == len(new.addresses):
        return new
    named = ", ".join(a.address for a in new.addresses if a.address in listed)
    reason = f"{named} is on a do-not-contact list"
    if not left:
        return Refusal(f"{reason}; take it off the list first if that is wrong")
    return replace(new, addresses=left, notes=(*new.notes, f"{reason}: left out"))
