"""Items of a REST push: what they say, and why they are refused (K7)."""

import orjson
import pytest

from dialer.domain.columns import Refusal
from dialer.domain.contact import Address, NewContact
from dialer.domain.fields import Field, FieldType
from dialer.domain.pushed import MAX_FIELDS, read_item
from dialer.intake.pushed import LARGE_BYTES, PIECE, Body, Piece, Refused, Rules, UnreadableBodyError, opened

SIZE = Field("size", "Size", FieldType.CHOICE, ("s", "m", "l"))


def read(item: object) -> NewContact:
    found = read_item(item, "US")
    assert isinstance(found, NewContact), found
    return found


def refused(item: object) -> str:
    found = read_item(item, "US")
    assert isinstance(found, Refusal), found
    return found.reason


@pytest.mark.req("K7")
def test_keys_are_those_of_columns_and_values_become_text() -> None:
    found = read(
        {
            "Phone": "(202) 555-0123",
            "mobile": 12025550124,
            "E-Mail": None,
            "email": "ann@example.com",
            "name": "Ann Lee",
            "time_zone": "Europe/Berlin",
            "external-id": 17,
            "vip": True,
            "score": 1.5,
            "attributes": {"City": "Bonn"},
        }
    )
    assert found.addresses == (
        Address("+12025550123", voice=True, sms=True),
        Address("+12025550124", voice=True, sms=True),
        Address("ann@example.com", email=True),
    )
    assert (found.first_name, found.last_name, found.time_zone, found.external_id) == (
        "Ann",
        "Lee",
        "Europe/Berlin",
        "17",
    )
    assert found.attributes == {"vip": "true", "score": "1.5", "city": "Bonn"}


@pytest.mark.req("K7", "K1")
def test_addresses_are_taken_as_a_contact_is_read() -> None:
    addresses = [
        {"channel": "voice", "address": "+12025550123"},
        {"channel": "sms", "address": "+12025550124"},
        {"channel": "voice", "address": "+12025550125"},
        {"channel": "sms", "address": "+12025550125"},
        {"channel": "email", "address": "A@example.com"},
    ]
    assert read({"addresses": addresses}).addresses == (
        Address("+12025550123", voice=True),
        Address("+12025550124", sms=True),
        Address("+12025550125", voice=True, sms=True),
        Address("a@example.com", email=True),
    )


@pytest.mark.req("K7")
def test_an_unusable_address_beside_a_good_one_is_noted() -> None:
    assert (
        read({"phone": "+12025550123", "addresses": [{"channel": "sms", "address": "12"}]})
        .notes[0]
        .startswith("addresses.0: ")
    )


@pytest.mark.req("K7")
@pytest.mark.parametrize(
    ("item", "told"),
    [
        (7, "should be an object"),
        ({}, "no address"),
        ({"phone": "12"}, "phone: "),
        ({"phone": ["+12025550123"]}, "'phone' should be a text or a number, not a list"),
        ({"phone": "+12025550123", "city": {"a": 1}}, "'city' should be a text or a number, not an object"),
        ({"phone": "+12025550123", "first_name": "A", "First Name": "B"}, "first_name is given twice"),
        ({"phone": "+12025550123", "city": "A", "attributes": {"City": "B"}}, "city is given twice"),
        ({"phone": "+12025550123", "time_zone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"phone": "+12025550123", "attributes": [1]}, "attributes should be an object, not a list"),
        ({"phone": "+12025550123", "addresses": "x"}, "addresses should be a list, not a text"),
        ({"addresses": [{"channel": "fax", "address": "1"}]}, "addresses.0 should be like"),
        ({"addresses": [{"channel": ["sms"], "address": "1"}]}, "addresses.0 should be like"),
        ({"addresses": [{"channel": "sms", "address": "1", "more": 1}]}, "addresses.0 should be like"),
        ({"phone": "+12025550123", "  ": "x"}, "is not a name for a field"),
        ({"phone": "+12025550123", "n" * 101: "x"}, "longer than 100"),
        ({"phone": "+12025550123", "note": "x" * 4001}, "4001 characters"),
        ({"phone": "+12025550123", **{f"a{n}": n for n in range(MAX_FIELDS)}}, "more than the 500"),
    ],
)
def test_what_is_wrong_is_told(item: object, told: str) -> None:
    assert told in refused(item)


@pytest.mark.req("K7", "C14")
def test_custom_fields_are_checked() -> None:
    found = read_item({"phone": "+12025550123", "size": "XL"}, "US", {"size": SIZE})
    assert isinstance(found, Refusal)
    assert "XL" in found.reason


@pytest.mark.req("K7")
def test_everything_that_is_wrong_is_told_at_once() -> None:
    told = refused({"phone": "12", "city": [], "time_zone": "Mars/Olympus"})
    assert all(part in told for part in ("city", "phone: ", "Mars/Olympus"))


async def whole(content: bytes) -> tuple[Body, list[Piece]]:
    async with opened(content, Rules("US", {"size": SIZE})) as body:
        return body, [piece async for piece in body.pieces]


def large(many: int) -> bytes:
    people = [{"phone": f"+1202555{n:04d}", "note": "x" * 700} for n in range(many)]
    people[0]["size"] = "L"
    return orjson.dumps([*people, {"phone": "12"}])


@pytest.mark.req("K7")
@pytest.mark.parametrize("many", [30, 230])
async def test_a_process_reads_a_large_body_as_a_thread_reads_a_small_one(many: int) -> None:
    content = large(many)
    assert (len(content) >= LARGE_BYTES) == (many == 230)
    body, pieces = await whole(content)
    assert (body.total, body.single) == (many + 1, False)
    assert [piece.start for piece in pieces] == list(range(0, many + 1, PIECE))
    items = [item for piece in pieces for item in piece.items]
    assert isinstance(items[3], NewContact)
    assert items[3].addresses[0] == Address("+12025550003", voice=True, sms=True)
    assert isinstance(items[0], NewContact)
    assert items[0].attributes["size"] == "l"
    assert isinstance(items[-1], Refused)
    assert items[-1].item == '{"phone":"12"}'


@pytest.mark.req("K7")
@pytest.mark.parametrize("padding", [0, LARGE_BYTES])
@pytest.mark.parametrize(
    ("content", "is_json", "told"),
    [
        (b"{", False, "not JSON"),
        (b"", False, "not JSON"),
        (b"\xff\xfe", False, "not JSON"),
        (b"7", True, "as an object, or a list"),
        (orjson.dumps([{}] * 10_001), True, "at most 10000"),
    ],
)
async def test_a_body_that_is_nothing_to_load(content: bytes, is_json: bool, told: str, padding: int) -> None:
    with pytest.raises(UnreadableBodyError, match=told) as error:
        await whole(content + b" " * padding)
    assert error.value.is_json is is_json


async def test_an_empty_list_is_one_piece_of_nothing() -> None:
    body, pieces = await whole(b"[]")
    assert (body.total, pieces) == (0, [Piece(0, ())])
