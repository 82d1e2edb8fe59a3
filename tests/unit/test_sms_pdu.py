import struct
from datetime import timedelta

import pytest

from sms import commands
from sms.address import Address
from sms.commands import Pdu, relative_validity
from sms.framing import MAX_LENGTH, Framer, FramingError, MalformedPduError, PduError
from sms.pdu import decode, encode

US, HANDSET = Address(5, 0, "Clinic"), Address(1, 1, "41791112233")
SUBMIT = commands.SubmitSm(US, HANDSET, b"Hello", 8, 0x40, 1, "000001000000000R")


def frame(command_id: int, body: bytes = b"", *, status: int = 0, sequence: int = 7) -> bytes:
    return struct.pack(">LLLL", 16 + len(body), command_id, status, sequence) + body


@pytest.mark.req("M1")
@pytest.mark.parametrize(
    "command",
    [
        commands.Bind(commands.BindType.TRANSCEIVER, "dialer", "secret", "VMA"),
        commands.Bind(commands.BindType.RECEIVER, "dialer", ""),
        commands.BindResp(commands.BindType.TRANSMITTER, "lab"),
        SUBMIT,
        commands.SubmitSmResp("00aF"),
        commands.DeliverSm(HANDSET, US, b"STOP", 0, 4, ((0x001E, b"7\0"), (0x0427, b"\x02"), (0x1400, b"private"))),
        commands.DeliverSm(HANDSET, US, b"", 0, 4, ((0x0424, b"text"),), data_sm=True),
        commands.DeliverSmResp(),
        commands.DeliverSmResp(data_sm=True),
        commands.EnquireLink(),
        commands.EnquireLinkResp(),
        commands.Unbind(),
        commands.UnbindResp(),
        commands.GenericNack(),
    ],
    ids=lambda command: type(command).__name__,
)
def test_round_trip(command: commands.Command) -> None:
    assert decode(encode(Pdu(7, command))) == Pdu(7, command)


def test_the_octets_of_a_submit_sm() -> None:
    body = b"\0\x05\0Clinic\0\x01\x0141791112233\0\x40\0\0\x00000001000000000R\0\x01\0\x08\0\x05Hello"
    assert encode(Pdu(7, SUBMIT)) == frame(4, body)


def test_a_refusing_response_has_no_body() -> None:
    assert encode(Pdu(7, commands.DeliverSmResp(), 0x64)) == frame(0x80000005, status=0x64)


@pytest.mark.parametrize("body", [b"", b"\0", b"a" * 64 + b"\0", b"id\0\x04\x28\x00\x01\x05\x04\x23\x00\x03abc"])
def test_responses_with_and_without_a_body_and_with_tlvs_of_other_commands(body: bytes) -> None:
    answer = decode(frame(0x80000004, body)).command
    assert answer == commands.SubmitSmResp(body.partition(b"\0")[0].decode())


def test_a_torn_tlv_is_dropped() -> None:
    whole = encode(Pdu(7, commands.DeliverSm(HANDSET, US, b"x", tlvs=((0x0427, b"\x02"),))))
    torn = frame(5, whole[16:] + b"\x00\x1e\x00\x09ab")
    assert decode(torn).command == commands.DeliverSm(HANDSET, US, b"x", tlvs=((0x0427, b"\x02"),))


def test_unknown_commands_are_values() -> None:
    assert decode(frame(0x0B)) == Pdu(7, commands.Unknown(0x0B))
    assert not commands.Unknown(0x0B).is_response
    assert commands.Unknown(0x80000021).is_response
    with pytest.raises(PduError, match="not ours to send"):
        encode(Pdu(7, commands.Unknown(0x0B)))


@pytest.mark.parametrize(
    ("command_id", "body"),
    [
        (0x80000004, b"no end"),
        (0x05, b"\0\x01"),
        (0x05, b"\0\1\1" + b"4179" * 3),
        (0x05, b"\0\1\1a\0\1\1b\0\0\0\0\0\0\0\0\0\0\x09short"),
    ],
)
def test_a_body_that_cannot_be_read(command_id: int, body: bytes) -> None:
    with pytest.raises(MalformedPduError) as caught:
        decode(frame(command_id, body))
    fault = caught.value
    assert (fault.sequence, fault.command_id, fault.is_response) == (7, command_id, command_id > 0x80000000)


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (commands.Bind(commands.BindType.TRANSCEIVER, "d" * 16, "p"), 0x0F),
        (commands.Bind(commands.BindType.TRANSCEIVER, "d", "p" * 9), 0x0E),
        (commands.Bind(commands.BindType.TRANSCEIVER, "d", "p\0q"), 0x0E),
        (commands.Bind(commands.BindType.TRANSCEIVER, "d", "p", "t" * 13), 0x53),
        (commands.SubmitSm(US, Address(1, 1, "4" * 21), b""), 0x0B),
        (commands.SubmitSm(Address(5, 0, "a\nb"), HANDSET, b""), 0x0A),
        (commands.SubmitSm(Address(5, 0, "Zürich"), HANDSET, b""), 0x0A),
        (commands.SubmitSm(US, HANDSET, b"x" * 255), 0x01),
        (commands.SubmitSm(US, HANDSET, b"", data_coding=256), 0xFF),
    ],
)
def test_what_does_not_fit_is_refused_instead_of_cut(command: commands.Command, status: int) -> None:
    with pytest.raises(PduError) as caught:
        encode(Pdu(1, command))
    assert caught.value.status == status


def test_a_password_is_in_no_message() -> None:
    bind = commands.Bind(commands.BindType.TRANSCEIVER, "dialer", "far too secret")
    with pytest.raises(PduError) as caught:
        encode(Pdu(1, bind))
    assert "secret" not in repr(bind) + repr(Pdu(1, bind)) + str(caught.value)


@pytest.mark.parametrize("length", [0, 15, MAX_LENGTH + 1, 0xFFFFFFFF])
def test_an_impossible_length_ends_the_stream(length: int) -> None:
    framer = Framer()
    framer.feed(struct.pack(">LLLL", length, 0x15, 0, 1))
    with pytest.raises(FramingError):
        framer.next()


@pytest.mark.parametrize(
    ("validity", "form"),
    [
        (None, ""),
        (timedelta(seconds=1), "000000000001000R"),
        (timedelta(hours=26, minutes=3), "000001020300000R"),
        (timedelta(days=30, hours=23), "000030230000000R"),
    ],
)
def test_relative_validity(validity: timedelta | None, form: str) -> None:
    assert relative_validity(validity) == form


@pytest.mark.parametrize("validity", [timedelta(0), timedelta(seconds=-1), timedelta(days=31)])
def test_a_validity_that_cannot_be_written(validity: timedelta) -> None:
    with pytest.raises(ValueError, match="outside"):
        relative_validity(validity)
