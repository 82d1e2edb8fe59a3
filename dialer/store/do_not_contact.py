"""Do-not-contact lists: addresses that nobody calls or texts, in the whole system or in one campaign (D7)."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.store.prepared import Prepared
from dialer.store.tables import do_not_contact
from dialer.store.types import AnyRow

# SQLite takes 32,766 parameters in a statement.
CHUNK = 5_000

_LISTED = Prepared(
    select(do_not_contact.c.digest).where(
        do_not_contact.c.digest.in_(bindparam("_digests", expanding=True)),
        or_(
            do_not_contact.c.campaign_id.is_(None),
            do_not_contact.c.campaign_id == bindparam("_campaign", type_=do_not_contact.c.campaign_id.type),
        ),
    )
)
_ANY = select(do_not_contact.c.id).limit(1)


async def digests(tx: AsyncConnection, campaign_id: int, digests: Collection[str]) -> set[str]:
    """Those of these digests (`domain.suppression.address_digest` of an address) that may not be contacted by a campaign.

    Nothing is looked up by address while no list has an entry. Costs one indexed look-up for each digest.
    """
    if not digests or not await any_listed(tx):
        return set()
    found: set[str] = set()
    listed = list(digests)
    for start in range(0, len(listed), CHUNK):
        rows = await _LISTED.rows(tx, {"_digests": listed[start : start + CHUNK], "_campaign": campaign_id})
        found.update(row.digest for row in rows)
    return found


async def any_listed(tx: AsyncConnection) -> bool:
    """Whether there is any entry at all: who loads contacts need not hash addresses otherwise."""
    return await tx.scalar(_ANY) is not None


async def add_many(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """New entries `{digest, address, campaign_id, reason, created_at}`; the ids of those that were not listed yet.

    An entry of which only the hash was left gets its address back: somebody has just given it.
    """
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(do_not_contact).on_conflict_do_nothing().returning(do_not_contact.c.id)
    made: list[int] = []
    for row in rows:
        new_id = await tx.scalar(statement.values(dict(row)))
        if new_id is None:
            await _recall(tx, row)
        else:
            made.append(int(new_id))
    return made


async def _recall(tx: AsyncConnection, row: Mapping[str, Any]) -> None:
    same_list = do_not_contact.c.campaign_id.is_not_distinct_from(row["campaign_id"])
    await tx.execute(
        update(do_not_contact)
        .where(do_not_contact.c.digest == row["digest"], same_list, do_not_contact.c.address.is_(None))
        .values(address=row["address"])
    )


async def get(tx: AsyncConnection, entry_id: int) -> AnyRow | None:
    return (await tx.execute(select(do_not_contact).where(do_not_contact.c.id == entry_id))).one_or_none()


async def remove(tx: AsyncConnection, entry_id: int) -> bool:
    return (await tx.execute(delete(do_not_contact).where(do_not_contact.c.id == entry_id))).rowcount == 1


async def forget_addresses(tx: AsyncConnection, addresses: Collection[str]) -> int:
    """Of entries with these addresses only the keyed hash stays; returns how many."""
    if not addresses:
        return 0
    changed = await tx.execute(
        update(do_not_contact).where(do_not_contact.c.address.in_(list(addresses))).values(address=None)
    )
    return int(changed.rowcount)
