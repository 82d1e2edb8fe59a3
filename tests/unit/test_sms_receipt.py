import pytest

from sms.address import Address
from sms.commands import DeliverSm
from sms.receipt import MessageState, Reply, is_receipt, keys, parse, reply, text_of

FULL = (
    b"id:0123 sub:001 dlvrd:001 submit date:2601011200 done date:2601011201 stat:DELIVRD err:000 text:id:9 stat:REJECTD"
)
HANDSET = Address(1, 1, "41791112233")


def receipt(text: bytes = b"", *, esm_class: int = 4, data_coding: int = 0, **tlvs: bytes):
    tags = {"id": 0x001E, "state": 0x0427, "error": 0x0423, "payload": 0x0424}
    found = tuple((tags[name], value) for name, value in tlvs.items())
    return parse(DeliverSm(HANDSET, Address(5, 0, "us"), text, data_coding, esm_class, found))


@pytest.mark.req("M3")
@pytest.mark.parametrize(
    ("text", "smsc_id", "state", "final", "error"),
    [
        (FULL, "0123", MessageState.DELIVERED, True, "000"),
        (b"id:a_b-c stat:UNDELIV err:0x1", "a_b-c", MessageState.UNDELIVERABLE, True, "0x1"),
        (b"ID: 7 Stat: delivered Text:", "7", MessageState.DELIVERED, True, ""),
        (b"id:7 submit date:1 stat:ACCEPTD err:000", "7", MessageState.ACCEPTED, False, "000"),
        (b"id:7 stat:ENROUTE", "7", MessageState.ENROUTE, False, ""),
        (b"id:7 stat:EXPIRED", "7", MessageState.EXPIRED, True, ""),
        (b"id:7 stat:REJECTD", "7", MessageState.REJECTED, True, ""),
        (b"id:7 stat:DELETED", "7", MessageState.DELETED, True, ""),
        (b"id:7 stat:UNKNOWN", "7", MessageState.UNKNOWN, True, ""),
        (b"id:7 stat:FAILED", "7", MessageState.UNDELIVERABLE, True, ""),
        (b"id:a_7\0 stat:DELIVRD\0", "a_7", MessageState.DELIVERED, True, ""),  # no store keeps NUL
    ],
)
def test_text_forms(text: bytes, smsc_id: str, state: MessageState, final: bool, error: str) -> None:
    found = receipt(text)
    assert found is not None
    assert (found.smsc_id, found.state, found.final, found.error) == (smsc_id, state, final, error)
    assert found.destination == "41791112233"


@pytest.mark.req("M3")
def test_the_quoted_text_is_not_taken_for_the_receipt() -> None:
    found = receipt(FULL)
    assert found is not None
    assert found.text == "id:9 stat:REJECTD"


@pytest.mark.req("M3")
@pytest.mark.parametrize("given", [b"ABC\0", b"ABC", b"ABC\0\0"])
def test_tlvs_come_first_with_or_without_their_nul(given: bytes) -> None:
    found = receipt(FULL, id=given, state=b"\x05", error=b"\x03\x04\xd2")
    assert found is not None
    assert (found.smsc_id, found.state, found.error) == ("ABC", MessageState.UNDELIVERABLE, "3-1234")


def test_tlv_only_payload_tlv_and_ucs2() -> None:
    assert receipt(id=b"7\0", state=b"\x02").state is MessageState.DELIVERED
    assert receipt(payload=FULL).smsc_id == "0123"
    assert receipt("id:7 stat:DELIVRD".encode("utf-16-be"), data_coding=8).smsc_id == "7"


@pytest.mark.req("M3")
def test_an_intermediate_notification_is_never_final() -> None:
    found = receipt(b"id:7 stat:DELIVRD", esm_class=0x20)
    assert (found.state, found.final) == (MessageState.DELIVERED, False)


@pytest.mark.parametrize("text", [b"", b"hello", b"id:7", b"stat:DELIVRD", b"id:7 stat:WHATEVER", b"\xff\x00"])
def test_what_names_no_message_or_no_state(text: bytes) -> None:
    assert receipt(text) is None


def test_what_is_a_receipt() -> None:
    assert is_receipt(DeliverSm(esm_class=0x04))
    assert is_receipt(DeliverSm(esm_class=0x20))
    assert is_receipt(DeliverSm(tlvs=((0x001E, b"7\0"),)))
    assert is_receipt(DeliverSm(short_message=FULL, tlvs=((0x001E, b"7\0"),)))
    assert not is_receipt(DeliverSm(short_message=FULL))
    assert not is_receipt(DeliverSm(short_message=b"STOP", tlvs=((0x001E, b"7\0"),))), (
        "a reply that names what it answers"
    )
    # A handset's own acknowledgement is not the SMSC's.
    assert not is_receipt(DeliverSm(esm_class=0x08))


