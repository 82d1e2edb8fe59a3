from itertools import pairwise

import pytest

from sms.alphabet import Encoding, decode, encode, transliterated
from sms.gateway import Gateway
from sms.reference import References
from sms.settings import GatewaySettings, split
from sms.text import LongTexts, TextTooLongError, segments, split_header

ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)


@pytest.mark.req("M2")
@pytest.mark.parametrize(
    ("text", "encoding", "units", "parts"),
    [
        ("", Encoding.GSM7, 0, 1),
        ("a" * 160, Encoding.GSM7, 160, 1),
        ("a" * 161, Encoding.GSM7, 161, 2),
        ("a" * 306, Encoding.GSM7, 306, 2),
        ("a" * 307, Encoding.GSM7, 307, 3),
        ("€" * 80, Encoding.GSM7, 160, 1),
        ("€" * 81, Encoding.GSM7, 162, 2),
        # 153 is odd: a pair that does not fit leaves a septet empty rather than be split.
        ("€" * 153, Encoding.GSM7, 306, 3),
        ("ж" * 70, Encoding.UCS2, 70, 1),
        ("ж" * 71, Encoding.UCS2, 71, 2),
        ("ж" * 134, Encoding.UCS2, 134, 2),
        ("ж" * 135, Encoding.UCS2, 135, 3),
        ("😀" * 35, Encoding.UCS2, 70, 1),
        ("😀" * 67, Encoding.UCS2, 134, 3),
        # Not in GSM-7: the backtick, small c with cedilla, the escape itself.
        ("`", Encoding.UCS2, 1, 1),
        ("ç", Encoding.UCS2, 1, 1),
        ("\x1b", Encoding.UCS2, 1, 1),
    ],
)
def test_segments(text: str, encoding: Encoding, units: int, parts: int) -> None:
    cut = segments(text)
    assert (cut.encoding, cut.units, len(cut.parts)) == (encoding, units, parts)
    assert cut.data_coding == (0 if encoding is Encoding.GSM7 else 8)


@pytest.mark.req("M2")
def test_the_whole_alphabet_is_one_septet_each() -> None:
    (part,) = segments(ALPHABET).parts
    # 23.038 §6.2.1 gives the codes; 0x1B, the escape, is left out.
    assert part.payload == bytes(code for code in range(128) if code != 0x1B)
    assert decode(part.payload, 0) == ALPHABET


@pytest.mark.req("M2")
def test_the_extension_table() -> None:
    (part,) = segments("\f^{}\\[~]|€").parts
    assert part.payload == bytes.fromhex("1b0a 1b14 1b28 1b29 1b2f 1b3c 1b3d 1b3e 1b40 1b65")


@pytest.mark.req("M2")
def test_the_header_of_a_part() -> None:
    first, second = segments("a" * 200, reference=0x1FE).parts
    assert first.payload[:6] == bytes([5, 0, 3, 0xFE, 2, 1])
    assert second.payload[:6] == bytes([5, 0, 3, 0xFE, 2, 2])
    assert (first.udh, first.units, second.units) == (True, 153, 47)
    assert len(first.payload) == 159
    assert split_header(second.payload) == (bytes([5, 0, 3, 0xFE, 2, 2]), b"a" * 47)


@pytest.mark.req("M2")
def test_long_texts_as_the_smsc_wants_them() -> None:
    wide = segments("a" * 200, reference=0x1FE, long=LongTexts.UDH16).parts
    assert (wide[0].payload[:7], wide[0].units) == (bytes([6, 8, 4, 1, 0xFE, 2, 1]), 152)
    joined = segments("a" * 200, reference=0x1FE, long=LongTexts.SAR).parts
    assert joined[1].tlvs == ((0x020C, b"\x01\xfe"), (0x020E, b"\x02"), (0x020F, b"\x02"))
    assert (joined[0].udh, joined[0].payload) == (False, b"a" * 153)
    whole = segments("a" * 200, long=LongTexts.PAYLOAD)
    assert (whole.segments, whole.parts[0].payload, whole.parts[0].tlvs) == (2, b"", ((0x0424, b"a" * 200),))
    short = segments("a", long=LongTexts.PAYLOAD)
    assert (short.parts[0].payload, short.parts[0].tlvs) == (b"a", ())


@pytest.mark.req("M2")
def test_latin_1_has_what_both_have() -> None:
    assert segments("@é$", alphabet=Encoding.LATIN1).parts[0].payload == b"@\xe9$"
    assert segments("€5", alphabet=Encoding.LATIN1).encoding is Encoding.UCS2
    assert segments("ç", alphabet=Encoding.LATIN1).encoding is Encoding.UCS2, "Latin-1 has it, GSM-7 does not"


@pytest.mark.req("M2")
@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("“Zażółć” – it’s… ½", '"Zazolc" - it\'s... 1/2'),
        ("Ça va?", "Ça va?"),
        ("ça va?", "ca va?"),
        ("çé 😀", "çé 😀"),
        ("Привет “x”", "Привет “x”"),
        ("a\u00a0b", "a b"),
    ],
)  # fmt: skip
def test_near_characters(text: str, near: str) -> None:
    assert transliterated(text) == near


def test_a_lone_surrogate_is_replaced_and_a_pair_joined() -> None:
    assert segments("\ud83d").parts[0].text == "\ufffd"
    assert segments("\ud83d\ude00").parts[0].text == "😀"


def test_more_than_255_parts_are_refused() -> None:
    assert len(segments("a" * 153 * 255).parts) == 255
    with pytest.raises(TextTooLongError, match="256 parts"):
        segments("a" * (153 * 255 + 1))


