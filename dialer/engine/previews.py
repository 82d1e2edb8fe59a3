"""Preview mode: due contacts are offered to free agents on the agent page, and called once their agent has accepted.

The agent's telephone is called first. Only when that was picked up the call is committed and leaves (architecture, "At most
once"), so that nobody is called whom no agent waits for. `round` is a part of the dialing loop's round, before all other calls.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from ulid import ULID

from dialer.domain import telephony as t
from dialer.domain.campaign import Campaign, offers
from dialer.domain.errors import Conflict, NotFound
from dialer.domain.said import Said, marked
from dialer.domain.transitions import PreviewState
from dialer.engine.desks import Desk, Desks
from dialer.engine.dialing import Dialing
from dialer.engine.held import Held, Holding, Stage
from dialer.engine.preview_calls import PreviewCalls
from dialer.operations import attempts, previews, users
from dialer.operations.context import Context
from dialer.pacing import preview as pacing
from dialer.store.previews import Offer
from dialer.store.requests import ContactRequest

log = structlog.get_logger(__name__)

# Between the agent's answer and the callee's call there is a commit.
TO_LEAVE = timedelta(seconds=30)
NOT_NOW = marked("the campaign may not call this contact now")
# Of an offer that is over; other states are words themselves.
_BECAME = {
    PreviewState.OFFERED: marked("it is being taken back"),
    PreviewState.TIMED_OUT: marked("its time has run out, and nobody was called"),
}
AT_HAND = 5  # requests of a campaign that are looked at for one that may be called


class Previews:
    """`start` runs a named task; `changed` tells the live pages."""

    def __init__(
        self, ctx: Context, dialing: Dialing, *, start: Callable[..., object], changed: Callable[[], None]
    ) -> None:
        self._ctx, self._dialing, self._start = ctx, dialing, start
        self._holding = Holding(ctx, dialing, start=start, changed=changed)
        self._calls = PreviewCalls(self._holding)
        self._turns: dict[int, datetime] = {}
        dialing.previews, dialing.ready_agents = self.round, self.ready_in

    @property
    def desks(self) -> Desks:
        return self._holding.desks

    def clock_set(self, by: timedelta) -> None:
        for held in self._holding:
            held.until += by

    def apply(self, event: t.Event) -> None:
        """Told by Asterisk."""
        self._calls.apply(event)

    # -- asked by pages -------------------------------------------------------------------------------------------

    def of(self, desk: Desk) -> Held | None:
        held = self._holding.of(desk.agent)
        return held if held and held.desk is desk else None

    def agents(self) -> frozenset[str]:
        """The interfaces of all queue members."""
        known, now = self._dialing.agents, self._ctx.clock()
        return frozenset(one.interface for queue in known.queues() for one in known.snapshot(queue, now).members)

    def ready_in(self, queue: str) -> int:
        """How many agents of a queue are ready on the page. For people who ask."""
        now = self._ctx.clock()
        members = {one.interface for one in self._dialing.agents.snapshot(queue, now).members}
        return sum(desk.present(now) and desk.agent in members for desk in self.desks)

    # -- told by pages --------------------------------------------------------------------------------------------

    async def choose(self, desk: Desk, agent: str) -> None:
        """Another telephone. Raises `InvalidInput`; `Conflict` while the present one has an offer."""
        if agent != desk.agent and self.of(desk) is not None:
            raise Conflict("answer what is offered to you first")
        await self.desks.choose(desk, agent, self.agents())

    async def give(self, user: str, agent: str, by: str) -> None:
        """A manager says which telephone is a user's; empty: none. Raises as `choose`, and `NotFound`."""
        if user not in {one.name for one in await users.listed(self._ctx)}:
            raise NotFound("user", user)
        desk = await self.desks.of(user, seen=False)
        before = desk.agent
        await self.choose(desk, agent)
        log.info("telephone_given", user=user, agent=agent, before=before, by=by)

    def get_ready(self, desk: Desk, *, ready: bool) -> None:
        self.desks.get_ready(desk, ready=ready)
        self._holding.moved()

    @property
    def is_busy(self) -> bool:
        """Whether anything is on offer, or goes on as a preview call."""
        return len(self._holding) > 0

    # -- the round ------------------------------------------------------------------------------------------------

    def round(self, now: datetime) -> datetime | None:
        """See to what is on offer, and offer more; when to look again."""
        for held in self._holding:
            self._see_to(held, now)
        if not self._dialing.decisions.draining:
            self._offer(now)
        return min((held.until for held in self._holding if held.until > now), default=None)

    def _see_to(self, held: Held, now: datetime) -> None:
        match held.stage:
            case Stage.OFFERED:
                if held.until <= now:
                    self._holding.miss(held, PreviewState.TIMED_OUT, marked("You did not answer an offer in time."))
                elif why := self._against_offer(held, now):
                    self._holding.close(held, PreviewState.WITHDRAWN, why)
            case Stage.RINGING:
                if held.until <= now:
                    self._holding.miss(held, PreviewState.WITHDRAWN, marked("Your telephone was not picked up."))
                elif not self._dialing.board.may_start(held.request, now):
                    self._holding.close(held, PreviewState.WITHDRAWN, NOT_NOW)
            case Stage.CALLING:
                self._calls.see_to(held, now)
            case Stage.WRAP_UP:
                if held.until <= now:
                    self._holding.free(held)
            case _:
                pass

    def _against_offer(self, held: Held, now: datetime) -> str:
        """Why an offer that waits for an answer can't stand."""
        if not self._dialing.board.may_start(held.request, now):
            return NOT_NOW
        if not held.desk.present(now):
            return marked("the agent has left the page")
        return self._holding.busy(held.request, held.offer.agent, now)

    def _offer(self, now: datetime) -> None:
        waiting = {
            desk.agent: desk for desk in self.desks if desk.present(now) and self._holding.of(desk.agent) is None
        }
        if not waiting:
            return
        campaigns = {one.id: one for one in self._dialing.board.active(now) if offers(one) and one.queue}
        if not campaigns:
            return
        free = {
            queue: self._dialing.agents.free(queue, now) for queue in {one.queue or "" for one in campaigns.values()}
        }
        ready = [
            pacing.Ready(agent, frozenset(queue for queue in free if agent in free[queue]), desk.since or now)
            for agent, desk in waiting.items()
        ]
        at_hand = [self._offering(one, now, likely=len(ready)) for one in campaigns.values()]
        for agent, campaign_id in pacing.offers([one for one in ready if one.queues], at_hand):
            request = self._next(campaigns[campaign_id], now)
            if request is not None:
                self._hold(waiting[agent], request, now)

    def _offering(self, campaign: Campaign, now: datetime, likely: int) -> pacing.Offering:
        self._dialing.feeds.take(campaign, 0, now, likely=likely)  # the hopper is seen to
        last, size = self._turns.get(campaign.id), self._dialing.feeds.size(campaign.id)
        return pacing.Offering(campaign.id, campaign.queue or "", campaign.priority, size, last)

    def _next(self, campaign: Campaign, now: datetime) -> ContactRequest | None:
        """The next one of the hopper against whom nothing stands at this moment."""
        for _ in range(AT_HAND):
            for request in self._dialing.feeds.take(campaign, 1, now):
                found = self._dialing.against(campaign, request, campaign.queue or "", now)
                if found is None:
                    self._turns[campaign.id] = now
                    return request
                if found.of_gateway:
                    self._dialing.feeds.give_back(request)
                    return None
                self._dialing.hold_back(campaign, request, found, now)
        return None

    def _hold(self, desk: Desk, request: ContactRequest, now: datetime) -> None:
        until = now + timedelta(seconds=self._ctx.settings.preview.reserve_s)
        offer = Offer(
            str(ULID()), request.id, desk.agent, desk.user, self._ctx.settings.node, PreviewState.OFFERED, now, until
        )
        held = Held(offer, request, desk, Stage.OPENING, until)
        self._holding.hold(held)
        self._start(self._open(held), name=f"offer-{offer.id}")

    async def _open(self, held: Held) -> None:
        if await previews.offer(self._ctx, held.offer, held.request):
            held.stage = Stage.OFFERED
        else:
            await attempts.put_back(self._ctx, [held.request])
            self._holding.free(held)
        self._holding.moved()

    # -- answers --------------------------------------------------------------------------------------------------

    async def accept(self, desk: Desk, offer_id: str) -> None:
        """The contact is to be called. A second time it changes nothing. Raises `Conflict` if it may not, or not any more."""
        held = await self._answered(desk, offer_id, {PreviewState.ACCEPTED, PreviewState.DIALED})
        if held is None:
            return
        now = self._ctx.clock()
        if why := self._calls.against(held, now):
            raise Conflict("the call can't be made now: %(why)s", why=why)
        held.stage, held.answer = Stage.CLOSING, PreviewState.ACCEPTED
        ring_s = self._ctx.settings.preview.agent_ring_s
        until = now + timedelta(seconds=ring_s) + TO_LEAVE
        if not await previews.accept(self._ctx, held.offer, held.request, until):
            held.stage, held.answer = Stage.OFFERED, None  # the next round sees what became of it
            self._holding.moved()
            raise Conflict("the offer is over: its time has run out, or it was withdrawn")
        desk.missed, desk.told = 0, ""
        held.stage, held.until, held.leg = Stage.RINGING, until, True
        self._start(self._calls.ring(held, ring_s), name=f"ring-{offer_id}")
        self._holding.moved()

    async def skip(self, desk: Desk, offer_id: str, reason: str) -> None:
        """It is offered again later, to whomever. Raises `Conflict` if it was answered otherwise, or is over."""
        held = await self._answered(desk, offer_id, {PreviewState.SKIPPED})
        if held is not None:
            held.stage, held.answer = Stage.CLOSING, PreviewState.SKIPPED
            desk.missed, desk.told = 0, ""
            skipped = PreviewState.SKIPPED
            await previews.give_back(self._ctx, held.offer, held.request, skipped, reason=reason, by=desk.user)
            self._holding.free(held)

    async def reject(self, desk: Desk, offer_id: str, reason: str) -> None:
        """It is not to be called at all. Raises `Conflict` if it was answered otherwise, or is over."""
        held = await self._answered(desk, offer_id, {PreviewState.REJECTED})
        if held is not None:
            held.stage, held.answer = Stage.CLOSING, PreviewState.REJECTED
            desk.missed, desk.told = 0, ""
            await previews.reject(self._ctx, held.offer, held.request, reason)
            self._holding.free(held)

    async def _answered(self, desk: Desk, offer_id: str, same: set[PreviewState]) -> Held | None:
        """The offer, if it waits for an answer in time; None if it has this very answer already."""
        held = self.of(desk)
        if held and held.offer.id == offer_id:
            if held.stage is Stage.OFFERED and held.until > self._ctx.clock():
                return held
            if held.answer in same:
                return None
        state = await previews.state_of(self._ctx, offer_id, desk.user)
        if state is None:
            raise NotFound("offer", offer_id)
        if state in same:
            return None
        became = _BECAME.get(state) or state.replace("_", " ")
        raise Conflict("the offer is over: %(became)s", became=Said(became))

    async def stop(self) -> None:
        """The server is stopping: what is on offer goes back."""
        for held in self._holding:
            if held.stage in {Stage.OFFERED, Stage.RINGING}:
                held.stage = Stage.CLOSING
                await self._holding.give_back(held, PreviewState.WITHDRAWN, marked("the server was stopped"))
