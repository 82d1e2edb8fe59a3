"""One SMPP session without I/O: octets in, events out; commands in, octets out. `now` is seconds on any steady clock.

The states are those of SMPP 3.4 §2.2, seen from the ESME:

    OPEN ──bind──▶ BINDING ──resp──▶ BOUND ──unbind──▶ UNBINDING ──resp──▶ CLOSED
      └───────────────┴─────────────────┴── peer's unbind, refusal, silence, fault ──▶ CLOSED
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf

from dialer.domain.record import record
from dialer.domain.said import Said, marked
from sms import commands, events, status
from sms.commands import Pdu
from sms.framing import Framer, FramingError, MalformedPduError
from sms.pdu import decode, encode


class State(StrEnum):
    OPEN = "open"
    BINDING = "binding"
    BOUND = "bound"
    UNBINDING = "unbinding"
    CLOSED = "closed"


TRANSITIONS = {
    State.OPEN: frozenset({State.BINDING, State.CLOSED}),
    State.BINDING: frozenset({State.BOUND, State.CLOSED}),
    State.BOUND: frozenset({State.UNBINDING, State.CLOSED}),
    State.UNBINDING: frozenset({State.CLOSED}),
    State.CLOSED: frozenset[State](),
}

LAST_SEQUENCE = 0x7FFFFFFF
# Unanswered submissions whose late answer is still understood.
LATE_KEPT = 10_000
# Deliveries that may wait for their acknowledgement; what exceeds them the SMSC is asked to send later.
DELIVERIES_KEPT = 1_000


class SessionError(RuntimeError):
    """The command is not possible in this state, or the window is full."""


@dataclass(frozen=True, slots=True)
class SessionSettings:
    bind: commands.Bind
    window: int = 10
    response_timeout_s: float = 30.0
    enquire_link_s: float = 30.0
    overrides: Mapping[int, status.Kind] = field(default_factory=dict)


@record
class _Sent:
    ref: str
    deadline: float


class Session:
    def __init__(self, settings: SessionSettings, now: float, *, first_sequence: int = 1) -> None:
        self.state = State.OPEN
        self._settings = settings
        self._sequence = first_sequence - 1
        self._framer = Framer()
        self._out = bytearray()
        # In order of sending, and so in order of their deadlines.
        self._pending: OrderedDict[int, _Sent] = OrderedDict()
        self._late: OrderedDict[int, str] = OrderedDict()
        self._deliveries: dict[int, commands.DeliverSm] = {}
        self._control = 0
        self._control_deadline = inf
        self._heard = now

    # -- commands --------------------------------------------------------------------------------------------------

    def bind(self, now: float) -> None:
        self._enter(State.BINDING)
        self._ask(self._settings.bind, now)

    def submit(self, ref: str, command: commands.SubmitSm, now: float) -> None:
        """Send a segment; Answered or Unanswered with this `ref` follows. Raises SessionError, PduError."""
        if self.state is not State.BOUND or self._settings.bind.type is commands.BindType.RECEIVER:
            raise SessionError(f"the session is {self.state}, not bound for sending")
        if len(self._pending) >= self._settings.window:
            raise SessionError("the window is full")
        sequence = self._next_sequence()
        self._send(Pdu(sequence, command))
        self._pending[sequence] = _Sent(ref, now + self._settings.response_timeout_s)

    def acknowledge(self, sequence: int, code: int = status.OK) -> None:
        """Answer the delivery; a temporary `code` asks the SMSC to send it again. Nothing happens once closed."""
        if self.state is not State.CLOSED and sequence in self._deliveries:
            data_sm = self._deliveries.pop(sequence).data_sm
            self._send(Pdu(sequence, commands.DeliverSmResp(data_sm=data_sm), code))

    def unbind(self, now: float) -> None:
        self._enter(State.UNBINDING)
        self._ask(commands.Unbind(), now)

    def connection_lost(self, reason: str) -> list[events.Event]:
        return self._close(reason)

    # -- octets and time -------------------------------------------------------------------------------------------

    def take_bytes(self) -> bytes:
        """What is to be written now."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def receive(self, data: bytes, now: float) -> list[events.Event]:
        """Take in what arrived, in pieces of any size. Never raises, whatever it is."""
        found: list[events.Event] = []
        self._framer.feed(data)
        while self.state is not State.CLOSED:
            try:
                frame = self._framer.next()
                if frame is None:
                    break
                self._heard = now
                found += self._received(decode(frame))
            except FramingError as fault:
                self._send(Pdu(0, commands.GenericNack(), fault.status))
                found += self._close(Said("the SMSC's octets make no sense: %(why)s", why=str(fault)))
            except MalformedPduError as fault:
                found += self._malformed(fault)
        return found

    def tick(self, now: float) -> list[events.Event]:
        """Do what has become due; call it at `next_deadline`."""
        found: list[events.Event] = []
        while self._pending and next(iter(self._pending.values())).deadline <= now:
            sequence, sent = self._pending.popitem(last=False)
            self._keep_late(sequence, sent.ref)
            told = Said("no answer in %(seconds)s s", seconds=f"{self._settings.response_timeout_s:g}")
            found.append(events.Unanswered(sent.ref, told))
        if self._control_deadline <= now:
            return found + self._close(Said("the SMSC does not answer (%(state)s)", state=self.state))
        if self._is_idle(now):
            self._ask(commands.EnquireLink(), now)
        return found

    @property
    def next_deadline(self) -> float:
        """When `tick` has something to do next; infinity for never."""
        if self.state is State.CLOSED:
            return inf
        oldest = next(iter(self._pending.values())).deadline if self._pending else inf
        idle = self._heard + self._settings.enquire_link_s if self.state is State.BOUND and not self._control else inf
        return min(oldest, self._control_deadline, idle)

    @property
    def in_flight(self) -> int:
        return len(self._pending)

    # -- what arrived ----------------------------------------------------------------------------------------------

    def _received(self, pdu: Pdu) -> list[events.Event]:
        # Whatever the peer says proves that it is there.
        if self._control and self.state is State.BOUND:
            self._control, self._control_deadline = 0, inf
        match pdu.command:
            case commands.SubmitSmResp(message_id):
                return self._answered(pdu.sequence, pdu.status, message_id)
            case commands.BindResp(_, system_id):
                return self._bind_answered(pdu, system_id)
            case commands.UnbindResp():
                return self._unbind_answered()
            case commands.GenericNack():
                return self._nacked(pdu)
            case commands.Unknown(is_response=True):
                return [events.Ignored("an answer to nothing we have asked")]
            case _:
                return self._asked(pdu)

    def _asked(self, pdu: Pdu) -> list[events.Event]:
        match pdu.command:
            case commands.DeliverSm() as deliver:
                return self._delivered(pdu.sequence, deliver)
            case commands.EnquireLink():
                # Also before the bind is answered.
                self._send(Pdu(pdu.sequence, commands.EnquireLinkResp()))
            case commands.EnquireLinkResp() | commands.AlertNotification() | commands.DeliverSmResp():
                pass
            case commands.Unbind():
                self._send(Pdu(pdu.sequence, commands.UnbindResp()))
                return self._close(marked("the SMSC has unbound"), clean=True)
            case unasked:
                self._send(Pdu(pdu.sequence, commands.GenericNack(), status.INVALID_COMMAND_ID))
                return [events.Ignored(f"the SMSC asks what no ESME answers: {type(unasked).__name__}")]
        return []

    def _answered(self, sequence: int, code: int, message_id: str) -> list[events.Event]:
        sent = self._pending.pop(sequence, None)
        late = sent is None
        ref = self._late.pop(sequence, None) if sent is None else sent.ref
        if ref is None:
            return [events.Ignored(f"an answer to submission {sequence}, which is not open")]
        return [events.Answered(ref, status.status(code, self._settings.overrides), message_id, late)]

    def _delivered(self, sequence: int, deliver: commands.DeliverSm) -> list[events.Event]:
        answer = commands.DeliverSmResp(data_sm=deliver.data_sm)
        if self.state not in (State.BOUND, State.UNBINDING):
            self._send(Pdu(sequence, answer, status.TEMPORARY_APPLICATION_ERROR))
            return [events.Ignored("a delivery before the bind")]
        if self._deliveries.get(sequence) == deliver:
            return [events.Ignored(f"delivery {sequence} came again while it is being taken in")]
        if sequence in self._deliveries or len(self._deliveries) >= DELIVERIES_KEPT:
            self._send(Pdu(sequence, answer, status.TEMPORARY_APPLICATION_ERROR))
            why = (
                "two deliveries of one number"
                if sequence in self._deliveries
                else "more deliveries than can be taken in"
            )
            return [events.Ignored(f"{why}; the SMSC is asked to send them later")]
        self._deliveries[sequence] = deliver
        return [events.Delivered(sequence, deliver)]

    def _bind_answered(self, pdu: Pdu, system_id: str) -> list[events.Event]:
        if self.state is not State.BINDING or pdu.sequence != self._control:
            return [events.Ignored("an answer to a bind that is not open")]
        if pdu.status:
            return self._bind_refused(pdu.status)
        self._control, self._control_deadline = 0, inf
        self._enter(State.BOUND)
        return [events.Bound(system_id)]

    def _bind_refused(self, code: int) -> list[events.Event]:
        known = status.status(code)
        refused = events.BindRefused(known, status.bind_is_hopeless(code))
        return [refused, *self._close(Said("the bind is refused: %(why)s", why=known.told))]

    def _unbind_answered(self) -> list[events.Event]:
        if self.state is not State.UNBINDING:
            return [events.Ignored("an answer to an unbind that is not open")]
        return self._close("unbound", clean=True)

    def _nacked(self, pdu: Pdu) -> list[events.Event]:
        # A nack is a certain refusal, even of one that says "no error".
        code = pdu.status or status.UNKNOWN_ERROR
        if self.state is State.BINDING and pdu.sequence == self._control:
            return self._bind_refused(code)
        if self.state is State.UNBINDING and pdu.sequence == self._control:
            return self._close(marked("the SMSC does not understand unbind"), clean=True)
        return self._answered(pdu.sequence, code, "")

    def _malformed(self, fault: MalformedPduError) -> list[events.Event]:
        if not fault.is_response:
            self._send(Pdu(fault.sequence, commands.GenericNack(), fault.status))
            return [events.Ignored(str(fault))]
        sent = self._pending.pop(fault.sequence, None)
        if sent:
            return [events.Unanswered(sent.ref, Said("the answer cannot be read: %(why)s", why=str(fault)))]
        return [events.Ignored(str(fault))]

    # -- inner steps -----------------------------------------------------------------------------------------------

    def _enter(self, state: State) -> None:
        if state not in TRANSITIONS[self.state]:
            raise SessionError(f"the session is {self.state} and cannot become {state}")
        self.state = state

    def _close(self, reason: str, *, clean: bool = False) -> list[events.Event]:
        if self.state is State.CLOSED:
            return []
        self._enter(State.CLOSED)
        lost = [events.Unanswered(sent.ref, reason) for sent in self._pending.values()]
        self._pending.clear()
        return [*lost, events.Closed(reason, clean)]

    def _is_idle(self, now: float) -> bool:
        return self.state is State.BOUND and not self._control and self._heard + self._settings.enquire_link_s <= now

    def _ask(self, command: commands.Command, now: float) -> None:
        """Send the one request at a time whose missing answer ends the session."""
        self._control = self._next_sequence()
        self._control_deadline = now + self._settings.response_timeout_s
        self._send(Pdu(self._control, command))

    def _send(self, pdu: Pdu) -> None:
        self._out += encode(pdu)

    def _keep_late(self, sequence: int, ref: str) -> None:
        self._late[sequence] = ref
        if len(self._late) > LATE_KEPT:
            self._late.popitem(last=False)

    def _next_sequence(self) -> int:
        # 1 to 0x7FFFFFFF and round again (§3.2), past those whose answer may still come.
        while True:
            self._sequence = self._sequence % LAST_SEQUENCE + 1
            if self._sequence not in self._pending and self._sequence not in self._late:
                return self._sequence
