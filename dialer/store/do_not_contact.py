"""Do-not-contact lists: addresses that nobody calls or texts, in the whole system or in one campaign (D7)."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, delete, exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.transitions import RequestState
from dialer.store.prepared import Prepared
from dialer.store.tables import channel_address, contact_request, do_not_contact
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
_ANY = Prepared(select(do_not_contact.c.id).limit(1))


def listed(table: Table) -> ColumnElement[bool]:
    """Whether the `address` of a row of `table` is on the list of everybody or of the row's `campaign_id`.

    By the address itself, which costs one look into a partial index. An entry that has only its hash left is of an
    address that nobody holds any more.
    """
    of_campaign = or_(do_not_contact.c.campaign_id.is_(None), do_not_contact.c.campaign_id == table.c.campaign_id)
    return exists().where(do_not_contact.c.address == table.c.address, of_campaign)


_QUEUED = (RequestState.PENDING, RequestState.CLAIMED)
_REFUSE = Prepared(
    update(contact_request)
    .where(
        contact_request.c.id.in_(bindparam("_ids", expanding=True)),
        or_(*(contact_request.c.state == state for state in _QUEUED)),  # a prepared statement takes one list only
        listed(contact_request),
    )
    .values(state=RequestState.CANCELLED, lease_node=None, lease_until=None)
    .returning(contact_request.c.id)
)


async def queued_to(tx: AsyncConnection, addresses: Collection[str]) -> list[AnyRow]:
    """`(id, campaign_id)` of the requests in the queue, or in a hopper, to addresses that contacts hold."""
    owners = select(channel_address.c.contact_id).where(channel_address.c.address.in_(list(addresses)))
    rows = await tx.execute(
        select(contact_request.c.id, contact_request.c.campaign_id).where(
            contact_request.c.contact_id.in_(owners),
            contact_request.c.state.in_(_QUEUED),
            contact_request.c.address.in_(list(addresses)),
        )
    )
    return list(rows)


async def refuse(tx: AsyncConnection, request_ids: Collection[int]) -> list[int]:
    """Cancel those of these queued or claimed requests whose address is listed; their ids, in order."""
    if not request_ids:
        return []
    return sorted(row.id for row in await _REFUSE.rows(tx, {"_ids": list(request_ids)}))


async def digests(tx: AsyncConnection, campaign_id: int | None, digests: Collection[str]) -> set[str]:
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
    return bool(await _ANY.rows(tx, {}))


async def add_many(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> int:
    """New entries `{digest, address, campaign_id, reason, created_at}`; how many were not listed yet.

    An entry of which only the hash was left gets its address back: somebody has just given it.
    """
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(do_not_contact).on_conflict_do_nothing().returning(do_not_contact.c.digest)
    made = set((await tx.execute(statement, [dict(row) for row in rows])).scalars())
    for row in rows:
        if row["digest"] not in made:
            await _recall(tx, row)
    return len(made)


async def _recall(tx: AsyncConnection, row: Mapping[str, Any]) -> None:
    same_list = do_not_contact.c.campaign_id.is_not_distinct_from(row["campaign_id"])
    await tx.execute(
        update(do_not_contact)
        .where(do_not_contact.c.digest == row["digest"], same_list, do_not_contact.c.address.is_(None))
        .values(address=row["address"])
    )


async def find(tx: AsyncConnection, digests: Collection[str], campaign_id: int | None) -> list[AnyRow]:
    """The entries of one list with these digests, oldest first."""
    query = select(do_not_contact).where(
        do_not_contact.c.digest.in_(list(digests)), do_not_contact.c.campaign_id.is_not_distinct_from(campaign_id)
    )
    return list(await tx.execute(query.order_by(do_not_contact.c.id)))


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
