"""Campaigns: create, edit, clone, publish, unpublish, end, delete; one transaction each."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.caller_id import caller_id_faults
from dialer.domain.campaign import (
    ABANDONMENT_LIMIT_PERCENT,
    DEFAULT_PRIORITY,
    LINES_PER_AGENT,
    Campaign,
    DialingMode,
    LoadOrder,
    active,
    editable_fields,
    told_fields,
)
from dialer.domain.errors import Fault, IllegalTransition, Incomplete, InvalidInput, NotFound, StaleEdit
from dialer.domain.rules.catalogue import NONE, pack_faults
from dialer.domain.transitions import CAMPAIGN, CampaignStatus
from dialer.domain.windows import Validity, zone
from dialer.operations import audit, cloning, drafts, events, gateway_names, leaving, lifecycle, readiness
from dialer.operations import strategies as deployment
from dialer.operations.context import Context, strategy_of
from dialer.operations.once import Made, nobody
from dialer.store import campaigns, contact_fields, gateways, postponing, strategies
from dialer.store import drafts as kept_drafts
from dialer.strategy.model import Strategy, default_strategy, digest, to_document

DEFAULTS: Mapping[str, Any] = {
    "description": "",
    "time_zone": "UTC",
    "execution": None,
    "validity": Validity(),
    "dialing_modes": (DialingMode.PROGRESSIVE,),
    "queue": None,
    "voice_gateway": None,
    "sms_gateway": None,
    "sms_fallbacks": (),
    "caller_id": None,
    "load_order": LoadOrder.OLDEST_FIRST,
    "max_concurrent_calls": None,
    "calls_per_second": None,
    "abandonment_limit_percent": ABANDONMENT_LIMIT_PERCENT,
    "lines_per_agent": LINES_PER_AGENT,
    "priority": DEFAULT_PRIORITY,
    "weight": 1,
    "rule_pack": NONE,
    "queue_wait_s": None,
    "abandoned_message": None,
}


async def create(
    ctx: Context,
    fields: Mapping[str, Any],
    document: object = None,
    drawings: cloning.Drawings | None = None,
    *,
    kept: Made = nobody,
) -> Campaign:
    """A new, unpublished campaign; only the title must be given (C1). A clone brings its strategy along, and its drawings.

    Raises `InvalidInput` with every fault.
    """
    drawings = await cloning.sound(drawings or cloning.Drawings(), document)
    async with ctx.db.write() as tx:
        wanted = await _checked(tx, ctx, {**DEFAULTS, **fields})
        campaign_id = await campaigns.add(tx, wanted, ctx.clock())
        if document is not None:
            strategy = deployment.read(ctx, document, await gateways.kinds(tx), await contact_fields.all_fields(tx))
            drawing = cloning.drawn(drawings, strategy)
            await strategies.add(tx, campaign_id, to_document(strategy), digest(strategy), ctx.clock(), drawing=drawing)
        made = await _get(tx, campaign_id)
        await cloning.keep_draft(tx, ctx, made, drawings)
        await audit.write(tx, ctx, "create", "campaign", made.id, name=made.title, after=told_fields(made))
        await kept(tx, made)
        return made


async def get(ctx: Context, campaign_id: int) -> Campaign:
    async with ctx.db.read() as tx:
        return await _get(tx, campaign_id)


async def edit(ctx: Context, campaign_id: int, fields: Mapping[str, Any], revision: int | None = None) -> Campaign:
    """Change fields; takes effect at once, also while published (C13). `revision` guards against a stale edit."""
    async with ctx.db.write() as tx:
        campaign = await _lock(tx, campaign_id)
        if campaign.status is CampaignStatus.ENDED:
            raise IllegalTransition("campaign", CampaignStatus.ENDED, "edited")
        check_revision(campaign, revision)
        wanted = await _checked(tx, ctx, fields)
        if campaign.status is CampaignStatus.PUBLISHED:
            await _still_complete(tx, ctx, _with(campaign, wanted), wanted)
        if not await campaigns.edit(tx, campaign_id, wanted, ctx.clock(), revision=campaign.revision):
            raise StaleEdit("campaign", campaign_id)
        old, new = told_fields(campaign), told_fields(_with(campaign, wanted))
        await audit.write(tx, ctx, "edit", "campaign", campaign_id, name=campaign.title, before=old, after=new)
        if {"execution", "time_zone", "rule_pack"} & wanted.keys():
            await postponing.reopen_windows(tx, campaign_id)
    edited_at = asyncio.get_running_loop().time()
    changed = await _changed(ctx, campaign_id)
    if active(campaign, ctx.clock()) and not active(changed, ctx.clock()):
        await leaving.others_have_sent(ctx, edited_at)
    return changed


async def check(ctx: Context, campaign_id: int, fields: Mapping[str, Any]) -> tuple[Fault, ...]:
    """What `edit` would refuse in these fields; nothing is stored (C3: refused while typing)."""
    async with ctx.db.read() as tx:
        campaign = await _get(tx, campaign_id)
        try:
            wanted = await _checked(tx, ctx, fields)
            if campaign.status is CampaignStatus.PUBLISHED:
                await _still_complete(tx, ctx, _with(campaign, wanted), wanted)
        except (InvalidInput, Incomplete) as error:
            return error.faults
    return ()


async def clone(ctx: Context, campaign_id: int) -> tuple[dict[str, Any], dict[str, Any] | None, cloning.Drawings]:
    """Settings, strategy and drawings of a campaign as an unsaved copy (C11); nothing is stored.

    No strategy for a campaign that has none of its own: if it has a draft, that is what the copy is to run one day.
    """
    async with ctx.db.read() as tx:
        campaign = await _get(tx, campaign_id)
        document = None if campaign.strategy_version is None else to_document(await _strategy(tx, campaign))
        drawings = await cloning.taken(tx, campaign)
    return {"title": f"Copy of {campaign.title}"[:200], **editable_fields(campaign)}, document, drawings


async def publish(ctx: Context, campaign_id: int, revision: int | None = None) -> Campaign:
    """Raises `Incomplete` with everything that is missing (C5), `IllegalTransition` if it runs or has ended."""
    draft = await drafts.find(ctx, campaign_id)  # looked at before: a large one takes its time
    async with ctx.db.write() as tx:
        campaign = await _lock(tx, campaign_id)
        check_revision(campaign, revision)
        CAMPAIGN.check(campaign.status, CampaignStatus.PUBLISHED)
        if faults := await _missing(tx, ctx, campaign, draft):
            raise Incomplete(faults)
        if campaign.strategy_version is None:
            strategy = default_strategy()
            await strategies.add(tx, campaign_id, to_document(strategy), digest(strategy), ctx.clock())
        await _move(tx, campaign, CampaignStatus.PUBLISHED, ctx)
    return await _changed(ctx, campaign_id)


async def unpublish(ctx: Context, campaign_id: int) -> Campaign:
    """Pause: from the return on no new call or text starts (C6); what is pending is flagged (C7)."""
    return await _stop(ctx, campaign_id, CampaignStatus.UNPUBLISHED)


async def end(ctx: Context, campaign_id: int) -> Campaign:
    """For good: an ended campaign is never published, edited or fed again (C4)."""
    return await _stop(ctx, campaign_id, CampaignStatus.ENDED)


async def missing(ctx: Context, campaign_id: int) -> tuple[Fault, ...]:
    """What `publish` would refuse now: the readiness list of the page."""
    draft = await drafts.find(ctx, campaign_id)
    async with ctx.db.read() as tx:
        return await _missing(tx, ctx, await _get(tx, campaign_id), draft)


async def _missing(
    tx: AsyncConnection, ctx: Context, campaign: Campaign, draft: drafts.Draft | None
) -> tuple[Fault, ...]:
    """Of a campaign without a strategy of its own, a draft is what it was meant to run: the default is not put in its place."""
    strategy, faults = await _strategy(tx, campaign), list[Fault]()
    if campaign.strategy_version is None and draft is not None:
        strategy, faults = draft.checked.strategy or Strategy("", ()), drafts.why_unpublished(draft)
    elif campaign.strategy_version is None and await kept_drafts.revision(tx, campaign.id) is not None:
        faults = [Fault("draft", "the strategy is only a draft, which was saved just now: deploy it in the studio")]
    known = ctx.engine.queues(), await gateways.kinds(tx)
    detects = ctx.engine.detects_machines()
    return (*faults, *readiness.missing(campaign, strategy, *known, ctx.clock(), detects_machines=detects))


async def warnings(
    ctx: Context, campaign_id: int, fields: Mapping[str, Any] = MappingProxyType({})
) -> tuple[Fault, ...]:
    """What can run, but hardly as it is meant, of the campaign with these fields; those that are no good are left out."""
    async with ctx.db.read() as tx:
        campaign = await _get(tx, campaign_id)
        strategy = await _strategy(tx, campaign)
        good = {name: value for name, value in fields.items() if name in Campaign.__dataclass_fields__}
        if pack_faults(good.get("rule_pack", NONE)):
            return ()
    return readiness.warnings(_with(campaign, good), strategy, ctx.clock())


async def _stop(ctx: Context, campaign_id: int, to: CampaignStatus) -> Campaign:
    """The campaign row first, in one commit: from then on no claim and no check passes. Then the flags, in chunks."""
    async with ctx.db.write(urgent=True) as tx:
        await _move(tx, await _lock(tx, campaign_id), to, ctx)
    stopped_at = asyncio.get_running_loop().time()
    await ctx.engine.campaign_changed(campaign_id)
    await lifecycle.stop_pending(ctx, campaign_id)  # the first chunk at once; the engine does the rest
    changed = await _changed(ctx, campaign_id)
    await leaving.others_have_sent(ctx, stopped_at)
    return changed


async def _move(tx: AsyncConnection, campaign: Campaign, to: CampaignStatus, ctx: Context) -> None:
    CAMPAIGN.check(campaign.status, to)
    if not await campaigns.set_status(tx, campaign.id, to, ctx.clock()):
        raise StaleEdit("campaign", campaign.id)
    await events.moved(tx, ctx, campaign, to)
    old, new = {"status": campaign.status}, {"status": to}
    await audit.write(tx, ctx, _MOVES[to], "campaign", campaign.id, name=campaign.title, before=old, after=new)


_MOVES = {
    CampaignStatus.PUBLISHED: "publish", CampaignStatus.UNPUBLISHED: "unpublish", CampaignStatus.ENDED: "end",
}  # fmt: skip


async def _changed(ctx: Context, campaign_id: int) -> Campaign:
    await ctx.engine.campaign_changed(campaign_id)
    return await get(ctx, campaign_id)


async def _get(tx: AsyncConnection, campaign_id: int) -> Campaign:
    return _found(await campaigns.get(tx, campaign_id), campaign_id)


async def _lock(tx: AsyncConnection, campaign_id: int) -> Campaign:
    """Once all steps that are being written for it are done: they see what the campaign was, and the flags see them."""
    return _found(await campaigns.lock(tx, campaign_id), campaign_id)


def check_revision(campaign: Campaign, revision: int | None) -> None:
    """Raises `StaleEdit` if the caller has read another one."""
    if revision is not None and revision != campaign.revision:
        raise StaleEdit("campaign", campaign.id)


def _found(campaign: Campaign | None, campaign_id: int) -> Campaign:
    if campaign is None:
        raise NotFound("campaign", campaign_id)
    return campaign


async def _strategy(tx: AsyncConnection, campaign: Campaign) -> Strategy:
    if campaign.strategy_version is None:
        return default_strategy()
    return strategy_of(await strategies.get(tx, campaign.id, campaign.strategy_version))


async def _checked(tx: AsyncConnection, ctx: Context, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with gateways named by id; raises `InvalidInput` with everything that is unknown (C3)."""
    wanted, faults = dict(fields), list[Fault]()
    if "time_zone" in wanted:
        faults += _zone_faults(wanted["time_zone"])
    if wanted.get("queue"):
        faults += readiness.queue_faults(wanted["queue"], ctx.engine.queues())
    faults += readiness.mode_faults(wanted.get("dialing_modes", ()))
    faults += [*pack_faults(wanted.get("rule_pack", NONE)), *caller_id_faults(wanted.get("caller_id"))]
    kinds = await gateways.kinds(tx)
    for field, kind in (("voice_gateway", "voice"), ("sms_gateway", "sms")):
        if wanted.get(field):
            wanted[field] = await gateway_names.resolved(tx, field, wanted[field])
            fault = readiness.gateway_fault(field, wanted[field], kind, kinds)
            faults += [fault] if fault else []
    if wanted.get("sms_fallbacks"):
        named = [await gateway_names.resolved(tx, "sms_fallbacks", one) for one in wanted["sms_fallbacks"]]
        faults += readiness.fallback_faults(named, wanted.get("sms_gateway"), kinds)
        wanted["sms_fallbacks"] = tuple(named)
    if faults:
        raise InvalidInput(faults)
    return wanted


def _zone_faults(name: str) -> tuple[Fault, ...]:
    try:
        zone(name)
    except InvalidInput as error:
        return error.faults
    return ()


async def _still_complete(tx: AsyncConnection, ctx: Context, campaign: Campaign, edited: Mapping[str, Any]) -> None:
    """A running campaign keeps what it needs; that its validity is over is allowed: that is how one lets it expire."""
    faults = readiness.missing(
        campaign, await _strategy(tx, campaign), ctx.engine.queues(), await gateways.kinds(tx), ctx.clock()
    )
    faults = tuple(fault for fault in faults if fault.field in edited)
    if faults:
        raise Incomplete(faults)


def _with(campaign: Campaign, fields: Mapping[str, Any]) -> Campaign:
    return replace(campaign, **fields)
