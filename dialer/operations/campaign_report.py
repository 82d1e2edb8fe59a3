"""A campaign's report: counts of one snapshot, and for a large campaign those of a moment ago."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain import report
from dialer.domain.campaign import Campaign
from dialer.domain.report import Counts, Hour, Report, Standing
from dialer.operations import campaigns, counting, steps
from dialer.operations.context import Context
from dialer.store import campaigns as stored
from dialer.store import result_counts


async def of_campaign(ctx: Context, campaign_id: int, day: date | None = None) -> tuple[Campaign, Report]:
    """By hour of the day over all days, or over the hours of `day` in the campaign's zone. Raises `NotFound`."""
    campaign = await campaigns.get(ctx, campaign_id)
    zone = ZoneInfo(campaign.time_zone)

    async def count() -> tuple[Counts, list[Hour]]:
        async with ctx.db.read() as tx:
            await result_counts.hold_snapshot(tx)
            return await _counted(tx, campaign_id), await _hours(tx, campaign_id, zone, report.quarter(ctx.clock()))

    key, size = ("report", campaign_id, campaign.time_zone), lambda found: report.summary(found[0]).loaded
    counts, hours = await counting.remembered(ctx, key, count, size)
    if day is not None:
        async with ctx.db.read() as tx:
            found = await result_counts.of_day(tx, campaign_id, *report.day_bounds(zone, day))
        hours = report.hours_of(zone, day, found)
    known = await _nodes(ctx, campaign)
    made = report.steps(counts, known)
    return campaign, Report(report.summary(counts), report.tries(counts), hours, made, report.not_entered(counts))


async def _counted(tx: AsyncConnection, campaign_id: int) -> Counts:
    return Counts(
        standing=[Standing(*row) for row in await stored.counts_by_step(tx, campaign_id)],
        tallied=await result_counts.by_step(tx, campaign_id),
        tries=await result_counts.tries(tx, campaign_id),
        reached=await result_counts.reached(tx, campaign_id),
        entered=await result_counts.entered(tx, campaign_id),
        replies=await result_counts.replies(tx, campaign_id),
    )


async def _hours(tx: AsyncConnection, campaign_id: int, zone: ZoneInfo, now: datetime) -> list[Hour]:
    first = await result_counts.first_quarter(tx, campaign_id) or now
    first -= timedelta(days=1)  # a call that is still under way may have begun before all that have ended
    changes = report.offset_changes(zone, first, now)
    offsets = [moment.astimezone(zone).utcoffset() or timedelta() for moment in (first, *changes)]
    return report.hours_of_day(await result_counts.by_slot(tx, campaign_id, changes), offsets)


async def _nodes(ctx: Context, campaign: Campaign) -> dict[str, tuple[str, str]]:
    """Name and type of each step of the newest version."""
    if campaign.strategy_version is None:
        return {}
    async with ctx.db.read() as tx:
        strategy = await steps.strategy_at(tx, ctx, campaign.id, campaign.strategy_version)
    return {node.id: (node.name, node.type) for node in strategy.nodes}


async def step_names(ctx: Context, campaign: Campaign) -> dict[str, str]:
    """What the steps that call or text are called, by their nodes; of the newest version."""
    found = await _nodes(ctx, campaign)
    return {node: name or node for node, (name, kind) in found.items() if kind in {"call", "sms"}}
