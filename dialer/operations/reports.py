"""What there is, what was tried and what came of it: reads only. Shapes of rows are those of `store.tables`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.campaign import Campaign
from dialer.domain.contact import Address
from dialer.domain.errors import NotFound
from dialer.domain.transitions import CampaignStatus
from dialer.operations import counting
from dialer.operations.context import Context
from dialer.store import campaigns, contact_fields, contacts, lists, migrate, result_counts
from dialer.store.browsing import MOST
from dialer.store.listing import Listing, Page, Query
from dialer.store.types import AnyRow


@dataclass(frozen=True, slots=True)
class Counted:
    """A campaign with its contacts by enrollment state."""

    campaign: Campaign
    contacts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CountedPage:
    items: list[Counted]
    total: int
    next_cursor: str | None


async def campaigns_page(ctx: Context, query: Query) -> CountedPage:
    page = await ctx.db.ask(lambda tx: lists.CAMPAIGNS.page(tx, query))
    counts = await counting.by_state(ctx, [item["id"] for item in page.items])
    items = [Counted(campaigns.of_row(item), counts[item["id"]]) for item in page.items]
    return CountedPage(items, page.total, page.next_cursor)


async def counted(ctx: Context, campaign: Campaign) -> Counted:
    return Counted(campaign, (await counting.by_state(ctx, [campaign.id]))[campaign.id])


async def published(ctx: Context) -> list[Counted]:
    found = await ctx.db.ask(lambda tx: campaigns.all_with_status(tx, CampaignStatus.PUBLISHED))
    counts = await counting.by_state(ctx, [one.id for one in found])
    return [Counted(one, counts[one.id]) for one in found]


async def contacts_page(ctx: Context, query: Query, campaign_id: int | None = None) -> Page:
    """Contacts, each with `addresses`; of a campaign, each with its place in it."""
    unindexed = await not_listed(ctx)
    if campaign_id is not None:
        await ctx.db.ask(lambda tx: check_campaign(tx, campaign_id))
    known = await counting.known_total(ctx, query, campaign_id)

    async def read(tx: AsyncConnection) -> tuple[Page, Mapping[int, Sequence[Address]]]:
        page = await lists.contacts(ctx.db, tx, query, campaign_id, known)
        return page, await contacts.addresses_of(tx, [item["id"] for item in page.items])

    page, held = await ctx.db.ask(read)
    return replace(page, items=[with_addresses(item, held) for item in page.items], unindexed=unindexed)


async def custom_fields(ctx: Context) -> list[tuple[str, str]]:
    """Name and label of each custom field, in the order of the labels."""
    async with ctx.db.read() as tx:
        return [(field.name, field.label) for field in (await contact_fields.all_fields(tx)).values()]


async def indexed(ctx: Context) -> None:
    """Wait until lists have every contact that is there now, also one of a large import a moment ago."""
    if ctx.db.projection is not None:
        while (await ctx.db.projection.caught_up()).missing:
            await ctx.db.projection.follow()


async def contact(ctx: Context, contact_id: int) -> Mapping[str, Any]:
    """One contact, with `addresses` and its place in every campaign: `campaigns`."""
    async with ctx.db.read() as tx:
        found = await lists.one_contact(tx, contact_id)
        if found is None:
            raise NotFound("contact", contact_id)
        held = await contacts.addresses_of(tx, [contact_id])
        places = await lists.places_of(tx, contact_id)
    return {**with_addresses(found, held), "campaigns": places}


async def contact_in(ctx: Context, campaign_id: int, contact_id: int) -> Mapping[str, Any]:
    """One contact with its place in a campaign."""
    async with ctx.db.read() as tx:
        await check_campaign(tx, campaign_id)
        found = await lists.one_contact(tx, contact_id, campaign_id)
        if found is None:
            raise NotFound("contact in this campaign", contact_id)
        held = await contacts.addresses_of(tx, [contact_id])
    return with_addresses(found, held)


async def sources_page(ctx: Context, campaign_id: int, query: Query) -> Page:
    async with ctx.db.read() as tx:
        await check_campaign(tx, campaign_id)
        return await lists.sources_of(campaign_id).page(tx, query)


async def tries_page(ctx: Context, listing: Listing, query: Query) -> Page:
    """Of calls, texts or replies, of which there may be millions: they are counted up to `MOST`, unless `query` wants it exact."""
    return await _page(ctx, replace(listing, most=MOST), query)


async def replies_page(ctx: Context, query: Query, campaign_id: int | None = None) -> Page:
    """Each with the text that it `answered`, and the contact's names; counted as `tries_page` does. Raises `NotFound`."""
    if campaign_id is None:
        return await tries_page(ctx, lists.REPLIES, query)
    async with ctx.db.read() as tx:
        await check_campaign(tx, campaign_id)
    return await tries_page(ctx, lists.replies_of(campaign_id), query)


@dataclass(frozen=True, slots=True)
class Counts:
    """Of everything in the store: attempts by outcome (`open`: under way), texts by gateway and status, replies by kind."""

    attempts: Mapping[str, int]
    messages: Mapping[str, Mapping[str, int]]
    replies: Mapping[str, int]


async def counts(ctx: Context) -> Counts:
    """Out of the counts that are kept; large ones are a moment old, so that asking often costs nothing."""

    async def count() -> Counts:
        async with ctx.db.read() as tx:
            calls, texts = await result_counts.calls_of_all(tx), await result_counts.texts_of_all(tx)
            return Counts(calls, texts, await lists.reply_counts(tx))

    return cast("Counts", await counting.remembered(ctx, "results", count, _size))


def _size(counts: Counts) -> int:
    texts = sum(sum(statuses.values()) for statuses in counts.messages.values())
    return sum(counts.attempts.values()) + texts + sum(counts.replies.values())


async def answers(ctx: Context) -> None:
    """Raises what the driver does if the database can't be read."""
    async with ctx.db.read() as tx:
        await tx.exec_driver_sql("SELECT 1")


async def not_listed(ctx: Context) -> int:
    """Contacts that lists do not have yet; a moment's worth of them is taken in while asking."""
    return 0 if ctx.db.projection is None else sum(await ctx.db.projection.caught_up())


async def migrations_pending(ctx: Context) -> bool:
    return await migrate.pending(ctx.db)


async def _page(ctx: Context, listing: Listing, query: Query) -> Page:
    return await ctx.db.ask(lambda tx: listing.page(tx, query))


def with_addresses(item: Mapping[str, Any], held: Mapping[int, Sequence[Address]]) -> dict[str, Any]:
    """A contact's row with its `addresses`, out of those of several contacts."""
    return {**item, "addresses": held.get(item["id"], [])}


async def check_campaign(tx: AsyncConnection, campaign_id: int) -> None:
    """Raises `NotFound`."""
    if await campaigns.get(tx, campaign_id) is None:
        raise NotFound("campaign", campaign_id)


async def by_queue(ctx: Context) -> dict[str, list[AnyRow]]:
    """Campaigns that are not over as `(queue, id, title, status)`, by the name of the queue that they call for."""
    found: dict[str, list[AnyRow]] = {}
    async with ctx.db.read() as tx:
        for row in await campaigns.with_queue(tx):
            found.setdefault(row.queue, []).append(row)
    return found
