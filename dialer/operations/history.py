"""One contact: who it is, how it was reached on each address, and its whole story (K12). Reads only."""

from collections.abc import Mapping, Sequence
from typing import Any

from dialer.domain.delivery import deliveries
from dialer.domain.story import story
from dialer.operations import reports, steps
from dialer.operations.context import Context
from dialer.store import trail, tries
from dialer.strategy.catalogue import STEP_TYPES


async def contact(ctx: Context, contact_id: int) -> dict[str, Any]:
    """With its place in every campaign, `campaigns`, and `delivery`, a `domain.delivery.Delivery` for each address."""
    return await _with_delivery(ctx, await reports.contact(ctx, contact_id), None)


async def contact_in(ctx: Context, campaign_id: int, contact_id: int) -> dict[str, Any]:
    """With its place in the campaign, and `delivery` in it."""
    return await _with_delivery(ctx, await reports.contact_in(ctx, campaign_id, contact_id), campaign_id)


async def trail_of(ctx: Context, contact_id: int, campaign_id: int | None = None) -> Sequence[Mapping[str, Any]]:
    """Everything that happened to a contact, oldest first; with a campaign, what belongs to it or to no campaign."""
    if campaign_id is None:
        await reports.contact(ctx, contact_id)
    else:
        await reports.contact_in(ctx, campaign_id, contact_id)
    async with ctx.db.read() as tx:
        rows = await trail.of_contact(tx, contact_id, campaign_id)
        found = await tries.of_contact(tx, contact_id, campaign_id)
    return story(rows, found.attempts, found.messages, found.parts)


async def _with_delivery(ctx: Context, item: Mapping[str, Any], campaign_id: int | None) -> dict[str, Any]:
    async with ctx.db.read() as tx:
        found = await tries.of_contact(tx, item["id"], campaign_id)
    return {**item, "delivery": deliveries(item["addresses"], found.attempts, found.messages)}


async def step_names(ctx: Context, entries: Sequence[Mapping[str, Any]]) -> dict[tuple[int, int], dict[str, str]]:
    """What the steps of the strategies in a trail are called: `{(campaign, version): {node: name}}`."""
    keys = {
        (int(entry["campaign_id"]), int(entry["data"]["version"]))
        for entry in entries
        if entry["campaign_id"] and entry["data"].get("version")
    }
    async with ctx.db.read() as tx:
        found = {key: await steps.strategy_at(tx, ctx, *key) for key in sorted(keys)}
    return {key: {node.id: node.name or STEP_TYPES[node.type].label for node in s.nodes} for key, s in found.items()}
