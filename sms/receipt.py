"""What SMSCs deliver: receipts, in each of the forms that they use (SMPP 3.4 §4.6.1, appendix B), and replies of handsets."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from dialer.domain.record import record
from sms import commands
from sms.alphabet import Encoding, decode
from sms.text import SINGLE_SHIFT, split_header


class MessageState(StrEnum):
    SCHEDULED = "scheduled"
    ENROUTE = "enroute"
    DELIVERED = "delivered"
    EXPIRED = "expired"
    DELETED = "deleted"
    UNDELIVERABLE = "undeliverable"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    REJECTED = "rejected"

    @property
    def is_final(self) -> bool:
        """Whether nothing follows. SMSCs send ACCEPTD on the way, although the specification calls it final."""
        return self not in (MessageState.SCHEDULED, MessageState.ENROUTE, MessageState.ACCEPTED)


@record
class Receipt:
    """`smsc_id` as it came; `destination` is the number the message went to; `error` the network's own code."""

    smsc_id: str
    state: MessageState
    final: bool
    error: str = ""
    text: str = ""
    destination: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        return keys(self.smsc_id)


@dataclass(frozen=True, slots=True)
class Reply:
    """A message from a handset. `reference`, `number` (from 1) and `total` join one that came in parts.

    A character may be cut in two by the end of a part: the text of several is that of their payloads put together (`text_of`).
    """

    source: str
    destination: str
    payload: bytes
    data_coding: int = 0
    reference: int = 0
    number: int = 1
    total: int = 1

    @property
    def text(self) -> str:
        return decode(self.payload, self.data_coding)


# §5.2.28
_BY_CODE = dict(enumerate(MessageState))
# By the first five letters: providers write DELIVRD and DELIVERED, UNDELIV and UNDELIVERABLE.
_BY_NAME = {state.name[:5]: state for state in MessageState} | {
    "BUFFE": MessageState.ENROUTE,
    "FAILE": MessageState.UNDELIVERABLE,
    "SKIPP": MessageState.REJECTED,
}
# §5.3.2.12, and more than §5.2.8 allows. What is longer is cut: a peer that sends it would send it again for ever.
LONGEST_ID, LONGEST_ADDRESS = 64, 32
_LATIN_CODINGS = (0, 1, 3)
_LATIN1 = 3
_UCS2 = 8

_DECIMAL = re.compile(r"[0-9]{1,64}")
_HEXADECIMAL = re.compile(r"[0-9A-F]{1,64}")
_ID = re.compile(r"(?:^|\s)id\s*:\s*([^\s]{1,64})", re.IGNORECASE)
_STATE = re.compile(r"(?:^|\s)stat(?:us)?\s*:\s*([A-Za-z]+)", re.IGNORECASE)
_ERROR = re.compile(r"(?:^|\s)err(?:or)?\s*:\s*([0-9A-Za-z]+)", re.IGNORECASE)
_TEXT = re.compile(r"(?:^|\s)text\s*:", re.IGNORECASE)
# All of them at once, in the form that appendix B gives and most SMSCs send.
_USUAL = re.compile(
    r"id:([^\s]{1,64}) sub:\d+ dlvrd:\d+ submit date:\d+ done date:\d+ stat:([A-Za-z]+) err:([0-9A-Za-z]+) text:(.*)",
    re.IGNORECASE | re.DOTALL,
)


@lru_cache(maxsize=4096)  # asked for once more when the receipt comes, most often soon
def keys(smsc_id: str) -> tuple[str, ...]:
    """The forms under which one message id may come back, the likeliest first.

    A provider may answer in hex and send receipts in decimal, or the reverse, with or without leading zeros. Store the
    first form of the response's id and look for the forms of the receipt's in this order; a form that is not the first
    counts only when the destination fits too, since another message's id may happen to look like it.
    An SMSC that gives no id, "", gives no form of one.
    """
    if not smsc_id.strip():
        return ()
    plain = smsc_id.strip().upper().lstrip("0")[:LONGEST_ID] or "0"
    forms = [plain]
    if _HEXADECIMAL.fullmatch(plain):
        forms.append(str(int(plain, 16)))
    if _DECIMAL.fullmatch(plain):
        forms.append(f"{int(plain):X}")
    return tuple(dict.fromkeys(forms))


def is_receipt(deliver: commands.DeliverSm) -> bool:
    """By its mark, or where that is left out by the TLVs of one: a text that only names a message is a reply."""
    if deliver.esm_class & commands.ESM_TYPE in (commands.ESM_RECEIPT, commands.ESM_INTERMEDIATE):
        return True
    names = deliver.tlv(commands.TLV_RECEIPTED_MESSAGE_ID) is not None
    return names and (not deliver.payload or parse(deliver) is not None)


