"""Who is free: queue and member events folded into the state of every agent and every waiting caller.

Asterisk sends no event when a wrap-up ends, so the answer depends on `now`; `Counts.next_wrap_up_end` says when to ask
again. Wherever two readings are possible, the agent counts as not free: a call too late costs seconds, a call too many
leaves a person without an agent.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from dialer.domain import telephony as t
from dialer.domain.members import Agent, Counts, QueueSnapshot, Seat, from_epoch, wrap_up_end
from dialer.domain.pools import Pool

#: Asterisk's clock is taken for ours when it differs by no more than this.
CLOCK_TOLERANCE_S = 2.0
#: So many ended calls are remembered, to ignore what comes late about them.
REMEMBERED_CALLS = 8192


@dataclass(slots=True)
class Agents:
    """The state of all queues. `wrap_up_s` is the wrap-up by queue, for queues whose members report none."""

    wrap_up_s: Mapping[str, int] = field(default_factory=dict)
    known: bool = False
    _agents: dict[str, Agent] = field(default_factory=dict)  # by interface
    _pools: dict[str, Pool] = field(default_factory=dict)  # by queue
    _rung: dict[str, set[str]] = field(default_factory=dict)  # caller's Uniqueid -> interfaces that ring for it
    _talks: dict[str, str] = field(default_factory=dict)  # caller's Uniqueid -> interface
    _ended: OrderedDict[str, None] = field(default_factory=OrderedDict)  # see _is_over
    _clocks_agree: bool = False
    _neighbours: dict[str, frozenset[str]] = field(default_factory=dict)  # as far as they were asked for

    # -- asking ---------------------------------------------------------------------------------------------------

    def queues(self) -> tuple[str, ...]:
        """The queues that Asterisk reports."""
        return tuple(sorted(self._pools))

    def counts(self, queue: str, now: datetime) -> Counts:
        """The figures of one queue, at a cost that does not grow with the number of members."""
        pool = self._pools.get(queue) if self.known else None
        if pool is None:
            return Counts(queue, known=False, free=0, callers_waiting=0, next_wrap_up_end=None)
        rung = self._callers_rung(pool)
        return Counts(queue, True, pool.free(now), len(pool.callers), pool.next_wrap_up_end(now), rung, pool.busy(now))

    def free(self, queue: str, now: datetime) -> frozenset[str]:
        """The interfaces of a queue's free agents."""
        pool = self._pools.get(queue) if self.known else None
        return pool.free_members(now) if pool else frozenset()

    def neighbours(self, queue: str) -> frozenset[str]:
        """Other queues in which a member of this one sits."""
        if queue not in self._neighbours:
            together = (agent.seats.keys() for agent in self._agents.values() if queue in agent.seats)
            self._neighbours[queue] = frozenset(name for seats in together for name in seats) - {queue}
        return self._neighbours[queue]

    def claimed_elsewhere(self, queue: str, in_flight: Mapping[str, int], now: datetime) -> int:
        """How many of a queue's free agents the callers and calls (`in_flight`, by queue) of other queues may take.

        Each other queue takes as many as it needs, from those that sit in both: the worst case, so that no agent is
        promised twice, whichever of them its own queues then ring.
        """
        pool = self._pools.get(queue)
        if pool is None or not self.known:
            return 0
        return sum(min(wanted, pool.shared_free(other, now)) for wanted, other in self._rivals(queue, in_flight))

    def rivals(self, queue: str, in_flight: Mapping[str, int]) -> list[tuple[int, frozenset[str]]]:
        """For each other queue that wants agents: how many, and which of this queue's may serve it (but for wrap-up)."""
        pool = self._pools.get(queue)
        if pool is None or not self.known:
            return []
        return [(wanted, pool.unblocked() & other.unblocked()) for wanted, other in self._rivals(queue, in_flight)]

    def _rivals(self, queue: str, in_flight: Mapping[str, int]) -> Iterator[tuple[int, Pool]]:
        for name, other in self._pools.items():
            if name != queue and (wanted := len(other.callers) - self._callers_rung(other) + in_flight.get(name, 0)):
                yield wanted, other

    def snapshot(self, queue: str, now: datetime) -> QueueSnapshot:
        """The whole queue, for people; costs in proportion to its members."""
        counts = self.counts(queue, now)
        seated = (agent for agent in self._agents.values() if queue in agent.seats)
        members = sorted((agent.view(queue, now) for agent in seated), key=lambda member: member.interface)
        if not counts.known:
            members = []
        return QueueSnapshot(
            queue, counts.known, tuple(members), counts.free, counts.callers_waiting, counts.next_wrap_up_end
        )

    # -- being told -----------------------------------------------------------------------------------------------

    def forget(self) -> None:
        """The link is down or stale: nobody is proven free until the next resync."""
        self.known = False

    def resync(self, live: t.LiveState, now: datetime) -> None:
        """Replace everything by the picture of a resync."""
        self._agents, self._rung, self._talks, self._neighbours, self.known = {}, {}, {}, {}, True
        self._pools = {queue: Pool() for queue in live.queues}
        offset = live.clock_offset_s
        self._clocks_agree = offset is not None and abs(offset) <= CLOCK_TOLERANCE_S
        for member in live.members:
            agent = self._seat(member)
            self._note_last_call(agent.seats[member.queue], now)
            agent.status_changed(member.status)
            if member.in_call:
                agent.connect(member.queue, None)
        for entry in live.entries:
            self._pool(entry.queue).callers.add(entry.uniqueid)
        for agent in self._agents.values():
            self._refresh(agent)

    def apply(self, event: t.Event, now: datetime) -> None:
        """Fold one event in; `now` is when it was received (aware UTC). Others than queue events change nothing."""
        if take := self._TAKES.get(type(event)):
            take(self, event, now)

    def _member_state(self, event: t.MemberState, now: datetime) -> None:
        before = self._seat_of(event.queue, event.interface)
        known_call = before.state.last_call if before else 0
        if before is not None and not before.take(event):
            return
        agent = self._seat(event)
        seat, talked = agent.seats[event.queue], agent.talking
        agent.status_changed(event.status)
        if event.last_call > known_call:
            self._note_last_call(seat, now)
        elif talked and not agent.talking:
            seat.wrap_up_until = wrap_up_end(now, self._wrap_up_of(seat))
        self._refresh(agent)

    def _member_removed(self, event: t.MemberRemoved, now: datetime) -> None:
        del now
        if seat := self._seat_of(event.queue, event.interface):
            seat.logged_in = False
            self._refresh(self._agents[event.interface])

    def _agent_called(self, event: t.AgentCalled, now: datetime) -> None:
        del now
        agent = self._agents.get(event.interface)
        if agent is None or self._is_over(event) or agent.caller == event.uniqueid:
            return
        agent.ringing_for.add(event.uniqueid)
        self._rung.setdefault(event.uniqueid, set()).add(event.interface)
        self._refresh(agent)

    def _agent_ring_no_answer(self, event: t.AgentRingNoAnswer, now: datetime) -> None:
        del now
        if agent := self._agents.get(event.interface):
            agent.ringing_for.discard(event.uniqueid)
            self._refresh(agent)

    def _agent_connect(self, event: t.AgentConnect, now: datetime) -> None:
        del now
        self._stop_ringing(event.uniqueid)
        self._pool(event.queue).callers.discard(event.uniqueid)
        agent = self._agents.get(event.interface)
        if agent is not None and not self._is_over(event):
            agent.connect(event.queue, event.uniqueid)
            self._talks[event.uniqueid] = event.interface
            self._refresh(agent)

    def _agent_complete(self, event: t.AgentComplete, now: datetime) -> None:
        # Not the caller's end: an agent may transfer a caller to another queue.
        self._remember(_talk(event))
        self._talks.pop(event.uniqueid, None)
        agent = self._agents.get(event.interface)
        if agent is not None and agent.caller in {None, event.uniqueid}:
            self._end_talk(agent, now)

    def _queue_caller_join(self, event: t.QueueCallerJoin, now: datetime) -> None:
        del now
        if event.uniqueid not in self._ended:
            self._pool(event.queue).callers.add(event.uniqueid)

    def _queue_caller_leave(self, event: t.QueueCallerLeave, now: datetime) -> None:
        del now
        self._pool(event.queue).callers.discard(event.uniqueid)
        self._stop_ringing(event.uniqueid)

    def _queue_caller_abandon(self, event: t.QueueCallerAbandon, now: datetime) -> None:
        del now
        self._pool(event.queue).callers.discard(event.uniqueid)
        self._stop_ringing(event.uniqueid)

    def _hangup(self, event: t.Hangup, now: datetime) -> None:
        talking = self._agents.get(self._talks.get(event.uniqueid, ""))
        self._remember(event.uniqueid)
        self._talks.pop(event.uniqueid, None)
        self._stop_ringing(event.uniqueid)
        for pool in self._pools.values():
            pool.callers.discard(event.uniqueid)
        if talking is not None and talking.caller == event.uniqueid:
            self._end_talk(talking, now)

    _TAKES: ClassVar[dict[type[t.Event], Callable[[Any, Any, datetime], None]]] = {
        t.MemberState: _member_state,
        t.MemberRemoved: _member_removed,
        t.AgentCalled: _agent_called,
        t.AgentRingNoAnswer: _agent_ring_no_answer,
        t.AgentConnect: _agent_connect,
        t.AgentComplete: _agent_complete,
        t.QueueCallerJoin: _queue_caller_join,
        t.QueueCallerLeave: _queue_caller_leave,
        t.QueueCallerAbandon: _queue_caller_abandon,
        t.Hangup: _hangup,
    }

    # -- upkeep ---------------------------------------------------------------------------------------------------

    def _pool(self, queue: str) -> Pool:
        return self._pools.setdefault(queue, Pool())

    def _callers_rung(self, pool: Pool) -> int:
        """Waiting callers with an agent of their own being rung; an agent counts for one caller."""
        taken: set[str] = set()
        for caller in pool.callers:
            ringing = (
                i for i in self._rung.get(caller, ()) if i not in taken and caller in self._agents[i].ringing_for
            )
            taken |= {interface for interface in (next(ringing, None),) if interface}
        return len(taken)

    def _seat_of(self, queue: str, interface: str) -> Seat | None:
        agent = self._agents.get(interface)
        return agent.seats.get(queue) if agent else None

    def _seat(self, state: t.MemberState) -> Agent:
        agent = self._agents.setdefault(state.interface, Agent(state.interface))
        if state.queue not in agent.seats:
            agent.seats[state.queue] = Seat(state)
            self._neighbours.clear()
        return agent

    def wrap_up(self, queue: str, interface: str) -> int:
        """How long a member is not free after a call from this queue, in seconds; 0 for who sits there no more."""
        seat = self._seat_of(queue, interface)
        return self._wrap_up_of(seat) if seat else 0

    def _wrap_up_of(self, seat: Seat) -> int:
        return seat.state.wrapup_s or self.wrap_up_s.get(seat.state.queue, 0)

    def _note_last_call(self, seat: Seat, now: datetime) -> None:
        if seat.state.last_call == 0:
            return
        by_theirs = from_epoch(seat.state.last_call)
        agrees = self._clocks_agree or abs(now - by_theirs) <= timedelta(seconds=CLOCK_TOLERANCE_S)
        seat.wrap_up_until = wrap_up_end(by_theirs if agrees else now, self._wrap_up_of(seat))

    def _refresh(self, agent: Agent) -> None:
        until = agent.wrap_up_until()
        for queue in agent.seats:
            blocked = bool(agent.blocked_in(queue))
            coming = (blocked or until is not None) and agent.comes_back(queue)
            self._pool(queue).place(agent.interface, blocked=blocked, until=until, coming=coming)

    def _stop_ringing(self, uniqueid: str) -> None:
        for interface in self._rung.pop(uniqueid, ()):
            agent = self._agents[interface]
            agent.ringing_for.discard(uniqueid)
            self._refresh(agent)

    def _end_talk(self, agent: Agent, now: datetime) -> None:
        """The talk is over; its wrap-up runs by our clock until the member's LastCall, milliseconds later, is exact."""
        if not agent.talking:
            return
        seat = agent.seats.get(agent.queue)
        agent.complete()
        if seat is not None:
            seat.wrap_up_until = wrap_up_end(now, self._wrap_up_of(seat))
        self._refresh(agent)

    def _is_over(self, event: t.AgentCalled | t.AgentConnect) -> bool:
        """Whether the event comes late, about a caller who is gone or a talk that has ended."""
        return event.uniqueid in self._ended or _talk(event) in self._ended

    def _remember(self, ended: str) -> None:
        self._ended[ended] = None
        if len(self._ended) > REMEMBERED_CALLS:
            self._ended.popitem(last=False)


def _talk(event: t.AgentCalled | t.AgentConnect | t.AgentComplete) -> str:
    return f"{event.uniqueid} {event.interface}"
