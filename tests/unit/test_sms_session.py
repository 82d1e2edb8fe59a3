from collections.abc import Callable
from math import inf

import pytest

from sms import commands, events
from sms.address import Address
from sms.commands import Pdu
from sms.framing import Framer, PduError
from sms.pdu import decode, encode
from sms.session import (
    DELIVERIES_KEPT,
    LAST_SEQUENCE,
    LATE_KEPT,
    TRANSITIONS,
    Session,
    SessionError,
    SessionSettings,
    State,
)
from sms.status import status

BIND = commands.Bind(commands.BindType.TRANSCEIVER, "dialer", "secret")
US, HANDSET = Address(5, 0, "Clinic"), Address(1, 1, "41791112233")
SUBMIT = commands.SubmitSm(US, HANDSET, b"Hello")
DELIVER = commands.DeliverSm(HANDSET, US, b"STOP")


class Peer:
    """A session with an SMSC's hands on the other end, and a clock that stands still unless moved."""

    def __init__(self, *, first_sequence: int = 1, bind: commands.Bind = BIND, window: int = 3) -> None:
        self.now = 100.0
        settings = SessionSettings(bind, window=window, response_timeout_s=10, enquire_link_s=30)
        self.session = Session(settings, self.now, first_sequence=first_sequence)
        self._framer = Framer()

    def sent(self) -> list[Pdu]:
        self._framer.feed(self.session.take_bytes())
        return [decode(frame) for frame in iter(self._framer.next, None)]

    def says(self, command: commands.Command, sequence: int, code: int = 0) -> list[events.Event]:
        return self.session.receive(encode(Pdu(sequence, command, code)), self.now)

    def submit(self, ref: str = "a") -> int:
        self.session.submit(ref, SUBMIT, self.now)
        return self.sent()[-1].sequence

    def after(self, seconds: float) -> list[events.Event]:
        self.now += seconds
        return self.session.tick(self.now)

    def bound(self) -> "Peer":
        self.session.bind(self.now)
        (bind,) = self.sent()
        self.says(commands.BindResp(BIND.type, "lab"), bind.sequence)
        assert self.session.state is State.BOUND
        return self


@pytest.fixture
def peer() -> Peer:
    return Peer().bound()


@pytest.mark.req("M1")
def test_binding() -> None:
    peer = Peer()
    peer.session.bind(peer.now)
    assert peer.sent() == [Pdu(1, BIND)]
    assert peer.says(commands.BindResp(BIND.type, "lab"), 1) == [events.Bound("lab")]
    assert peer.session.next_deadline == peer.now + 30


@pytest.mark.req("M1")
@pytest.mark.parametrize(("code", "hopeless"), [(0x0E, True), (0x0D, False), (0x58, False)])
@pytest.mark.parametrize("answer", [commands.BindResp(BIND.type), commands.GenericNack()])
def test_a_refused_bind(code: int, hopeless: bool, answer: commands.Command) -> None:
    peer = Peer()
    peer.session.bind(peer.now)
    refused, closed = peer.says(answer, 1, code)
    assert refused == events.BindRefused(status(code), hopeless)
    assert isinstance(closed, events.Closed)
    assert peer.session.next_deadline == inf


@pytest.mark.req("M1")
def test_silence_after_the_bind() -> None:
    peer = Peer()
    peer.session.bind(peer.now)
    assert peer.session.next_deadline == peer.now + 10
    assert peer.after(9.9) == []
    assert peer.after(0.1) == [events.Closed("the SMSC does not answer (binding)")]


@pytest.mark.req("M1")
def test_an_enquiry_before_the_bind_is_answered() -> None:
    peer = Peer()
    peer.session.bind(peer.now)
    peer.sent()
    assert peer.says(commands.EnquireLink(), 5) == []
    assert peer.sent() == [Pdu(5, commands.EnquireLinkResp())]
    # The bind is still open: an enquiry's answer is not the bind's.
    assert peer.says(commands.EnquireLinkResp(), 1) == []
    assert peer.session.state is State.BINDING
    assert peer.after(10) != []