def parse(deliver: commands.DeliverSm) -> Receipt | None:
    """The receipt in `deliver`, TLVs before text; None when it names no message or no state."""
    told_id, told_state, told_error, text = _words(_body(deliver))
    smsc_id = _tlv_text(deliver, commands.TLV_RECEIPTED_MESSAGE_ID) or told_id
    state = _tlv_state(deliver) or _BY_NAME.get(told_state.upper()[:5])
    if not smsc_id or state is None:
        return None
    return Receipt(
        smsc_id=smsc_id,
        state=state,
        final=state.is_final and deliver.esm_class & commands.ESM_TYPE != commands.ESM_INTERMEDIATE,
        error=_network_error(deliver) or told_error,
        text=text,
        destination=deliver.source.value[:LONGEST_ADDRESS],
    )


def reply(deliver: commands.DeliverSm, alphabet: Encoding = Encoding.GSM7) -> Reply:
    """The handset's message in `deliver`, by its header (3GPP 23.040) or the sar TLVs (SMPP 3.4 §5.3.2.22). Never fails.

    `alphabet` is the SMSC's default one.
    """
    payload, (reference, total, number), language = deliver.payload, _sar(deliver), b""
    if deliver.esm_class & commands.ESM_UDH:
        header, payload = split_header(payload)
        reference, total, number = _concatenation(header)
        language = _elements(header).get(SINGLE_SHIFT, b"")
    if not 1 <= number <= total:
        reference, total, number = 0, 1, 1
    source, destination = (one.value[:LONGEST_ADDRESS] for one in (deliver.source, deliver.destination))
    coding = _LATIN1 if alphabet is Encoding.LATIN1 and deliver.data_coding == 0 else deliver.data_coding
    if language and coding == 0 and alphabet is Encoding.GSM7:
        payload, coding = decode(payload, coding, language[0]).encode("utf-16-be"), _UCS2
    return Reply(source, destination, payload, coding, reference, number, total)


def text_of(parts: Sequence[bytes], data_coding: int) -> str:
    """The text of a reply whose parts are all there, in order."""
    return decode(b"".join(parts), data_coding)


def _body(deliver: commands.DeliverSm) -> str:
    # In a receipt the fixed words are ASCII, which GSM-7 shares but for the underscore that ids contain.
    if deliver.data_coding in _LATIN_CODINGS:
        return deliver.payload.decode("latin-1").replace("\0", "")  # some end it with NUL, which no store keeps
    return decode(deliver.payload, deliver.data_coding)


def _words(body: str) -> tuple[str, str, str, str]:
    """Id, state, error and quoted text, each "" if it is not there."""
    if usual := _USUAL.fullmatch(body):
        return usual[1], usual[2], usual[3], usual[4]
    head, text = _parted(body)
    return _group(_ID, head), _group(_STATE, head), _group(_ERROR, head), text


def _parted(body: str) -> tuple[str, str]:
    """The receipt's own words and the quoted text, which may itself contain `id:` or `stat:`."""
    at = _TEXT.search(body)
    return (body[: at.start()], body[at.end() :]) if at else (body, "")


def _group(pattern: re.Pattern[str], body: str) -> str:
    found = pattern.search(body)
    return found[1] if found else ""


def _tlv_text(deliver: commands.DeliverSm, tag: int) -> str:
    # The final NUL is part of the value by the specification, and left out by some.
    value = deliver.tlv(tag)
    return value.partition(b"\0")[0].decode("latin-1").strip() if value else ""


def _tlv_state(deliver: commands.DeliverSm) -> MessageState | None:
    value = deliver.tlv(commands.TLV_MESSAGE_STATE)
    return _BY_CODE.get(value[0]) if value else None


def _network_error(deliver: commands.DeliverSm) -> str:
    """The network and code of TLV 0x0423, as `3-1234`; some send other lengths, which are given in hex."""
    value = deliver.tlv(commands.TLV_NETWORK_ERROR_CODE)
    if not value:
        return ""
    whole = 3
    return f"{value[0]}-{int.from_bytes(value[1:])}" if len(value) == whole else value.hex()


def _sar(deliver: commands.DeliverSm) -> tuple[int, int, int]:
    """(reference, total, number) of the sar TLVs; (0, 1, 1) without them."""
    tags = (commands.TLV_SAR_REFERENCE, commands.TLV_SAR_TOTAL, commands.TLV_SAR_NUMBER)
    reference, total, number = (
        int.from_bytes((deliver.tlv(tag) or b"")[:size]) for tag, size in zip(tags, (2, 1, 1), strict=True)
    )
    return (reference, total, number) if total else (0, 1, 1)


def _concatenation(header: bytes) -> tuple[int, int, int]:
    """(reference, total, number) of a user data header; (0, 1, 1) when it joins nothing."""
    for element, value in _elements(header).items():
        match element, len(value):
            case (0x00, 3) | (0x08, 4):
                return int.from_bytes(value[:-2]), value[-2], value[-1]
    return 0, 1, 1


def _elements(header: bytes) -> dict[int, bytes]:
    """The information elements of a user data header, the first of each kind."""
    found: dict[int, bytes] = {}
    pos = 1
    while pos + 2 <= len(header):
        size = header[pos + 1]
        found.setdefault(header[pos], header[pos + 2 : pos + 2 + size])
        pos += 2 + size
    return found
