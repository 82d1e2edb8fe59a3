"""What must hold, checked against the wire's ledger and the truth of Asterisk: the invariants I1 to I8.

I1 each attempt id is on the wire at most once; I2 every contact is due, in flight or terminal with a reason; I3 nothing
leaves outside validity or after the answer to pause or end; I4 calls in flight stay within the limit and the free agents;
I5 every attempt reaches a terminal state; I6 what ended never reopens; I7 counters equal the sum of rows; I8 a late or
duplicate event never takes a status back.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from dialer.domain.windows import Validity
from dialer.operations import campaigns
from dialer.operations.trail_check import trail_check
from dialer.store.tables import attempt, campaign, enrollment, live_answers
from tests.support.invariants import check
from tests.world.ledger import Sent
from tests.world.plan import CampaignPlan
from tests.world.store import FILES

#: How long a change at Asterisk may take until a call that was decided before it leaves.
KNOWN_AFTER_S = 3.0
#: A call within so many seconds of a disturbance may have become anything that its events can't tell.
AROUND_S = 5.0


@dataclass
class _Promise:
    """What was asked and answered of one campaign."""

    plan: CampaignPlan
    stopped_at: float | None = None  # answered; None while it may run
    ended: bool = False
    untils: list[datetime | None] = field(default_factory=lambda: [None])  # those that may hold
    limits: list[int | None] = field(default_factory=list)


class Oracle:
    def __init__(self, world: Any) -> None:
        self._world = world
        self._promises: dict[int, _Promise] = {}
        self._faults: list[str] = []
        self._disturbances: list[list[float]] = []
        self._view = FILES.open(str(world.path))
        self._outcomes: dict[str, str] = {}
        self._done: set[int] = set()
        self._ended: set[int] = set()
        self._in_campaign: dict[str, set[int]] = {}

    # -- told by the world ----------------------------------------------------------------------------------------

    @property
    def campaigns(self) -> list[int]:
        return list(self._promises)

    def running(self) -> list[int]:
        return [one for one, promise in self._promises.items() if not promise.ended]

    def campaign(self, campaign_id: int, plan: CampaignPlan) -> None:
        self._promises[campaign_id] = _Promise(plan, limits=[plan.fields.get("max_concurrent_calls")])
        for number in plan.numbers:
            self._in_campaign.setdefault(number, set()).add(campaign_id)

    @contextmanager
    def disturbance(self) -> Iterator[None]:
        """While it lasts events may be missing, and what became of a call may be unknown."""
        one = [self._world.loop.time(), float("inf")]
        self._disturbances.append(one)
        yield
        one[1] = self._world.loop.time()

    async def stop(self, campaign_id: int, how: str, in_process: Any) -> None:
        promise = self._promises[campaign_id]
        self._world.ledger.note(how, campaign_id)
        if await in_process(getattr(campaigns, how), campaign_id):
            self._world.ledger.note(f"{how} answered", campaign_id)
            promise.stopped_at = self._world.loop.time()
            promise.ended = promise.ended or how == "end"

    async def publish(self, campaign_id: int, in_process: Any) -> None:
        promise = self._promises[campaign_id]
        self._world.ledger.note("publish", campaign_id)
        if not promise.ended:
            promise.stopped_at = None  # from here on it may have come to pass
        await in_process(campaigns.publish, campaign_id)

    async def valid_until(self, campaign_id: int, until: datetime | None, in_process: Any) -> None:
        promise = self._promises[campaign_id]
        promise.untils.append(until)
        self._world.ledger.note("valid until", campaign_id, until)
        if await in_process(campaigns.edit, campaign_id, {"validity": Validity(None, until)}):
            promise.untils = [until]

    async def limit(self, campaign_id: int, limit: int | None, in_process: Any) -> None:
        promise = self._promises[campaign_id]
        promise.limits.append(limit)
        self._world.ledger.note("limit", campaign_id, limit)
        if await in_process(campaigns.edit, campaign_id, {"max_concurrent_calls": limit}):
            promise.limits = [limit]

    def sent(self, sent: Sent) -> None:
        """At the moment of writing: I3 and I4."""
        self._check_promises(sent)
        self._check_agents(sent)

    def _check_promises(self, sent: Sent) -> None:
        may = [self._promises[one] for one in self._in_campaign.get(sent.number, ())]
        now = self._world.loop.now()
        if may and all(one.stopped_at is not None for one in may):
            self._fault(f"I3 {sent.attempt} left {sent.at:.6f}, after the answer to a stop")
        if may and all(all(until is not None and until < now for until in one.untils) for one in may):
            self._fault(f"I3 {sent.attempt} left at {sent.at:.6f}, after the validity was over")

    def _check_agents(self, sent: Sent) -> None:
        """Calls to its queue that no agent has yet, against the most who were free for that queue a moment ago.

        Each queue by itself: one that rings an agent of another one too leaves that one a call too many, and may still have
        an agent of its own to be called for.
        """
        pbx, since = self._world.pbx, sent.at - KNOWN_AFTER_S
        if self._disturbed_between(sent.at - AROUND_S, sent.at):
            return
        pbx.note_free()
        on_way = [one for one in self._world.ledger.sent if one.attempt not in pbx.truths and one.queue == sent.queue]
        ours = [call for call in pbx.calls.values() if call.attempt in pbx.truths and call.queue == sent.queue]
        unserved = [call for call in ours if call.agent is None]
        told = pbx.free_was[sent.queue]
        before = [figure for at, figure in told if at <= since][-1:]
        free = max(0, *before, *(figure for at, figure in told if at > since), 0)
        recent = [one for one in on_way if one.at > since]
        # Those who were answered and wait were promised an agent who was taken away: counted among the agents already.
        waiting = sum(call.attempt in pbx.waiting for call in ours)
        if len(recent) + len(unserved) - waiting > free:
            self._fault(
                f"I4 {sent.attempt}: {len(recent)} leave and {len(unserved)} are unserved for {free} free agents"
            )

    def _fault(self, fault: str) -> None:
        self._world.ledger.note("FAULT", fault)
        self._faults.append(fault)

    # -- looking at the store -------------------------------------------------------------------------------------

    def _rows(self, *columns: Any) -> list[Any]:
        return list(self._view.execute(select(*columns)))

    def close(self) -> None:
        self._view.close()

    async def look(self) -> None:
        """I6, I8: what has ended once stays as it was."""
        for id_, outcome in self._rows(attempt.c.id, attempt.c.outcome):
            if self._outcomes.setdefault(id_, outcome) not in {None, outcome}:
                self._fault(f"I8 attempt {id_} was {self._outcomes[id_]} and is {outcome}")
            self._outcomes[id_] = outcome
        done = {row.id for row in self._rows(enrollment.c.id, enrollment.c.state) if row.state == "done"}
        ended = {row.id for row in self._rows(campaign.c.id, campaign.c.status) if row.status == "ended"}
        for name, before, now in (("enrollment", self._done, done), ("campaign", self._ended, ended)):
            if gone := before - now:
                self._fault(f"I6 {name} {sorted(gone)} had ended and has reopened")
        self._done, self._ended = done, ended

    async def all_done(self) -> bool:
        rows = self._rows(enrollment.c.campaign_id, enrollment.c.state)
        running = set(self.running())
        open_ = any(row.state != "done" for row in rows if row.campaign_id in running)
        attempts = self._rows(attempt.c.state)
        return not open_ and all(row.state == "ended" for row in attempts)

    async def stuck(self) -> str:
        rows = self._rows(enrollment.c.id, enrollment.c.campaign_id, enrollment.c.state, enrollment.c.node)
        left = [tuple(row) for row in rows if row.state not in {"done", "stopped"}]
        attempts = [tuple(row) for row in self._rows(attempt.c.id, attempt.c.state) if row.state != "ended"]
        limited = self._world.engine.dialing.limited_by
        return f"enrollments {left[:10]}, attempts {attempts[:5]}, link {self._world.engine.link.state}, {limited}"

    async def judge(self) -> None:
        """Everything that can be said at the end."""
        await self.look()
        self._note_rows(self._rows(attempt.c.id, attempt.c.number, attempt.c.outcome, attempt.c.agent))
        self._check_meter(
            self._rows(attempt.c.campaign_id, attempt.c.outcome),
            self._rows(live_answers.c.campaign_id, live_answers.c.answered, live_answers.c.abandoned),
        )
        self._check_wire(self._rows(attempt.c.id, attempt.c.number, attempt.c.state, attempt.c.outcome))
        assert not self._faults, "\n".join(self._faults)
        await check(self._world.db, settled=True)
        told = [one async for some in trail_check(self._world.ctx) for one in some]
        assert not [one for one in told if one.faults], [one for one in told if one.faults][:3]

    def _note_rows(self, rows: list[Any]) -> None:
        for row in rows:
            self._world.ledger.note("row", *row)

    def _check_meter(self, rows: list[Any], counted: list[Any]) -> None:
        """I7: what was counted at each end is what the attempts add up to."""
        for campaign_id in self._promises:
            outcomes = Counter(row.outcome for row in rows if row.campaign_id == campaign_id)
            is_ = [sum(row[n] for row in counted if row.campaign_id == campaign_id) for n in (1, 2)]
            told = [outcomes["answered"] + outcomes["abandoned"], outcomes["abandoned"]]
            if is_ != told:
                self._fault(f"I7 campaign {campaign_id} counts {is_} live answers and abandoned, its attempts {told}")

    def _check_wire(self, rows: list[Any]) -> None:
        """I1, I5, and that the store tells of each call what became of it."""
        sent = Counter(one.attempt for one in self._world.ledger.sent)
        arrived = Counter(one.attempt_id for one in self._world.peer.originates)
        for name, counted in (("written", sent), ("received", arrived)):
            for id_, times in counted.items():
                if times > 1:
                    self._fault(f"I1 {id_} was {name} {times} times")
        stored = {row.id: row for row in rows}
        refused = set(self._world.peer.refused)  # by an Asterisk that was about to stop: their turn came again
        for id_ in sorted(sent.keys() - stored.keys() - refused):
            self._fault(f"I1 {id_} was written, and the store does not know it")
        for number in self._world.pbx.doubles:
            self._fault(f"D6 {number} was called while it was in a call")
        for row in rows:
            if row.state != "ended" or row.outcome is None:
                self._fault(f"I5 {row.id} is {row.state} with the outcome {row.outcome}")
            elif fault := self._outcome_fault(row):
                self._fault(fault)

    def _outcome_fault(self, row: Any) -> str | None:
        truth = self._world.pbx.truths.get(row.id)
        if truth is None:
            return None if row.outcome == "lost" else f"{row.id} never reached Asterisk and is {row.outcome}"
        if truth.outcome == row.outcome or self._was_disturbed(truth.at, truth.over_at):
            return None
        return f"{row.id} is {row.outcome}, in truth {truth.outcome} ({truth.at:.3f} to {truth.over_at})"

    def _was_disturbed(self, begin: float, end: float | None) -> bool:
        end = self._world.loop.time() if end is None else end
        return self._disturbed_between(begin - AROUND_S, end + AROUND_S)

    def _disturbed_between(self, begin: float, end: float) -> bool:
        return any(one[0] <= end and begin <= one[1] for one in self._disturbances)
