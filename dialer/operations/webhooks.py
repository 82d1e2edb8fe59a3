"""Webhooks in the store: the intent before one is sent, its answer with the strategy's next step, and what a crash left.

At least once, unlike calls and texts: one whose answer was lost is sent again, with the same key for its receiver.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.campaign import active
from dialer.domain.said import marked
from dialer.operations import events, going_on
from dialer.operations.context import Context
from dialer.operations.going_on import entry, key_of
from dialer.store import campaigns, enrollments, requests, trail, webhooks
from dialer.store.requests import ContactRequest
from dialer.strategy.events import WebhookAnswered
from dialer.web.signature import derived_key

# A chunk holds SQLite's one writer: short, so that an intent never waits long behind it.
CHUNK = 25


@dataclass(frozen=True, slots=True)
class Answered:
    """`status` is None if nothing came back; `text` is the response if it is `ok`, else the reason."""

    ok: bool
    status: int | None
    text: str


def signing_key(ctx: Context) -> str:
    """What receivers check signatures with."""
    secret = ctx.settings.webhooks.secret
    return secret.get_secret_value() if secret is not None else derived_key(ctx.secret)


async def intend(ctx: Context, request: ContactRequest) -> ContactRequest | None:
    """Write that it is about to be sent and commit it, on disk; None if it was stopped meanwhile."""
    now = ctx.clock()
    until = now + timedelta(seconds=request.payload["timeout_s"] + ctx.settings.calls.lease_s)

    async def work(tx: AsyncConnection) -> ContactRequest | None:
        if not ctx.db.is_sqlite:  # many writers: a stop on another node waits for this intent, or this sees the stop
            campaign = await campaigns.hold(tx, request.campaign_id)
            if campaign is None or not active(campaign, now):
                return None
        going = (await requests.dispatch(tx, [request.id])).get(request.id)
        if going is None:
            return None
        await webhooks.hold(tx, going.id, ctx.settings.node, until)
        await enrollments.dispatching(tx, [going.enrollment_id], now, is_call=False)
        data = {"method": going.payload["method"], "url": going.payload["url"], "key": webhooks.key_of(going)}
        await trail.write(tx, [entry(now, going, "webhook-sending", **data)])
        await events.dispatched(tx, ctx, [(going, {"key": data["key"]})])
        return going

    return await ctx.db.transact(work, urgent=True)


async def record(ctx: Context, request: ContactRequest, answer: Answered) -> None:
    """The answer and the strategy's next step; nothing if another node was faster, or the contact is gone."""
    now = ctx.clock()

    async def work(tx: AsyncConnection) -> bool:
        finished = await webhooks.finish(tx, request.id)
        if finished is None:
            return False
        kind = "webhook-answered" if answer.ok else "webhook-failed"
        told = {"status": answer.status} if answer.ok else {"status": answer.status, "reason": answer.text}
        await trail.write(tx, [entry(now, finished, kind, address=finished.address, **told)])
        await going_on.step(tx, ctx, [(finished, WebhookAnswered(key_of(finished), answer.ok, answer.text))])
        await campaigns.touch(tx, finished.campaign_id, now)
        return True

    if await ctx.db.transact(work):
        ctx.engine.work_changed(request.campaign_id)


async def put_back(ctx: Context, request: ContactRequest) -> None:
    """A claimed request that can't be sent at this moment goes back into the queue, unless it was stopped meanwhile."""
    async with ctx.db.write() as tx:
        await requests.release(tx, [request.id])


async def take_back(ctx: Context, *, own: bool = False) -> int:
    """What was under way on nodes that died (or, at its start, on this one) is queued again; returns how many."""
    total = 0
    while True:
        back = await ctx.db.transact(lambda tx: _take_back(tx, ctx, own=own))
        for campaign_id in {request.campaign_id for request in back}:
            ctx.engine.contacts_added(campaign_id)  # if it was stopped meanwhile, these are flagged too (C7)
            ctx.engine.work_changed(campaign_id)
        total += len(back)
        if len(back) < CHUNK:
            return total


async def _take_back(tx: AsyncConnection, ctx: Context, *, own: bool) -> list[ContactRequest]:
    now = ctx.clock()
    back = await webhooks.take_back(tx, now, ctx.settings.node, CHUNK, own=own)
    for request in back:
        await enrollments.withdrawn(tx, request, now)
    reason = marked("the server stopped before it was answered")
    await trail.write(
        tx, [entry(now, one, "webhook-withdrawn", key=webhooks.key_of(one), reason=reason) for one in back]
    )
    return back
