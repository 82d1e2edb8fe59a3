"""The dialing loop: on every event of an agent or a call, decide how many may start, commit their intents, originate."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ulid import ULID

from dialer.ami.link import AmiLink
from dialer.ami.originate import Accepted, Answer, NotSent, Refused
from dialer.domain.agents import Agents
from dialer.domain.campaign import Campaign, may_contact
from dialer.domain.said import Said, marked
from dialer.engine.bell import Bell, seconds_until
from dialer.engine.board import Board
from dialer.engine.breakers import Breakers
from dialer.engine.caps import DailyCaps
from dialer.engine.contest import Contest, Group, nothing_due
from dialer.engine.decisions import Decisions
from dialer.engine.feeds import Feeds
from dialer.engine.limits import Limits
from dialer.engine.paces import Meter, Paces
from dialer.engine.placing import Plan, call_of, way_of
from dialer.engine.tracker import Tracker, Watch
from dialer.operations import attempts, leaving, unreachable
from dialer.operations.attempts import Intent
from dialer.operations.context import Context
from dialer.pacing.gates import Against, CallFacts, against
from dialer.pacing.limits import Room
from dialer.pacing.progressive import Limit, PacingDecision
from dialer.store.requests import ContactRequest

LOOK_AGAIN_S = 5.0  # the net behind the bells: no loop sleeps longer
PUT_OFF_S, MAX_BATCH, MOST_HELD_BACK = 5.0, 50, 20  # the last: are looked past for one whom a gateway lets through
NO_ROOM, NOBODY = Room(0, None), PacingDecision(0, None)
_LIMITS = {
    Against.DAILY_CAP: Limit.GATEWAY_CAP,
    Against.GATEWAY_LIMIT: Limit.GATEWAY_LIMIT,
    Against.BREAKER: Limit.GATEWAY_BREAKER,
}
_MISSING, _BARRED = marked("gateway %(name)s does not exist"), marked("gateway %(name)s may not dial this prefix")
_FINAL = {Against.NO_GATEWAY: _MISSING, Against.PREFIX: _BARRED}


class Dialing:
    """`start` runs a named task; `changed` tells the live pages; `watch` is told of calls, too."""

    def __init__(
        self,
        ctx: Context,
        board: Board,
        agents: Agents,
        link: AmiLink,
        *,
        start: Callable[..., object],
        changed: Callable[[], None],
        meter: Meter,
        watch: Watch | None = None,
    ) -> None:
        self._ctx, self.board, self.agents, self.link = ctx, board, agents, link
        self._start, self._changed, self.bell = start, changed, Bell()
        self.feeds = Feeds(ctx, board, "call", start=start, ring=self.bell.ring)
        self.paces = Paces(board, agents, meter, self.feeds.may_have)
        self.breakers = Breakers(lambda: board.voice, ctx.clock)
        self.tracker = Tracker(ctx, self._moved, self.breakers, self.paces, watch or Watch())
        self.decisions = Decisions(agents, link, self.tracker, self.paces)
        self.limits = Limits(self.tracker)
        self.caps = DailyCaps(ctx, board)
        self.contest = Contest(board, agents, self.feeds, self.limits)
        self.limited_by: dict[int, Limit] = {}
        self._held_back: list[ContactRequest] = []
        self._outbox: deque[Plan] = deque()
        self._commit_waits = False
        # First in each round; when to look again.
        self.previews: Callable[[datetime], datetime | None] = lambda _now: None
        self._previews_at: datetime | None = None
        self.ready_agents: Callable[[str], int] = lambda _queue: 0  # on the agent page, of a queue

    async def run(self) -> None:
        while True:
            more = self.round()
            await asyncio.sleep(0)  # what was decided goes on its way first
            if not more:
                await self.bell.wait(self._pause_s())

    def round(self) -> bool:
        """Decide for every queue once and commit what was decided; True if it was a whole batch, so that more may follow."""
        now = self._ctx.clock()
        self._previews_at = self.previews(now)
        plans = self._plan(now)
        self._outbox += plans
        if self._outbox and not self._commit_waits:
            self._commit_waits = True
            self._start(self._commit(), name="intents")
        return len(plans) >= MAX_BATCH

    async def _commit(self) -> None:
        """Protocol steps 4 and 5. Plans that are made while the writer is busy with others go along."""
        plans: list[Plan] = []
        going = await attempts.intend(self._ctx, self._taken(plans))
        for plan in plans:
            if plan.intent.attempt_id in going:
                self._start(self.originate(plan), name=f"originate-{plan.intent.attempt_id}")
        self._give_up([plan for plan in plans if plan.intent.attempt_id not in going])

    async def commit_one(self, plan: Plan) -> bool:
        """Protocol step 4 for a call of its own; False: it was stopped meanwhile, or may not be made yet."""
        going = bool(await attempts.intend(self._ctx, [plan.intent]))
        self._give_up([] if going else [plan])
        return going

    def _give_up(self, plans: Sequence[Plan]) -> None:
        for plan in plans:
            self._forget(plan)
        if plans:
            self._start(self._take_back([plan.intent.request for plan in plans]), name="take-back")

    def _forget(self, plan: Plan) -> None:
        """It was not dialed."""
        self.tracker.forget(plan.intent.attempt_id)
        self.caps.give_back(plan.intent.spent)

    async def _take_back(self, held: Sequence[ContactRequest]) -> None:
        """No intent was written for these. Who came onto a list goes on as refused; the others stay claimed by nobody."""
        refused = await unreachable.refuse_listed(self._ctx, held)
        for campaign_id in {request.campaign_id for request in held}:
            await self.board.refresh(campaign_id)  # first: it may not be as it was when these were planned
        await attempts.put_back(self._ctx, [request for request in held if request.id not in refused])
        for campaign_id in {request.campaign_id for request in held}:
            self._ctx.engine.work_changed(campaign_id)

    def _taken(self, plans: list[Plan]) -> Iterator[Intent]:
        """Empties the outbox into `plans`, in the writer's thread; what comes later waits for the next commit. Not the late."""
        self._commit_waits = False
        while self._outbox:
            plan = self._outbox.popleft()
            plan.begun = self._ctx.clock()
            plans.append(plan)
            if not plan.is_late:
                yield plan.intent

    # -- deciding -------------------------------------------------------------------------------------------------

    def _plan(self, now: datetime) -> list[Plan]:
        plans, self.limited_by = list[Plan](), {}
        for group in self.contest.groups(self.decisions.decide, self._limit, now):
            plans += self._plan_group(group, now, MAX_BATCH - len(plans))
        return plans

    def _plan_group(self, group: Group, now: datetime, most: int) -> list[Plan]:
        """Campaigns that compete for the same agents: one call after the other, by priority and weight."""
        plans, served = list[Plan](), set[int]()
        while group and len(plans) < most:
            turn = self.contest.turns.first(list(group))
            campaign, alone = group[turn], len(group) == 1
            decision = self.decisions.decide(campaign, campaign.queue or "", now)
            wanted = min(decision.originate, most - len(plans) if alone else 1)
            made = self._plan_campaign(campaign, wanted, now) if wanted > 0 else []
            plans += made
            if made:
                served.add(campaign.id)
                self.contest.turns.served(turn, list(group))
            elif wanted > 0:
                self.contest.turns.passed(turn, list(group))
            if alone or not made:
                del group[turn]
            if wanted <= 0:
                others = plans and campaign.id not in served
                self._limit(campaign, Limit.OTHER_CAMPAIGNS if others else decision.limited_by)
        return plans

    def _plan_campaign(self, campaign: Campaign, wanted: int, now: datetime) -> list[Plan]:
        allowed = self.limits.campaign_room(campaign)
        if allowed.calls <= 0:
            self._limit(campaign, allowed.limited_by)
            return []
        wanted, plans = min(wanted, allowed.calls), list[Plan]()
        while len(plans) < wanted and len(self._held_back) < MOST_HELD_BACK:
            taken = self.feeds.take(campaign, wanted - len(plans), now)
            plans += [plan for request in taken if (plan := self._plan_request(campaign, request, now))]
            if not taken:
                break
        for request in reversed(self._held_back):
            self.feeds.give_back(request)  # the last one first: each goes to the head of the line
        self._held_back.clear()
        if not plans and campaign.id not in self.limited_by:
            self._limit(campaign, nothing_due(campaign, now))
        return plans

    def _plan_request(self, campaign: Campaign, request: ContactRequest, now: datetime) -> Plan | None:
        """Protocol step 3: what held when the request was claimed is checked again at the moment of dialing."""
        name, queue = way_of(campaign, request)
        found = self.against(campaign, request, queue, now)
        if found is not None:
            self.hold_back(campaign, request, found, now)
            return None
        return self.plan(campaign, Intent(str(ULID()), request, name, queue, campaign.caller_id), now)

    def against(self, campaign: Campaign, request: ContactRequest, queue: str, now: datetime) -> Against | None:
        """The first thing that stands against the call now, if it is to go to that queue."""
        return next(against(self._facts(campaign, request, way_of(campaign, request)[0], queue, now)), None)

    def plan(self, campaign: Campaign, intent: Intent, now: datetime) -> Plan | None:
        """A call that nothing stands against, with all that it takes up; None: refused, as it can't be said to Asterisk."""
        gateway, request = self.board.voice[intent.gateway], intent.request
        intent = replace(intent, spent=self.caps.spend(intent.gateway, gateway, request.address, now))
        try:
            call = call_of(self._ctx.settings, intent, campaign, gateway)
        except ValueError as fault:
            self._start(attempts.refuse(self._ctx, request, str(fault)), name=f"refuse-{request.id}")
            return None
        self.tracker.expect(intent, now)
        self.limits.spend(campaign, intent.gateway, gateway)
        self.breakers.left(intent.gateway, intent.attempt_id)
        return Plan(intent, call, now)

    def _facts(self, campaign: Campaign, request: ContactRequest, name: str, queue: str, now: datetime) -> CallFacts:
        gateway = self.board.voice.get(name)
        return CallFacts(
            number=request.address,
            gateway=gateway,
            gateway_room=self.limits.gateway_room(name, gateway) if gateway else NO_ROOM,
            is_calling=self.tracker.is_calling(request.address),
            is_open=may_contact(campaign, request.zone, request.address, now),
            breaker_lets=self.breakers.of(name).lets(now),
            cap=self.caps.reached(name, request.address, now),
            queue=None if queue == campaign.queue else self.decisions.decide(campaign, queue, now) if queue else NOBODY,
        )

    def hold_back(self, campaign: Campaign, request: ContactRequest, found: Against, now: datetime) -> None:
        """Refused for good, kept in its place in the line, or put off for a while."""
        name, _ = way_of(campaign, request)
        if found.final:
            refused = attempts.refuse(self._ctx, request, Said(_FINAL[found], name=name))
            self._start(refused, name=f"refuse-{request.id}")
        elif found is Against.DAILY_CAP and (cap := self.caps.reached(name, request.address, now)) and cap.prefix:
            self._limit(campaign, Limit.GATEWAY_CAP)
            self._start(attempts.put_off(self._ctx, request, cap.resets_at), name=f"put-off-{request.id}")
        elif found.of_gateway:
            self._held_back.append(request)
            self._limit(campaign, _LIMITS[found])
        else:
            later = now + timedelta(seconds=PUT_OFF_S)
            self._start(attempts.put_off(self._ctx, request, later), name=f"put-off-{request.id}")

    def _limit(self, campaign: Campaign, reason: Limit | None) -> None:
        if reason is not None:
            self.limited_by[campaign.id] = reason

    # -- acting ---------------------------------------------------------------------------------------------------

    async def originate(self, plan: Plan) -> None:
        """Protocol step 5. The same attempt id is never sent twice."""
        may_leave = await leaving.in_time(self._ctx, plan.intent.request, plan.begun)
        if self.decisions.draining:
            answer: Answer = NotSent(marked("the server is stopping"))
        elif self.tracker.is_barred(plan.intent.attempt_id):
            answer = NotSent(marked("its number has come onto a do-not-contact list"))
        elif may_leave and not plan.is_late and self.board.may_start(plan.intent.request, self._ctx.clock()):
            answer = await self.link.originate(plan.call)
        else:
            answer = NotSent(marked("too late: its campaign may not run any more, or its agent be gone"))
        attempt_id, now = plan.intent.attempt_id, self._ctx.clock()
        if isinstance(answer, NotSent) or (isinstance(answer, Refused) and answer.temporary):
            # Forgotten only then: a resync meanwhile would find its row in the store, and count it as lost.
            await self.withdraw(plan, answer.reason)
        elif isinstance(answer, Refused):
            reason = answer.reason
            self.tracker.update(attempt_id, lambda call: call.refuse(reason, now))
        elif isinstance(answer, Accepted):
            self.tracker.update(attempt_id, lambda call: call.accept(now))
        else:
            # Whether it was dialed is for events and the next resync to tell.
            self.tracker.update(attempt_id, lambda call: call)

    async def withdraw(self, plan: Plan, reason: str) -> None:
        """It was committed and is proven not to have been sent."""
        await attempts.withdraw(self._ctx, plan.intent, reason)
        self._forget(plan)

    # -- waking ---------------------------------------------------------------------------------------------------

    def _moved(self) -> None:
        self.bell.ring()
        self._changed()

    def _pause_s(self) -> float:
        """Until the next wrap-up ends, the next rate token is there, or the next request is due."""
        now = self._ctx.clock()
        waits = [LOOK_AGAIN_S, *seconds_until(self._previews_at, now)]
        for campaign in self.board.active(now):
            if not campaign.queue:
                continue
            for at in (self.agents.next_wrap_up_end(campaign.queue, now), self.feeds.next_look(campaign.id)):
                waits += seconds_until(at, now)
        waits += [*self.limits.waits(), *self.breakers.waits(now)]
        return max(0.0005, min(waits))
