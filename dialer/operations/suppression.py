"""Whether an address may be contacted: looked up by its keyed hash, so that erased contacts stay protected (D7)."""

from collections.abc import Iterable, Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.campaign import Campaign
from dialer.domain.contact import ContactRecord
from dialer.domain.errors import InvalidInput
from dialer.domain.phone import Unreadable, normalise_email, parse_phone
from dialer.domain.said import Said
from dialer.domain.suppression import Listing, address_digest, listing
from dialer.operations.context import Context
from dialer.store import do_not_contact

REASON = "do-not-contact"
LONGEST_REASON = 200


async def barred(
    tx: AsyncConnection, ctx: Context, campaign_id: int | None, addresses: Iterable[str]
) -> frozenset[str]:
    """Those of these addresses that a campaign, or with None nobody, may contact. Hashes nothing while no list has an entry."""
    if not await do_not_contact.any_listed(tx):
        return frozenset()
    by_digest = {address_digest(ctx.secret, address): address for address in addresses}
    found = await do_not_contact.digests(tx, campaign_id, by_digest)
    return frozenset(by_digest[digest] for digest in found)


async def list_contact(
    tx: AsyncConnection, ctx: Context, campaign: Campaign, contact: ContactRecord, changes: Mapping[str, str]
) -> None:
    """Put all addresses of a contact on a do-not-contact list, if a step changed the attribute that says so.

    What is queued to them elsewhere is refused when its turn comes: who dispatches looks at the lists once more.
    """
    on = listing(changes)
    if on is None or not contact.addresses:
        return
    rows = [
        {
            "digest": address_digest(ctx.secret, held.address),
            "address": held.address,
            "campaign_id": campaign.id if on is Listing.CAMPAIGNS else None,
            "reason": Said("a step of campaign %(title)s", title=campaign.title)[:LONGEST_REASON],
            "created_at": ctx.clock(),
        }
        for held in contact.addresses
    ]
    await do_not_contact.add_many(tx, rows)


async def opt_out(tx: AsyncConnection, ctx: Context, numbers: Iterable[str], reason: str) -> None:
    """Callees who asked for it by pressing a key: on the list of everybody."""
    rows = [
        {
            "digest": address_digest(ctx.secret, number),
            "address": number,
            "campaign_id": None,
            "reason": reason,
            "created_at": ctx.clock(),
        }
        for number in dict.fromkeys(numbers)
    ]
    if rows:
        await do_not_contact.add_many(tx, rows)


def read_address(written: str, default_region: str | None, field: str = "address") -> str:
    """A number as E.164, or an e-mail address in small letters. Raises InvalidInput naming the field."""
    if "@" not in written:
        return parse_phone(written, default_region, field=field)
    read = normalise_email(written)
    if isinstance(read, Unreadable):
        raise InvalidInput.single(field, read.reason)
    return read
