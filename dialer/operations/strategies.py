"""The strategy of a campaign: read it, check it, deploy it as a new version."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.errors import Fault, IllegalTransition, Incomplete, InvalidInput, NotFound
from dialer.domain.transitions import CampaignStatus
from dialer.operations import readiness
from dialer.operations.context import Context, strategy_of
from dialer.store import campaigns, gateways, strategies
from dialer.strategy.check import Checked, check
from dialer.strategy.known import Known
from dialer.strategy.model import Strategy, default_strategy, digest, to_document


async def get(ctx: Context, campaign_id: int) -> dict[str, object]:
    """The document of the campaign's present version, or of the default: call once, done."""
    async with ctx.db.read() as tx:
        campaign = await campaigns.get(tx, campaign_id)
        if campaign is None:
            raise NotFound("campaign", campaign_id)
        if campaign.strategy_version is None:
            return to_document(default_strategy())
        document = await strategies.get(tx, campaign_id, campaign.strategy_version)
    return to_document(strategy_of(document))


async def check_document(ctx: Context, campaign_id: int, document: object) -> Checked:
    """Faults and warnings, each with its node; nothing is saved."""
    async with ctx.db.read() as tx:
        if await campaigns.get(tx, campaign_id) is None:
            raise NotFound("campaign", campaign_id)
        kinds = await gateways.kinds(tx)
    return check(document, _known(ctx, kinds))


def read(ctx: Context, document: object, kinds: dict[str, str]) -> Strategy:
    """The strategy in a document; `kinds` are the gateways. Raises `InvalidInput` with every fault as `nodes.NODE.FIELD`."""
    checked = check(document, _known(ctx, kinds))
    if checked.strategy is None:
        raise InvalidInput(Fault(_path(fault.node, fault.field), fault.reason) for fault in checked.faults)
    return checked.strategy


async def deploy(ctx: Context, campaign_id: int, document: object) -> dict[str, object]:
    """Store a new version (none if only the layout changed) and sync. Contacts in flight keep the version they are on.

    Raises `InvalidInput` with every fault as `nodes.NODE.FIELD`, `IllegalTransition` if the campaign has ended.
    """
    now = ctx.clock()
    async with ctx.db.write() as tx:
        campaign = await campaigns.get(tx, campaign_id)
        if campaign is None:
            raise NotFound("campaign", campaign_id)
        if campaign.status is CampaignStatus.ENDED:
            raise IllegalTransition("campaign", CampaignStatus.ENDED, "edited")
        kinds = await gateways.kinds(tx)
        strategy = read(ctx, document, kinds)
        if campaign.status is CampaignStatus.PUBLISHED:
            faults = readiness.missing(campaign, strategy, ctx.engine.queues(), kinds, now)
            if faults:
                raise Incomplete(faults)
        await _store(tx, campaign_id, campaign.strategy_version, strategy, now)
    await ctx.engine.campaign_changed(campaign_id)
    return to_document(strategy)


async def _store(tx: AsyncConnection, campaign_id: int, version: int | None, strategy: Strategy, now: datetime) -> None:
    new_digest, document = digest(strategy), to_document(strategy)
    if version is not None and await strategies.digest(tx, campaign_id, version) == new_digest:
        await strategies.relayout(tx, campaign_id, version, document)
    else:
        await strategies.add(tx, campaign_id, document, new_digest, now)


MODES = frozenset({"progressive"})


def _known(ctx: Context, kinds: dict[str, str]) -> Known:
    def of_kind(wanted: str) -> frozenset[str]:
        return frozenset(name for name, kind in kinds.items() if kind == wanted)

    return Known(queues=ctx.engine.queues(), voice_gateways=of_kind("voice"), sms_gateways=of_kind("sms"), modes=MODES)


def _path(node: str, field: str) -> str:
    return f"nodes.{node}.{field}" if node else field
