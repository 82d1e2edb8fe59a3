"""Drafts: a strategy as it was drawn, kept with whatever is wrong with it. It is never published; a deploy takes its place (S2)."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.campaign import Campaign
from dialer.domain.errors import Fault, IllegalTransition, NotFound, StaleEdit
from dialer.domain.said import Said
from dialer.domain.transitions import CampaignStatus
from dialer.operations import audit, deploying, flows
from dialer.operations.context import Context, strategy_of
from dialer.operations.deploying import BadStrategy
from dialer.store import campaigns, drafts, strategies
from dialer.store.drafts import Base, Kept
from dialer.strategy.check import Checked
from dialer.strategy.model import default_strategy
from dialer.strategy.nodered.drawing import Flow, to_flow
from dialer.strategy.nodered.safe import find_unsafe

WHAT = "strategy draft of campaign"
ABSENT = "none"  # the revision of a draft that is not there


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft, and how it stands: what hinders its deploy, and the version that is deployed now (None: none was).

    `is_older`: another strategy, or another drawing of it, was deployed since the draft was begun.
    """

    kept: Kept
    checked: Checked
    deployed: int | None
    is_older: bool

    @property
    def rev(self) -> str:
        return self.kept.rev


async def read(ctx: Context, campaign_id: int) -> Draft:
    """Raises `NotFound` if the campaign has none."""
    if (found := await find(ctx, campaign_id)) is None:
        raise NotFound(WHAT, campaign_id)
    return found


async def find(ctx: Context, campaign_id: int) -> Draft | None:
    """The same, or None. Raises `NotFound` for a campaign that is not there."""
    async with ctx.db.read() as tx:
        campaign = await campaigns.get(tx, campaign_id)
        if campaign is None:
            raise NotFound("campaign", campaign_id)
        kept = await drafts.get(tx, campaign_id)
        if kept is None:
            return None
        now = (await deploying.present(tx, campaign)).rev
    checked = await flows.check_flow(ctx, campaign_id, kept.flow)
    return Draft(kept, checked, campaign.strategy_version, now != kept.base.rev)


async def begun_from(ctx: Context, campaign_id: int, base: Base) -> Flow:
    """The flow that was deployed when the drawing was begun, as nearly as it is known: of its version the last drawing."""
    async with ctx.db.read() as tx:
        row = None if base.version is None else await strategies.drawn(tx, campaign_id, base.version)
    if row is None:
        return to_flow(default_strategy())
    drawing: Flow | None = row.drawing
    return drawing if drawing is not None else to_flow(strategy_of(row.document))


async def save(
    ctx: Context, campaign_id: int, flow: object, *, by: str, rev: str | None = None, base: Base | None = None
) -> Draft:
    """Keep a drawing as it is. `rev` is the draft that was edited: `ABSENT` for none, None for whichever is there.

    `base` is what the drawing was begun from: if nothing is said, what the draft before it was begun from, or what is
    deployed now. Raises `BadStrategy` for what would harm whoever opens it, `StaleEdit` if another draft is there,
    `IllegalTransition` if the campaign has ended.
    """
    if faults := await asyncio.to_thread(find_unsafe, flow):
        raise BadStrategy(faults)
    async with ctx.db.write() as tx:
        campaign, before = await _editable(tx, campaign_id, rev)
        if base is None:
            base = (
                before.base if before else Base((await deploying.present(tx, campaign)).rev, campaign.strategy_version)
            )
        version = base.version if base.version in range(1, (campaign.strategy_version or 0) + 1) else None
        base = replace(base, version=version)
        await drafts.put(tx, campaign_id, cast("list[dict[str, Any]]", flow), base, by=by, now=ctx.clock())
        kept = await drafts.get(tx, campaign_id)
        old, new = _told(before), _told(kept)
        await audit.write(tx, ctx, "save draft", "strategy", campaign_id, name=campaign.title, before=old, after=new)
    return await read(ctx, campaign_id)


async def discard(ctx: Context, campaign_id: int, rev: str | None = None) -> None:
    """For good. Raises `NotFound` if there is none, `StaleEdit` if it is another, `IllegalTransition` if the campaign has ended."""
    async with ctx.db.write() as tx:
        campaign, before = await _editable(tx, campaign_id, rev)
        if before is None:
            raise NotFound(WHAT, campaign_id)
        await drafts.remove(tx, campaign_id)
        old = _told(before)
        await audit.write(tx, ctx, "discard draft", "strategy", campaign_id, name=campaign.title, before=old)


def _told(kept: Kept | None) -> dict[str, object] | None:
    return None if kept is None else {"revision": kept.rev, "saved by": kept.saved_by, "parts": len(kept.flow)}


def why_unpublished(draft: Draft) -> list[Fault]:
    """What a publish of a campaign is told whose strategy is only a draft: that it is one, and each fault of it."""
    number = len(draft.checked.faults)
    count = {0: Said("no faults"), 1: Said("1 fault")}.get(number) or Said("%(number)s faults", number=f"{number:,}")
    mend, deploy = (
        Said("mend and deploy it in the studio, or discard it"),
        Said("deploy it in the studio, or discard it"),
    )
    reason = Said(
        "the strategy is only a draft, %(saved)s, which has %(count)s and was never deployed: %(do)s",
        saved=saved(draft.kept),
        count=count,
        do=mend if number else deploy,
    )
    return [
        Fault("draft", reason),
        *(Fault(f"draft.{deploying.path_of(fault)}", fault.reason) for fault in draft.checked.faults),
    ]


def saved(kept: Kept) -> str:
    """When and by whom, for a person."""
    return Said("saved %(at)s by %(by)s", at=_day_and_time(kept.saved_at), by=kept.saved_by)


def _day_and_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


async def _editable(tx: AsyncConnection, campaign_id: int, rev: str | None) -> tuple[Campaign, Kept | None]:
    """The campaign, locked, and its draft."""
    campaign = await campaigns.lock(tx, campaign_id)
    if campaign is None:
        raise NotFound("campaign", campaign_id)
    if campaign.status is CampaignStatus.ENDED:
        raise IllegalTransition("campaign", CampaignStatus.ENDED, "edited")
    before = await drafts.get(tx, campaign_id)
    if rev is not None and rev != (before.rev if before else ABSENT):
        raise StaleEdit(WHAT, campaign_id)
    return campaign, before
