"""Lists from their first row to their last, page by page: no more than a page of them is in memory."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dialer.operations import reports
from dialer.operations.context import Context
from dialer.store import contacts as stored
from dialer.store import lists
from dialer.store.browsing import MOST
from dialer.store.listing import LIMITS, Query


async def replies(
    ctx: Context, query: Query, campaign_id: int | None = None
) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
    """Pages of replies, each as `reports.replies_page` has it; the first may be empty."""
    query = replace(query, limit=LIMITS[-1], cursor=None)
    page = await reports.replies_page(ctx, query, campaign_id)
    yield page.items
    while page.next_cursor:
        page = await reports.replies_page(ctx, replace(query, cursor=page.next_cursor), campaign_id)
        yield page.items


async def contacts(
    ctx: Context, query: Query, campaign_id: int | None = None
) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
    """Pages of contacts, each as `reports.contacts_page` has it; the first may be empty.

    Every page is a read of its own: nothing that writes waits for whoever downloads slowly. Raises `InvalidInput` and
    `NotFound` before the first page.
    """
    query = replace(query, limit=LIMITS[-1], cursor=None)
    page = await reports.contacts_page(ctx, query, campaign_id)
    # Nobody counts again for each page; more than can be sorted stays more than that.
    known = page.total if page.total_is_exact else MOST + 1
    yield page.items
    while page.next_cursor:
        async with ctx.db.read() as tx:
            page = await lists.contacts(ctx.db, tx, replace(query, cursor=page.next_cursor), campaign_id, known)
            held = await stored.addresses_of(tx, [item["id"] for item in page.items])
        yield [reports.with_addresses(item, held) for item in page.items]
