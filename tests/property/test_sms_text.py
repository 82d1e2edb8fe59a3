"""Whatever the text, its parts give it back; whatever arrives, reading it does not fail."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms import receipt
from sms.commands import DeliverSm
from sms.text import Encoding, decode, encode, segments, split_header

GSM7 = st.text("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !#¤%&'()*+,-./09:;<=>?¡AZÄÖÑÜ§¿azäöñüà^{}\\[~]|€\f", max_size=700)
TEXTS = st.one_of(
    GSM7,
    st.text(max_size=400),
    st.text("aé€😀ж`\x1b", max_size=400),
    # Around the limits, where a pair may have to move over to the next part.
    st.builds(
        lambda lead, pair, count: "a" * lead + pair * count,
        st.integers(0, 160),
        st.sampled_from("€😀"),
        st.integers(0, 160),
    ),
)
OCTETS = st.binary(max_size=300)


@pytest.mark.req("M2")
@given(TEXTS, st.integers(0, 1000))
def test_a_text_comes_back_from_its_parts(text: str, reference: int) -> None:
    cut = segments(text, reference=reference)
    joined = ""
    for number, part in enumerate(cut.parts, 1):
        header, body = split_header(part.payload) if part.udh else (b"", part.payload)
        assert decode(body, cut.data_coding) == part.text
        assert header == (bytes([5, 0, 3, reference & 0xFF, len(cut.parts), number]) if part.udh else b"")
        joined += part.text
    assert joined == text


@pytest.mark.req("M2")
@given(TEXTS)
def test_no_part_is_too_long_or_split_inside_a_pair(text: str) -> None:
    cut = segments(text)
    limit = cut.encoding.single if len(cut.parts) == 1 else cut.encoding.joined
    for part in cut.parts:
        assert part.units <= limit
        body = part.payload[6:] if part.udh else part.payload
        assert len(part.payload) <= (160 if cut.encoding is Encoding.GSM7 else 140)
        if cut.encoding is Encoding.GSM7:
            assert not body.endswith(b"\x1b")
            assert all(code < 0x80 for code in body)
        else:
            body.decode("utf-16-be", "strict")


@pytest.mark.req("M2")
@given(TEXTS)
def test_parts_are_as_few_as_can_be(text: str) -> None:
    cut = segments(text)
    for part, following in pairwise(cut.parts):
        octets = len(encode(following.text[0], cut.encoding))
        more = octets if cut.encoding is Encoding.GSM7 else octets // 2
        assert part.units + more > cut.encoding.joined


@given(GSM7)
def test_gsm7_is_taken_whenever_it_can_be(text: str) -> None:
    assert segments(text).encoding is Encoding.GSM7
    assert decode(encode(text, Encoding.GSM7), 0) == text


@given(
    OCTETS,
    st.integers(0, 255),
    st.integers(0, 255),
    st.lists(st.tuples(st.sampled_from([0x1E, 0x423, 0x424, 0x427]), OCTETS)),
)
def test_reading_never_fails(payload: bytes, esm_class: int, data_coding: int, tlvs: list[tuple[int, bytes]]) -> None:
    deliver = DeliverSm(short_message=payload, esm_class=esm_class, data_coding=data_coding, tlvs=tuple(tlvs))
    found = receipt.parse(deliver)
    assert found is None or found.keys
    receipt.reply(deliver)


@pytest.mark.req("M3")
@given(st.integers(0, 2**64), st.integers(0, 8), st.booleans(), st.booleans())
def test_ids_meet_in_hex_and_decimal(number: int, zeros: int, response_in_hex: bool, upper: bool) -> None:
    hexadecimal = f"{number:X}" if upper else f"{number:x}"
    response, in_receipt = (hexadecimal, str(number)) if response_in_hex else (str(number), hexadecimal)
    stored = receipt.keys("0" * zeros + response)[0]
    assert stored in receipt.keys(in_receipt)
    assert stored in receipt.keys("0" * zeros + response.swapcase())
