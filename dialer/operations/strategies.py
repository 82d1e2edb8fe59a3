"""The strategy of a campaign: read it, check it, deploy it as a new version."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from dialer.domain.errors import NotFound
from dialer.domain.fields import Field
from dialer.operations import advising, deploying
from dialer.operations.context import Context
from dialer.operations.deploying import Drawn, Stored, known_here, sound
from dialer.store import campaigns
from dialer.strategy.check import Checked, check
from dialer.strategy.known import Known
from dialer.strategy.model import Strategy
from dialer.strategy.nodered.drawing import Flow
from dialer.strategy.nodered.redraw import redraw, unfolded
from dialer.strategy.read import NodeFault


async def get(ctx: Context, campaign_id: int) -> dict[str, object]:
    """The document of the campaign's present version, or of the default: call once, done."""
    return (await current(ctx, campaign_id)).document


async def current(ctx: Context, campaign_id: int) -> Stored:
    """The same with its drawing and the revision that `put` compares."""
    async with ctx.db.read() as tx:
        campaign = await campaigns.get(tx, campaign_id)
        if campaign is None:
            raise NotFound("campaign", campaign_id)
        return await deploying.present(tx, campaign)


async def check_document(ctx: Context, campaign_id: int, document: object) -> Checked:
    """Faults and warnings, each with its node; nothing is saved. What of the drawing would be unfolded is a warning, too."""
    found = await advising.checked(ctx, campaign_id, lambda known: check(document, known))
    return replace(found, warnings=(*found.warnings, *await unfolds(ctx, campaign_id, found.strategy)))


async def unfolds(ctx: Context, campaign_id: int, strategy: Strategy | None) -> tuple[NodeFault, ...]:
    """What would be lost of the drawing if this strategy were deployed without one of its own."""
    drawing = (await current(ctx, campaign_id)).drawing
    if strategy is None or drawing is None:
        return ()
    return await asyncio.to_thread(unfolded, strategy, drawing)


async def unfolded_by(ctx: Context, campaign_id: int, document: object) -> tuple[NodeFault, ...]:
    """The same of a document; of one that can't be deployed nothing."""
    return await unfolds(ctx, campaign_id, (await asyncio.to_thread(check, document)).strategy)


def read(ctx: Context, document: object, kinds: dict[str, str], fields: Mapping[str, Field]) -> Strategy:
    """The strategy in a document; for the rest see `known_here`. Raises `BadStrategy` with every fault at its node."""
    return sound(check(document, known_here(ctx, kinds, fields)))


async def deploy(ctx: Context, campaign_id: int, document: object) -> dict[str, object]:
    """`put`, whatever was there before."""
    return (await put(ctx, campaign_id, document)).document


async def put(
    ctx: Context, campaign_id: int, document: object, *, rev: str | None = None, by: str | None = None
) -> Stored:
    """Deploy a document (`deploying.put`). What was drawn before is kept as far as it fits the new steps."""

    def understand(known: Known, before: Flow | None) -> Drawn:
        strategy = sound(check(document, known))
        return Drawn(strategy, redraw(strategy, before) if before is not None else None)

    return await deploying.put(ctx, campaign_id, understand, rev=rev, by=by)
