"""Lists from their first row to their last, part by part: no more than a part of them is in memory.

Every part is a read of its own: nothing that writes waits for whoever downloads slowly. What is wrong with the question is
raised before the first part: `InvalidInput`, `NotFound`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dialer.operations import reports
from dialer.operations.context import Context
from dialer.store import contacts as stored
from dialer.store import lists
from dialer.store.browsing import MOST
from dialer.store.listing import LIMITS, Listing, Page, Query

#: Parts of a list; the first may be empty.
Parts = AsyncIterator[Sequence[Mapping[str, Any]]]
PART = 200


def replies(ctx: Context, query: Query, campaign_id: int | None = None) -> Parts:
    """As `reports.replies_page` has them."""
    return _listed(ctx, lists.REPLIES if campaign_id is None else lists.replies_of(campaign_id), query, campaign_id)


def attempts(ctx: Context, query: Query, campaign_id: int | None = None) -> Parts:
    return _listed(ctx, lists.ATTEMPTS if campaign_id is None else lists.attempts_of(campaign_id), query, campaign_id)


def messages(ctx: Context, query: Query, campaign_id: int | None = None) -> Parts:
    return _listed(ctx, lists.MESSAGES if campaign_id is None else lists.messages_of(campaign_id), query, campaign_id)


def trail(ctx: Context, query: Query, campaign_id: int) -> Parts:
    return _listed(ctx, lists.trail_of(campaign_id), query, campaign_id)


def audit(ctx: Context, query: Query) -> Parts:
    return _listed(ctx, lists.AUDIT, query)


def contacts(ctx: Context, query: Query, campaign_id: int | None = None) -> Parts:
    """As `reports.contacts_page` has them."""
    query, known = replace(query, limit=LIMITS[-1], cursor=None), 0

    async def ask(cursor: str | None) -> Page:
        nonlocal known
        if cursor is None:
            page = await reports.contacts_page(ctx, query, campaign_id)
            # Nobody counts again for each part; more than can be sorted stays more than that.
            known = page.total if page.total_is_exact else MOST + 1
            return page
        async with ctx.db.read() as tx:
            page = await lists.contacts(ctx.db, tx, replace(query, cursor=cursor), campaign_id, known)
            held = await stored.addresses_of(tx, [item["id"] for item in page.items])
        return replace(page, items=[reports.with_addresses(item, held) for item in page.items])

    return _walk(ask)


def _listed(ctx: Context, listing: Listing, query: Query, campaign_id: int | None = None) -> Parts:
    """`campaign_id`: of this campaign, which has to be there."""

    async def ask(cursor: str | None) -> Page:
        async with ctx.db.read() as tx:
            if campaign_id is not None and cursor is None:
                await reports.check_campaign(tx, campaign_id)
            return await listing.part(tx, replace(query, cursor=cursor), PART)

    return _walk(ask)


async def _walk(ask: Callable[[str | None], Awaitable[Page]]) -> Parts:
    """What `ask` finds from the beginning, then after each cursor that it gives."""
    cursor: str | None = None
    while True:
        page = await ask(cursor)
        yield page.items
        if (cursor := page.next_cursor) is None:
            return
