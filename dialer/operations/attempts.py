"""The outcome of a call: recorded once, and the strategy takes its next step, in one transaction (protocol step 6)."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.ending import CallResult
from dialer.domain.transitions import AttemptState
from dialer.operations import steps
from dialer.operations.context import Context
from dialer.store import attempts, campaigns, enrollments, requests, trail
from dialer.store.types import AnyRow
from dialer.strategy.events import CallEnded, RequestKey


async def record(ctx: Context, attempt_id: str, result: CallResult) -> bool:
    """False if the attempt has an outcome already: late and duplicate ends change nothing (I8)."""
    now = ctx.clock()
    async with ctx.db.write() as tx:
        attempt = await attempts.get(tx, attempt_id)
        if attempt is None or not await _end(tx, ctx, attempt, result):
            return False
        await requests.complete(tx, attempt.request_id)
        entry = trail.Entry(now, attempt.campaign_id, attempt.contact_id, "call-ended", _ending(attempt, result))
        await trail.write(tx, [entry])
        await _step(tx, ctx, attempt, result)
        await campaigns.touch(tx, attempt.campaign_id, now)
    ctx.engine.contacts_changed(attempt.campaign_id)
    return True


async def mark(ctx: Context, attempt_id: str, state: AttemptState, **times: Any) -> None:
    """How far a call is, for a restart to know."""
    async with ctx.db.write() as tx:
        await attempts.mark(tx, attempt_id, state, **times)


async def _end(tx: AsyncConnection, ctx: Context, attempt: AnyRow, result: CallResult) -> bool:
    times = {name: getattr(result, name) or getattr(attempt, name) for name in _TIMES}
    return await attempts.end(
        tx, attempt.id, result.outcome, cause=result.cause, tech_cause=result.tech_cause, agent=result.agent or attempt.agent,
        reason=result.reason, **{**times, "ended_at": result.ended_at or ctx.clock()},
    )  # fmt: skip


_TIMES = ("ringing_at", "answered_at", "connected_at")


async def _step(tx: AsyncConnection, ctx: Context, attempt: AnyRow, result: CallResult) -> None:
    place = await enrollments.get(tx, attempt.enrollment_id)
    campaign = await campaigns.get(tx, attempt.campaign_id)
    request = await requests.get(tx, attempt.request_id)
    if place is None or campaign is None or request is None or place.request_id != request.id:
        return  # the contact was joined with another, whose place is the further one
    key = RequestKey(request.node, request.visit, request.try_no)
    await steps.take(tx, ctx, campaign, [(place, CallEnded(key, result.outcome))], ctx.clock())


def _ending(attempt: AnyRow, result: CallResult) -> dict[str, Any]:
    return {
        "attempt": attempt.id,
        "node": attempt.node,
        "number": attempt.number,
        "outcome": result.outcome,
        "reason": result.reason,
        "cause": result.cause,
        "tech_cause": result.tech_cause,
        "agent": result.agent,
    }
