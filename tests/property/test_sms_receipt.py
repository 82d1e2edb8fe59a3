"""A receipt's words are the same however they are read, and no octets are too odd to be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.address import Address
from sms.commands import DeliverSm
from sms.receipt import Receipt, is_receipt, parse

HANDSET = Address(1, 1, "41791112233")
WORDS = st.sampled_from(["id:", "stat:", "err:", "text:", "STAT:", " ", "\xa0", "\n", "7", "dlvrd:", "DELIVRD", ":"])
ODD = st.lists(st.one_of(WORDS, st.text(st.characters(max_codepoint=0xFF), max_size=8)), max_size=6).map("".join)


@st.composite
def usual(draw: st.DrawFn) -> str:
    """The form of appendix B, with one of its places filled by whatever a provider may put there."""
    form = "id:{} sub:{} dlvrd:{} submit date:{} done date:{} stat:{} err:{} text:{}"
    fields = ["7E28", "001", "001", "2605041200", "2605041201", "DELIVRD", "0x1f", draw(ODD)]
    fields[draw(st.integers(0, 7))] = draw(ODD)
    return draw(st.sampled_from([form, form.title()])).format(*fields)


def told(text: str) -> Receipt | None:
    return parse(DeliverSm(HANDSET, Address(5, 0, "us"), text.encode("latin-1"), 3, 4))


@pytest.mark.req("M3")
@given(usual())
def test_the_usual_form_says_what_the_search_for_its_words_finds(text: str) -> None:
    assert told(text) == told(f" {text}"), "with a space before it, its words are searched for one by one"


@pytest.mark.req("M3")
@given(
    st.binary(max_size=80),
    st.integers(0, 255),
    st.integers(0, 255),
    st.lists(
        st.tuples(st.sampled_from([0x001E, 0x0423, 0x0424, 0x0427, 0x1400]), st.binary(max_size=80)), max_size=4
    ).map(tuple),
)
def test_no_octets_are_too_odd(text: bytes, coding: int, esm_class: int, tlvs: tuple[tuple[int, bytes], ...]) -> None:
    deliver = DeliverSm(HANDSET, Address(5, 0, "us"), text, coding, esm_class, tlvs)
    assert parse(deliver) is None or is_receipt(deliver) or text
