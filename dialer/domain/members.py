"""One agent as a queue member: the facts of its seats, and every reason why it is not free; and what is asked of a queue."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from dialer.domain.doing import Course, at, go_on
from dialer.domain.record import record
from dialer.domain.telephony import MemberState, MemberStatus


class NotFree(StrEnum):
    """Why a member cannot take a call."""

    NOT_LOGGED_IN = "not_logged_in"
    UNAVAILABLE = "unavailable"  # the phone cannot be reached, or the device does not exist
    PAUSED = "paused"
    RINGING = "ringing"
    IN_USE = "in_use"
    NOT_ANSWERING = "not_answering"  # has left several calls in a row ringing, and rests
    WRAP_UP = "wrap_up"
    PREVIEW = "preview"  # a contact is offered to it, or it has accepted one


_IDLE = frozenset({MemberStatus.UNKNOWN, MemberStatus.NOT_IN_USE})
_AWAY = frozenset({MemberStatus.INVALID, MemberStatus.UNAVAILABLE})
_RINGING = frozenset({MemberStatus.RINGING, MemberStatus.RINGING_IN_USE})
#: The agent took a call or made one.
AT_WORK = frozenset({MemberStatus.IN_USE, MemberStatus.BUSY, MemberStatus.RINGING_IN_USE, MemberStatus.ON_HOLD})

#: Of several reasons the one that tells what an agent does.
TELLING = (
    NotFree.NOT_LOGGED_IN, NotFree.IN_USE, NotFree.RINGING, NotFree.PREVIEW, NotFree.UNAVAILABLE, NotFree.PAUSED,
    NotFree.NOT_ANSWERING, NotFree.WRAP_UP,
)  # fmt: skip
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
    rests_until: datetime | None = None  # the same, of not answering
    caller: str | None = None  # the Uniqueid of the caller it talks with, if a queue gave it
    since: datetime | None = None  # when it began to do what it does, or was first seen to

    @property
    def doing(self) -> NotFree | None:
        """What it does, in one word; None: it is free."""
        return telling(self.reasons)

    @property
    def free(self) -> bool:
        return not self.reasons


def telling(reasons: Collection[NotFree]) -> NotFree | None:
    return next((one for one in TELLING if one in reasons), None) if reasons else None


@record
class Counts:
    """What pacing needs of a queue. `known` is False until a resync has shown the queue: then nobody is free."""

    queue: str
    known: bool
    free: int
    callers_waiting: int
    next_wrap_up_end: datetime | None  # of a member whom nothing but time holds back: its wrap-up, or its rest
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
    course: Course = ()

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
    queue: str = ""  # where it got the last caller, "" when unknown
    caller: str | None = None
    held: bool = False  # for a preview
    seen_busy: bool = False  # the device state has confirmed the call or the ringing
    called_for: set[str] = field(
        default_factory=set
    )  # callers' Uniqueids that it has neither answered nor left ringing yet
    unanswered: int = 0  # calls in a row that it left ringing
    rests_until: datetime | None = None

    def blocked_in(self, queue: str) -> tuple[NotFree, ...]:
        """Every reason but wrap-up, which is a matter of time."""
        seat, away, ringing, in_use = self.seats[queue], False, bool(self.ringing_for), self.talking
        for other in self.seats.values():
            if other.logged_in and (status := other.state.status) not in _IDLE:
                away = away or status in _AWAY
                ringing = ringing or status in _RINGING
                in_use = in_use or status in AT_WORK
        free = seat.logged_in and not (away or seat.state.paused or ringing or in_use or self.held)
        return (
            ()
            if free
            else tuple(
                reason
                for reason, holds in (
                    (NotFree.NOT_LOGGED_IN, not seat.logged_in),
                    (NotFree.UNAVAILABLE, away),
                    (NotFree.PAUSED, seat.state.paused),
                    (NotFree.RINGING, ringing),
                    (NotFree.IN_USE, in_use),
                    (NotFree.PREVIEW, self.held),
                )
                if holds
            )
        )

    def comes_back(self, reasons: Collection[NotFree]) -> bool:
        """Whether nothing but a call, or its wrap-up, keeps it from the only queue it sits in; `reasons` are those against it now."""
        alone = sum(seat.logged_in for seat in self.seats.values()) == 1
        return alone and self.rests_until is None and _PASSING.issuperset(reasons)

    def wrap_up_until(self, queue: str) -> datetime | None:
        """The end of its wrap-up for this queue.

        Without `shared_lastcall` Asterisk's other queues would ring it in the wrap-up of the queue that gave it its last
        caller: here they wait for that one, too, while it sits there. Which it was may be unknown after a resync: then for all.
        """
        latest = None
        for one in (queue, self.queue) if self.queue in self.seats else self.seats:
            seat = self.seats[one]
            if seat.logged_in and (until := seat.wrap_up_until) and (latest is None or until > latest):
                latest = until
        return latest

    def last_queue(self) -> str:
        """The queue that counted its last call, "" when several say the same time (`shared_lastcall`) or none had one."""
        latest = max(seat.state.last_call for seat in self.seats.values())
        found = [queue for queue, seat in self.seats.items() if seat.state.last_call == latest]
        return found[0] if len(found) == 1 and latest else ""

    def held_until(self, queue: str) -> datetime | None:
        """When time alone sets it free for this queue: its wrap-up and its rest are over."""
        until, rests_until = self.wrap_up_until(queue), self.rests_until
        return max(until, rests_until) if until and rests_until else until or rests_until

    def showed_life(self) -> None:
        """It took a call, made one, or changed its pause: it is there."""
        self.unanswered, self.rests_until = 0, None
        self.called_for.clear()

    def status_changed(self, status: MemberStatus) -> None:
        """The device state confirms what the queue said, and once confirmed in every queue it also ends it.

        Each queue tells of it by itself: one may yet tell what was before the call when another has told of the call.
        """
        busy = any(seat.logged_in and seat.state.status not in _IDLE | _AWAY for seat in self.seats.values())
        if status not in _IDLE | _AWAY:
            self.seen_busy = True
        elif self.seen_busy and not busy:
            self.seen_busy, self.talking, self.caller = False, False, None
            self.ringing_for.clear()

    def connect(self, queue: str, uniqueid: str | None) -> None:
        self.ringing_for.clear()
        self.talking, self.queue, self.caller = True, queue, uniqueid
        self.seen_busy = any(seat.state.status not in _IDLE | _AWAY for seat in self.seats.values())

    def complete(self) -> None:
        self.ringing_for.clear()
        self.talking, self.caller = False, None

    def go_on(self, queue: str, reasons: Collection[NotFree], now: datetime) -> None:
        """Note since when it does what it does; `reasons` as of `blocked_in`."""
        timed = ((NotFree.NOT_ANSWERING, self.rests_until), (NotFree.WRAP_UP, self.wrap_up_until(queue)))
        seat = self.seats[queue]
        seat.course = go_on(seat.course, now, telling(reasons) or "", timed)

    def view(self, queue: str, now: datetime) -> Member:
        seat, until, rests_until = self.seats[queue], self.wrap_up_until(queue), self.rests_until
        wrapping, rests = until is not None and now < until, rests_until is not None and now < rests_until
        timed = ((NotFree.NOT_ANSWERING, rests), (NotFree.WRAP_UP, wrapping))
        doing = at(seat.course, now)
        return Member(
            queue=queue,
            interface=self.interface,
            name=seat.state.name,
            status=seat.state.status,
            reasons=self.blocked_in(queue) + tuple(reason for reason, holds in timed if holds),
            paused_reason=seat.state.paused_reason,
            wrap_up_until=until if wrapping else None,
            rests_until=rests_until if rests else None,
            caller=self.caller,
            since=doing[1] if doing else None,
        )


def from_epoch(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def wrap_up_end(ended: datetime, wrapup_s: int) -> datetime | None:
    return ended + timedelta(seconds=wrapup_s) if wrapup_s > 0 else None
