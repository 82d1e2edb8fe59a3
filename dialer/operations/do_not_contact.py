"""Do-not-contact lists: kept for the system and for single campaigns; what is queued to a listed address is refused (D7)."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.errors import Fault, InvalidInput, NotFound
from dialer.domain.suppression import address_digest
from dialer.operations import audit, leaving, unreachable
from dialer.operations.context import Context
from dialer.operations.suppression import read_address
from dialer.store import campaigns, do_not_contact, lists
from dialer.store.listing import Page, Query
from dialer.store.types import AnyRow

MOST_AT_ONCE = 10_000
LONGEST_REASON = 500
# A chunk holds SQLite's one writer: short, so that an intent never waits long behind it.
CHUNK = 40


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An address as somebody wrote it; without a campaign it is for all."""

    address: str
    campaign_id: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Added:
    """How many were new, how many were listed before, and of how many queued calls and texts the listing disposed."""

    added: int
    known: int
    refused: int


async def page(ctx: Context, query: Query, address: str | None = None) -> Page:
    """Entries; with `address` those that list it, also where only its hash is left. Raises `InvalidInput`."""
    if address is not None:
        digest = address_digest(ctx.secret, read_address(address, ctx.settings.default_region))
        query = Query(query.limit, query.cursor, query.sort, query.q, (*query.filters, f"digest:eq:{digest}"))
    async with ctx.db.read() as tx:
        return await lists.DO_NOT_CONTACT.page(tx, query)


async def add(ctx: Context, entries: Sequence[NewEntry], prefix: str = "") -> Added:
    """List addresses. When this returns, no call or text to them starts any more.

    What is queued to them is refused, and their contacts go on in their strategies as with a number that does not exist.
    Raises `InvalidInput` with every address that can't be read and every campaign that is not there; nothing is listed then.
    """
    rows = await _rows(ctx, entries, prefix)
    added = refused = 0
    for start in range(0, len(rows), CHUNK):
        new, queued = await _list(ctx, rows[start : start + CHUNK])
        added, refused = added + new, refused + len(await unreachable.refuse_listed(ctx, queued))
    listed_at = asyncio.get_running_loop().time()
    await ctx.engine.addresses_barred({row["address"] for row in rows})
    await leaving.others_have_sent(ctx, listed_at)
    return Added(added, len(rows) - added, refused)


async def find(ctx: Context, address: str, campaign_id: int | None) -> AnyRow:
    """The entry of an address on the list of one campaign, or of all. Raises `NotFound`, `InvalidInput`."""
    digest = address_digest(ctx.secret, read_address(address, ctx.settings.default_region))
    async with ctx.db.read() as tx:
        found = await do_not_contact.find(tx, [digest], campaign_id)
    if not found:
        raise NotFound("do-not-contact entry", address)
    return found[0]


async def barred(ctx: Context, addresses: Collection[str], campaign_id: int | None) -> set[str]:
    """Those of these (normal forms) that may not be contacted: by anybody, or by that campaign."""
    by_digest = {address_digest(ctx.secret, address): address for address in addresses}
    async with ctx.db.read() as tx:
        return {by_digest[digest] for digest in await do_not_contact.digests(tx, campaign_id, by_digest)}


async def remove(ctx: Context, entry_id: int) -> None:
    """From now on the address may be contacted again; work that was refused for it does not come back."""
    async with ctx.db.write() as tx:
        entry = await do_not_contact.get(tx, entry_id)
        if entry is None or not await do_not_contact.remove(tx, entry_id):
            raise NotFound("do-not-contact entry", entry_id)
        old = {"campaign_id": entry.campaign_id, "created_at": entry.created_at}
        await audit.write(tx, ctx, "delete", "do-not-contact entry", entry_id, before=old)


async def _rows(ctx: Context, entries: Sequence[NewEntry], prefix: str) -> list[dict[str, Any]]:
    """Rows of the table, each address once for each list."""
    faults: list[Fault] = []
    rows: dict[tuple[str, int | None], dict[str, Any]] = {}
    named = {entry.campaign_id for entry in entries if entry.campaign_id is not None}
    async with ctx.db.read() as tx:
        there = {campaign_id for campaign_id in named if await campaigns.get(tx, campaign_id) is not None}
    for at, entry in enumerate(entries):
        where = f"{at}." if len(entries) > 1 or prefix else ""
        if entry.campaign_id is not None and entry.campaign_id not in there:
            faults.append(
                Fault(
                    f"{prefix}{where}campaign_id", "there is no campaign %(campaign_id)s", campaign_id=entry.campaign_id
                )
            )
        try:
            address = read_address(entry.address, ctx.settings.default_region, f"{prefix}{where}address")
        except InvalidInput as error:
            faults += error.faults
        else:
            rows[address, entry.campaign_id] = _row(ctx, address, entry)
    if faults:
        raise InvalidInput(faults)
    return list(rows.values())


def _row(ctx: Context, address: str, entry: NewEntry) -> dict[str, Any]:
    return {
        "digest": address_digest(ctx.secret, address),
        "address": address,
        "campaign_id": entry.campaign_id,
        "reason": entry.reason,
        "created_at": ctx.clock(),
    }


async def _audit(
    tx: AsyncConnection, ctx: Context, rows: Sequence[Mapping[str, Any]], added: int, by: audit.Doer
) -> None:
    """Of whom they are is not told: an entry is named by its number, several by how many they are."""
    (first, *others), entry_id = rows, ""
    if not others:
        entry_id = (await do_not_contact.find(tx, [first["digest"]], first["campaign_id"]))[0].id
    campaign_ids = sorted({row["campaign_id"] for row in rows if row["campaign_id"] is not None})
    new = {"entries": added, "campaigns": campaign_ids or "all"}
    await audit.write(tx, ctx, "create", "do-not-contact entry", entry_id, after=new, by=by)


async def _list(ctx: Context, rows: Sequence[Mapping[str, Any]]) -> tuple[int, list[AnyRow]]:
    """One chunk in one transaction: how many were new, and what is queued to these addresses."""
    addresses, by = [row["address"] for row in rows], audit.doer()

    async def work(tx: AsyncConnection) -> tuple[int, list[AnyRow]]:
        added = await do_not_contact.add_many(tx, rows)
        if added and by:
            await _audit(tx, ctx, rows, added, by)
        queued = await do_not_contact.queued_to(tx, addresses)
        if not ctx.db.is_sqlite:  # many writers: an intent on another node is through before, or it sees the entry
            for campaign_id in sorted({row.campaign_id for row in queued}):
                await campaigns.lock(tx, campaign_id)
        return added, queued

    return await ctx.db.transact(work)
