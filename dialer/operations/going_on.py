"""What becomes of requests, whatever their channel: the strategies' answers, and the ways of what never left."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.operations import steps
from dialer.operations.context import Context, Queued
from dialer.store import campaigns, enrollments, requests, trail
from dialer.store.requests import ContactRequest
from dialer.strategy.events import Event, RequestKey

News = tuple[ContactRequest, Event]


def key_of(request: ContactRequest) -> RequestKey:
    """By which the strategy knows it."""
    return RequestKey(request.node, request.visit, request.try_no)


def entry(at: datetime, request: ContactRequest, kind: str, **data: Any) -> trail.Entry:
    """What the trail says of a request."""
    told = {"node": request.node, "request": request.id, **data}
    return trail.Entry(at, request.campaign_id, request.contact_id, kind, told)


async def step(tx: AsyncConnection, ctx: Context, news: Sequence[News]) -> dict[int, Queued]:
    """The strategies' answers; what each campaign has queued by them.

    A contact that was joined with another stands elsewhere, at the further of both places: left as it is.
    """
    queued: dict[int, Queued] = {}
    if not news:
        return queued
    places = await enrollments.by_ids(tx, [request.enrollment_id for request, _ in news])
    for campaign_id in sorted({request.campaign_id for request, _ in news}):
        campaign = await campaigns.hold(tx, campaign_id)
        events = [
            (place, event)
            for request, event in news
            if request.campaign_id == campaign_id
            and (place := places.get(request.enrollment_id)) is not None
            and place.request_id == request.id
        ]
        if campaign is not None and events:
            queued[campaign_id] = await steps.take(tx, ctx, campaign, events, ctx.clock())
    return queued


async def withdraw(
    ctx: Context, request: ContactRequest, kind: str, forget: Callable[[AsyncConnection], Awaitable[None]], **told: Any
) -> bool:
    """The intent was committed, but proven never to have left this process: its turn comes again; `forget` undoes its rows.

    False if the request is gone, or was not under way.
    """
    now = ctx.clock()
    async with ctx.db.write() as tx:
        back = await requests.withdraw(tx, request.id)
        if back is not None:
            await forget(tx)
            await enrollments.withdrawn(tx, back, now)
            await trail.write(tx, [entry(now, back, kind, **told)])
    ctx.engine.contacts_added(request.campaign_id)  # if it was stopped meanwhile, this one is flagged too (C7)
    ctx.engine.work_changed(request.campaign_id)
    return back is not None


async def turn_down(ctx: Context, request: ContactRequest, kind: str, reason: str, failure: Event) -> bool:
    """It may not leave at all: the strategy goes on as after that failure. False if the request was stopped meanwhile."""
    now = ctx.clock()
    async with ctx.db.write() as tx:
        refused = await requests.refuse(tx, request.id)
        if refused is None:
            return False
        await trail.write(tx, [entry(now, refused, kind, address=refused.address, reason=reason)])
        await step(tx, ctx, [(refused, failure)])
    ctx.engine.work_changed(request.campaign_id)
    return True
