"""The PDUs of SMPP 3.4 that this product speaks, as values. `pdu.py` turns them into octets and back.

Texts in C-octet strings are latin-1, so that a message id survives whatever octets a provider puts into it.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum

from dialer.domain.record import record
from sms.address import UNSET, Address

Tlvs = tuple[tuple[int, bytes], ...]

TLV_RECEIPTED_MESSAGE_ID = 0x001E
TLV_NETWORK_ERROR_CODE = 0x0423
TLV_MESSAGE_PAYLOAD = 0x0424
TLV_MESSAGE_STATE = 0x0427
TLV_SAR_REFERENCE = 0x020C
TLV_SAR_TOTAL = 0x020E
TLV_SAR_NUMBER = 0x020F

ESM_UDH = 0x40
# Bits 5-2 of esm_class say what a deliver_sm is (§5.2.12).
ESM_TYPE = 0x3C
ESM_RECEIPT = 0x04
ESM_INTERMEDIATE = 0x20

_LONGEST_VALIDITY = timedelta(days=30, hours=23, minutes=59, seconds=59)


class BindType(IntEnum):
    """What the ESME may do; the values are the command ids of the requests."""

    RECEIVER = 0x01
    TRANSMITTER = 0x02
    TRANSCEIVER = 0x09


@dataclass(frozen=True, slots=True)
class Bind:
    type: BindType
    system_id: str
    password: str = field(repr=False)
    system_type: str = ""


@dataclass(frozen=True, slots=True)
class BindResp:
    type: BindType
    system_id: str = ""


@record
class SubmitSm:
    source: Address
    destination: Address
    short_message: bytes
    data_coding: int = 0
    esm_class: int = 0
    registered_delivery: int = 1
    validity_period: str = ""
    tlvs: Tlvs = ()


@dataclass(frozen=True, slots=True)
class SubmitSmResp:
    message_id: str = ""


@record
class DeliverSm:
    """A receipt or a reply. `data_sm` tells that it came as data_sm, whose text is always in a TLV."""

    source: Address = UNSET
    destination: Address = UNSET
    short_message: bytes = b""
    data_coding: int = 0
    esm_class: int = 0
    tlvs: Tlvs = ()
    data_sm: bool = False

    def tlv(self, tag: int) -> bytes | None:
        return next((value for known, value in self.tlvs if known == tag), None) if self.tlvs else None

    @property
    def payload(self) -> bytes:
        """The octets of the text, wherever they travelled."""
        return self.short_message or self.tlv(TLV_MESSAGE_PAYLOAD) or b""


@dataclass(frozen=True, slots=True)
class DeliverSmResp:
    data_sm: bool = False


@dataclass(frozen=True, slots=True)
class EnquireLink:
    pass


@dataclass(frozen=True, slots=True)
class EnquireLinkResp:
    pass


@dataclass(frozen=True, slots=True)
class Unbind:
    pass


@dataclass(frozen=True, slots=True)
class UnbindResp:
    pass


@dataclass(frozen=True, slots=True)
class GenericNack:
    pass


@dataclass(frozen=True, slots=True)
class AlertNotification:
    """The SMSC tells that a handset is reachable again; it wants no answer."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A command that we do not speak."""

    command_id: int

    @property
    def is_response(self) -> bool:
        return bool(self.command_id & 0x80000000)


Command = (
    Bind
    | BindResp
    | SubmitSm
    | SubmitSmResp
    | DeliverSm
    | DeliverSmResp
    | EnquireLink
    | EnquireLinkResp
    | Unbind
    | UnbindResp
    | GenericNack
    | AlertNotification
    | Unknown
)


@record
class Pdu:
    sequence: int
    command: Command
    status: int = 0


def relative_validity(validity: timedelta | None) -> str:
    """The validity period in SMPP's relative form (§7.1.1.2), `000001000000000R` for a day; empty for None.

    Raises ValueError outside one second to 30 days: SMPP's months have no fixed length.
    """
    if validity is None:
        return ""
    if not timedelta(seconds=1) <= validity <= _LONGEST_VALIDITY:
        raise ValueError(f"a validity of {validity} is outside one second to 30 days")
    minutes, seconds = divmod(validity.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"0000{validity.days:02}{hours:02}{minutes:02}{seconds:02}000R"
