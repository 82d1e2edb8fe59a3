"""The reducer against a model of Asterisk: late, doubled and lost events, and a resync; whoever is called free was free."""

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.domain.agents import Agents
from dialer.pacing.progressive import QueueState, decide
from tests.support.queue_model import QUEUES, WRAP_UP, Asterisk, Phone, Seat, Sent

# An event is as late as this at most, and events of different streams overtake each other within it.
LATE_S = 0.05
NAMES = ("anna", "ben", "cleo")

Step = tuple[str, int, int, float, tuple[float, ...], bool]


@dataclass
class Wire:
    """From Asterisk to the reducer: each stream keeps its order; `down` loses everything until the resync.

    `held`: when each condition of being free held last. Events of two queues may overtake each other, so that what the
    reducer sees together never was together: but each part of it was so a moment ago.
    """

    asterisk: Asterisk
    agents: Agents
    queued: dict[str, deque[tuple[datetime, Sent]]] = field(default_factory=dict)
    held: dict[tuple[str, str, str], datetime] = field(default_factory=dict)
    in_flight: Counter[str] = field(default_factory=Counter)
    down: bool = False
    resynced: bool = False
    late_s: float = LATE_S

    def send(self, sent: list[Sent], delays: tuple[float, ...], *, twice: bool) -> None:
        for number, one in enumerate(sent if not self.down else ()):
            line = self.queued.setdefault(one.stream, deque())
            due = self.asterisk.now + timedelta(seconds=min(self.late_s, delays[number % len(delays)]))
            due = max(due, line[-1][0]) if line else due
            line.extend([(due, one)] * (1 + twice))

    def deliver(self, until: datetime) -> None:
        """In the order in which they arrive; after each, the reducer may call nobody free who was not a moment ago."""
        while lines := [line for line in self.queued.values() if line and line[0][0] <= until]:
            due, one = min(lines, key=lambda line: line[0][0]).popleft()
            self.agents.apply(one.event, due)
            self.look(due)

    def note(self) -> None:
        """Before the truth changes: on what grounds somebody is free until now."""
        for queue in QUEUES:
            for ground, names in self.asterisk.grounds(queue, self.asterisk.now).items():
                self.held.update({(ground, queue, name): self.asterisk.now for name in names})

    def look(self, now: datetime) -> None:
        for queue in QUEUES:
            for name in self.agents.free(queue, now) - self.asterisk.free(queue, now) - self._unknowable(now):
                for ground, names in self.asterisk.grounds(queue, now).items():
                    known = now if name in names else self.held.get((ground, queue, name))
                    assert known is not None, (ground, queue, name)
                    assert now - known <= timedelta(seconds=self.late_s), (ground, queue, name, now - known)

    def _unknowable(self, now: datetime) -> set[str]:
        """The wrap-up of a queue as a whole is in no event: with `shared_lastcall`, after a resync that does not show the
        queue of the last call any more, nobody can know it. A member's own is always known.
        """
        if not self.resynced or not self.asterisk.shared_lastcall:
            return set()
        return self.asterisk.wrapping_at_most(now, own=False)

    def settle(self) -> None:
        """Nothing is on its way any more: the reducer knows the truth, all of it, and promises no agent twice."""
        self.asterisk.tick(LATE_S)
        now = self.asterisk.now
        self.deliver(now)
        for queue in QUEUES:
            counts = self.agents.counts(queue, now)
            if self.down:
                assert not counts.known
                assert counts.free == 0
                continue
            free = self.agents.free(queue, now)
            assert counts.free == len(free)
            # Nor does it show which queue gave an agent its last caller: till the longest wrap-up is over it waits for all.
            unclear = self.asterisk.wrapping_at_most(now) if self.resynced else set()
            assert free - self._unknowable(now) <= self.asterisk.free(queue, now) <= free | unclear, queue
            told = counts.callers_waiting - counts.callers_rung
            # An agent who rings again before its idle state came is not known to serve the second caller; nor is one
            # whom a resync shows ringing. Such a caller counts as one who needs another agent: never one too few.
            assert self.asterisk.unserved(queue) <= told <= counts.callers_waiting
            assert told == self.asterisk.unserved(queue) or self.resynced or self.late_s
            assert counts.callers_waiting == sum(its == queue for its in self.asterisk.waiting.values())
        self._claim(now)

    def _claim(self, now: datetime) -> None:
        """As the dialing loop does it: one call after the other, over both queues."""
        for queue in QUEUES * 2:
            counts = self.agents.counts(queue, now)
            elsewhere = self.agents.claimed_elsewhere(queue, self.in_flight, now)
            unserved = counts.callers_waiting - counts.callers_rung
            state = QueueState(counts.known, counts.free, unserved, self.in_flight[queue], elsewhere)
            if decide(state, link_up=not self.down).originate > 0:
                before = self._served(now)
                self.in_flight[queue] += 1
                assert self._served(now) == before + 1, f"the new call of {queue} has no agent of its own"

    def _served(self, now: datetime) -> int:
        """How many calls on their way and callers can be with an agent at the same time, at best."""
        free = {queue: self.asterisk.free(queue, now) for queue in QUEUES}
        wanted = {queue: self.in_flight[queue] + self.asterisk.unserved(queue) for queue in QUEUES}
        one, other = QUEUES
        both = free[one] & free[other]
        only = [min(wanted[queue], len(free[queue] - both)) for queue in QUEUES]
        return sum(only) + min(len(both), sum(wanted.values()) - sum(only))


