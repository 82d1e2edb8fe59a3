import pytest

from dialer.domain.columns import (
    ColumnMap,
    Kind,
    Refusal,
    Target,
    attribute_name,
    contact_from,
    is_known,
    map_columns,
    row_to_contact,
    target_of,
)
from dialer.domain.contact import Address, NewContact
from dialer.domain.errors import InvalidInput

PHONE, MOBILE = "+4930123456", "+4915112345678"


def read(columns: dict[str, str], **explicit: str | None) -> NewContact | Refusal:
    return row_to_contact(list(columns.values()), map_columns(list(columns), explicit), "DE")


def reason(columns: dict[str, str]) -> str:
    refusal = read(columns)
    assert isinstance(refusal, Refusal)
    return refusal.reason


@pytest.mark.req("K5")
@pytest.mark.parametrize(
    "column", ["phone", "Phone 2", "PHONE-3", "phone_12", "Mobile", "sms", "Email 2", "E-Mail", "e mail 2"]
)
def test_address_columns_are_known_in_any_spelling(column: str) -> None:
    assert is_known(column)


@pytest.mark.req("K5")
def test_known_columns_fill_their_fields_and_all_others_become_attributes() -> None:
    contact = read(
        {
            "First Name": " Anna ",
            "LAST-NAME": "Muster",
            "Phone": "030 123456",
            "Mobile": "0151 12345678",
            "SMS": "0171 1234567",
            "Email": "Anna@Example.com",
            "time zone": "Europe/Berlin",
            "External_ID": "77",
            "Account  No": "4711",
            "empty": "",
            "": "no name",
        }
    )
    assert contact == NewContact(
        "Anna",
        "Muster",
        "Europe/Berlin",
        "77",
        (
            Address(PHONE, voice=True, sms=True),
            Address(MOBILE, voice=True, sms=True),
            Address("+491711234567", sms=True),
            Address("anna@example.com", email=True),
        ),
        {"account_no": "4711", "column_11": "no name"},
    )


@pytest.mark.req("K5")
def test_an_explicit_mapping_goes_before_the_known_names() -> None:
    columns = {"Tel": "030 123456", "phone": "x", "note": "hi", "City Name": "Bonn", "plan": "gold", "gone": "1"}
    contact = read(
        columns,
        **{
            "tel": "mobile",
            "phone": None,
            "note": "",
            "city name": "attributes.city",
            "plan": "tier",
            "gone": "ignore",
        },
    )
    assert contact == NewContact(
        addresses=(Address(PHONE, voice=True, sms=True),), attributes={"city": "Bonn", "tier": "gold"}
    )


def test_a_mapping_can_be_given_back() -> None:
    proposed = map_columns(["Phone 2", "City", "First-Name"])
    assert proposed.as_fields() == {"Phone 2": "phone_2", "City": "city", "First-Name": "first_name"}
    assert map_columns(proposed.columns, proposed.as_fields()) == proposed


@pytest.mark.req("K5")
def test_every_fault_of_a_mapping_is_told_at_once() -> None:
    with pytest.raises(InvalidInput) as invalid:
        map_columns(["a", "b", "c", "x" * 101], {"a": "first_name", "b": "First Name", "nix": "phone"})
    reasons = {fault.field: fault.reason for fault in invalid.value.faults}
    assert "no column 'nix'; it has 'a', 'b', 'c'" in reasons["mapping.nix"]
    assert "fills first_name, as 'a' does" in reasons["mapping.b"]
    assert "longer than 100 characters" in reasons["mapping." + "x" * 100]
    assert "no column holds addresses" in reasons["mapping"]


def test_a_file_with_many_columns_is_not_listed_in_full() -> None:
    with pytest.raises(InvalidInput, match="'c19' and 5 more"):
        map_columns([f"c{at}" for at in range(25)])


def test_two_columns_for_one_attribute_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"mapping\.ort: fills city, as 'city' does"):
        map_columns(["phone", "city", "ort"], {"ort": "city"})


@pytest.mark.req("K1")
def test_addresses_come_in_the_order_of_their_rank() -> None:
    contact = read({"phone2": "0151 12345678", "phone": "030 123456"})
    assert isinstance(contact, NewContact)
    assert [address.address for address in contact.addresses] == [PHONE, MOBILE]


