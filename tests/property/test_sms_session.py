"""The session gives the same events however its octets arrive, and survives whatever they are."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sms import commands, events
from sms.address import Address
from sms.commands import Pdu
from sms.framing import Framer
from sms.pdu import decode, encode
from sms.session import Session, SessionSettings, State
from tests.support.soak import examples, seconds

BIND = commands.Bind(commands.BindType.TRANSCEIVER, "dialer", "secret")
US, HANDSET = Address(5, 0, "Clinic"), Address(1, 1, "41791112233")
SUBMISSIONS = 5
# The bind takes number 1, the submissions the next ones.
SEQUENCES = st.integers(0, SUBMISSIONS + 3)
CODES = st.sampled_from([0, 0x08, 0x0B, 0x58, 0x400, 0xFFFFFFFF])
TLVS = st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=20)), max_size=3).map(tuple)
ANSWERS = st.one_of(
    st.builds(commands.SubmitSmResp, st.text("0123456789abcdef", max_size=20)),
    st.just(commands.GenericNack()),
    st.builds(
        commands.DeliverSm,
        st.just(HANDSET),
        st.just(US),
        st.binary(max_size=50),
        st.integers(0, 255),
        st.integers(0, 255),
        TLVS,
    ),
    st.sampled_from(
        [commands.EnquireLink(), commands.EnquireLinkResp(), commands.AlertNotification(), commands.BindResp(BIND.type)]
    ),
)
PDUS = st.builds(Pdu, SEQUENCES, ANSWERS, CODES)
ENDS = st.sampled_from([b"", encode(Pdu(3, commands.Unbind())), b"\xff" * 20, b"\0" * 16])


def session(*, bound: bool = True) -> Session:
    made = Session(SessionSettings(BIND, window=SUBMISSIONS), 0.0)
    made.bind(0.0)
    if bound:
        made.receive(encode(Pdu(1, commands.BindResp(BIND.type))), 0.0)
        for at in range(SUBMISSIONS):
            made.submit(str(at), commands.SubmitSm(US, HANDSET, b"Hello"), 0.0)
    made.take_bytes()
    return made


def chunks(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(edges)]


@given(st.lists(PDUS, max_size=12), ENDS, st.lists(st.integers(0, 2000), max_size=20), st.booleans())
def test_chunking_changes_nothing(pdus: list[Pdu], end: bytes, cuts: list[int], bound: bool) -> None:
    data = b"".join(encode(pdu) for pdu in pdus) + end
    whole, pieces = session(bound=bound), session(bound=bound)
    at_once = whole.receive(data, 0.0)
    in_pieces = [event for piece in chunks(data, cuts) for event in pieces.receive(piece, 0.0)]
    assert in_pieces == at_once
    assert pieces.take_bytes() == whole.take_bytes()
    assert pieces.state is whole.state


@given(st.lists(PDUS, max_size=12), st.floats(0, 100), ENDS)
def test_every_submission_is_resolved_exactly_once(pdus: list[Pdu], wait: float, end: bytes) -> None:
    link = session()
    found = [event for pdu in pdus for event in link.receive(encode(pdu), 0.0)]
    found += link.tick(wait)
    found += link.receive(end, wait)
    found += link.connection_lost("gone")
    resolved = [event.ref for event in found if isinstance(event, events.Answered | events.Unanswered)]
    assert sorted(resolved) == [str(at) for at in range(SUBMISSIONS)]
    assert sum(isinstance(event, events.Closed) for event in found) == 1
    assert isinstance(found[-1], events.Closed)


@given(st.lists(st.one_of(st.binary(max_size=60), PDUS.map(encode)), max_size=10), st.booleans(), st.floats(0, 100))
def test_garbage_never_crashes_the_session(pieces: list[bytes], bound: bool, wait: float) -> None:
    link = session(bound=bound)
    for piece in pieces:
        link.receive(piece, 0.0)
    link.tick(wait)
    link.connection_lost("gone")
    assert link.state is State.CLOSED


@given(st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF), SEQUENCES, st.binary(max_size=80))
def test_any_body_under_any_command(command_id: int, code: int, sequence: int, body: bytes) -> None:
    known = [1, 2, 4, 5, 6, 9, 0x15, 0x102, 0x103]
    for number in (command_id, known[command_id % 9], known[command_id % 9] | 0x80000000):
        header = b"".join(field.to_bytes(4) for field in (16 + len(body), number, code, sequence))
        link = session()
        link.receive(header + body, 0.0)
        # What it answers is itself in order.
        framer = Framer()
        framer.feed(link.take_bytes())
        for frame in iter(framer.next, None):
            decode(frame)


COMMAND_IDS = st.one_of(st.sampled_from([1, 2, 4, 5, 6, 9, 0x15, 0x102, 0x103]), st.integers(0, 0x7FFFFFFF))
BODIES = st.one_of(st.binary(max_size=80), PDUS.map(lambda pdu: encode(pdu)[16:]))
LENGTHS_OFF = st.sampled_from([0] * 18 + [-1, 1])
FUZZED = st.one_of(
    st.tuples(COMMAND_IDS, st.booleans(), CODES, SEQUENCES, BODIES, LENGTHS_OFF),
    # What makes sense, so that answers and nonsense meet.
    st.tuples(st.just(4), st.just(True), CODES, SEQUENCES, st.sampled_from([b"id\0", b"", b"id"]), st.just(0)),
)
PDUS_EACH = 10  # 100,000 in `make soak`


@pytest.mark.soak
@pytest.mark.timeout(seconds(300))
@pytest.mark.req("M1", "M4")
@given(st.lists(FUZZED, min_size=PDUS_EACH, max_size=PDUS_EACH), st.booleans())
@settings(max_examples=examples(60), deadline=None)
def test_fuzzed_pdus_leave_the_session_in_a_defined_state(
    pdus: list[tuple[int, bool, int, int, bytes, int]], bound: bool
) -> None:
    """Any body under any command, some with a wrong length: no crash, and each submission is resolved exactly once."""
    link = session(bound=bound)
    resolved: list[str] = []
    for number, is_response, code, sequence, body, wrong in pdus:
        fields = (max(16, 16 + len(body) + wrong), number | is_response << 31, code, sequence)
        found = link.receive(b"".join(field.to_bytes(4) for field in fields) + body, 0.0)
        resolved += [event.ref for event in found if isinstance(event, events.Answered | events.Unanswered)]
        assert link.state in {State.BINDING, State.BOUND, State.CLOSED}
        open_ones = SUBMISSIONS - len(resolved) if bound else 0
        assert link.state is State.BINDING or link.in_flight == (open_ones if link.state is State.BOUND else 0)
    rest = link.connection_lost("gone")
    resolved += [event.ref for event in rest if isinstance(event, events.Unanswered)]
    assert sorted(resolved) == ([str(at) for at in range(SUBMISSIONS)] if bound else [])
    assert link.state is State.CLOSED
