"""Deploying a strategy, in whatever form it came: one transaction, a revision against stale edits, a version by its digest."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.campaign import Campaign
from dialer.domain.errors import Fault, IllegalTransition, Incomplete, InvalidInput, NotFound, StaleEdit
from dialer.domain.fields import Field
from dialer.domain.transitions import CampaignStatus
from dialer.operations import audit, readiness
from dialer.operations.context import Context, strategy_of
from dialer.store import campaigns, contact_fields, drafts, gateways, strategies
from dialer.strategy.check import Checked
from dialer.strategy.fields import OnEdit
from dialer.strategy.known import Known
from dialer.strategy.model import Strategy, default_strategy, digest, to_document
from dialer.strategy.nodered.drawing import Flow
from dialer.strategy.read import NodeFault

TRIES = 5  # while others change what the strategy is understood by
MODES = frozenset({"progressive"})


class BadStrategy(InvalidInput):
    """A strategy that can't run. `node_faults` are the same faults with node and field apart."""

    def __init__(self, node_faults: tuple[NodeFault, ...]) -> None:
        self.node_faults = node_faults
        super().__init__(Fault(path_of(fault), fault.reason) for fault in node_faults)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A strategy and how it is drawn; None if nobody drew it."""

    strategy: Strategy
    drawing: Flow | None


@dataclass(frozen=True, slots=True)
class Stored:
    """The campaign's present strategy as it is kept. `rev` changes with its meaning and its drawing, and only with them."""

    document: dict[str, object]
    drawing: Flow | None
    rev: str


Understand = Callable[[Known, Flow | None], Drawn]


async def present(tx: AsyncConnection, campaign: Campaign) -> Stored:
    """What is kept, or the default strategy: call once, done."""
    if campaign.strategy_version is None:
        return _stored(to_document(default_strategy()), None)
    row = await strategies.drawn(tx, campaign.id, campaign.strategy_version)
    if row is None:
        raise ValueError(f"version {campaign.strategy_version} of the strategy of campaign {campaign.id} is not there")
    return _stored(to_document(strategy_of(row.document)), row.drawing)


async def put(
    ctx: Context,
    campaign_id: int,
    understand: Understand,
    *,
    rev: str | None = None,
    by: str | None = None,
    draft: str | None = None,
) -> Stored:
    """Store a new version (none if only the layout changed) and sync. Who follows it, `on_edit` of its contact-in says.

    `understand` makes the strategy from what came, given the names that exist here and the drawing that was there
    before; it raises `BadStrategy`. `rev` is the revision that was edited, None for whichever is there. `draft` is the
    revision of the draft that it was made from, which is removed; any other draft stays.

    Raises `StaleEdit` if another revision is there, `IllegalTransition` if the campaign has ended, `Incomplete` if it
    runs and lacks what the strategy needs.
    """
    for _ in range(TRIES):
        async with ctx.db.read() as tx:
            _, basis = await _basis(tx, ctx, await campaigns.get(tx, campaign_id), campaign_id, rev)
        # A thousand steps take a second: before the transaction, and in a thread, as calls go on meanwhile.
        drawn = await asyncio.to_thread(understand, basis.known, basis.drawing)
        async with ctx.db.write() as tx:
            campaign, now = await _basis(tx, ctx, await campaigns.lock(tx, campaign_id), campaign_id, rev)
            if now == basis:
                stored = await _put(tx, ctx, campaign, basis, drawn, by, draft)
                break
    else:
        raise StaleEdit("strategy of campaign", campaign_id)
    await ctx.engine.campaign_changed(campaign_id)
    return stored


@dataclass(frozen=True, slots=True)
class _Basis:
    """What a strategy is understood by; another one may change it meanwhile, and it has to be understood again."""

    known: Known
    kinds: Mapping[str, str]
    drawing: Flow | None