@pytest.mark.req("M3")
@pytest.mark.parametrize(
    ("response", "in_receipt"),
    [
        ("0007", "7"),
        ("7e286e2f", "2116578863"),
        ("2116578863", "7E286E2F"),
        ("7e286e2f", "7E286E2F"),
        ("000000007E286E2F", "2116578863"),
        ("00deadbeef-1", "DEADBEEF-1"),
        ("0", "000"),
    ],
)
def test_ids_meet_whatever_their_form(response: str, in_receipt: str) -> None:
    assert keys(response)[0] in keys(in_receipt)


@pytest.mark.parametrize(("one", "other"), [("10", "11"), ("AB", "BA"), ("x1", "1"), ("²", "2")])
def test_different_ids_do_not_meet(one: str, other: str) -> None:
    assert keys(one)[0] not in keys(other)


@pytest.mark.req("M3")
@pytest.mark.parametrize("nothing", ["", " "])
def test_a_response_without_an_id_names_nothing(nothing: str) -> None:
    assert keys(nothing) == (), "else all such texts had the same name, and a receipt that names 0 were the last one's"


@pytest.mark.req("M5")
@pytest.mark.parametrize(
    ("payload", "esm_class", "data_coding", "expected"),
    [
        (b"STOP", 0, 0, Reply("41791112233", "us", b"STOP")),
        ("СТОП".encode("utf-16-be"), 0, 8, Reply("41791112233", "us", "СТОП".encode("utf-16-be"), 8)),
        (b"\x05\x00\x03\x07\x02\x01Hi", 0x40, 0, Reply("41791112233", "us", b"Hi", 0, 7, 1, 2)),
        (b"\x06\x08\x04\x01\x07\x02\x02Ho", 0x40, 0, Reply("41791112233", "us", b"Ho", 0, 263, 2, 2)),
        (b"\x06\x05\x04\x0b\x84\x23\xf0x", 0x40, 0, Reply("41791112233", "us", b"x")),
        (b"", 0x40, 0, Reply("41791112233", "us", b"")),
        (b"\xff\x00\x03", 0x40, 0, Reply("41791112233", "us", b"")),
        (b"\x05\x00\x03\x07\x02\x03Hm", 0x40, 0, Reply("41791112233", "us", b"Hm")),  # part 3 of 2
    ],
)
def test_replies(payload: bytes, esm_class: int, data_coding: int, expected: Reply) -> None:
    assert reply(DeliverSm(HANDSET, Address(5, 0, "us"), payload, data_coding, esm_class)) == expected


@pytest.mark.req("M5")
def test_parts_by_sar_tlvs() -> None:
    tlvs = ((0x020C, b"\x01\x07"), (0x020E, b"\x02"), (0x020F, b"\x02"))
    delivered = DeliverSm(HANDSET, Address(5, 0, "us"), b"Ho", 0, 0, tlvs=tlvs)
    assert reply(delivered) == Reply("41791112233", "us", b"Ho", 0, 263, 2, 2)


@pytest.mark.req("M3", "M5")
def test_what_is_longer_than_the_standard_allows_is_cut() -> None:
    """The store has no room for it: the SMSC would be told to send it again, for ever."""
    tlvs = ((0x020C, b"\xff" * 8), (0x020E, b"\x02\0\0"), (0x020F, b"\x01\0"))
    delivered = DeliverSm(Address(1, 1, "4" * 60), Address(5, 0, "u" * 60), b"Ho", 0, 0, tlvs=tlvs)
    assert reply(delivered) == Reply("4" * 32, "u" * 32, b"Ho", 0, 65535, 1, 2)
    assert max(map(len, keys("A" * 200))) <= 80
    assert keys("A" * 200)[0] == "A" * 64


@pytest.mark.req("M5")
def test_a_character_that_the_end_of_a_part_cuts_in_two_is_whole_again() -> None:
    smile = "\N{GRINNING FACE}".encode("utf-16-be")
    assert text_of([smile[:2], smile[2:]], 8) == "\N{GRINNING FACE}"
    assert text_of([b"\x1b", b"\x65 5"], 0) == "€ 5"
