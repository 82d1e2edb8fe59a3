import pytest

from dialer.domain.errors import InvalidInput
from dialer.domain.phone import Unreadable, check_region, looks_like_phone, normalise_email, parse_phone, read_phone


@pytest.mark.req("K1")
@pytest.mark.parametrize(
    ("written", "region", "stored"),
    [
        ("+12025550123", None, "+12025550123"),
        ("(202) 555-0123", "US", "+12025550123"),
        ("202.555.0123", "US", "+12025550123"),
        ("1 202 555 0123", "US", "+12025550123"),
        ("0151 12345678", "DE", "+4915112345678"),
        ("0151/123 456-78", "DE", "+4915112345678"),
        ("+49 (0) 151 12345678", "US", "+4915112345678"),
        ("(+49) 151 12345678", "US", "+4915112345678"),
        ("+49015112345678", None, "+4915112345678"),  # a trunk prefix left in: not the short way
        ("0049 151 12345678", "US", "+4915112345678"),  # 00 though the region dials 011
        ("0049 151 12345678", None, "+4915112345678"),
        ("tel:+49-151-12345678", "US", "+4915112345678"),
        ("+39 06 1234 5678", None, "+390612345678"),  # Italy keeps its zero
        ("4915112345678", "DE", "+4915112345678"),  # the spreadsheet dropped the +
        ("4915112345678.0", "DE", "+4915112345678"),  # … and read a number
        ("12025550123.00", "US", "+12025550123"),
        ("15112345678", "DE", "+4915112345678"),  # the spreadsheet dropped the 0
        ("494112345", "DE", "+49494112345"),  # short enough to be national: Germans say 0494…
        ("'+4915112345678", "DE", "+4915112345678"),
        ('="015112345678"', "DE", "+4915112345678"),
        ("٠١٥١ ١٢٣٤٥٦٧٨", "DE", "+4915112345678"),
        ("\uff0b\uff14\uff19 151 12345678", None, "+4915112345678"),  # full width
        ("\u202a+49\u00a0151\u201112345678\u202c", None, "+4915112345678"),  # copied from a phone's contacts
        ("+15550000001", None, "+15550000001"),  # structure, not assignment, decides
        ("(555) 000-0001", "us", "+15550000001"),
        ("+80012345678", None, "+80012345678"),
        ("+447911123456", None, "+447911123456"),
    ],
)
def test_a_number_is_read_as_e164(written: str, region: str | None, stored: str) -> None:
    assert parse_phone(written, region.upper() if region else None) == stored


@pytest.mark.req("K1", "K6")
@pytest.mark.parametrize(
    ("written", "region", "reason"),
    [
        ("", "US", "holds no digits"),
        ("   ", "US", "holds no digits"),
        ("0151 12345678", None, "no country code"),
        ("hold@other/n", "US", "contains 'h'"),
        ("SIP/100", "US", "contains 'S'"),
        ("1-800-FLOWERS", "US", "contains 'F'"),
        ("+1202555012٪", "US", "contains '٪'"),
        ("()-", "US", "holds no digits"),
        ("+1 202 555+0123", "US", "contains '+'"),
        ("++12025550123", "US", "contains '+'"),
        ("2025550123\r\nAction: Originate", "US", "control character"),
        ("2025550123\0", "US", "control character"),
        ("1e10", "US", "shortened by a spreadsheet"),
        ("4,91511E+12", "DE", "shortened by a spreadsheet"),
        ("202 555 0123 x5", "US", "extension"),
        ("202 555 0123 ext. 55", "US", "extension"),
        ("0151 12345678; 0171 12345678", "DE", "extension or a second number"),
        ("+1202555", None, "is too short"),
        ("+120255501234", None, "is too long"),
        ("5551234", "US", "is too short or lacks its area code"),
        ("+49151", None, "lacks its area code"),
        ("1100", "DE", "too short for a number that can be reached"),
        ("1", "US", "is too short"),
        ("2025550123 " * 4, "US", "is too long for a phone number"),
        ("1" * 30, "US", "is too long for a phone number"),
        ("1" * 100_000, "US", "is too long for a phone number"),
        ("+999123456789", None, "no country code in use"),
        ("+0012025550123", None, "no country code in use"),
        ("0049151 12345678 99999", "US", "is too long"),
        ("0000000000", "US", "no country code in use"),
        ("1111111111", "US", "placeholder"),
        ("+19999999999", None, "placeholder"),
        ("+412222222223", None, "length that country does not use"),
    ],
)
def test_what_is_no_number_is_refused_with_its_reason(written: str, region: str | None, reason: str) -> None:
    read = read_phone(written, region)
    assert isinstance(read, Unreadable), read
    assert reason in read.reason
    assert len(read.reason) < 300
    assert read.reason.isprintable()


def test_strict_asks_for_a_range_in_use() -> None:
    assert read_phone("+12025550123", None, strict=True) == "+12025550123"
    refused = read_phone("+15550000001", None, strict=True)
    assert isinstance(refused, Unreadable)
    assert "in no range in use in +1 (US)" in refused.reason


def test_the_field_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"caller_id: '12' is too short"):
        parse_phone("12", "US", field="caller_id")


def test_a_region_is_two_letters_with_a_numbering_plan() -> None:
    assert check_region("de") == "DE"
    with pytest.raises(InvalidInput, match="default_region: 'XX' is not a region"):
        check_region("XX")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("+49 151 12345678", True),
        ("2025550123", True),
        ("phone", False),
        ("123456", False),
        ("Anna", False),
        ("", False),
    ],
)
def test_a_cell_that_can_only_be_a_phone_number(cell: str, expected: bool) -> None:
    assert looks_like_phone(cell) is expected


@pytest.mark.req("K1")
@pytest.mark.parametrize(
    ("written", "stored"),
    [
        (" Anna.Muster@Example.COM ", "anna.muster@example.com"),
        ("mailto:a+tag@sub.example.co.uk", "a+tag@sub.example.co.uk"),
        ("anna@münchen.de", "anna@münchen.de"),
        ("o'brien@example.ie", "o'brien@example.ie"),
    ],
)
def test_an_email_address_is_kept_in_small_letters(written: str, stored: str) -> None:
    assert normalise_email(written) == stored


@pytest.mark.parametrize(
    "written",
    [
        "",
        "anna",
        "anna@",
        "@example.com",
        "a b@example.com",
        "a@b",
        "a@-b.com",
        "a@b..com",
        ".a@b.com",
        "a.@b.com",
        "a@b.com\r\nBcc: x@y.zz",
        "a@b@c.com",
        "<a@b.com>",
        "a@b.com,c@d.com",
        "a@example.1",
        "x" * 250 + "@example.com",
    ],
)
def test_what_is_no_email_address_is_refused(written: str) -> None:
    assert isinstance(normalise_email(written), Unreadable)