@pytest.mark.req("M3", "M4")
def test_answers_find_their_submission_in_any_order(peer: Peer) -> None:
    first, second, third = (peer.submit(ref) for ref in "abc")
    assert peer.says(commands.SubmitSmResp("2"), second) == [events.Answered("b", status(0), "2")]
    assert peer.says(commands.SubmitSmResp(), first, 0x58) == [events.Answered("a", status(0x58), "")]
    assert peer.says(commands.GenericNack(), third, 3) == [events.Answered("c", status(3), "")]
    (again,) = peer.says(commands.SubmitSmResp("2"), second)
    assert isinstance(again, events.Ignored)


def test_a_nack_without_a_reason_is_still_a_refusal(peer: Peer) -> None:
    (answered,) = peer.says(commands.GenericNack(), peer.submit(), 0)
    assert answered == events.Answered("a", status(0xFF), "")


def test_the_window_bounds_what_is_in_flight(peer: Peer) -> None:
    first = peer.submit("a")
    peer.submit("b")
    peer.submit("c")
    with pytest.raises(SessionError, match="window"):
        peer.session.submit("d", SUBMIT, peer.now)
    assert peer.sent() == []
    peer.says(commands.SubmitSmResp("1"), first)
    assert peer.session.in_flight == 2
    peer.submit("d")


def test_what_cannot_be_written_is_not_in_flight(peer: Peer) -> None:
    with pytest.raises(PduError):
        peer.session.submit("a", commands.SubmitSm(US, HANDSET, b"x" * 255), peer.now)
    assert (peer.session.in_flight, peer.sent()) == (0, [])


@pytest.mark.req("M4")
def test_no_answer_is_unknown_and_a_late_one_resolves_it(peer: Peer) -> None:
    sequence = peer.submit()
    assert peer.session.next_deadline == peer.now + 10
    assert peer.after(10) == [events.Unanswered("a", "no answer in 10 s")]
    assert peer.session.in_flight == 0
    assert peer.says(commands.SubmitSmResp("7"), sequence) == [events.Answered("a", status(0), "7", late=True)]
    assert isinstance(peer.says(commands.SubmitSmResp("7"), sequence)[0], events.Ignored)


def test_late_answers_are_remembered_up_to_a_bound() -> None:
    peer = Peer(window=LATE_KEPT + 1).bound()
    sequences = [peer.submit(str(at)) for at in range(LATE_KEPT + 1)]
    assert len(peer.after(10)) == LATE_KEPT + 1
    assert isinstance(peer.says(commands.SubmitSmResp("7"), sequences[0])[0], events.Ignored)
    assert isinstance(peer.says(commands.SubmitSmResp("7"), sequences[1])[0], events.Answered)


@pytest.mark.req("M4")
def test_a_lost_connection_leaves_submissions_unknown(peer: Peer) -> None:
    peer.submit("a")
    peer.submit("b")
    assert peer.session.connection_lost("gone") == [
        events.Unanswered("a", "gone"),
        events.Unanswered("b", "gone"),
        events.Closed("gone"),
    ]
    assert peer.session.connection_lost("gone") == []
    with pytest.raises(SessionError):
        peer.session.submit("c", SUBMIT, peer.now)


@pytest.mark.req("M1")
def test_sequence_numbers_wrap_past_those_in_use() -> None:
    peer = Peer(first_sequence=LAST_SEQUENCE)
    peer.bound()
    assert peer.submit("a") == 1
    peer.session._sequence = LAST_SEQUENCE - 1
    assert [peer.submit("b"), peer.submit("c")] == [LAST_SEQUENCE, 2]


