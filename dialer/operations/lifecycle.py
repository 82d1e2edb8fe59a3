"""What follows from a campaign's status and validity, in chunks that can be repeated: enter, stop and flag, queue again.

Each function does one chunk in one transaction and says whether there is more. All of it derives from stored rows, so a
crash between two chunks costs nothing: the next start goes on.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.campaign import Campaign, active, stop_reason
from dialer.domain.transitions import CampaignStatus, EnrollmentState, RequestState
from dialer.operations import steps
from dialer.operations.context import Context
from dialer.store import campaigns, enrollments, requests, trail
from dialer.store.enrollments import Enrollment, Moved
from dialer.store.types import AnyRow
from dialer.strategy.events import Due, Entered

# A chunk holds SQLite's one writer: short, so that an intent never waits long behind it.
CHUNK = 25
STOP_CHUNK = 2_000


async def stop_pending(ctx: Context, campaign_id: int) -> bool:
    """Stop and flag what is pending in a campaign that may not run (C7)."""
    now = ctx.clock()

    async def work(tx: AsyncConnection) -> bool:
        campaign = await campaigns.hold(tx, campaign_id)
        reason = stop_reason(campaign, now) if campaign else None
        if campaign is None or reason is None:
            return False
        stopped = await enrollments.stop_pending(tx, campaign_id, reason, now, STOP_CHUNK)
        if stopped < STOP_CHUNK and campaign.status is CampaignStatus.ENDED:
            await enrollments.end_stopped(tx, campaign_id, now)
        return stopped == STOP_CHUNK

    return await ctx.db.transact(work)


async def queue_again(ctx: Context, campaign_id: int) -> bool:
    """Take up what an unpublish or an expiry stopped, as new requests at the step where the contact stood (C8)."""
    now = ctx.clock()

    async def work(tx: AsyncConnection) -> bool:
        campaign = await campaigns.hold(tx, campaign_id)
        if campaign is None or not active(campaign, now):
            return False
        places = await enrollments.recoverable(tx, campaign_id, CHUNK)
        await _queue_again(tx, campaign, places, now)
        return len(places) == CHUNK

    return await ctx.db.transact(work)


async def enter(ctx: Context, campaign_id: int) -> bool:
    """Sync: contacts that are new to the campaign enter its strategy (K4). Safe to repeat: who entered has a node."""
    now = ctx.clock()

    async def work(tx: AsyncConnection) -> bool:
        campaign = await campaigns.hold(tx, campaign_id)
        if campaign is None or not active(campaign, now) or campaign.strategy_version is None:
            return False
        places = await enrollments.not_entered(tx, campaign_id, CHUNK)
        await steps.take(tx, ctx, campaign, [(place, Entered()) for place in places], now)
        return len(places) == CHUNK

    return await ctx.db.transact(work)


async def take_due(ctx: Context, campaign_id: int) -> bool:
    """Waits that are over, and time limits for receipts that have passed (S4), these in a stopped campaign too (C7)."""
    now = ctx.clock()

    async def work(tx: AsyncConnection) -> bool:
        campaign = await campaigns.hold(tx, campaign_id)
        if campaign is None:
            return False
        places = await enrollments.due(tx, campaign_id, now, CHUNK, is_active=active(campaign, now))
        await steps.take(tx, ctx, campaign, [(place, Due()) for place in places], now)
        return len(places) == CHUNK

    return await ctx.db.transact(work)


async def _queue_again(tx: AsyncConnection, campaign: Campaign, places: list[Enrollment], now: datetime) -> None:
    stopped = await requests.stopped(tx, [place.request_id for place in places if place.request_id])
    old = [stopped.get(place.request_id or 0) for place in places]
    new_ids = iter(await requests.add_many(tx, [_copy(row, now) for row in old if row is not None]))
    moved, entries = [], []
    for place, row in zip(places, old, strict=True):
        request_id = next(new_ids) if row is not None else place.request_id
        moved.append(_taken_up(place, row, request_id, now))
        data = {"request": request_id, "replaces": row.id} if row is not None else {}
        entries.append(trail.Entry(now, campaign.id, place.contact_id, "requeued", data))
    await enrollments.save(tx, moved, now)
    await trail.write(tx, entries)


def _taken_up(place: Enrollment, row: AnyRow | None, request_id: int | None, now: datetime) -> Moved:
    waits = row is None and place.node is not None
    moved = Moved(
        id=place.id,
        state=EnrollmentState.WAITING if waits else EnrollmentState.PENDING,
        strategy_version=place.strategy_version,
        node=place.node,
        memory=place.memory,
        request_id=request_id,
        due_at=place.due_at,
    )
    return moved if waits or row is None else replace(moved, due_at=max(row.wanted_at, now))


def _copy(row: AnyRow, now: datetime) -> dict[str, Any]:
    """A new request in place of a stopped one; work that is overdue is due now, not in the past (no burst of old dates)."""
    kept = {name: getattr(row, name) for name in _COPIED}
    return {
        **kept,
        "requeue_no": row.requeue_no + 1,
        "replaces_id": row.id,
        "wanted_at": max(row.wanted_at, now),
        "due_at": max(row.wanted_at, now),
        "state": RequestState.PENDING,
        "created_at": now,
    }


_COPIED = (
    "enrollment_id", "campaign_id", "contact_id", "channel", "node", "visit", "try_no", "address", "payload", "priority", "zone",
)  # fmt: skip
