"""A source of contacts that are in the system already: those that conditions of the contacts' list fit (K9).

It runs in the background in the order of the contacts, up to the newest that there was when it was made, and every chunk
is a transaction together with how far it got.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.errors import InvalidInput
from dialer.domain.transitions import CampaignStatus, SourceState
from dialer.operations import audit, reports
from dialer.operations.context import Context
from dialer.operations.uploads import check_open
from dialer.store import campaigns, contacts, enrollments, sources, trail
from dialer.store.listing import Query
from dialer.store.types import AnyRow

KIND = "filter"
CHUNK = 100
MAX_CONDITIONS = 18  # a list takes twenty, and two are needed here
# What a campaign's list takes for the contact's place in it, and the list of all contacts for the contact.
_MEANS_OTHER = ("created_at:", "modified_at:")


@dataclass(frozen=True, slots=True)
class Found:
    """How many contacts conditions fit, and how many of them are in the campaign; None where there is no telling."""

    total: int
    already: int | None


async def preview(ctx: Context, campaign_id: int, filters: Sequence[str], q: str | None) -> Found:
    """Raises `InvalidInput` for a condition that is none, `IllegalTransition` for a campaign that has ended."""
    await check_open(ctx, campaign_id)
    query = _query(filters, q, limit=10)
    total = (await reports.contacts_page(ctx, query)).total
    if any(condition.startswith(_MEANS_OTHER) for condition in filters):
        return Found(total, None)
    return Found(total, (await reports.contacts_page(ctx, query, campaign_id)).total)


async def take(ctx: Context, campaign_id: int, filters: Sequence[str], q: str | None, name: str | None) -> AnyRow:
    """Make a source of the contacts that fit now, which the engine then runs."""
    found = await preview(ctx, campaign_id, filters, q)
    async with ctx.db.write() as tx:
        said = {"filter": list(filters), "q": q, "until": await contacts.newest(tx)}
        source_id = await sources.add(
            tx, campaign_id, KIND, name or _name(filters, q), ctx.clock(), mapping=said, rows_total=found.total
        )
        row = await sources.get(tx, source_id)
        fields = sorted({one.partition(":")[0] for one in filters})  # what they are compared with may be about somebody
        new = {"campaign_id": campaign_id, "kind": KIND, "fields": fields, "rows": found.total}
        await audit.write(tx, ctx, "create", "source", source_id, after=new)
    assert row is not None  # noqa: S101  (made in the same transaction)
    ctx.engine.source_added()
    return row


async def run(ctx: Context, source_id: int) -> bool:
    """Run a source of this kind to its end; False for one of another kind."""
    async with ctx.db.write() as tx:
        row = await sources.get(tx, source_id)
        if row is None or row.kind != KIND:
            return row is None
        started = row.started_at or ctx.clock()
        if not await sources.set_state(tx, source_id, SourceState.RUNNING, started_at=started):
            return True
    state, error = SourceState.DONE, None
    try:
        await _run(ctx, row)
    except (RuntimeError, InvalidInput) as fault:  # a custom field of the conditions may be gone by now
        state, error = SourceState.FAILED, str(fault)
    async with ctx.db.write() as tx:
        await sources.set_state(tx, source_id, state, error=error, finished_at=ctx.clock())
    return True


async def _run(ctx: Context, row: AnyRow) -> None:
    said, after = row.mapping, row.last_row
    await reports.indexed(ctx)
    while True:
        range_ = (f"id:gt:{after}", f"id:le:{said['until']}")
        page = await reports.contacts_page(ctx, _query((*said["filter"], *range_), said["q"], limit=CHUNK))
        ids = [item["id"] for item in page.items]
        if not ids or not await _enroll(ctx, row, after, ids):
            return
        ctx.engine.contacts_added(row.campaign_id)
        after = ids[-1]


async def _enroll(ctx: Context, row: AnyRow, after: int, ids: Sequence[int]) -> bool:
    """False if the source, or its campaign, was removed meanwhile, or another node goes on with it."""
    now = ctx.clock()

    async def work(tx: AsyncConnection) -> bool:
        campaign = await campaigns.hold(tx, row.campaign_id)
        if campaign is not None and campaign.status is CampaignStatus.ENDED:
            raise RuntimeError("the campaign has ended: the rest of the contacts was not added")
        if campaign is None or not await sources.is_at(tx, row.id, after):
            return False
        there = await contacts.still_there(tx, ids)
        new = await enrollments.enroll(tx, row.campaign_id, there, row.id, now)
        data = {"source": row.id}
        await trail.write(tx, [trail.Entry(now, row.campaign_id, contact_id, "enrolled", data) for contact_id in new])
        await sources.progress(
            tx, row.id, rows=len(ids), created=len(new), merged=len(there) - len(new), refused=0, last_row=ids[-1]
        )
        return True

    return await ctx.db.transact(work)


def _query(filters: Sequence[str], q: str | None, *, limit: int) -> Query:
    return Query(limit=limit, sort="id", q=q or None, filters=tuple(filters))


def _name(filters: Sequence[str], q: str | None) -> str:
    told = [condition.replace(":", " ", 2) for condition in filters] + ([f"“{q}”"] if q else [])
    return ("Contacts: " + ", ".join(told) if told else "All contacts")[:255]
