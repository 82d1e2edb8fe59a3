"""Attempts in the store: the intent before a call, how far it got, and its outcome with the strategy's next step."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.calls import Call
from dialer.domain.campaign import Campaign, may_start
from dialer.domain.ending import CallResult
from dialer.domain.outcome import Outcome
from dialer.domain.rules.catalogue import pack
from dialer.domain.said import Said
from dialer.domain.transitions import AttemptState, EnrollmentState
from dialer.operations import compliance, events, going_on, lasting, outcome_log, suppression
from dialer.operations.attempt_rows import answered, closed_row, ending, progress, tallied
from dialer.operations.context import Context, Queued
from dialer.operations.going_on import entry, key_of
from dialer.store import (
    attempts,
    campaigns,
    enrollments,
    gateway_days,
    live_answers,
    postponing,
    replacing,
    requests,
    result_counts,
    trail,
)
from dialer.store.requests import ContactRequest
from dialer.store.types import AnyRow
from dialer.strategy.events import CallEnded

# A contact whose call failed in a storm of its trunk comes again behind those that are due by then.
SPARED_AGAIN = timedelta(minutes=1)
BUSY_AGAIN = timedelta(seconds=5)
#: Requests whose calls ended, each with what the trail says of it.
Endings = Sequence[tuple[ContactRequest, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Intent:
    """A call that is about to be made."""

    attempt_id: str
    request: ContactRequest
    gateway: str
    queue: str
    caller_id: str | None = None
    spent: tuple[gateway_days.Key, ...] = ()  # what it counts against of daily caps
    agent: str = ""  # the interface of the agent who accepted it; empty: whomever the queue gives it to


async def intend(ctx: Context, intents: Iterable[Intent]) -> set[str]:
    """Protocol step 4: write what is about to be dialed and commit it, on disk.

    `intents` is gone through when the writer's turn has come: what was decided while others wrote may go along.
    Returns the attempts that may be dialed now; those missing were stopped meanwhile, or their campaign is another by now,
    or a rule that counts calls does not allow them yet: calls of other nodes and of a moment ago are seen only here.
    """
    node = ctx.settings.node

    async def work(tx: AsyncConnection) -> set[str]:
        now, chosen = ctx.clock(), list(intents)
        if not chosen:
            return set()
        if not ctx.db.is_sqlite:  # many writers: a stop on another node waits for this intent, or this sees the stop
            ids = sorted({intent.request.campaign_id for intent in chosen})
            held = {campaign_id: await campaigns.hold(tx, campaign_id) for campaign_id in ids}
            chosen = [i for i in chosen if (c := held[i.request.campaign_id]) and _may_start(c, i.request, now)]
            chosen = await _called_by_nobody(tx, node, chosen, now)
        packs = await campaigns.rule_packs(tx, {intent.request.campaign_id for intent in chosen})
        is_counting = compliance.counts(packs.values())
        going = await requests.dispatch(tx, [intent.request.id for intent in chosen])
        await compliance.put_back_moved(tx, [intent.request for intent in chosen], going)
        if is_counting:
            for refused in await compliance.refuse_dispatched(tx, ctx, packs, list(going.values()), now):
                del going[refused]
        allowed = [replace(i, request=going[i.request.id]) for i in chosen if i.request.id in going]
        if allowed:
            await attempts.intend(tx, [_row(i, packs[i.request.campaign_id], node, now) for i in allowed])
            await gateway_days.add(tx, [key for i in allowed for key in i.spent])
            await enrollments.dispatching(tx, [i.request.enrollment_id for i in allowed], now, is_call=True)
            await trail.write(tx, [entry(now, i.request, "call-dialed", **_dialed(i)) for i in allowed])
            await events.dispatched(tx, ctx, ((i.request, _dialed(i)) for i in allowed))
        return {intent.attempt_id for intent in allowed}

    return await ctx.db.transact(work, urgent=True)


async def _called_by_nobody(tx: AsyncConnection, node: str, chosen: Sequence[Intent], now: datetime) -> list[Intent]:
    """Without those whose number is in a call of another node (D6): they are looked at again a little later.

    From here on calls to these numbers are counted, and made, one after the other.
    """
    numbers = {intent.request.address for intent in chosen}
    await attempts.take_turns(tx, numbers)
    busy = await attempts.called_elsewhere(tx, node, numbers)
    await postponing.postpone(tx, {i.request.id: now + BUSY_AGAIN for i in chosen if i.request.address in busy})
    return [intent for intent in chosen if intent.request.address not in busy]


def _may_start(campaign: Campaign, request: ContactRequest, now: datetime) -> bool:
    return may_start(campaign, request.zone, request.address, now)


def _row(intent: Intent, pack_id: str, node: str, now: datetime) -> dict[str, Any]:
    return attempts.intent(
        intent.attempt_id, intent.request, intent.gateway, intent.queue, node, now,
        caller_id=intent.caller_id, rule_pack=pack_id, rule_version=pack(pack_id).version,
    )  # fmt: skip


async def withdraw(ctx: Context, intent: Intent, reason: str) -> None:
    """The intent was committed, but proven never to have left this process: its turn comes again."""

    async def forget(tx: AsyncConnection) -> None:
        await attempts.forget(tx, intent.attempt_id)
        await gateway_days.add(tx, intent.spent, times=-1)

    told = {"attempt": intent.attempt_id, "reason": reason}
    if await going_on.withdraw(ctx, intent.request, "call-withdrawn", forget, **told):
        outcome_log.call_withdrawn(intent.request, intent.attempt_id, reason)


async def refuse(ctx: Context, request: ContactRequest, reason: str) -> None:
    """The number may not be dialed at all: no attempt is made, the strategy goes on as for an invalid number."""
    if await going_on.turn_down(ctx, request, "call-refused", reason, _ended(request, Outcome.INVALID_NUMBER)):
        outcome_log.call_refused(request, reason)


async def record(
    ctx: Context, marks: Sequence[Call], ended: Sequence[tuple[str, CallResult]], spared: Collection[str] = ()
) -> None:
    """Note how far calls are, and close those that ended, each with its next step; one transaction for all.

    The contacts of `spared` attempts, which failed in a storm of their trunk, take no step: their turn comes again.
    An attempt that has an outcome keeps it: late and duplicate news change nothing (I8).
    """
    now, results = ctx.clock(), dict(ended)

    async def work(tx: AsyncConnection) -> tuple[Endings, dict[int, Queued]]:
        await attempts.mark(tx, [(call.attempt_id, call.state, progress(call)) for call in marks])
        rows = await attempts.still_open(tx, list(results))
        closed_rows = [closed_row(row, results[row.id], now) for row in rows]
        await attempts.end(tx, closed_rows)
        await result_counts.add(tx, [tallied(row, closed) for row, closed in zip(rows, closed_rows, strict=True)])
        await enrollments.reached(tx, [r.enrollment_id for r in rows if results[r.id].outcome is Outcome.ANSWERED])
        await live_answers.add(tx, [answered(row, results[row.id], now) for row in rows])
        await gateway_days.lasted(tx, await lasting.lasted(tx, [(row, results[row.id]) for row in rows], now))
        closed = await requests.complete(tx, [row.request_id for row in rows])
        endings = [(closed[row.request_id], ending(row, results[row.id])) for row in rows]
        await trail.write(tx, [entry(now, request, "call-ended", **told) for request, told in endings])
        await events.ended(tx, ctx, endings)
        await _opt_out(tx, ctx, [(closed[row.request_id], row, results[row.id]) for row in rows])
        came_again = {one.id for one, end in endings if end["attempt"] in spared and await _again(tx, one, now)}
        news = [(one, _ended(one, end["outcome"])) for one, end in endings if one.id not in came_again]
        queued = await going_on.step(tx, ctx, news)
        touched = {row.campaign_id for row in rows}
        for campaign_id in touched:
            await campaigns.touch(tx, campaign_id, now)
        return endings, {campaign_id: queued.get(campaign_id, frozenset()) for campaign_id in touched}

    told, changed = await ctx.db.transact(work)
    outcome_log.calls_ended(told)
    for campaign_id, queued in changed.items():
        if spared:
            ctx.engine.contacts_added(campaign_id)  # what was stopped meanwhile is flagged (C7)
        ctx.engine.work_changed(campaign_id, None if spared else queued)


async def _again(tx: AsyncConnection, request: ContactRequest, now: datetime) -> bool:
    """A new request in the place of one whose call did not get past its trunk, behind those that are due now.

    False if the contact stands elsewhere by now, or has the number no more: then the strategy goes on.
    """
    place = await enrollments.get(tx, request.enrollment_id)
    if place is None or place.request_id != request.id or place.state is not EnrollmentState.IN_PROGRESS:
        return False
    if not await replacing.has_address(tx, request):
        return False
    again = await replacing.replace(tx, request, now + SPARED_AGAIN, now)
    await enrollments.waits_for(tx, place.id, again, now + SPARED_AGAIN, now)
    told = {"node": request.node, "request": again, "replaces": request.id}
    await trail.write(tx, [trail.Entry(now, request.campaign_id, request.contact_id, "call-spared", told)])
    return True


async def _opt_out(
    tx: AsyncConnection, ctx: Context, ended: Sequence[tuple[ContactRequest, AnyRow, CallResult]]
) -> None:
    """Callees who pressed the key for it while the message played; before their strategies go on."""
    key = ctx.settings.calls.opt_out_key
    asked = [(request, row.number) for request, row, result in ended if key and result.key == key]
    reason = Said("pressed %(key)s on hearing the message to an abandoned call", key=key)
    await suppression.opt_out(tx, ctx, [number for _, number in asked], reason)
    entries = [entry(ctx.clock(), request, "opted-out", number=number, key=key) for request, number in asked]
    await trail.write(tx, entries)


def _ended(request: ContactRequest, outcome: Outcome) -> CallEnded:
    return CallEnded(key_of(request), outcome)


def _dialed(intent: Intent) -> dict[str, Any]:
    return {"attempt": intent.attempt_id, "number": intent.request.address, "gateway": intent.gateway}


async def unfinished(ctx: Context) -> list[tuple[AnyRow, Call]]:
    """This node's attempts without an outcome, as rows and as far as a former process knew them."""
    async with ctx.db.read() as tx:
        rows = await attempts.open_of(tx, ctx.settings.node)
    return [(row, _remembered(row)) for row in rows]


def _remembered(row: AnyRow) -> Call:
    dialing = row.started_at if row.state != AttemptState.INTENDED else None
    return Call(
        row.id,
        row.started_at,
        dialing_at=dialing,
        ringing_at=row.ringing_at,
        answered_at=row.answered_at,
        connected_at=row.connected_at,
        agent=row.agent or "",
    )


async def put_back(ctx: Context, held: Sequence[ContactRequest]) -> None:
    """Claimed requests whose intent was not written go back into the queue, but for those that were stopped meanwhile."""
    async with ctx.db.write() as tx:
        await requests.release(tx, [request.id for request in held])


async def put_off(ctx: Context, request: ContactRequest, until: datetime) -> None:
    """A claimed request that can't be dialed at this moment goes back into the queue."""
    await put_off_all(ctx, {request.id: until})


async def put_off_all(ctx: Context, until: Mapping[int, datetime]) -> None:
    """The same for several, `{request: when}`."""
    async with ctx.db.write() as tx:
        await postponing.postpone(tx, until)
