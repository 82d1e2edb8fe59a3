"""A small model of Asterisk's app_queue: agents, queues and callers as they are, and the events that it sends of them.

The truth for tests of the reducer; it shares no code with it. What Asterisk does was measured and read in app_queue.c:
member events of a queue are sent under that queue's lock, so they keep their order, and so do the events of one caller;
how the two kinds come in between each other is chance (29 % of QueueMemberStatus 2 come before AgentConnect).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from dialer.domain import telephony as t
from dialer.domain.telephony import MemberStatus

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
QUEUES = ("sales", "support")
# Of the queues as a whole; a member's own, where it has one, counts instead.
WRAP_UP = {"sales": 10, "support": 4}


class Device(StrEnum):
    IDLE = "idle"
    RINGING = "ringing"
    TALKING = "talking"
    AWAY = "away"


_STATUS = {
    Device.IDLE: MemberStatus.NOT_IN_USE,
    Device.RINGING: MemberStatus.RINGING,
    Device.TALKING: MemberStatus.IN_USE,
    Device.AWAY: MemberStatus.UNAVAILABLE,
}


@dataclass
class Seat:
    logged_in: bool = True
    paused: bool = False
    last_call: int = 0
    own_wrap_up: int = 0


@dataclass
class Phone:
    """`caller` rings or talks with it through a queue; without one it is in a call of its own."""

    name: str
    seats: dict[str, Seat]
    device: Device = Device.IDLE
    caller: str = ""
    queue: str = ""
    last_queue: str = ""


@dataclass
class Sent:
    """An event with the stream in which it keeps its place."""

    stream: str
    event: t.Event


@dataclass
class Asterisk:
    """Every action changes the truth and returns what Asterisk sends of it; one that is impossible now does nothing."""

    shared_lastcall: bool = False
    autopause: bool = False
    now: datetime = START
    phones: dict[str, Phone] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)  # caller -> queue
    _callers: int = 0

    # -- the truth ------------------------------------------------------------------------------------------------

    def free(self, queue: str, at: datetime) -> set[str]:
        """Logged in, reachable, not paused, idle, and past the wrap-up of its last call and of this queue (D1)."""
        return set.intersection(*self.grounds(queue, at).values())

    def grounds(self, queue: str, at: datetime) -> dict[str, set[str]]:
        """For each condition of being free the agents who meet it."""
        seated = {one.name: one.seats[queue] for one in self.phones.values() if queue in one.seats}
        return {
            "logged in": {name for name, seat in seated.items() if seat.logged_in},
            "not paused": {name for name, seat in seated.items() if not seat.paused},
            "idle": {name for name in seated if self.phones[name].device is Device.IDLE},
            "wrapped up": {name for name in seated if self._is_wrapped_up(self.phones[name], queue, at)},
        }

    def wrapping_at_most(self, at: datetime, *, own: bool = True) -> set[str]:
        """Who would be in wrap-up if its last caller had come from any queue; `own`: also those who have their own."""
        longest = max(WRAP_UP.values())
        return {
            phone.name
            for phone in self.phones.values()
            for seat in phone.seats.values()
            if seat.logged_in and (own or not seat.own_wrap_up)
            if seat.last_call + (seat.own_wrap_up or longest) > at.timestamp()
        }

    def unserved(self, queue: str) -> int:
        """Callers for whom nobody rings."""
        rung = {phone.caller for phone in self.phones.values() if phone.device is Device.RINGING}
        return sum(1 for caller, its in self.waiting.items() if its == queue and caller not in rung)

    def _is_wrapped_up(self, phone: Phone, queue: str, at: datetime) -> bool:
        concerned = [one for one in {queue, phone.last_queue} & phone.seats.keys() if phone.seats[one].logged_in]
        return all(self._wrapped_up_at(phone, one) <= at for one in concerned)

    def _wrapped_up_at(self, phone: Phone, queue: str) -> datetime:
        seat = phone.seats[queue]
        if not seat.last_call:
            return START
        wrap_up = seat.own_wrap_up or WRAP_UP[phone.last_queue or queue]
        return datetime.fromtimestamp(seat.last_call + wrap_up, UTC)

    def picture(self) -> t.LiveState:
        members = tuple(
            self._member(phone, queue)
            for phone in self.phones.values()
            for queue in phone.seats
            if phone.seats[queue].logged_in
        )
        entries = tuple(t.WaitingCaller(queue, caller) for caller, queue in self.waiting.items())
        return t.LiveState(members=members, queues=frozenset(QUEUES), entries=entries, clock_offset_s=0.0)

    # -- what happens ---------------------------------------------------------------------------------------------

    def join(self, queue: str, caller: str = "") -> list[Sent]:
        self._callers += 1
        caller = caller or f"caller-{self._callers}"
        self.waiting[caller] = queue
        return [Sent(caller, t.QueueCallerJoin(queue, caller))]

    def ring(self, name: str) -> list[Sent]:
        """The first caller whom the queue would give to this agent."""
        phone = self.phones[name]
        rung = {one.caller for one in self.phones.values()}
        for caller, queue in self.waiting.items():
            if caller not in rung and self._would_ring(phone, queue):
                phone.device, phone.caller, phone.queue = Device.RINGING, caller, queue
                return [Sent(caller, t.AgentCalled(queue, caller, name)), *self._told(phone)]
        return []

    def answer(self, name: str) -> list[Sent]:
        phone = self.phones[name]
        if phone.device is not Device.RINGING:
            return []
        phone.device, phone.last_queue = Device.TALKING, phone.queue
        del self.waiting[phone.caller]
        leave = t.QueueCallerLeave(phone.queue, phone.caller)
        connect = t.AgentConnect(phone.queue, phone.caller, name, name, 1)
        return [*self._told(phone), Sent(phone.caller, leave), Sent(phone.caller, connect)]

    def leave_ringing(self, name: str) -> list[Sent]:
        phone = self.phones[name]
        if phone.device is not Device.RINGING:
            return []
        told = [Sent(phone.caller, t.AgentRingNoAnswer(phone.queue, phone.caller, name))]
        if self.autopause:  # while it rings still: first rna(), then the leg is hung up
            phone.seats[phone.queue].paused = True
            told += self._told(phone, phone.queue)
        phone.device, phone.caller = Device.IDLE, ""
        return [*told, *self._told(phone)]

    def hang_up(self, caller: str) -> list[Sent]:
        """The caller gives up, or its talk is over."""
        phone = next((one for one in self.phones.values() if one.caller == caller), None)
        end = Sent(caller, t.Hangup(caller, 16, ""))
        if caller in self.waiting:
            queue = self.waiting.pop(caller)
            told = [
                Sent(caller, t.QueueCallerAbandon(queue, caller, 1)),
                Sent(caller, t.QueueCallerLeave(queue, caller)),
                end,
            ]
            if phone is not None:
                phone.device, phone.caller = Device.IDLE, ""
                told += self._told(phone)
            return told
        if phone is None:
            return []
        for queue, seat in phone.seats.items():
            if queue == phone.queue or self.shared_lastcall:
                seat.last_call = int(self.now.timestamp())
        complete = Sent(caller, t.AgentComplete(phone.queue, caller, phone.name, 1, "caller"))
        phone.device, phone.caller = Device.IDLE, ""
        return [complete, *self._told(phone), end]

    def own_call(self, name: str) -> list[Sent]:
        """One that no queue gave it, inbound or outbound: begins, or ends."""
        phone = self.phones[name]
        if phone.device is Device.IDLE:
            phone.device = Device.TALKING
        elif phone.device is Device.TALKING and not phone.caller:
            phone.device = Device.IDLE
        else:
            return []
        return self._told(phone)

    def unplug(self, name: str) -> list[Sent]:
        """Out of reach, or back."""
        phone = self.phones[name]
        if phone.device not in {Device.IDLE, Device.AWAY}:
            return []
        phone.device = Device.AWAY if phone.device is Device.IDLE else Device.IDLE
        return self._told(phone)

    def pause(self, name: str, queues: tuple[str, ...]) -> list[Sent]:
        """Paused there, or no more; in both queues is what QueuePause without a queue does."""
        phone, told = self.phones[name], list[Sent]()
        for queue in queues:
            if queue in phone.seats and phone.seats[queue].logged_in:
                phone.seats[queue].paused = not phone.seats[queue].paused
                told += self._told(phone, queue)
        return told

    def log_in_or_out(self, name: str, queue: str) -> list[Sent]:
        """A dynamic member comes or goes; one that comes has had no call."""
        phone = self.phones[name]
        seat = phone.seats.get(queue)
        if seat is not None and seat.logged_in:
            seat.logged_in = False
            return [Sent(queue, t.MemberRemoved(queue, name))]
        phone.seats[queue] = Seat(own_wrap_up=seat.own_wrap_up if seat else 0)
        return self._told(phone, queue)

    def tick(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    # -- parts ----------------------------------------------------------------------------------------------------

    def _would_ring(self, phone: Phone, queue: str) -> bool:
        """Asterisk's own view: the wrap-up of other queues counts only with `shared_lastcall`."""
        seat = phone.seats.get(queue)
        if seat is None or not seat.logged_in or seat.paused or phone.device is not Device.IDLE:
            return False
        return self._wrapped_up_at(phone, queue) <= self.now

    def _told(self, phone: Phone, *queues: str) -> list[Sent]:
        """QueueMemberStatus (or -Pause, -Added) of these queues, or of all that it sits in."""
        return [Sent(queue, self._member(phone, queue)) for queue in self._seated(phone, queues)]

    @staticmethod
    def _seated(phone: Phone, queues: tuple[str, ...]) -> Iterator[str]:
        return (queue for queue in queues or tuple(phone.seats) if phone.seats[queue].logged_in)

    @staticmethod
    def _member(phone: Phone, queue: str) -> t.MemberState:
        seat, in_call = (
            phone.seats[queue],
            phone.device is Device.TALKING and phone.caller != "" and phone.queue == queue,
        )
        return t.MemberState(
            queue,
            phone.name,
            phone.name,
            _STATUS[phone.device],
            seat.paused,
            "",
            seat.last_call,
            seat.own_wrap_up,
            in_call,
        )
