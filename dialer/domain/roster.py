"""Who sits in which queue and is free for it, and which callers wait: what `Agents` keeps up to date, and is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dialer.domain.members import Agent, Counts, Member, QueueSnapshot, Seat
from dialer.domain.pools import Pool, Remembered

#: So many ended calls are remembered, to ignore what comes late about them.
REMEMBERED_CALLS = 8192


@dataclass(slots=True)
class Roster:
    """The state of all queues. `wrap_up_s` is the wrap-up by queue, for queues whose members report none.

    Who leaves `no_answer_limit` calls in a row ringing counts as not free for `no_answer_rest_s` seconds; 0: nobody does.
    """

    wrap_up_s: Mapping[str, int] = field(default_factory=dict)
    no_answer_limit: int = 0
    no_answer_rest_s: float = 300
    known: bool = False
    _agents: dict[str, Agent] = field(default_factory=dict)  # by interface
    _pools: dict[str, Pool] = field(default_factory=dict)  # by queue
    _rung: dict[str, set[str]] = field(default_factory=dict)  # caller's Uniqueid -> interfaces that ring for it
    _talks: dict[str, str] = field(default_factory=dict)  # caller's Uniqueid -> interface
    _ended: Remembered = field(default_factory=lambda: Remembered(REMEMBERED_CALLS))  # see _is_over
    _clocks_agree: bool = False
    _neighbours: dict[str, frozenset[str]] = field(default_factory=dict)  # as far as they were asked for
    _held: set[str] = field(default_factory=set)  # interfaces that previews hold

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

    def next_wrap_up_end(self, queue: str, now: datetime) -> datetime | None:
        """As in `counts`."""
        pool = self._pools.get(queue) if self.known else None
        return pool.next_wrap_up_end(now) if pool else None

    def free(self, queue: str, now: datetime) -> frozenset[str]:
        """The interfaces of a queue's free agents."""
        pool = self._pools.get(queue) if self.known else None
        return pool.free_members(now) if pool else frozenset()

    def member(self, queue: str, interface: str, now: datetime) -> Member | None:
        """One agent as `snapshot` has it; None while nothing is known of it."""
        seated = self.known and self._seat_of(queue, interface) is not None
        return self._agents[interface].view(queue, now) if seated else None

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
        if pool is None or not self.known or len(self._pools) == 1:
            return 0
        return sum(
            min(wanted, pool.shared_free(other, now))
            for name, other in self._pools.items()
            if name != queue and (wanted := self._wanted(name, other, in_flight))
        )

    def rivals(self, queue: str, in_flight: Mapping[str, int]) -> list[tuple[str, int, frozenset[str]]]:
        """Each other queue, how many agents it wants, and which of this queue's may serve it (but for wrap-up)."""
        pool = self._pools.get(queue)
        if pool is None or not self.known:
            return []
        return [
            (name, self._wanted(name, other, in_flight), pool.unblocked() & other.unblocked())
            for name, other in self._pools.items()
            if name != queue
        ]

    def _wanted(self, name: str, pool: Pool, in_flight: Mapping[str, int]) -> int:
        return len(pool.callers) - self._callers_rung(pool) + in_flight.get(name, 0)

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

    def wrap_up(self, queue: str, interface: str) -> int:
        """How long a member is not free after a call from this queue, in seconds; 0 for who sits there no more."""
        seat = self._seat_of(queue, interface)
        return seat.state.wrapup_s or self.wrap_up_s.get(queue, 0) if seat else 0

    def _callers_rung(self, pool: Pool) -> int:
        """Waiting callers with an agent of their own being rung; an agent counts for one caller."""
        taken: set[str] = set()
        for caller in pool.callers:
            for interface in self._rung.get(caller, ()):
                if interface not in taken and caller in self._agents[interface].ringing_for:
                    taken.add(interface)
                    break
        return len(taken)

    def _seat_of(self, queue: str, interface: str) -> Seat | None:
        agent = self._agents.get(interface)
        return agent.seats.get(queue) if agent else None
