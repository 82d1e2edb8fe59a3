"""Who is free: queue and member events folded into the state of every agent and every waiting caller.

Asterisk sends no event when a wrap-up ends, so the answer depends on `now`; `Counts.next_wrap_up_end` says when to ask
again. Wherever two readings are possible, the agent counts as not free: a call too late costs seconds, a call too many
leaves a person without an agent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from dialer.domain import telephony as t
from dialer.domain.members import AT_WORK, Agent, Seat, from_epoch, wrap_up_end
from dialer.domain.pools import Pool
from dialer.domain.roster import Roster

#: Asterisk's clock is taken for ours when it differs by no more than this.
CLOCK_TOLERANCE_S = 2.0


@dataclass(slots=True)
class Agents(Roster):
    """The state of all queues, kept by events."""

    # -- being told -----------------------------------------------------------------------------------------------

    def forget(self) -> None:
        """The link is down or stale: nobody is proven free until the next resync."""
        self.known = False

    def hold(self, interface: str, now: datetime, *, held: bool) -> None:
        """Take an agent for a preview, or give it back: held, it is free for nothing else."""
        (self._held.add if held else self._held.discard)(interface)
        if agent := self._agents.get(interface):
            agent.held = held
            self._refresh(agent, now)

    def resync(self, live: t.LiveState, now: datetime) -> None:
        """Replace everything by the picture of a resync; who is seen to do what it did before has done it since then."""
        courses = {
            (name, queue): seat.course for name, agent in self._agents.items() for queue, seat in agent.seats.items()
        }
        self._agents, self._rung, self._talks, self._neighbours, self.known = {}, {}, {}, {}, True
        self._pools = {queue: Pool() for queue in live.queues}
        offset = live.clock_offset_s
        self._clocks_agree = offset is not None and abs(offset) <= CLOCK_TOLERANCE_S
        for member in live.members:
            agent = self._seat(member)
            agent.seats[member.queue].course = courses.get((member.interface, member.queue), ())
            self._note_last_call(agent, agent.seats[member.queue], now)
            agent.status_changed(member.status)
            if member.in_call:
                agent.connect(member.queue, None)
        for entry in live.entries:
            self._pool(entry.queue).callers.add(entry.uniqueid)
        for agent in self._agents.values():
            agent.queue = agent.queue or agent.last_queue()
            self._refresh(agent, now)

    def apply(self, event: t.Event, now: datetime) -> None:
        """Fold one event in; `now` is when it was received (aware UTC). Others than queue events change nothing."""
        if take := self._TAKES.get(type(event)):
            take(self, event, now)

    def _member_state(self, event: t.MemberState, now: datetime) -> None:
        before = self._seat_of(event.queue, event.interface)
        was_there = before is not None and before.logged_in
        known_call = before.state.last_call if before and was_there else 0
        was_paused = before.state.paused if before and was_there else event.paused
        if before is not None and was_there and not before.take(event):
            return
        agent = self._seat(event)
        seat, talked = agent.seats[event.queue], agent.talking
        agent.status_changed(event.status)
        if event.status in AT_WORK or was_paused != event.paused or not was_there:
            agent.showed_life()
        if event.last_call > known_call:
            self._note_last_call(agent, seat, now)
        elif talked and not agent.talking:
            self._begin_wrap_up(agent, now)
        self._refresh(agent, now)

    def _member_removed(self, event: t.MemberRemoved, now: datetime) -> None:
        if seat := self._seat_of(event.queue, event.interface):
            seat.logged_in = False
            self._refresh(self._agents[event.interface], now)

    def _agent_called(self, event: t.AgentCalled, now: datetime) -> None:
        agent = self._agents.get(event.interface)
        if agent is None or self._is_over(event) or agent.caller == event.uniqueid:
            return
        agent.ringing_for.add(event.uniqueid)
        agent.called_for.add(event.uniqueid)
        self._rung.setdefault(event.uniqueid, set()).add(event.interface)
        self._refresh(agent, now)

    def _agent_ring_no_answer(self, event: t.AgentRingNoAnswer, now: datetime) -> None:
        agent = self._agents.get(event.interface)
        if agent is None:
            return
        if event.uniqueid in agent.called_for:
            agent.unanswered += 1
        agent.called_for.discard(event.uniqueid)
        agent.ringing_for.discard(event.uniqueid)
        if self.no_answer_limit and agent.unanswered >= self.no_answer_limit:
            agent.rests_until = now + timedelta(seconds=self.no_answer_rest_s)
        self._refresh(agent, now)

    def _agent_connect(self, event: t.AgentConnect, now: datetime) -> None:
        self._stop_ringing(event.uniqueid, now)
        self._pool(event.queue).callers.discard(event.uniqueid)
        agent = self._agents.get(event.interface)
        if agent is not None and not self._is_over(event):
            agent.showed_life()
            agent.connect(event.queue, event.uniqueid)
            for seat in agent.seats.values():  # a talk so short that its LastCall came first
                self._note_last_call(agent, seat, now)
            self._talks[event.uniqueid] = event.interface
            self._refresh(agent, now)

    def _agent_complete(self, event: t.AgentComplete, now: datetime) -> None:
        # Not the caller's end: an agent may transfer a caller to another queue.
        self._ended.add(_talk(event))
        self._talks.pop(event.uniqueid, None)
        agent = self._agents.get(event.interface)
        if agent is not None and agent.caller in {None, event.uniqueid}:
            self._end_talk(agent, now)

    def _queue_caller_join(self, event: t.QueueCallerJoin, now: datetime) -> None:
        del now
        if event.uniqueid not in self._ended:
            self._pool(event.queue).callers.add(event.uniqueid)

    def _queue_caller_leave(self, event: t.QueueCallerLeave | t.QueueCallerAbandon, now: datetime) -> None:
        self._pool(event.queue).callers.discard(event.uniqueid)
        self._stop_ringing(event.uniqueid, now)

    def _hangup(self, event: t.Hangup, now: datetime) -> None:
        talking = self._agents.get(self._talks.get(event.uniqueid, ""))
        self._ended.add(event.uniqueid)
        self._talks.pop(event.uniqueid, None)
        self._stop_ringing(event.uniqueid, now)
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
        t.QueueCallerAbandon: _queue_caller_leave,
        t.Hangup: _hangup,
    }

    # -- upkeep ---------------------------------------------------------------------------------------------------

    def _pool(self, queue: str) -> Pool:
        if (pool := self._pools.get(queue)) is None:
            pool = self._pools[queue] = Pool()
        return pool

    def _seat(self, state: t.MemberState) -> Agent:
        if (agent := self._agents.get(state.interface)) is None:
            agent = self._agents[state.interface] = Agent(state.interface, held=state.interface in self._held)
        if state.queue not in agent.seats or not agent.seats[state.queue].logged_in:
            agent.seats[state.queue] = Seat(state)  # who comes anew has had no call, for Asterisk
            self._neighbours.clear()
        return agent

    def _wrap_up_of(self, agent: Agent, seat: Seat) -> int:
        """The member's own, or that of the queue which gave it its last caller (app_queue.c, `lastqueue`)."""
        return seat.state.wrapup_s or self.wrap_up_s.get(agent.queue or seat.state.queue, 0)

    def _note_last_call(self, agent: Agent, seat: Seat, now: datetime) -> None:
        if seat.state.last_call == 0:
            return
        by_theirs = from_epoch(seat.state.last_call)
        agrees = self._clocks_agree or abs(now - by_theirs) <= timedelta(seconds=CLOCK_TOLERANCE_S)
        seat.wrap_up_until = wrap_up_end(by_theirs if agrees else now, self._wrap_up_of(agent, seat))

    def _refresh(self, agent: Agent, now: datetime) -> None:
        for queue in agent.seats:
            reasons, until = agent.blocked_in(queue), agent.held_until(queue)
            agent.go_on(queue, reasons, now)
            coming = (bool(reasons) or until is not None) and agent.comes_back(reasons)
            self._pool(queue).place(agent.interface, blocked=bool(reasons), until=until, coming=coming)

    def _stop_ringing(self, uniqueid: str, now: datetime) -> None:
        for interface in self._rung.pop(uniqueid, ()):
            agent = self._agents[interface]
            agent.ringing_for.discard(uniqueid)
            agent.called_for.discard(uniqueid)  # the caller gave up, or somebody else answered
            self._refresh(agent, now)

    def _end_talk(self, agent: Agent, now: datetime) -> None:
        """The talk is over; its wrap-up runs by our clock until the member's LastCall, milliseconds later, is exact."""
        if not agent.talking:
            return
        agent.complete()
        self._begin_wrap_up(agent, now)
        self._refresh(agent, now)

    def _begin_wrap_up(self, agent: Agent, now: datetime) -> None:
        seat = agent.seats.get(agent.queue)
        if seat is not None and (seat.wrap_up_until is None or seat.wrap_up_until <= now):
            seat.wrap_up_until = wrap_up_end(now, self._wrap_up_of(agent, seat))

    def _is_over(self, event: t.AgentCalled | t.AgentConnect) -> bool:
        """Whether the event comes late, about a caller who is gone or a talk that has ended."""
        return event.uniqueid in self._ended or _talk(event) in self._ended


def _talk(event: t.AgentCalled | t.AgentConnect | t.AgentComplete) -> str:
    return f"{event.uniqueid} {event.interface}"
