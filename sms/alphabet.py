"""The alphabets in which texts travel: GSM-7 (3GPP 23.038 §6.2.1), Latin-1 and UCS-2, and what comes near a missing character.

Septets travel one to an octet, as SMPP does.
"""

import unicodedata
from collections.abc import Mapping
from enum import StrEnum

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPE = 0x1B
_EXTENSION = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
# The escape itself is no character: a text that contains it needs UCS-2.
_TO_GSM7 = {character: bytes([code]) for code, character in enumerate(_BASIC) if code != _ESCAPE} | {
    character: bytes([_ESCAPE, code]) for character, code in _EXTENSION.items()
}
_FROM_EXTENSION = {code: character for character, code in _EXTENSION.items()}
# The same, of texts whose characters are all there: each octet as the character of Latin-1 with its number.
_AS_LATIN1 = {ord(character): octets.decode("latin-1") for character, octets in _TO_GSM7.items()}
_REPLACEMENT = "\ufffd"
# Typography, and letters without a decomposition, that have a plain form.
_NEAR = str.maketrans({
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"', "″": '"', "«": '"', "»": '"',
    "‹": "'", "›": "'", "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "⁄": "/", "―": "-", "−": "-", "…": "...", "•": "*", "·": ".",
    "\u00a0": " ", "\u2007": " ", "\u2009": " ", "\u202f": " ", "\u200b": "", "\ufeff": "", "\t": " ", "ł": "l", "Ł": "L", "đ": "d",
    "Đ": "D", "ı": "i", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "œ": "oe", "Œ": "OE", "ĸ": "k", "ŋ": "n", "Ŋ": "N", "™": "TM",
    "©": "(c)", "®": "(R)", "№": "No",
})  # fmt: skip


class Encoding(StrEnum):
    """`gsm7-…` are GSM-7 with a national single shift table in place of the extension table (23.038 A.2)."""

    GSM7 = "gsm7"
    LATIN1 = "latin1"
    UCS2 = "ucs2"
    TURKISH = "gsm7-tr"
    SPANISH = "gsm7-es"
    PORTUGUESE = "gsm7-pt"

    @property
    def language(self) -> int:
        """The national language identifier (23.038 §6.2.1.2.4) that each part names in its header; 0 for none."""
        return _LANGUAGES.get(self, 0)

    @property
    def data_coding(self) -> int:
        """The SMPP data_coding: 0 is the SMSC's default alphabet, which is GSM-7 or Latin-1; 8 is UTF-16BE."""
        return 8 if self is Encoding.UCS2 else 0

    @property
    def single(self) -> int:
        """Units (characters of the default alphabet, or 16-bit code units) that fit into a text of one part."""
        if self.language:
            return 155  # beside a header of four octets
        return 70 if self is Encoding.UCS2 else 160

    def has(self, text: str) -> bool:
        """Whether every character of `text` can be written in it.

        Latin-1 is what an SMSC makes GSM-7 of: the characters that both have, without those of the extension table.
        """
        if self is Encoding.UCS2:
            return True
        known = _IN_NATIONAL[self] if self.language else _IN_GSM7 if self is Encoding.GSM7 else _IN_BOTH
        return known.issuperset(text)


_LANGUAGES = {Encoding.TURKISH: 1, Encoding.SPANISH: 2, Encoding.PORTUGUESE: 3}
# What these tables have beside the extension table.
_NATIONAL = {
    Encoding.TURKISH: {"Ğ": 0x47, "İ": 0x49, "Ş": 0x53, "ç": 0x63, "ğ": 0x67, "ı": 0x69, "ş": 0x73},
    Encoding.SPANISH: {
        "ç": 0x09, "Á": 0x41, "Í": 0x49, "Ó": 0x4F, "Ú": 0x55, "á": 0x61, "í": 0x69, "ó": 0x6F, "ú": 0x75,
    },
    Encoding.PORTUGUESE: {
        "ê": 0x05, "ç": 0x09, "Ô": 0x0B, "ô": 0x0C, "Á": 0x0E, "á": 0x0F, "Φ": 0x12, "Γ": 0x13, "Ω": 0x15, "Π": 0x16,
        "Ψ": 0x17, "Σ": 0x18, "Θ": 0x19, "Ê": 0x1F, "À": 0x41, "Í": 0x49, "Ó": 0x4F, "Ú": 0x55, "Ã": 0x5B, "Õ": 0x5C,
        "Â": 0x61, "í": 0x69, "ó": 0x6F, "ú": 0x75, "ã": 0x7B, "õ": 0x7C, "â": 0x7F,
    },
}  # fmt: skip
# Greek capitals are in the basic table too, where they take one septet.
_NATIONAL_AS_LATIN1 = {
    one: {ord(c): chr(_ESCAPE) + chr(code) for c, code in table.items()} | _AS_LATIN1
    for one, table in _NATIONAL.items()
}
_IN_NATIONAL = {one: frozenset(_TO_GSM7) | table.keys() for one, table in _NATIONAL.items()}
_FROM_NATIONAL = {
    _LANGUAGES[one]: _FROM_EXTENSION | {code: character for character, code in table.items()}
    for one, table in _NATIONAL.items()
}