@pytest.mark.req("M3")
def test_a_delivery_is_answered_only_when_told_to(peer: Peer) -> None:
    assert peer.says(DELIVER, 9) == [events.Delivered(9, DELIVER)]
    assert peer.sent() == []
    assert isinstance(peer.says(DELIVER, 9)[0], events.Ignored)
    peer.session.acknowledge(9)
    peer.session.acknowledge(9)
    assert peer.sent() == [Pdu(9, commands.DeliverSmResp())]
    assert peer.says(DELIVER, 9) == [events.Delivered(9, DELIVER)]
    peer.session.acknowledge(9, 0x64)
    assert peer.sent() == [Pdu(9, commands.DeliverSmResp(), 0x64)]


@pytest.mark.req("M3", "M5")
def test_another_delivery_of_a_number_in_use_is_sent_away_and_not_taken_for_the_first(peer: Peer) -> None:
    """An SMSC that numbers its requests wrongly would take the first one's answer for both, and the STOP would be lost."""
    first = commands.DeliverSm(HANDSET, US, b"Yes")
    peer.says(first, 1)
    assert isinstance(peer.says(DELIVER, 1)[0], events.Ignored)
    assert peer.sent() == [Pdu(1, commands.DeliverSmResp(), 0x64)]
    peer.session.acknowledge(1)
    assert peer.sent() == [Pdu(1, commands.DeliverSmResp())]
    assert peer.says(DELIVER, 1) == [events.Delivered(1, DELIVER)]


def test_data_sm_is_answered_as_such(peer: Peer) -> None:
    peer.says(commands.DeliverSm(HANDSET, US, tlvs=((0x0424, b"Hi"),), data_sm=True), 9)
    peer.session.acknowledge(9)
    assert peer.sent() == [Pdu(9, commands.DeliverSmResp(data_sm=True))]


def test_too_many_deliveries_are_sent_away(peer: Peer) -> None:
    for sequence in range(1, DELIVERIES_KEPT + 1):
        assert peer.says(DELIVER, sequence) == [events.Delivered(sequence, DELIVER)]
    (ignored,) = peer.says(DELIVER, DELIVERIES_KEPT + 1)
    assert isinstance(ignored, events.Ignored)
    assert peer.sent() == [Pdu(DELIVERIES_KEPT + 1, commands.DeliverSmResp(), 0x64)]


def test_a_delivery_before_the_bind_is_sent_away() -> None:
    peer = Peer()
    peer.session.bind(peer.now)
    peer.sent()
    peer.says(DELIVER, 9)
    assert peer.sent() == [Pdu(9, commands.DeliverSmResp(), 0x64)]


@pytest.mark.req("M1")
def test_enquires_when_idle_and_gives_up_on_silence(peer: Peer) -> None:
    assert peer.after(29.9) == []
    assert peer.sent() == []
    assert peer.after(0.1) == []
    (enquiry,) = peer.sent()
    assert enquiry.command == commands.EnquireLink()
    assert peer.session.next_deadline == peer.now + 10
    peer.after(9.9)
    assert peer.sent() == []
    peer.says(commands.EnquireLinkResp(), enquiry.sequence)
    assert peer.session.next_deadline == peer.now + 30
    peer.after(30)
    assert peer.after(10) == [events.Closed("the SMSC does not answer (bound)")]


@pytest.mark.req("M1")
def test_unbinding_waits_for_answers(peer: Peer) -> None:
    sequence = peer.submit()
    peer.session.unbind(peer.now)
    (unbind,) = peer.sent()
    with pytest.raises(SessionError):
        peer.session.submit("b", SUBMIT, peer.now)
    assert peer.says(commands.SubmitSmResp("7"), sequence) == [events.Answered("a", status(0), "7")]
    assert peer.says(DELIVER, 9) == [events.Delivered(9, DELIVER)]
    assert peer.says(commands.UnbindResp(), unbind.sequence) == [events.Closed("unbound", clean=True)]


