"""Edits of a contact: what is named changes, everything wrong is told at once."""

import pytest

from dialer.domain.contact import MOST_ADDRESSES, Address, Change, ContactRecord
from dialer.domain.editing import Edit, edited
from dialer.domain.errors import InvalidInput
from dialer.domain.fields import Field, FieldType

ANN = ContactRecord(
    7,
    "Ann",
    "Ah",
    "Europe/Berlin",
    "A-1",
    (Address("+12025550101", voice=True, sms=True),),
    {"city": "Bonn", "age": "30"},
)
FIELDS = {"age": Field("age", "Age", FieldType.NUMBER)}


def faults(edit: Edit) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refused:
        edited(ANN, edit, "US", FIELDS)
    return {fault.field: fault.reason for fault in refused.value.faults}


@pytest.mark.req("K11")
def test_what_is_not_named_stays() -> None:
    assert edited(ANN, Edit(), "US", FIELDS).contact == ANN
    assert edited(ANN, Edit(), "US", FIELDS).changes == ()


@pytest.mark.req("K11", "C14")
def test_names_attributes_and_addresses_change_and_the_changes_are_told() -> None:
    wanted = Edit(
        {"first_name": " Anna ", "time_zone": None, "external_id": None},
        {"Zip Code": "53111", "city": None, "age": "1 234,5"},
        [("voice", "202 555 0199"), ("email", "Ann@Example.org"), ("sms", "(202) 555-0199")],
    )
    found = edited(ANN, wanted, "US", FIELDS)
    assert found.contact == ContactRecord(
        7, "Anna", "Ah", None, None,
        (Address("+12025550199", voice=True, sms=True), Address("ann@example.org", email=True)),
        {"zip_code": "53111", "age": "1234.5"},
    )  # fmt: skip
    assert set(found.changes) == {
        Change("first_name", "Ann", "Anna"),
        Change("time_zone", "Europe/Berlin", None),
        Change("external_id", "A-1", None),
        Change("attributes.city", "Bonn", None),
        Change("attributes.zip_code", None, "53111"),
        Change("attributes.age", "30", "1234.5"),
        Change("addresses.+12025550101", "voice+sms", None),
        Change("addresses.+12025550199", None, "voice+sms"),
        Change("addresses.ann@example.org", None, "email"),
    }


@pytest.mark.req("K11", "C14")
def test_everything_that_is_wrong_is_told_at_once() -> None:
    told = faults(
        Edit(
            {"first_name": "x" * 201, "last_name": "a\nb", "time_zone": "Mars/Base"},
            {"phone": "1", "age": "old", "note": "x" * 4001, "": "y", "bad": "a\x00b"},
            [("voice", "12"), ("fax", "+12025550101"), ("email", "nobody")],
        )
    )
    assert set(told) == {
        "first_name", "last_name", "time_zone", "attributes.phone", "attributes.age", "attributes.note", "attributes.",
        "attributes.bad", "addresses.0.address", "addresses.1.channel", "addresses.2.address",
    }  # fmt: skip
    assert "'old' is not a number" in told["attributes.age"]


@pytest.mark.req("K11")
def test_a_contact_keeps_at_least_one_address_and_not_too_many() -> None:
    assert "delete the contact" in faults(Edit(addresses=[]))["addresses"]
    many = [("voice", f"+1202555{n:04}") for n in range(MOST_ADDRESSES + 1)]
    assert "at most" in faults(Edit(addresses=many))["addresses"]