async def _basis(
    tx: AsyncConnection, ctx: Context, campaign: Campaign | None, campaign_id: int, rev: str | None
) -> tuple[Campaign, _Basis]:
    if campaign is None:
        raise NotFound("campaign", campaign_id)
    if campaign.status is CampaignStatus.ENDED:
        raise IllegalTransition("campaign", CampaignStatus.ENDED, "edited")
    before = await present(tx, campaign)
    if rev is not None and rev != before.rev:
        raise StaleEdit("strategy of campaign", campaign_id)
    kinds = await gateways.kinds(tx)
    return campaign, _Basis(known_here(ctx, kinds, await contact_fields.all_fields(tx)), kinds, before.drawing)


async def _put(
    tx: AsyncConnection,
    ctx: Context,
    campaign: Campaign,
    basis: _Basis,
    drawn: Drawn,
    by: str | None,
    draft: str | None,
) -> Stored:
    now = ctx.clock()
    if campaign.status is CampaignStatus.PUBLISHED:
        detects = ctx.engine.detects_machines()
        faults = readiness.missing(
            campaign, drawn.strategy, ctx.engine.queues(), basis.kinds, now, detects_machines=detects
        )
        if faults:
            raise Incomplete(faults)
    old = _told(campaign.strategy_version, await present(tx, campaign))
    version = await _store(tx, campaign, drawn, now, by)
    if draft is not None:
        await drafts.remove(tx, campaign.id, draft)
    stored = await present(tx, replace(campaign, strategy_version=version))
    new = _told(version, stored)
    await audit.write(tx, ctx, "deploy", "strategy", campaign.id, name=campaign.title, before=old, after=new)
    return stored


def _told(version: int | None, stored: Stored) -> dict[str, object]:
    """Its steps stay in the store, by version; they may hold what is nobody's business here."""
    nodes = stored.document["nodes"]
    return {"version": version, "revision": stored.rev, "steps": len(nodes) if isinstance(nodes, list) else 0}


def digest_of(stored: Stored) -> str:
    return digest(strategy_of(stored.document))


def sound(checked: Checked) -> Strategy:
    """The strategy, or `BadStrategy` with every fault."""
    if checked.strategy is None:
        raise BadStrategy(checked.faults)
    return checked.strategy


def known_here(ctx: Context, kinds: dict[str, str], fields: Mapping[str, Field]) -> Known:
    """The names that a strategy can refer to; `kinds` are the gateways, `fields` the custom fields."""

    def of_kind(wanted: str) -> frozenset[str]:
        return frozenset(name for name, kind in kinds.items() if kind == wanted)

    return Known(
        queues=ctx.engine.queues(),
        voice_gateways=of_kind("voice"),
        sms_gateways=of_kind("sms"),
        modes=MODES,
        webhook_hosts=ctx.settings.webhooks.allowed_hosts,
        fields=fields,
    )


async def _store(tx: AsyncConnection, campaign: Campaign, drawn: Drawn, now: datetime, by: str | None) -> int:
    new_digest, document = digest(drawn.strategy), to_document(drawn.strategy)
    version = campaign.strategy_version
    if version is not None and await strategies.digest(tx, campaign.id, version) == new_digest:
        await strategies.relayout(tx, campaign.id, version, document, drawing=drawn.drawing, by=by)
        return version
    # Before the first publish nobody has begun: there is nothing to keep to.
    keeps = drawn.strategy.limits.on_edit is OnEdit.KEEP and campaign.published_at is not None
    return await strategies.add(
        tx, campaign.id, document, new_digest, now, drawing=drawn.drawing, by=by, only_new=keeps
    )


def _stored(document: dict[str, object], drawing: Flow | None) -> Stored:
    text = json.dumps([document, drawing], sort_keys=True, separators=(",", ":"))
    return Stored(document, drawing, hashlib.sha256(text.encode()).hexdigest()[:32])


def path_of(fault: NodeFault) -> str:
    """Its place as a field of the API."""
    return f"nodes.{fault.node}.{fault.field}" if fault.node else fault.field
