"""Whatever the text, its parts give it back; whatever arrives, reading it does not fail."""

from itertools import pairwise

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from sms import commands, receipt
from sms.alphabet import Encoding, decode, encode, transliterated
from sms.commands import DeliverSm
from sms.text import LongTexts, segments

GSM7 = st.text("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !#¤%&'()*+,-./09:;<=>?¡AZÄÖÑÜ§¿azäöñüà^{}\\[~]|€\f", max_size=700)
# No store keeps a NUL, and what comes in is rid of it.
ANY = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TEXTS = st.one_of(
    GSM7,
    st.text(ANY, max_size=400),
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


ALPHABETS = st.sampled_from([Encoding.GSM7, Encoding.LATIN1])
LONG = st.sampled_from(LongTexts)
HEADERS = {LongTexts.UDH8: 6, LongTexts.UDH16: 7, LongTexts.SAR: 0, LongTexts.PAYLOAD: 0}


def arrived(tlvs: commands.Tlvs, payload: bytes, *, udh: bool, data_coding: int) -> DeliverSm:
    """A part as it would come in if a handset had sent it."""
    esm_class = commands.ESM_UDH if udh else 0
    return DeliverSm(short_message=payload, esm_class=esm_class, data_coding=data_coding, tlvs=tlvs)


@pytest.mark.req("M2")
@given(TEXTS, st.integers(0, 70_000), ALPHABETS, LONG)
def test_a_text_comes_back_from_its_parts(text: str, reference: int, alphabet: Encoding, long: LongTexts) -> None:
    """As a handset reads them: by what each part says of itself, in any order."""
    cut = segments(text, reference=reference, alphabet=alphabet, long=long)
    found = [
        receipt.reply(arrived(part.tlvs, part.payload, udh=part.udh, data_coding=cut.data_coding), alphabet)
        for part in reversed(cut.parts)
    ]
    found.sort(key=lambda part: part.number)
    assert [(part.number, part.total) for part in found] == [(n, len(found)) for n in range(1, len(found) + 1)]
    assert "".join(part.text for part in found) == text
    assert [part.text for part in found] == [part.text for part in cut.parts]
    if len(found) > 1:
        assert {part.reference for part in found} == {reference & (0xFF if long is LongTexts.UDH8 else 0xFFFF)}
    assert cut.segments == len(segments(text, alphabet=alphabet).parts) or long is LongTexts.UDH16


@pytest.mark.req("M2")
@given(TEXTS, ALPHABETS, LONG)
def test_no_part_is_too_long_or_split_inside_a_pair(text: str, alphabet: Encoding, long: LongTexts) -> None:
    cut = segments(text, alphabet=alphabet, long=long)
    if long is LongTexts.PAYLOAD:
        assert len(cut.parts) == 1
        return
    limit = cut.encoding.single if len(cut.parts) == 1 else long.room(cut.encoding)
    for part in cut.parts:
        assert part.units <= limit
        body = part.payload[HEADERS[long] :] if part.udh else part.payload
        assert len(part.payload) <= (140 if cut.encoding is Encoding.UCS2 else 160)
        if cut.encoding is Encoding.GSM7:
            assert not body.endswith(b"\x1b")
            assert all(code < 0x80 for code in body)
        elif cut.encoding is Encoding.UCS2:
            body.decode("utf-16-be", "strict")


NATIONAL = {
    Encoding.TURKISH: st.text("abcİıŞşĞğç€^{}[]~ \n", max_size=60),
    Encoding.SPANISH: st.text("abcñÁÍÓÚáíóúç¿¡€\\|", max_size=60),
    Encoding.PORTUGUESE: st.text("abcãõÃÕâÂêÊôÔÀÁáíóúçΩΦ^€", max_size=60),
}


@pytest.mark.req("M2")
@given(
    st.data(),
    st.sampled_from(list(NATIONAL)),
    st.integers(0, 70_000),
    st.sampled_from([LongTexts.UDH8, LongTexts.UDH16]),
)
def test_a_text_by_a_national_table_comes_back_from_its_parts(
    data: st.DataObject, national: Encoding, reference: int, long: LongTexts
) -> None:
    text = data.draw(NATIONAL[national]) * data.draw(st.integers(1, 9))  # long ones are rarely drawn
    cut = segments(text, reference=reference, long=long, national=national)
    assert cut.encoding in {Encoding.GSM7, national}
    found = [
        receipt.reply(arrived(part.tlvs, part.payload, udh=part.udh, data_coding=cut.data_coding)) for part in cut.parts
    ]
    assert "".join(part.text for part in found) == text
    assert [(part.number, part.total) for part in found] == [(n, len(found)) for n in range(1, len(found) + 1)]
    for part in cut.parts:
        header = part.payload[0] + 1 if part.udh else 0
        body = part.payload[header:]
        assert -(-8 * header // 7) + len(body) <= 160, "septets, the header filled up to a whole one"
        assert not body.endswith(b"\x1b")
        assert all(code < 0x80 for code in body)


FAMILY = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"


@pytest.mark.req("M2")
@given(
    st.lists(
        st.sampled_from(["a", "e\u0301", FAMILY, "\N{THUMBS UP SIGN}\U0001f3fd", "\U0001f1e8\U0001f1ed", "ж"]),
        max_size=120,
    )
)
def test_no_part_ends_inside_what_is_seen_as_one_character(characters: list[str]) -> None:
    whole, ends = "".join(characters), {0}
    for character in characters:
        ends.add(max(ends) + len(character))
    at = 0
    for part in segments(whole).parts:
        at += len(part.text)
        assert at in ends
    assert at == len(whole)


@pytest.mark.req("M2")
@given(TEXTS)
def test_parts_are_as_few_as_can_be(text: str) -> None:
    """The first character of the next part would not have fit."""
    cut = segments(text)
    for part, following in pairwise(cut.parts):
        octets = len(encode(regex.match(r"\X", following.text)[0], cut.encoding))
        more = octets if cut.encoding is Encoding.GSM7 else octets // 2
        assert part.units + more > LongTexts.UDH8.room(cut.encoding)


@pytest.mark.req("M2")
@given(TEXTS)
def test_near_characters_save_a_text_from_ucs2_or_nothing_is_changed(text: str) -> None:
    near = transliterated(text)
    assert near == text or (Encoding.GSM7.has(near) and not Encoding.GSM7.has(text))
    assert transliterated(near) == near


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
