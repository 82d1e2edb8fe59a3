import pytest

from dialer.domain.contact import (
    Address,
    Change,
    ContactRecord,
    NewContact,
    combine_addresses,
    join,
    merge,
    split_name,
)

PHONE, MOBILE, MAIL = "+4930123456", "+4915112345678", "anna@example.com"
ANNA = ContactRecord(
    1,
    first_name="Anna",
    time_zone="Europe/Berlin",
    addresses=(Address(PHONE, voice=True),),
    attributes={"city": "Berlin", "plan": "basic"},
)


@pytest.mark.req("K2")
def test_new_values_fill_and_update_and_the_changes_say_so() -> None:
    new = NewContact(
        last_name="Muster",
        external_id="77",
        addresses=(Address(MAIL, email=True),),
        attributes={"plan": "gold", "age": "40"},
    )
    merged = merge(ANNA, new)
    assert merged.contact == ContactRecord(
        1,
        "Anna",
        "Muster",
        "Europe/Berlin",
        "77",
        (Address(PHONE, voice=True), Address(MAIL, email=True)),
        {"city": "Berlin", "plan": "gold", "age": "40"},
    )
    assert set(merged.changes) == {
        Change("last_name", None, "Muster"),
        Change("external_id", None, "77"),
        Change(f"addresses.{MAIL}", None, "email"),
        Change("attributes.plan", "basic", "gold"),
        Change("attributes.age", None, "40"),
    }


@pytest.mark.req("K2")
def test_empty_new_values_erase_nothing() -> None:
    merged = merge(ANNA, NewContact(attributes={"city": ""}))
    assert merged.contact == ANNA
    assert merged.changes == ()


@pytest.mark.req("K2")
def test_a_number_under_voice_and_sms_is_one_address_with_both() -> None:
    merged = merge(ANNA, NewContact(addresses=(Address(PHONE, sms=True),)))
    assert merged.contact.addresses == (Address(PHONE, voice=True, sms=True),)
    assert merged.changes == (Change(f"addresses.{PHONE}", "voice", "voice+sms"),)


@pytest.mark.req("K2")
def test_merging_leaves_the_existing_contact_as_it_was() -> None:
    before = dict(ANNA.attributes)
    merge(ANNA, NewContact(attributes={"city": "Bonn"}))
    assert ANNA.attributes == before


@pytest.mark.req("K2")
def test_several_contacts_that_match_are_joined_and_nothing_is_lost() -> None:
    other = ContactRecord(
        2,
        first_name="Anne",
        last_name="Muster",
        addresses=(Address(MOBILE, sms=True), Address(PHONE, sms=True)),
        attributes={"city": "Bonn", "age": "40"},
    )
    joined = join(ANNA, [other, ContactRecord(3, attributes={"city": "Berlin", "age": "41"})])
    assert joined.contact.id == 1
    assert (joined.contact.first_name, joined.contact.last_name) == ("Anna", "Muster")
    assert joined.contact.attributes == {"city": "Berlin", "plan": "basic", "age": "40"}
    assert set(joined.contact.addresses) == {Address(PHONE, voice=True, sms=True), Address(MOBILE, sms=True)}
    assert joined.absorbed == (2, 3)
    assert set(joined.dropped) == {
        Change("first_name", "Anne", "Anna"),
        Change("attributes.city", "Bonn", "Berlin"),
        Change("attributes.age", "41", "40"),
    }
    assert Change("last_name", None, "Muster") in joined.changes


def test_addresses_are_kept_in_order_of_first_appearance() -> None:
    assert combine_addresses([Address("b", sms=True), Address("a", voice=True), Address("b", email=True)]) == (
        Address("b", sms=True, email=True),
        Address("a", voice=True),
    )


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Anna Muster", "Anna", "Muster"),
        ("  Anna   Maria  Muster ", "Anna Maria", "Muster"),
        ("Muster, Anna Maria", "Anna Maria", "Muster"),
        ("Anna", "Anna", ""),
        ("", "", ""),
        ("Muster,", "", "Muster"),
        (", Anna", "Anna", ""),
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven"),
        ("Beethoven, Ludwig van", "Ludwig", "van Beethoven"),
        ("María de la Cruz", "María", "de la Cruz"),
        ("Van Morrison", "Van", "Morrison"),  # a first name is left
        ("李 小龍", "李", "小龍"),
    ],
)
def test_a_name_is_split(name: str, first: str, last: str) -> None:
    assert split_name(name) == (first, last)
