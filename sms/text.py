"""How a text becomes segments: in the SMSC's alphabet where it fits, in UCS-2 otherwise; parts that a handset joins again.

The parts' header is 3GPP 23.040 §9.2.3.24; the TLVs are SMPP 3.4 §5.3.2.
"""

from collections.abc import Iterator
from enum import StrEnum

import regex  # type: ignore[import-untyped]

from dialer.domain.record import record
from dialer.domain.said import Said
from sms import commands
from sms.alphabet import Encoding, encode

MAX_PARTS = 255
SINGLE_SHIFT = 0x24
# What a person sees as one character: a letter with its marks, a family of emoji (UAX 29).
_CHARACTER = regex.compile(r"\X")


class TextTooLongError(ValueError):
    """The text needs more than 255 parts, more than the header can number, or more than a TLV can hold."""


class LongTexts(StrEnum):
    """How a text of several parts is carried. What fits into one part is the same in all of them."""

    UDH8 = "udh8"  # a header in each part, with a reference of 8 bits (information element 0x00)
    UDH16 = "udh16"  # of 16 bits (0x08): one septet less, and no mix-up of many long texts to one handset
    SAR = "sar"  # the sar TLVs; the SMSC makes the headers
    PAYLOAD = "payload"  # the whole text in one message_payload TLV; the SMSC splits it

    def room(self, encoding: Encoding) -> int:
        """Units (septets, or 16-bit code units) that fit into each part of a longer text, beside the header."""
        wide = self is LongTexts.UDH16
        if encoding is Encoding.UCS2:
            return 66 if wide else 67
        if encoding.language:
            return 148 if wide else 149
        return 152 if wide else 153


@record
class Part:
    """One segment. `payload` is short_message: the header (with `udh`), then the encoded `text`; or nothing, with TLVs."""

    number: int
    total: int
    text: str
    payload: bytes
    units: int
    udh: bool = False
    tlvs: commands.Tlvs = ()


@record
class Segmentation:
    """`parts` are what is submitted; `segments` is what the handset gets, and what is paid for."""

    encoding: Encoding
    parts: tuple[Part, ...]
    segments: int

    @property
    def units(self) -> int:
        return sum(part.units for part in self.parts)

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts)

    @property
    def data_coding(self) -> int:
        return self.encoding.data_coding


def segments(
    text: str,
    *,
    reference: int = 0,
    alphabet: Encoding = Encoding.GSM7,
    long: LongTexts = LongTexts.UDH8,
    national: Encoding | None = None,
) -> Segmentation:
    """Split `text` for sending: never inside an escape pair or a surrogate pair, nor inside what is seen as one character.

    `alphabet` is the SMSC's own. `reference` joins the parts at the handset: count it per destination (only its low 8 or
    16 bits travel). An unpaired surrogate, which no handset can show, becomes U+FFFD. `national`: tried before UCS-2, with
    references of 8 or 16 bits only, as each part has a header then. Raises TextTooLongError.
    """
    text = _paired(text)
    wanted = (alphabet, national) if national and long in (LongTexts.UDH8, LongTexts.UDH16) else (alphabet,)
    encoding = next((one for one in wanted if one and one.has(text)), Encoding.UCS2)
    whole = encode(text, encoding)
    units = _units(whole, encoding)
    if units <= encoding.single:
        return Segmentation(encoding, (_alone(text, whole, units, encoding),), 1)
    slices = list(_slices(text, encoding, long.room(encoding)))
    if len(slices) > MAX_PARTS:
        raise TextTooLongError(
            Said("the text needs %(parts)s parts; at most %(most)s can be joined", parts=len(slices), most=MAX_PARTS)
        )
    if long is LongTexts.PAYLOAD:
        payload = Part(1, 1, text, b"", units, tlvs=((commands.TLV_MESSAGE_PAYLOAD, whole),))
        return Segmentation(encoding, (payload,), len(slices))
    parts = tuple(_part(one, number, len(slices), encoding, reference, long) for number, one in enumerate(slices, 1))
    return Segmentation(encoding, parts, len(slices))


def split_header(payload: bytes) -> tuple[bytes, bytes]:
    """Part a short_message whose esm_class says that it begins with a user data header: (header, rest)."""
    size = payload[0] + 1 if payload else 0
    return payload[:size], payload[size:]


def _paired(text: str) -> str:
    return text if text.isascii() else text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")


def _slices(text: str, encoding: Encoding, most: int) -> Iterator[str]:
    """As much as fits, cut between characters; one that is longer than a part by itself is cut between its code points."""
    start, used = 0, 0
    for found in _CHARACTER.finditer(text):
        cost = _cost(found[0], encoding)
        if cost > most:
            for position, point in enumerate(found[0], found.start()):
                if used + _cost(point, encoding) > most:
                    yield text[start:position]
                    start, used = position, 0
                used += _cost(point, encoding)
            continue
        if used + cost > most:
            yield text[start : found.start()]
            start, used = found.start(), 0
        used += cost
    yield text[start:]


def _alone(text: str, whole: bytes, units: int, encoding: Encoding) -> Part:
    shift = _shift(encoding)
    return Part(1, 1, text, bytes([len(shift)]) + shift + whole if shift else whole, units, udh=bool(shift))


def _shift(encoding: Encoding) -> bytes:
    """The information element that names a national single shift table (23.040 §9.2.3.24.15); empty for none."""
    return bytes([SINGLE_SHIFT, 1, encoding.language]) if encoding.language else b""


def _part(text: str, number: int, total: int, encoding: Encoding, reference: int, long: LongTexts) -> Part:
    body = encode(text, encoding)
    units = _units(body, encoding)
    if long is LongTexts.SAR:
        return Part(number, total, text, body, units, tlvs=_sar(reference, total, number))
    short = long is LongTexts.UDH8
    joins = bytes([0, 3, reference & 0xFF]) if short else bytes([8, 4]) + (reference & 0xFFFF).to_bytes(2)
    header = joins + bytes([total, number]) + _shift(encoding)
    return Part(number, total, text, bytes([len(header)]) + header + body, units, udh=True)


def _sar(reference: int, total: int, number: int) -> commands.Tlvs:
    return (
        (commands.TLV_SAR_REFERENCE, (reference & 0xFFFF).to_bytes(2)),
        (commands.TLV_SAR_TOTAL, bytes([total])),
        (commands.TLV_SAR_NUMBER, bytes([number])),
    )


def _cost(text: str, encoding: Encoding) -> int:
    return _units(encode(text, encoding), encoding)


def _units(data: bytes, encoding: Encoding) -> int:
    return len(data) // 2 if encoding is Encoding.UCS2 else len(data)