KINDS = (
    "join", "join", "ring", "ring", "ring", "answer", "answer", "leave_ringing", "hang_up", "hang_up", "own_call", "unplug",
    "pause", "pause_all", "log", "settle", "settle", "drop", "resync",
)  # fmt: skip
delays = st.lists(st.sampled_from((0.0, 0.004, 0.02, LATE_S)), min_size=1, max_size=5).map(tuple)
steps = st.lists(
    st.tuples(
        st.sampled_from(KINDS), st.integers(0, 5), st.integers(0, 1), st.sampled_from((0.0, 0.001, 0.03, 0.7, 4.0, 11.0)),
        delays, st.booleans(),
    ),
    max_size=60,
)  # fmt: skip


def made(*, shared_lastcall: bool, autopause: bool, own_wrap_up: int, late_s: float) -> Wire:
    """Anna sits in both queues, Ben in both, Cleo in one."""
    asterisk = Asterisk(shared_lastcall, autopause)
    for name in NAMES:
        queues = QUEUES[:1] if name == "cleo" else QUEUES
        asterisk.phones[name] = Phone(name, {queue: Seat(own_wrap_up=own_wrap_up) for queue in queues})
    agents = Agents(WRAP_UP)
    agents.resync(asterisk.picture(), asterisk.now)
    return Wire(asterisk, agents, late_s=late_s)


def act(wire: Wire, step: Step) -> None:
    kind, which, queue_no, pause_s, delays, twice = step
    asterisk, name, queue = wire.asterisk, NAMES[which % len(NAMES)], QUEUES[queue_no]
    asterisk.tick(pause_s)
    wire.deliver(asterisk.now)
    wire.look(asterisk.now)
    wire.note()
    sent: list[Sent] = []
    match kind:
        case "join":
            wire.in_flight[queue] = max(0, wire.in_flight[queue] - 1)  # one of ours, if there is one
            sent = asterisk.join(queue)
        case "ring" | "answer" | "leave_ringing" | "own_call" | "unplug":
            sent = getattr(asterisk, kind)(name)
        case "hang_up":
            callers = [*asterisk.waiting, *(one.caller for one in asterisk.phones.values() if one.caller)]
            sent = asterisk.hang_up(callers[which % len(callers)]) if callers else []
        case "pause":
            sent = asterisk.pause(name, (queue,))
        case "pause_all":
            sent = asterisk.pause(name, QUEUES)
        case "log":
            sent = asterisk.log_in_or_out(name, queue)
        case "drop":
            wire.down = True
            wire.queued.clear()
            wire.agents.forget()
        case "resync" if wire.down:
            wire.down = False
            wire.agents.resync(asterisk.picture(), asterisk.now)
            wire.resynced = True
        case "settle":
            wire.settle()
    wire.send(sent, delays, twice=twice)
    wire.deliver(asterisk.now)
    wire.look(asterisk.now)


@pytest.mark.req("D1", "D5")
@settings(max_examples=400, deadline=None)
@given(steps, st.booleans(), st.booleans(), st.sampled_from((0, 6)), st.sampled_from((0.0, LATE_S, LATE_S)))
def test_whoever_is_called_free_is_and_in_the_end_everybody_who_is(
    history: list[Step], shared_lastcall: bool, autopause: bool, own_wrap_up: int, late_s: float
) -> None:
    wire = made(shared_lastcall=shared_lastcall, autopause=autopause, own_wrap_up=own_wrap_up, late_s=late_s)
    for step in history:
        act(wire, step)
    wire.settle()
    wire.asterisk.tick(60)
    wire.settle()
