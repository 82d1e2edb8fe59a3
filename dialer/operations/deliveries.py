"""Deliveries of event webhooks: a turn at one endpoint, what came of each, and the upkeep of the outbox.

At least once, in the order in which they were written: a node has an endpoint for itself for a turn, and what it has sent and
not yet recorded when it dies is sent again, by the same event id.
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.hooks import GONE, next_try
from dialer.domain.record import record
from dialer.domain.said import Said
from dialer.domain.transitions import DeliveryState
from dialer.operations import events
from dialer.operations.context import Context
from dialer.store import deliveries, hooks
from dialer.store.types import AnyRow

log = structlog.get_logger(__name__)

#: Deliveries of one turn; how long beyond its time limits a node may be silent until another one takes the endpoint over.
TURN, SPARE_S = 50, 30.0
FORGOTTEN_AT_ONCE = 500
LONGEST_ERROR = 500


@record
class Tried:
    """What came of one; `status` is None if nothing came back. `wait_s`: for so long the receiver asks to be left alone."""

    row: AnyRow
    ok: bool
    status: int | None
    error: str | None
    wait_s: float = 0.0


async def with_work(ctx: Context) -> list[int]:
    """The endpoints at which something is due, and no other node is."""
    async with ctx.db.read() as tx:
        return await deliveries.with_work(tx, ctx.settings.node, ctx.clock())


async def begin(ctx: Context, endpoint_id: int) -> tuple[AnyRow, list[AnyRow]] | None:
    """The endpoint, for this node alone until `_until`, and what is due; None if it is not to be had."""
    now = ctx.clock()

    async def work(tx: AsyncConnection) -> tuple[AnyRow, list[AnyRow]] | None:
        taken = await hooks.take(tx, endpoint_id, ctx.settings.node, now, _until(ctx, now))
        return None if taken is None else (taken, await deliveries.due(tx, endpoint_id, now, TURN))

    return await ctx.db.transact(work, durable=False)


async def record_tried(ctx: Context, endpoint_id: int, tried: Sequence[Tried], *, more: bool) -> bool:
    """Their results. With `more` to come of this turn the endpoint is kept: False if it was disabled, or another node has it.

    One that says 410 is not told any more.
    """
    now = ctx.clock()
    results = [_result(one, now) for one in tried]
    is_gone = any(one.status == GONE for one in tried)

    async def work(tx: AsyncConnection) -> bool:
        await deliveries.set_results(tx, results)
        kept = more and await hooks.take(tx, endpoint_id, ctx.settings.node, now, _until(ctx, now)) is not None
        if not more:
            await hooks.give_back(tx, endpoint_id, ctx.settings.node)
        if is_gone and await hooks.held(tx, endpoint_id) is not None:
            why = Said("the receiver answered %(status)s: it does not want to be told any more", status=GONE)
            await hooks.edit(tx, endpoint_id, {"enabled": False, "disabled_reason": why}, now)
        return kept

    kept = await ctx.db.transact(work)
    if is_gone:
        log.warning("webhook_disabled", endpoint=endpoint_id, reason=f"its receiver answered {GONE}")
        await events.load(ctx)
    for one, result in zip(tried, results, strict=True):
        if result["state"] is DeliveryState.GIVEN_UP:
            log.error("webhook_given_up", endpoint=endpoint_id, event_id=one.row.event_id, error=one.error)
    return kept


def _until(ctx: Context, now: datetime) -> datetime:
    """A delivery's time limit, and some: it is put off with each result."""
    return now + timedelta(seconds=ctx.settings.webhooks.timeout_s + SPARE_S)


def _result(one: Tried, now: datetime) -> dict[str, Any]:
    tries = one.row.tries + 1
    again = None if one.ok else next_try(tries, one.row.queued_at, now, random.random(), one.wait_s)  # noqa: S311 -- spreads load
    state = DeliveryState.DELIVERED if one.ok else DeliveryState.FAILED if again else DeliveryState.GIVEN_UP
    return {
        "id": one.row.id, "state": state, "tries": tries, "next_due_at": again or now, "last_status": one.status,
        "last_error": one.error and one.error[:LONGEST_ERROR], "delivered_at": now if one.ok else None,
    }  # fmt: skip


# -- upkeep -----------------------------------------------------------------------------------------------------------


async def look_after(ctx: Context) -> None:
    """How much waits: where it is too much, no more is kept. What that dropped is counted in the store, and said loudly."""
    known, most = ctx.subscribed.endpoints, ctx.settings.webhooks.backlog
    dropped = ctx.subscribed.take_dropped()
    if not known and not dropped:
        return
    async with ctx.db.read() as tx:
        waiting = {one.id: await deliveries.waiting(tx, one.id, most) for one in known}
    full = {endpoint_id for endpoint_id, number in waiting.items() if number >= most}
    ctx.subscribed.waiting = sum(waiting.values())
    for endpoint_id in full - ctx.subscribed.full:
        log.error("webhook_backlog_full", endpoint=endpoint_id, waiting=most, remedy="mend its receiver, or disable it")
    ctx.subscribed.full = frozenset(full)
    if dropped:
        async with ctx.db.write() as tx:
            await hooks.add_dropped(tx, dropped.items())
        for endpoint_id, number in dropped.items():
            log.error("webhook_events_dropped", endpoint=endpoint_id, number=number)


async def forget(ctx: Context) -> bool:
    """Some of what is over for long enough; whether there may be more."""
    before = ctx.clock() - timedelta(days=ctx.settings.webhooks.keep_days)
    async with ctx.db.read() as tx:
        ids = await deliveries.old(tx, before, FORGOTTEN_AT_ONCE)
    if ids:
        await ctx.db.transact(lambda tx: deliveries.forget(tx, ids), durable=False)
    return len(ids) == FORGOTTEN_AT_ONCE