_IN_GSM7 = frozenset(_TO_GSM7)
_IN_BOTH = frozenset(character for character in _BASIC if ord(character) < 0x100 and character != "\x1b")  # noqa: PLR2004 (Latin-1)


def encode(text: str, encoding: Encoding) -> bytes:
    """The octets of `text`, all of whose characters the encoding has."""
    match encoding:
        case Encoding.GSM7:
            return text.translate(_AS_LATIN1).encode("latin-1")
        case Encoding.LATIN1:
            return text.encode("latin-1")
        case Encoding.UCS2:
            return text.encode("utf-16-be")
        case _:
            return text.translate(_NATIONAL_AS_LATIN1[encoding]).encode("latin-1")


def decode(data: bytes, data_coding: int, language: int = 0) -> str:
    """The text of a received message or receipt. Never fails: what cannot be read becomes U+FFFD.

    `language`: whose single shift table GSM-7 is read by; of one that is not known, by the extension table.
    NUL, with which some SMSCs end texts and which databases refuse, is left out.
    """
    return _decoded(data, data_coding, language).replace("\0", "")


def _decoded(data: bytes, data_coding: int, language: int) -> str:
    match data_coding:
        case 8:
            return data.decode("utf-16-be", "replace")
        case 1:
            return data.decode("ascii", "replace")
        case 3:
            return data.decode("latin-1")
        case 6:
            return data.decode("iso8859-5", "replace")
        case _:
            if _is_ucs2(data_coding):
                return data.decode("utf-16-be", "replace")
            return _from_gsm7(data, _FROM_NATIONAL.get(language, _FROM_EXTENSION))


def _is_ucs2(data_coding: int) -> bool:
    """Whether it is a coding scheme of 3GPP 23.038 §4 that says UCS-2, with a class or as a waiting message's."""
    general, waiting = data_coding in range(0x10, 0x80), data_coding in range(0xE0, 0xF0)
    return (general and data_coding & 0x0C == 0x08) or waiting  # noqa: PLR2004 (bits 3 and 2)


def transliterated(text: str) -> str:
    """`text` in characters that GSM-7 has, if every one of them has such a form; else as it is.

    Quotes, dashes and spaces become plain ones, letters lose the marks that GSM-7 does not have: `“Zażółć…”` becomes
    `"Zazolc..."`. A text that needs UCS-2 for an emoji or another script anyway keeps everything.
    """
    near = "".join(_near(character) for character in text.translate(_NEAR))
    return near if Encoding.GSM7.has(near) else text


def _near(character: str) -> str:
    if character in _TO_GSM7:
        return character
    plain = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c)).translate(
        _NEAR
    )
    return plain if plain and Encoding.GSM7.has(plain) else character


def _from_gsm7(data: bytes, extension: Mapping[int, str]) -> str:
    out: list[str] = []
    escaped = False
    for code in data:
        if escaped:
            # 23.038: an escape whose next code has no extension shows the basic character, twice an escape a space.
            out.append(extension.get(code, " " if code == _ESCAPE else _basic(code)))
            escaped = False
        elif code == _ESCAPE:
            escaped = True
        else:
            out.append(_basic(code))
    return "".join(out)


def _basic(code: int) -> str:
    return _BASIC[code] if code < len(_BASIC) else _REPLACEMENT
