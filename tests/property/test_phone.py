import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dialer.domain.phone import Unreadable, _read, read_phone

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


@st.composite
def valid_numbers(draw: st.DrawFn) -> tuple[phonenumbers.PhoneNumber, str]:
    region = draw(st.sampled_from(REGIONS))
    number = phonenumbers.example_number(region)
    assert number is not None
    return number, region


@pytest.mark.req("K1")
@settings(max_examples=400, deadline=None)
@given(code=st.sampled_from(CODES), national=st.from_regex(r"[0-9]{3,13}", fullmatch=True))
@example(code=49, national="015112345678")
@example(code=1, national="2222222222")
@example(code=54, national="91123456789")
@example(code=39, national="0612345678")
def test_the_short_way_answers_as_the_long_way(code: int, national: str) -> None:
    written = f"+{code}{national}"
    assert read_phone(written, None) == _read(written, None, False)


@pytest.mark.req("K1")
@settings(max_examples=300, deadline=None)
@given(valid_numbers(), st.sampled_from(list(range(4))))
def test_every_spelling_of_a_number_is_stored_alike(known: tuple[phonenumbers.PhoneNumber, str], style: int) -> None:
    number, region = known
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    international = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    written = [e164, international, f"00{e164[1:]}", f"\u202a{international}\u202c"][style]
    assert read_phone(written, region) == e164
    assert read_phone(written, None) == e164
    assert read_phone(e164, None, strict=True) == e164


@pytest.mark.req("K1", "K6")
@settings(max_examples=400, deadline=None)
@given(st.text(max_size=80) | st.text("+0123456789 ().-/eE٣x\r\n\0", max_size=30), st.none() | st.sampled_from(REGIONS))
def test_whatever_is_written_comes_out_as_digits_or_a_reason(written: str, region: str | None) -> None:
    read = read_phone(written, region)
    if isinstance(read, Unreadable):
        assert read.reason
        assert read.reason.isprintable()
    else:
        assert read[0] == "+"
        assert read[1:].isascii()
        assert read[1:].isdigit()
        assert 8 <= len(read) <= 16
        assert read_phone(read, None) == read  # reading again changes nothing
