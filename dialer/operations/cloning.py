"""What a clone takes along beside settings and steps (C11): how the strategy is drawn, and the draft of it."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.campaign import Campaign
from dialer.domain.errors import Fault, InvalidInput
from dialer.operations import deploying
from dialer.operations.context import Context
from dialer.store import drafts
from dialer.store.drafts import Base
from dialer.strategy.model import Strategy
from dialer.strategy.nodered.compile import from_flow
from dialer.strategy.nodered.drawing import Flow
from dialer.strategy.nodered.redraw import redraw
from dialer.strategy.nodered.safe import find_unsafe
from dialer.strategy.read import NodeFault


@dataclass(frozen=True, slots=True)
class Drawings:
    """Flows as JSON, None where there is none. `by` is who makes the clone; `draft_is_older` as in `drafts.Draft`."""

    drawing: Any = None
    draft: Any = None
    draft_is_older: bool = False
    by: str = ""


async def taken(tx: AsyncConnection, campaign: Campaign) -> Drawings:
    """What there is of a campaign to take along."""
    now = await deploying.present(tx, campaign)
    kept = await drafts.get(tx, campaign.id)
    if kept is None:
        return Drawings(now.drawing)
    return Drawings(now.drawing, kept.flow, kept.base.rev != now.rev)


async def sound(drawings: Drawings, document: object) -> Drawings:
    """The same once it is known to be fit to be kept. Raises `InvalidInput` with every fault, at `drawing` or `draft`."""
    faults: list[Fault] = []
    if drawings.drawing is not None and document is None:
        faults.append(Fault("drawing", "can't be given without the strategy that it draws"))
    elif drawings.drawing is not None:  # a large one takes its time, during which calls go on
        compiled = await asyncio.to_thread(from_flow, drawings.drawing)
        faults += _at("drawing", compiled.checked.faults)
        drawings = replace(drawings, drawing=compiled.drawing)
    if drawings.draft is not None:
        faults += _at("draft.flow", await asyncio.to_thread(find_unsafe, drawings.draft))
    if faults:
        raise InvalidInput(faults)
    return drawings


def drawn(drawings: Drawings, strategy: Strategy) -> Flow | None:
    """The drawing of the strategy as it is kept; what doesn't fit it is drawn anew."""
    return None if drawings.drawing is None else redraw(strategy, drawings.drawing)


async def keep_draft(tx: AsyncConnection, ctx: Context, campaign: Campaign, drawings: Drawings) -> None:
    """Begun from what the new campaign has, unless something was deployed since it was begun."""
    if drawings.draft is None:
        return
    flow = cast("list[Mapping[str, Any]]", drawings.draft)
    now = (await deploying.present(tx, campaign)).rev
    base = Base("", None) if drawings.draft_is_older else Base(now, campaign.strategy_version)
    await drafts.put(tx, campaign.id, [dict(entry) for entry in flow], base, by=drawings.by, now=ctx.clock())


def _at(where: str, faults: Iterable[NodeFault]) -> list[Fault]:
    return [Fault(f"{where}.{deploying.path_of(fault)}", fault.reason) for fault in faults]