@pytest.mark.parametrize(
    ("data", "data_coding", "text"),
    [
        (b"caf\xe9", 3, "café"),
        (b"plain", 1, "plain"),
        (b"\xff", 1, "\ufffd"),
        (b"\x04\x16\x04", 8, "Ж\ufffd"),
        (b"\x1b\x65\x1b\x1b\x1bA\x80\x1b", 0, "€ A\ufffd"),
        (b"\x04\x16", 0x18, "Ж"),  # UCS-2 with a class, and as a waiting message's (23.038)
        (b"\x04\x16", 0x19, "Ж"),
        (b"\x04\x16", 0x48, "Ж"),
        (b"\x04\x16", 0xE0, "Ж"),
        (b"Hi", 0x10, "Hi"),
        (b"Hi", 0xF1, "Hi"),
        (b"\xb6", 6, "Ж"),
        (b"\x04\x16\0\0", 8, "Ж"),
        (b"Hi\0", 3, "Hi"),
        (b"Hi\0", 1, "Hi"),
        (b"\0", 0, "@"),
        (b"", 0, ""),
    ],
)
def test_decoding_never_fails(data: bytes, data_coding: int, text: str) -> None:
    assert decode(data, data_coding) == text


def test_references_count_per_destination() -> None:
    references = References(limit=2)
    first = [references.next("a") for _ in range(300)]
    assert all((later - earlier) % 0x10000 == 1 for earlier, later in pairwise(first))
    other = references.next("b")
    assert references.next("b") == (other + 1) % 0x10000
    references.next("c")
    # "a" is forgotten and begins at its own number again.
    assert references.next("a") == first[0]


@pytest.mark.req("M2")
async def test_only_texts_in_parts_take_a_reference() -> None:
    """What is remembered of destinations does not grow with short texts, which are most."""

    async def nobody(_: object) -> None: ...

    gateway = Gateway(GatewaySettings("texts", "127.0.0.1", 1, "me", ""), on_receipts=nobody, on_reply=nobody)

    def reference() -> int:
        header, _ = split_header(gateway.split("a" * 161, "+4912345678").parts[0].payload)
        return header[3]

    first = reference()
    assert len(gateway.split("short", "+4912345678").parts) == 1
    assert reference() == (first + 1) & 0xFF, "the short text took none"


# 23.038 A.2.1 to A.2.3, code by code; a blank is what the basic alphabet has.
TABLES = {
    Encoding.TURKISH: (
        1,
        ("          \f         ^                   {}     \\"
        "            [~] |      Ğ İ         Ş               ç € ğ ı         ş            "),
    ),
    Encoding.SPANISH: (
        2,
        ("         ç\f         ^                   {}     \\"
        "            [~] |Á       Í     Ó     Ú           á   €   í     ó     ú          "),
    ),
    Encoding.PORTUGUESE: (
        3,
        ("     ê   ç\fÔô Áá  ΦΓ^ΩΠΨΣΘ     Ê        {}     \\"
        "            [~] |À       Í     Ó     Ú     ÃÕ    Â   €   í     ó     ú     ãõ  â"),
    ),
}  # fmt: skip


@pytest.mark.req("M2")
@pytest.mark.parametrize("national", TABLES)
def test_national_tables(national: Encoding) -> None:
    language, table = TABLES[national]
    assert (national.language, len(table)) == (language, 128)
    for code, character in enumerate(table):
        if character != " ":
            assert decode(bytes([0x1B, code]), 0, language) == character
            assert national.has(character)
            if character not in ALPHABET:
                assert encode(character, national) == bytes([0x1B, code])
    assert {one for one in "ĞİŞçğışÁÍÓÚáíóúêÔôÊÀÃÕÂãõâ" if national.has(one)} == set(table) & set(
        "ĞİŞçğışÁÍÓÚáíóúêÔôÊÀÃÕÂãõâ"
    )


@pytest.mark.req("M2")
def test_a_national_table_is_named_in_each_part_and_taken_only_where_it_saves_a_text_from_ucs2() -> None:
    plain = segments("a" * 160, national=Encoding.SPANISH)
    assert (plain.encoding, plain.parts[0].udh) == (Encoding.GSM7, False)
    (one,) = segments("á" + "a" * 153, national=Encoding.SPANISH).parts
    assert (one.payload[:6], one.units, one.udh) == (b"\x03\x24\x01\x02\x1b\x61", 155, True)
    first, second = segments("á" + "a" * 154, reference=7, national=Encoding.SPANISH).parts
    assert first.payload[:9] == b"\x08\x00\x03\x07\x02\x01\x24\x01\x02"
    assert (first.units, second.units) == (149, 7)
    wide, _ = segments("á" + "a" * 154, reference=7, long=LongTexts.UDH16, national=Encoding.SPANISH).parts
    assert (wide.payload[:10], wide.units) == (b"\x09\x08\x04\x00\x07\x02\x01\x24\x01\x02", 148)
    assert segments("á ж", national=Encoding.SPANISH).encoding is Encoding.UCS2
    assert segments("á", long=LongTexts.SAR, national=Encoding.SPANISH).encoding is Encoding.UCS2
    assert segments("á").encoding is Encoding.UCS2


@pytest.mark.req("M2")
def test_near_characters_are_not_put_where_the_national_table_has_them() -> None:
    settings = GatewaySettings("x", "h", 1, "me", "", transliterate=True, national=Encoding.TURKISH)
    assert split(settings, "Işık").text == "Işık"
    assert split(settings, "Işık “ą”").text == 'Isik "a"'
