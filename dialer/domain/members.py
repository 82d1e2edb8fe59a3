"""One agent as a queue member: the facts of its seats, and every reason why it is not free; and what is asked of a queue."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from dialer.domain.telephony import MemberState, MemberStatus


class NotFree(StrEnum):
    """Why a member cannot take a call."""

    NOT_LOGGED_IN = "not_logged_in"
    UNAVAILABLE = "unavailable"  # the phone cannot be reached, or the device does not exist
    PAUSED = "paused"
    RINGING = "ringing"
    IN_USE = "in_use"
    WRAP_UP = "wrap_up"


_IDLE = frozenset({MemberStatus.UNKNOWN, MemberStatus.NOT_IN_USE})
_AWAY = frozenset({MemberStatus.INVALID, MemberStatus.UNAVAILABLE})
_RINGING = frozenset({MemberStatus.RINGING, MemberStatus.RINGING_IN_USE})
_TALKING = frozenset({MemberStatus.IN_USE, MemberStatus.BUSY, MemberStatus.RINGING_IN_USE, MemberStatus.ON_HOLD})

_PASSING = frozenset({NotFree.RINGING, NotFree.IN_USE})


@dataclass(frozen=True, slots=True)
class Member:
    """A queue member as others see it. Free when there is no reason against it."""

    queue: str
    interface: str
    name: str
    status: MemberStatus
    reasons: tuple[NotFree, ...]
    paused_reason: str = ""
    wrap_up_until: datetime | None = None  # set only while it lasts
    caller: str | None = None  # the Uniqueid of the caller it talks with, if a queue gave it

    @property
    def free(self) -> bool:
        return not self.reasons


@dataclass(frozen=True, slots=True)
class Counts:
    """What pacing needs of a queue. `known` is False until a resync has shown the queue: then nobody is free."""

    queue: str
    known: bool
    free: int
    callers_waiting: int
    next_wrap_up_end: datetime | None  # of a member whom nothing but its wrap-up holds back
    callers_rung: int = 0  # of those who wait: an agent is being rung for them, who counts as not free already
    busy: int = 0  # agents in calls or in wrap-up who come back to this queue alone


@dataclass(frozen=True, slots=True)
class QueueSnapshot:
    """A queue with all its members, each with its reasons; `free` and the rest as in Counts."""

    queue: str
    known: bool
    members: tuple[Member, ...]
    free: int
    callers_waiting: int
    next_wrap_up_end: datetime | None


@dataclass(slots=True)
class Seat:
    """A member in one queue."""

    state: MemberState
    logged_in: bool = True
    wrap_up_until: datetime | None = None

    def take(self, state: MemberState) -> bool:
        """Take a newer state; False for one that is older than what is known (LastCall only grows)."""
        if 0 < state.last_call < self.state.last_call:
            return False
        self.state, self.logged_in = state, True
        return True


@dataclass(slots=True)
class Agent:
    """One interface with its seats in all queues. What it does in one queue counts in all of them."""

    interface: str
    seats: dict[str, Seat] = field(default_factory=dict)  # by queue
    ringing_for: set[str] = field(default_factory=set)  # callers' Uniqueids, from AgentCalled
    talking: bool = False  # from AgentConnect: at once, before the device state tells
    queue: str = ""  # where it got the caller
    caller: str | None = None
    seen_busy: bool = False  # the device state has confirmed the call or the ringing

    def blocked_in(self, queue: str) -> tuple[NotFree, ...]:
        """Every reason but wrap-up, which is a matter of time."""
        seat = self.seats[queue]
        statuses = {other.state.status for other in self.seats.values() if other.logged_in}
        found = (
            (NotFree.NOT_LOGGED_IN, not seat.logged_in),
            (NotFree.UNAVAILABLE, not statuses.isdisjoint(_AWAY)),
            (NotFree.PAUSED, seat.state.paused),
            (NotFree.RINGING, bool(self.ringing_for) or not statuses.isdisjoint(_RINGING)),
            (NotFree.IN_USE, self.talking or not statuses.isdisjoint(_TALKING)),
        )
        return tuple(reason for reason, holds in found if holds)

    def comes_back(self, queue: str) -> bool:
        """Whether nothing but a call, or its wrap-up, keeps it from this queue, the only one it sits in."""
        alone = sum(seat.logged_in for seat in self.seats.values()) == 1
        return alone and _PASSING.issuperset(self.blocked_in(queue))

    def wrap_up_until(self) -> datetime | None:
        """The latest end among its seats: another queue would ring it in its wrap-up, so all of them wait."""
        return max((seat.wrap_up_until for seat in self.seats.values() if seat.wrap_up_until), default=None)

    def status_changed(self, status: MemberStatus) -> None:
        """The device state confirms what the queue said, and once confirmed it also ends it."""
        if status not in _IDLE | _AWAY:
            self.seen_busy = True
        elif self.seen_busy:
            self.seen_busy, self.talking, self.caller = False, False, None
            self.ringing_for.clear()

    def connect(self, queue: str, uniqueid: str | None) -> None:
        self.ringing_for.clear()
        self.talking, self.queue, self.caller = True, queue, uniqueid
        self.seen_busy = any(seat.state.status not in _IDLE | _AWAY for seat in self.seats.values())

    def complete(self) -> None:
        self.ringing_for.clear()
        self.talking, self.caller = False, None

    def view(self, queue: str, now: datetime) -> Member:
        seat, until = self.seats[queue], self.wrap_up_until()
        wrapping = until is not None and now < until
        return Member(
            queue=queue,
            interface=self.interface,
            name=seat.state.name,
            status=seat.state.status,
            reasons=self.blocked_in(queue) + ((NotFree.WRAP_UP,) if wrapping else ()),
            paused_reason=seat.state.paused_reason,
            wrap_up_until=until if wrapping else None,
            caller=self.caller,
        )


def from_epoch(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def wrap_up_end(ended: datetime, wrapup_s: int) -> datetime | None:
    return ended + timedelta(seconds=wrapup_s) if wrapup_s > 0 else None