@pytest.mark.req("M1")
def test_an_unbind_that_is_not_understood_is_an_end_too(peer: Peer) -> None:
    peer.session.unbind(peer.now)
    (unbind,) = peer.sent()
    assert peer.says(commands.GenericNack(), unbind.sequence, 3)[-1] == events.Closed(
        "the SMSC does not understand unbind", clean=True
    )


@pytest.mark.req("M1")
def test_an_unbind_without_answer_ends_in_time(peer: Peer) -> None:
    peer.session.unbind(peer.now)
    assert peer.after(10) == [events.Closed("the SMSC does not answer (unbinding)")]


@pytest.mark.req("M1")
def test_the_peer_unbinds(peer: Peer) -> None:
    peer.submit()
    unanswered, closed = peer.says(commands.Unbind(), 9)
    assert peer.sent() == [Pdu(9, commands.UnbindResp())]
    assert unanswered == events.Unanswered("a", "the SMSC has unbound")
    assert closed == events.Closed("the SMSC has unbound", clean=True)
    assert peer.says(DELIVER, 10) == []


@pytest.mark.req("M1")
@pytest.mark.parametrize("command_id", [0x0B, 0x21, 0x00010203])
def test_what_we_do_not_speak_is_nacked(peer: Peer, command_id: int) -> None:
    octets = (16).to_bytes(4) + command_id.to_bytes(4) + bytes(4) + (9).to_bytes(4)
    (ignored,) = peer.session.receive(octets, peer.now)
    assert isinstance(ignored, events.Ignored)
    assert peer.sent() == [Pdu(9, commands.GenericNack(), 3)]
    assert peer.session.state is State.BOUND


def test_an_unknown_answer_and_an_alert_are_not_answered(peer: Peer) -> None:
    peer.session.receive((16).to_bytes(4) + (0x80000021).to_bytes(4) + bytes(8), peer.now)
    peer.says(commands.AlertNotification(), 9)
    assert peer.sent() == []


def test_a_torn_delivery_is_nacked_and_a_torn_answer_is_unknown(peer: Peer) -> None:
    sequence = peer.submit()
    torn = (18).to_bytes(4) + (5).to_bytes(4) + bytes(4) + (9).to_bytes(4) + b"\0\1"
    peer.session.receive(torn, peer.now)
    assert peer.sent() == [Pdu(9, commands.GenericNack(), 2)]
    torn = (18).to_bytes(4) + (0x80000004).to_bytes(4) + bytes(4) + sequence.to_bytes(4) + b"ab"
    (unanswered,) = peer.session.receive(torn, peer.now)
    assert unanswered == events.Unanswered("a", "the answer cannot be read: submit_sm_resp: message_id does not end")


def test_a_stream_out_of_step_ends_the_session(peer: Peer) -> None:
    peer.submit()
    unanswered, closed = peer.session.receive(b"\xff" * 16, peer.now)
    assert isinstance(unanswered, events.Unanswered)
    assert isinstance(closed, events.Closed)
    assert peer.sent() == [Pdu(0, commands.GenericNack(), 2)]


def test_a_receiver_submits_nothing() -> None:
    bind = commands.Bind(commands.BindType.RECEIVER, "dialer", "secret")
    peer = Peer(bind=bind).bound()
    with pytest.raises(SessionError, match="not bound for sending"):
        peer.session.submit("a", SUBMIT, peer.now)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize(
    ("act", "into"), [(lambda s: s.bind(0.0), State.BINDING), (lambda s: s.unbind(0.0), State.UNBINDING)]
)
def test_commands_follow_the_table(state: State, act: Callable[[Session], None], into: State) -> None:
    session = Session(SessionSettings(BIND), 0.0)
    session.state = state
    if into in TRANSITIONS[state]:
        act(session)
        assert session.state is into
    else:
        with pytest.raises(SessionError):
            act(session)
        assert (session.state, session.take_bytes()) == (state, b"")
