"""The dialing loop: on every event of an agent or a call, decide how many may start, commit their intents, originate."""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ulid import ULID

from dialer.ami.link import AmiLink
from dialer.ami.originate import Accepted, Answer, NotSent, OriginateCall, Refused
from dialer.ami.states import LinkState
from dialer.domain.agents import Agents
from dialer.domain.campaign import Campaign, DialingMode, window
from dialer.domain.gateway import VoiceGateway, allows
from dialer.domain.rate import TokenBucket
from dialer.engine.bell import Bell
from dialer.engine.board import Board
from dialer.engine.feeds import Feeds
from dialer.engine.tracker import Tracker
from dialer.operations import attempts, unreachable
from dialer.operations.attempts import Intent
from dialer.operations.context import Context
from dialer.pacing.limits import Room, room
from dialer.pacing.progressive import Limit, PacingDecision, QueueState, decide
from dialer.store.requests import ContactRequest

# The net behind the bells: no loop sleeps longer.
LOOK_AGAIN_S = 5.0
PUT_OFF_S = 5.0
MAX_BATCH = 50


@dataclass(slots=True)
class _Plan:
    """A call that was decided on."""

    intent: Intent
    call: OriginateCall


class Dialing:
    """`start` runs a named task; `changed` tells the live pages."""

    def __init__(
        self,
        ctx: Context,
        board: Board,
        agents: Agents,
        link: AmiLink,
        *,
        start: Callable[..., object],
        changed: Callable[[], None],
    ) -> None:
        self._ctx, self._board, self._agents, self._link = ctx, board, agents, link
        self._start, self._changed = start, changed
        self.bell = Bell()
        self.tracker = Tracker(ctx, self._moved)
        self.feeds = Feeds(ctx, board, "call", start=start, ring=self.bell.ring)
        self.draining = False
        self.limited_by: dict[int, Limit] = {}
        self._rates: dict[tuple[str, float], TokenBucket] = {}
        self._turn = 0
        self._held_back: list[ContactRequest] = []
        self._outbox: deque[_Plan] = deque()
        self._commit_waits = False

    async def run(self) -> None:
        while True:
            more = self.round()
            await asyncio.sleep(0)  # what was decided goes on its way first
            if not more:
                await self.bell.wait(self._pause_s())

    def round(self) -> bool:
        """Decide for every queue once and commit what was decided; True if it was a whole batch, so that more may follow."""
        plans = self._plan(self._ctx.clock())
        self._outbox += plans
        if self._outbox and not self._commit_waits:
            self._commit_waits = True
            self._start(self._commit(), name="intents")
        return len(plans) >= MAX_BATCH

    async def _commit(self) -> None:
        """Protocol steps 4 and 5. Plans that are made while the writer is busy with others go along."""
        plans: list[_Plan] = []
        going = await attempts.intend(self._ctx, self._taken(plans))
        for plan in plans:
            if plan.intent.attempt_id in going:
                self._start(self._originate(plan), name=f"originate-{plan.intent.attempt_id}")
            else:
                self.tracker.forget(plan.intent.attempt_id)
        if len(going) < len(plans):
            held = [plan.intent.request for plan in plans if plan.intent.attempt_id not in going]
            self._start(unreachable.refuse_listed(self._ctx, held), name="refuse-listed")

    def _taken(self, plans: list[_Plan]) -> Iterator[Intent]:
        """Empties the outbox into `plans`, in the writer's thread; what comes later waits for the next commit."""
        self._commit_waits = False
        while self._outbox:
            plan = self._outbox.popleft()
            plans.append(plan)
            yield plan.intent

    # -- deciding -------------------------------------------------------------------------------------------------

    def _plan(self, now: datetime) -> list[_Plan]:
        plans: list[_Plan] = []
        self.limited_by = {}
        for queue, campaigns in self._campaigns_by_queue(now).items():
            plans += self._plan_queue(queue, campaigns, now, MAX_BATCH - len(plans))
        return plans

    def _campaigns_by_queue(self, now: datetime) -> dict[str, list[Campaign]]:
        """Campaigns that may dial; under "" those whose call steps all name a queue of their own."""
        found: dict[str, list[Campaign]] = defaultdict(list)
        for campaign in self._board.active(now):
            if DialingMode.PROGRESSIVE in campaign.dialing_modes:
                found[campaign.queue or ""].append(campaign)
        return found

    def _plan_queue(self, queue: str, campaigns: list[Campaign], now: datetime, most: int) -> list[_Plan]:
        """The campaigns of one queue take turns, so that none starves."""
        decision = self._decide(queue, now)
        left = min(decision.originate, most)
        self._turn += 1
        turn = self._turn % len(campaigns)
        plans: list[_Plan] = []
        for campaign in campaigns[turn:] + campaigns[:turn]:
            if left <= len(plans):
                self._limit(campaign, decision.limited_by)
            else:
                plans += self._plan_campaign(campaign, left - len(plans), now)
        return plans

    def _decide(self, queue: str, now: datetime) -> PacingDecision:
        if self.draining:
            return PacingDecision(0, Limit.DRAINING)
        link_up = self._link.state is LinkState.UP
        if not queue:
            return PacingDecision(MAX_BATCH, None) if link_up else PacingDecision(0, Limit.LINK_DOWN)
        counts, in_flight = self._agents.counts(queue, now), self.tracker.in_flight()
        elsewhere = self._agents.claimed_elsewhere(queue, in_flight, now)
        unserved = counts.callers_waiting - counts.callers_rung
        state = QueueState(counts.known, counts.free, unserved, in_flight.get(queue, 0), elsewhere)
        return decide(state, link_up=link_up)

    def _plan_campaign(self, campaign: Campaign, wanted: int, now: datetime) -> list[_Plan]:
        allowed = self._room(campaign)
        if allowed.calls <= 0:
            self._limit(campaign, allowed.limited_by)
            return []
        taken = self.feeds.take(campaign, min(wanted, allowed.calls), now)
        plans = [plan for request in taken if (plan := self._plan_request(campaign, request, now))]
        for request in reversed(self._held_back):
            self.feeds.give_back(request)  # the last one first: each goes to the head of the line
        self._held_back.clear()
        if not plans and campaign.id not in self.limited_by:
            closed = not window(campaign, None, now).open
            self._limit(campaign, Limit.OUTSIDE_WINDOW if closed else Limit.NOTHING_DUE)
        return plans

    def _plan_request(self, campaign: Campaign, request: ContactRequest, now: datetime) -> _Plan | None:
        """Protocol step 3: what held when the request was claimed is checked again at the moment of dialing."""
        name = request.payload.get("gateway") or campaign.voice_gateway or ""
        queue = request.payload.get("queue") or campaign.queue or ""
        gateway = self._board.voice.get(name)
        if gateway is None or not allows(gateway, request.address):
            reason = f"gateway {name} does not exist" if gateway is None else f"gateway {name} may not dial this prefix"
            self._start(attempts.refuse(self._ctx, request, reason), name=f"refuse-{request.id}")
            return None
        if not self._has_gateway_room(name, gateway):
            self._held_back.append(request)
            self._limit(campaign, Limit.GATEWAY_LIMIT)
            return None
        if not self._may_go(campaign, request, queue, now):
            until = now + timedelta(seconds=PUT_OFF_S)
            self._start(attempts.put_off(self._ctx, request, until), name=f"put-off-{request.id}")
            return None
        intent = Intent(str(ULID()), request, name, queue)
        try:
            call = self._call(intent, campaign, gateway)
        except ValueError as fault:
            self._start(attempts.refuse(self._ctx, request, str(fault)), name=f"refuse-{request.id}")
            return None
        self.tracker.expect(intent, now)
        self._spend(campaign, name, gateway)
        return _Plan(intent, call)

    def _may_go(self, campaign: Campaign, request: ContactRequest, queue: str, now: datetime) -> bool:
        """Not while its number is in another call, its window is closed, or the step's own queue has nobody free."""
        if self.tracker.is_calling(request.address) or not window(campaign, request.zone, now).open:
            return False
        return queue == campaign.queue or (queue != "" and self._decide(queue, now).originate > 0)

    def _call(self, intent: Intent, campaign: Campaign, gateway: VoiceGateway) -> OriginateCall:
        return OriginateCall(
            attempt_id=intent.attempt_id,
            number=intent.request.address,
            dial=gateway.dial,
            queue=intent.queue,
            ring_s=int(intent.request.payload["ring_s"]),
            queue_wait_s=self._ctx.settings.calls.queue_wait_s,
            caller_id=campaign.caller_id or "",
            strip_plus=gateway.strip_plus,
            prefix=gateway.prefix,
            context=self._ctx.settings.ami.context,
        )

    # -- limits ---------------------------------------------------------------------------------------------------

    def _room(self, campaign: Campaign) -> Room:
        rate = self._bucket(f"campaign {campaign.id}", campaign.calls_per_second)
        tokens = rate.available(time.monotonic()) if rate else None
        return room(campaign.max_concurrent_calls, self.tracker.of_campaign(campaign.id), tokens)

    def _has_gateway_room(self, name: str, gateway: VoiceGateway) -> bool:
        rate = self._bucket(f"gateway {name}", gateway.calls_per_second)
        tokens = rate.available(time.monotonic()) if rate else None
        return room(gateway.max_calls, self.tracker.of_gateway(name), tokens).calls > 0

    def _spend(self, campaign: Campaign, name: str, gateway: VoiceGateway) -> None:
        for bucket in (
            self._bucket(f"campaign {campaign.id}", campaign.calls_per_second),
            self._bucket(f"gateway {name}", gateway.calls_per_second),
        ):
            if bucket:
                bucket.take(1, time.monotonic())

    def _bucket(self, name: str, rate: float | None) -> TokenBucket | None:
        return self._rates.setdefault((name, rate), TokenBucket(rate)) if rate else None

    def _limit(self, campaign: Campaign, reason: Limit | None) -> None:
        if reason is not None:
            self.limited_by[campaign.id] = reason

    # -- acting ---------------------------------------------------------------------------------------------------

    async def _originate(self, plan: _Plan) -> None:
        """Protocol step 5. The same attempt id is never sent twice."""
        if self.draining:
            answer: Answer = NotSent("the server is stopping")
        elif self._still_may_run(plan.intent.request):
            answer = await self._link.originate(plan.call)
        else:
            answer = NotSent("the campaign may not run any more")
        attempt_id, now = plan.intent.attempt_id, self._ctx.clock()
        if isinstance(answer, NotSent) or (isinstance(answer, Refused) and answer.temporary):
            # Forgotten only then: a resync meanwhile would find its row in the store, and count it as lost.
            await attempts.withdraw(self._ctx, plan.intent, answer.reason)
            self.tracker.forget(attempt_id)
        elif isinstance(answer, Refused):
            reason = answer.reason
            self.tracker.update(attempt_id, lambda call: call.refuse(reason, now))
        elif isinstance(answer, Accepted):
            self.tracker.update(attempt_id, lambda call: call.accept(now))
        else:
            # Whether it was dialed is for events and the next resync to tell.
            self.tracker.update(attempt_id, lambda call: call)

    def _still_may_run(self, request: ContactRequest) -> bool:
        """The commit took its time: the campaign may have been stopped, or its validity or window may be over."""
        now = self._ctx.clock()
        campaign = self._board.campaigns.get(request.campaign_id)
        return (
            campaign is not None and self._board.may_run(campaign.id, now) and window(campaign, request.zone, now).open
        )

    # -- waking ---------------------------------------------------------------------------------------------------

    def _moved(self) -> None:
        self.bell.ring()
        self._changed()

    def _pause_s(self) -> float:
        """Until the next wrap-up ends, the next rate token is there, or the next request is due."""
        now, tick = self._ctx.clock(), time.monotonic()
        waits = [LOOK_AGAIN_S]
        for campaign in self._board.active(now):
            if not campaign.queue:
                continue
            waits += self._seconds(now, self._agents.counts(campaign.queue, now).next_wrap_up_end)
            waits += self._seconds(now, self.feeds.next_look(campaign.id))
        waits += [bucket.next_at(tick) - tick for bucket in self._rates.values() if not bucket.available(tick)]
        return max(0.0005, min(waits))

    @staticmethod
    def _seconds(now: datetime, at: datetime | None) -> Iterable[float]:
        return [(at - now).total_seconds()] if at is not None and at > now else []
