"""What must hold, checked against the wire's ledger and the truth of Asterisk: the invariants I1 to I8.

I1 each attempt id is on the wire at most once; I2 every contact is due, in flight or terminal with a reason; I3 nothing
leaves outside validity or after the answer to pause or end; I4 calls in flight stay within the limit and the free agents;
I5 every attempt reaches a terminal state; I6 what ended never reopens; I7 counters equal the sum of rows; I8 a late or
duplicate event never takes a status back.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from dialer.operations.trail_check import trail_check
from dialer.store.tables import attempt, campaign, contact_request, enrollment, live_answers, message, trail
from tests.support.invariants import check
from tests.world.court import Court
from tests.world.desks import PREVIEW
from tests.world.ledger import Sent
from tests.world.powers import Powers
from tests.world.promises import Promises
from tests.world.store import FILES

#: How long a change at Asterisk may take until a call that was decided before it leaves.
KNOWN_AFTER_S = 3.0
#: A call within so many seconds of a disturbance may have become anything that its events can't tell.
AROUND_S = 5.0
#: No strategy here waits so long: who is due later was put off.
A_WHILE = timedelta(minutes=10)


class Oracle:
    def __init__(self, world: Any) -> None:
        self._world = world
        self._faults: list[str] = []
        self.powers = Powers(world)
        self.promises = Promises(world, self.fault)
        self._disturbances: list[list[float]] = []
        self._view = FILES.open(str(world.path))
        self._outcomes: dict[str, str] = {}
        self._done: set[int] = set()
        self._ended: set[int] = set()

    # -- told by the world ----------------------------------------------------------------------------------------

    @contextmanager
    def disturbance(self) -> Iterator[None]:
        """While it lasts events may be missing, and what became of a call may be unknown."""
        one = [self._world.loop.time(), float("inf")]
        self._disturbances.append(one)
        yield
        one[1] = self._world.loop.time()

    def sent(self, sent: Sent) -> None:
        """At the moment of writing: I3 and I4."""
        self.promises.sent(sent)
        if fault := self._world.desks.fault(sent):
            self.fault(f"C2 {sent.attempt} {fault}")
        if sent.queue != PREVIEW:
            self._check_agents(sent)

    def _check_agents(self, sent: Sent) -> None:
        """Calls to its queue that no agent has yet, against the most who were free for that queue a moment ago.

        Each queue by itself: one that rings an agent of another one too leaves that one a call too many, and may still have
        an agent of its own to be called for.
        """
        pbx, since = self._world.pbx, sent.at - KNOWN_AFTER_S
        if self.disturbed_between(sent.at - AROUND_S, sent.at):
            return
        pbx.note_free()
        lines, free = self._unserved(sent.queue, since), self._most_free(sent.queue, since)
        if lines > free:
            against = self.powers.fault(sent, lines, pbx.sharing(sent.queue))
            if against is not None:
                self.fault(f"I4 {sent.attempt}: {lines} are unserved for {free} free agents{against}")

    def _unserved(self, queue: str, since: float) -> int:
        """Calls on their way to an agent. Who waits was promised one who was taken away, and counts among the agents already."""
        pbx = self._world.pbx
        leave = sum(one.queue == queue and one.attempt not in pbx.truths for one in self._world.ledger.recent(since))
        calls = [call for call in pbx.calls.values() if call.queue == queue and call.attempt in pbx.truths]
        return leave + sum(call.agent is None and call.attempt not in pbx.waiting for call in calls)

    def _most_free(self, queue: str, since: float) -> int:
        told = self._world.pbx.free_was[queue]
        before = [figure for at, figure in told if at <= since][-1:]
        return max(0, *before, *(figure for at, figure in told if at > since), 0)

    def fault(self, fault: str) -> None:
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
                self.fault(f"I8 attempt {id_} was {self._outcomes[id_]} and is {outcome}")
            self._outcomes[id_] = outcome
        done = {row.id for row in self._rows(enrollment.c.id, enrollment.c.state) if row.state == "done"}
        ended = {row.id for row in self._rows(campaign.c.id, campaign.c.status) if row.status == "ended"}
        for name, before, now in (("enrollment", self._done, done), ("campaign", self._ended, ended)):
            if gone := before - now:
                self.fault(f"I6 {name} {sorted(gone)} had ended and has reopened")
        self._done, self._ended = done, ended

    async def all_done(self) -> bool:
        rows = self._rows(enrollment.c.campaign_id, enrollment.c.state, enrollment.c.request_id)
        running, resting = set(self.promises.running()), self._put_off()
        open_ = [row for row in rows if row.campaign_id in running and row.state != "done"]
        attempts = self._rows(attempt.c.state)
        return all(row.request_id in resting for row in open_) and all(row.state == "ended" for row in attempts)

    def _put_off(self) -> set[int]:
        """Requests that wait for another day, or longer than any strategy here waits."""
        until = self._world.loop.now() + A_WHILE
        rows = self._rows(contact_request.c.id, contact_request.c.state, contact_request.c.due_at)
        return {row.id for row in rows if row.state == "pending" and row.due_at > until}

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
        self._check_texts(self._rows(message.c.text, message.c.address, message.c.status))
        for fault in Court(self._world).faults(dict(self._rows(attempt.c.id, attempt.c.campaign_id))):
            self.fault(fault)
        assert not self._faults, "\n".join(self._faults)
        await check(self._world.db, settled=True)
        told = [one async for some in trail_check(self._world.ctx) for one in some]
        assert not [one for one in told if one.faults], [one for one in told if one.faults][:3]

    def _note_rows(self, rows: list[Any]) -> None:
        for row in rows:
            self._world.ledger.note("row", *row)
        told = Counter(f"trail {row.kind}" for row in self._rows(trail.c.kind))
        told += Counter(f"outcome {row.outcome}" for row in rows)
        for what, times in sorted(told.items()):
            self._world.ledger.note(what, times)

    def _check_meter(self, rows: list[Any], counted: list[Any]) -> None:
        """I7: what was counted at each end is what the attempts add up to."""
        for campaign_id in self.promises:
            outcomes = Counter(row.outcome for row in rows if row.campaign_id == campaign_id)
            is_ = [sum(row[n] for row in counted if row.campaign_id == campaign_id) for n in (1, 2)]
            told = [outcomes["answered"] + outcomes["abandoned"], outcomes["abandoned"]]
            if is_ != told:
                self.fault(f"I7 campaign {campaign_id} counts {is_} live answers and abandoned, its attempts {told}")

    def _check_wire(self, rows: list[Any]) -> None:
        """I1, I5, and that the store tells of each call what became of it."""
        sent = Counter(one.attempt for one in self._world.ledger.sent)
        arrived = Counter(one.attempt_id for one in self._world.peer.originates)
        for name, counted in (("written", sent), ("received", arrived)):
            for id_, times in counted.items():
                if times > 1:
                    self.fault(f"I1 {id_} was {name} {times} times")
        stored = {row.id: row for row in rows}
        refused = set(self._world.peer.refused)  # by an Asterisk that was about to stop: their turn came again
        for id_ in sorted(sent.keys() - stored.keys() - refused):
            self.fault(f"I1 {id_} was written, and the store does not know it")
        for number in self._world.pbx.doubles:
            self.fault(f"D6 {number} was called while it was in a call")
        for row in rows:
            if row.state != "ended" or row.outcome is None:
                self.fault(f"I5 {row.id} is {row.state} with the outcome {row.outcome}")
            elif fault := self._outcome_fault(row):
                self.fault(fault)

    def _check_texts(self, rows: list[Any]) -> None:
        """I1: nobody gets a text twice; and none is accepted or delivered that the SMS centre does not have."""
        taken = Counter((one.number, one.text) for one in self._world.smsc.taken)
        for (number, text), times in taken.items():
            if times > 1:
                self.fault(f"I1 the text {text!r} for {number} was taken {times} times")
        for row in rows:
            self._world.ledger.note(f"message {row.status}", row.address)
            if row.status in {"submitted", "delivered", "undelivered"} and not taken[row.address, row.text]:
                self.fault(f"the text {row.text!r} for {row.address} is {row.status}, and was never taken")
            if row.status == "pending":
                self.fault(f"I5 the text {row.text!r} for {row.address} is pending")

    def _outcome_fault(self, row: Any) -> str | None:
        truth = self._world.pbx.truths.get(row.id)
        if truth is None:
            return None if row.outcome == "lost" else f"{row.id} never reached Asterisk and is {row.outcome}"
        if truth.outcome == row.outcome or self.was_disturbed(truth.at, truth.over_at):
            return None
        return f"{row.id} is {row.outcome}, in truth {truth.outcome} ({truth.at:.3f} to {truth.over_at})"

    def was_disturbed(self, begin: float, end: float | None) -> bool:
        end = self._world.loop.time() if end is None else end
        return self.disturbed_between(begin - AROUND_S, end + AROUND_S)

    def disturbed_between(self, begin: float, end: float) -> bool:
        return any(one[0] <= end and begin <= one[1] for one in self._disturbances)
