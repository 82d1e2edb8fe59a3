"""The short way of reading a national number gives what the long way gives, in every region."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.domain.phone import Unreadable, _plain_national, _read

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
SEPARATORS = st.sampled_from(["", "", "", " ", "-", "/", "(", ")"])


@st.composite
def written(draw: st.DrawFn, region: str) -> str:
    """Example numbers of the region with other digits, trunk prefixes, country codes and separators."""
    kind = draw(st.sampled_from([*phonenumbers.PhoneNumberType.values()]))
    example = phonenumbers.example_number_for_type(region, kind) or phonenumbers.example_number(region)
    assert example is not None
    national = phonenumbers.national_significant_number(example)
    kept = draw(st.integers(0, len(national)))
    digits = national[:kept] + "".join(draw(st.sampled_from("0123456789")) for _ in national[kept:])
    prefix = draw(st.sampled_from(["", "", "0", "1", "8", "00", str(example.country_code)]))
    return "".join(digit + draw(SEPARATORS) for digit in prefix + digits)


@pytest.mark.req("K1")
@settings(max_examples=3_000)
@given(st.sampled_from(REGIONS).flatmap(lambda region: st.tuples(st.just(region), written(region))))
def test_the_short_way_and_the_long_way_agree(case: tuple[str, str]) -> None:
    region, text = case
    short = _plain_national(text, region)
    if short is not None:
        long = _read(text, region, strict=False)
        assert not isinstance(long, Unreadable), long.reason
        assert short == long


@pytest.mark.req("K1")
@pytest.mark.parametrize(
    ("text", "region"), [("0151 23456789", "DE"), ("(0)30 123456", "DE"), ("212-555-0123", "US"), ("06 12345678", "FR")]
)
def test_the_short_way_is_taken(text: str, region: str) -> None:
    taken = _plain_national(text, region)
    assert (taken is not None) == (not text.startswith("("))
