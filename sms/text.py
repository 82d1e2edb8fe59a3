"""How a text becomes segments: GSM-7 where it fits, UCS-2 otherwise, parts that a handset joins again.

GSM-7 is 3GPP 23.038 §6.2.1, the parts' header 23.040 §9.2.3.24.1. Septets travel one to an octet, as SMPP does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
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
_REPLACEMENT = "\ufffd"

MAX_PARTS = 255
UDH_OCTETS = 6
# Information element 0x00: concatenation with an 8-bit reference.
_CONCATENATION = b"\x05\x00\x03"


class TextTooLongError(ValueError):
    """The text needs more than 255 parts, more than the header can number."""


class Encoding(StrEnum):
    GSM7 = "gsm7"
    UCS2 = "ucs2"

    @property
    def data_coding(self) -> int:
        """The SMPP data_coding: 0 is the SMSC's default alphabet, taken to be GSM-7; 8 is UTF-16BE."""
        return 0 if self is Encoding.GSM7 else 8

    @property
    def single(self) -> int:
        """Units (septets, or 16-bit code units) that fit into a text of one part."""
        return 160 if self is Encoding.GSM7 else 70

    @property
    def joined(self) -> int:
        """Units that fit into each part of a longer text, beside the header."""
        return 153 if self is Encoding.GSM7 else 67


@dataclass(frozen=True, slots=True)
class Part:
    """One segment. `payload` is short_message: the header (when `udh`), then the encoded `text`."""

    number: int
    total: int
    text: str
    payload: bytes
    units: int

    @property
    def udh(self) -> bool:
        return self.total > 1


@dataclass(frozen=True, slots=True)
class Segmentation:
    encoding: Encoding
    parts: tuple[Part, ...]

    @property
    def units(self) -> int:
        return sum(part.units for part in self.parts)

    @property
    def data_coding(self) -> int:
        return self.encoding.data_coding


def segments(text: str, *, reference: int = 0) -> Segmentation:
    """Split `text` for sending; never inside an escape pair or a surrogate pair.

    `reference` joins the parts at the handset: count it per destination (only its low 8 bits travel). An unpaired
    surrogate, which no handset can show, becomes U+FFFD. Raises TextTooLongError above 255 parts.
    """
    text = _paired(text)
    encoding = Encoding.GSM7 if all(character in _TO_GSM7 for character in text) else Encoding.UCS2
    whole = encode(text, encoding)
    units = _units(whole, encoding)
    if units <= encoding.single:
        return Segmentation(encoding, (Part(1, 1, text, whole, units),))
    slices = list(_slices(text, encoding))
    if len(slices) > MAX_PARTS:
        raise TextTooLongError(f"the text needs {len(slices)} parts; at most {MAX_PARTS} can be joined")
    parts = (_part(piece, number, len(slices), encoding, reference) for number, piece in enumerate(slices, 1))
    return Segmentation(encoding, tuple(parts))


def encode(text: str, encoding: Encoding) -> bytes:
    """The octets of `text`. Raises KeyError for a character that GSM-7 does not have."""
    if encoding is Encoding.GSM7:
        return b"".join(_TO_GSM7[character] for character in text)
    return text.encode("utf-16-be")


def decode(data: bytes, data_coding: int) -> str:
    """The text of a received message or receipt. Never fails: what cannot be read becomes U+FFFD."""
    match data_coding:
        case 8:
            return data.decode("utf-16-be", "replace")
        case 1:
            return data.decode("ascii", "replace")
        case 3:
            return data.decode("latin-1")
        case _:
            return _from_gsm7(data)


def split_header(payload: bytes) -> tuple[bytes, bytes]:
    """Part a short_message whose esm_class says that it begins with a user data header: (header, rest)."""
    size = payload[0] + 1 if payload else 0
    return payload[:size], payload[size:]


def _paired(text: str) -> str:
    return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")


def _slices(text: str, encoding: Encoding) -> Iterator[str]:
    """Cut between characters: an escape pair and a surrogate pair are each one character of a str."""
    start, used = 0, 0
    for position, character in enumerate(text):
        cost = _units(encode(character, encoding), encoding)
        if used + cost > encoding.joined:
            yield text[start:position]
            start, used = position, 0
        used += cost
    yield text[start:]


def _part(text: str, number: int, total: int, encoding: Encoding, reference: int) -> Part:
    header = _CONCATENATION + bytes([reference & 0xFF, total, number])
    body = encode(text, encoding)
    return Part(number, total, text, header + body, _units(body, encoding))


def _units(data: bytes, encoding: Encoding) -> int:
    return len(data) if encoding is Encoding.GSM7 else len(data) // 2


def _from_gsm7(data: bytes) -> str:
    out: list[str] = []
    escaped = False
    for code in data:
        if escaped:
            # 23.038: an escape whose next code has no extension shows the basic character, twice an escape a space.
            out.append(_FROM_EXTENSION.get(code, " " if code == _ESCAPE else _basic(code)))
            escaped = False
        elif code == _ESCAPE:
            escaped = True
        else:
            out.append(_basic(code))
    return "".join(out)


def _basic(code: int) -> str:
    return _BASIC[code] if code < len(_BASIC) else _REPLACEMENT