@pytest.mark.req("K2")
def test_the_same_number_in_two_columns_is_one_address() -> None:
    contact = read({"sms": "030 123456", "phone": "+49 30 123456"})
    assert contact == NewContact(addresses=(Address(PHONE, voice=True, sms=True),))


def test_a_name_column_is_split_and_yields_to_first_and_last_name() -> None:
    assert read({"phone": PHONE, "name": "Muster, Anna"}) == NewContact(
        "Anna", "Muster", addresses=(Address(PHONE, voice=True, sms=True),)
    )
    contact = read({"phone": PHONE, "name": "Anna Muster", "first_name": "Anni"})
    assert isinstance(contact, NewContact)
    assert (contact.first_name, contact.last_name) == ("Anni", "Muster")


@pytest.mark.req("K5")
def test_a_row_without_a_usable_address_is_refused_with_all_its_faults() -> None:
    text = reason({"phone": "12", "email": "anna", "time_zone": "Berlin", "first_name": "x" * 201, "note": "y" * 4001})
    for part in ("phone: '12' is too short", "email: 'anna' is not", "'Berlin' is not a known time zone"):
        assert part in text
    assert "first_name: 'xxx" in text
    assert "201 characters, more than the 200 allowed" in text
    assert "4001 characters" in text
    assert reason({"phone": " ", "first_name": "Anna"}).startswith("no address is given; fill one of the columns")


@pytest.mark.req("K5")
def test_an_unusable_second_number_goes_along_as_a_note() -> None:
    contact = read({"phone": PHONE, "phone2": "12"})
    assert isinstance(contact, NewContact)
    assert len(contact.addresses) == 1
    assert contact.notes == (
        "phone2: '12' is too short or lacks its area code for +49 (DE); write the whole number with + and the country code",
    )


@pytest.mark.req("K5", "C9")
def test_an_unknown_zone_refuses_the_row_though_its_number_is_good() -> None:
    assert "did you mean Europe/Berlin?" in reason({"phone": PHONE, "time_zone": "europe/berlin"})


@pytest.mark.req("K6")
def test_control_characters_do_not_get_into_values() -> None:
    contact = read({"phone": PHONE, "note": "a\0b\x1b\ud800c\nd\te\u200df", "first_name": "Anna\x7f"})
    assert isinstance(contact, NewContact)
    assert contact.attributes == {"note": "a b  c\nd\te\u200df"}
    assert contact.first_name == "Anna "


@pytest.mark.req("K5")
def test_what_a_file_of_refused_rows_tells_of_them_is_left_out() -> None:
    told = {"line": "4", "reason": "phone: '12' is too short", "remedy": "write it whole"}
    assert read({"phone": PHONE, "E-Mail": "a@example.com", **told}) == read({"phone": PHONE, "email": "a@example.com"})
    contact = read({"phone": PHONE, **told}, line="line")
    assert isinstance(contact, NewContact)
    assert contact.attributes == {"line": "4"}, "by hand it is kept"
    contact = read({"phone": PHONE, "reason": "a gift", "remedy": "", "line": "7"})
    assert isinstance(contact, NewContact)
    assert contact.attributes == {"reason": "a gift", "line": "7"}, "in another order they are somebody's own"


def test_a_short_row_has_empty_cells() -> None:
    assert row_to_contact([PHONE], map_columns(["phone", "city"]), None) == NewContact(
        addresses=(Address(PHONE, voice=True, sms=True),)
    )


@pytest.mark.req("K7")
def test_a_rest_object_is_read_by_the_same_rules() -> None:
    pairs = [(target_of("phone"), "030 123456"), (target_of("City"), "Bonn")]
    assert contact_from(pairs, "DE") == NewContact(
        addresses=(Address(PHONE, voice=True, sms=True),), attributes={"city": "Bonn"}
    )


def test_names_have_one_form() -> None:
    assert attribute_name("  Straße - Nr  ") == "straße_nr"
    assert attribute_name("\uff30hone") == "phone"
    assert target_of("mobile2") == Target(Kind.PHONE, "mobile2", 2)
    assert isinstance(map_columns(["phone"]), ColumnMap)
