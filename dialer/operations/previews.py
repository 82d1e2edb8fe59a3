"""Offers of contacts to agents in the store: offered, answered, timed out, withdrawn; each with its line in the trail."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.record import replace
from dialer.domain.said import marked
from dialer.domain.transitions import EnrollmentState, PreviewState, RequestState
from dialer.operations import audit
from dialer.operations.context import Context
from dialer.operations.going_on import entry
from dialer.store import campaigns, enrollments, postponing, previews, requests, trail, users
from dialer.store.enrollments import Moved
from dialer.store.previews import Offer
from dialer.store.requests import ContactRequest
from dialer.strategy.memory import Memory

#: The result of a contact whom an agent rejected: it is through the strategy, which so needs no exit of its own for that.
REJECTED = "rejected_by_agent"


async def offer(ctx: Context, offered: Offer, request: ContactRequest) -> bool:
    """Reserve a claimed request for an agent; False if it was stopped or offered to somebody meanwhile, or the agent has one."""

    async def work(tx: AsyncConnection) -> bool:
        now = ctx.clock()
        if await previews.request_state(tx, request.id) != RequestState.CLAIMED:
            return False
        await previews.close_stale(tx, request.id, offered.agent, now)
        await previews.add(tx, offered)
        await trail.write(tx, [_entry(now, request, offered, "preview-offered", until=_told(offered.until))])
        return True

    try:
        return await ctx.db.transact(work)
    except IntegrityError:
        return False


async def accept(ctx: Context, offered: Offer, request: ContactRequest, until: datetime) -> bool:
    """The agent takes it; False if its time was over, or it was withdrawn. `until`: by then the call has left."""
    now = ctx.clock()
    async with ctx.db.write() as tx:
        accepted = await previews.move(tx, offered.id, PreviewState.ACCEPTED, now, until=until)
        if accepted:
            await trail.write(tx, [_entry(now, request, offered, "preview-accepted", by=offered.user_name)])
    return accepted


async def dialed(ctx: Context, offered: Offer) -> None:
    """Its call was committed: the attempt tells the rest."""
    async with ctx.db.write() as tx:
        await previews.move(tx, offered.id, PreviewState.DIALED, ctx.clock())


async def give_back(
    ctx: Context, offered: Offer, request: ContactRequest, to: PreviewState, *, reason: str = "", by: str = ""
) -> bool:
    """Skipped, timed out or withdrawn: the request goes back into the queue, the first two after a delay.

    False if it was answered meanwhile. What was stopped stays stopped.
    """
    now = ctx.clock()
    later = None if to is PreviewState.WITHDRAWN else now + timedelta(seconds=ctx.settings.preview.skip_delay_s)
    async with ctx.db.write() as tx:
        if not await previews.move(tx, offered.id, to, now):
            return False
        if later:
            await postponing.postpone(tx, {request.id: later})
        else:
            await requests.release(tx, [request.id])
        told = {"reason": reason, "by": by, "until": _told(later) if later else ""}
        given = {name: value for name, value in told.items() if value}
        await trail.write(tx, [_went_back(now, request, offered, to, given)])
    # What was stopped between is flagged (C7).
    ctx.engine.contacts_added(request.campaign_id)
    ctx.engine.work_changed(request.campaign_id)
    return True


async def reject(ctx: Context, offered: Offer, request: ContactRequest, reason: str) -> bool:
    """The contact is not to be called: it is through the strategy, with the result `rejected_by_agent`."""
    now = ctx.clock()
    async with ctx.db.write() as tx:
        if not await previews.move(tx, offered.id, PreviewState.REJECTED, now):
            return False
        cancelled = await requests.refuse(tx, request.id)
        told = {"reason": reason} if reason else {}
        entries = [_entry(now, request, offered, "preview-rejected", by=offered.user_name, **told)]
        place = (await enrollments.by_ids(tx, [request.enrollment_id])).get(request.enrollment_id)
        if cancelled and place is not None and place.request_id == request.id:
            memory = replace(Memory.of(place.memory), result=REJECTED, due_at=None)
            done = Moved(
                place.id, EnrollmentState.DONE, place.strategy_version, place.node, memory.to_json(), None, None,
                result=REJECTED,
            )  # fmt: skip
            await enrollments.save(tx, [done], now)
            data = {"node": request.node, "version": place.strategy_version, "result": REJECTED}
            entries.append(trail.Entry(now, request.campaign_id, request.contact_id, "finished", data))
        await trail.write(tx, entries)
        await campaigns.touch(tx, request.campaign_id, now)
    ctx.engine.contacts_added(request.campaign_id)
    ctx.engine.work_changed(request.campaign_id)
    return True


async def recover(ctx: Context) -> int:
    """What a former process of this node had on offer; the requests themselves have gone back with its claims."""
    now = ctx.clock()
    async with ctx.db.write() as tx:
        left = await previews.left_behind(tx, ctx.settings.node)
        for one in left:
            await previews.move(tx, one.id, PreviewState.WITHDRAWN, now)
            if (request := await requests.get(tx, one.request_id)) is not None:
                told = _entry(now, request, one, "preview-withdrawn", reason=marked("the server was restarted"))
                await trail.write(tx, [told])
    return len(left)


async def state_of(ctx: Context, offer_id: str, user_name: str) -> PreviewState | None:
    """How an offer that this user had was answered; None if there was none."""
    async with ctx.db.read() as tx:
        found = await previews.get(tx, offer_id)
    return found.state if found and found.user_name == user_name else None


async def agent_of(ctx: Context, user_name: str) -> str | None:
    """The queue member whose telephone is this user's, as it was chosen last."""
    async with ctx.db.read() as tx:
        return await users.agent_of(tx, user_name)


async def set_agent(ctx: Context, user_name: str, agent: str) -> None:
    """Empty: none."""
    async with ctx.db.write() as tx:
        old = {"telephone": await users.agent_of(tx, user_name)}
        if await users.set_agent(tx, user_name, agent or None):
            new = {"telephone": agent or None}
            await audit.write(tx, ctx, "edit", "user", user_name, name=user_name, before=old, after=new)


def _went_back(
    now: datetime, request: ContactRequest, offered: Offer, to: PreviewState, told: dict[str, str]
) -> trail.Entry:
    match to:
        case PreviewState.SKIPPED:
            return _entry(now, request, offered, "preview-skipped", **told)
        case PreviewState.TIMED_OUT:
            return _entry(now, request, offered, "preview-timed-out", **told)
        case _:
            return _entry(now, request, offered, "preview-withdrawn", **told)


def _told(moment: datetime) -> str:
    return moment.isoformat()


def _entry(now: datetime, request: ContactRequest, offered: Offer, kind: str, **data: Any) -> trail.Entry:
    return entry(now, request, kind, offer=offered.id, agent=offered.agent, **data)
