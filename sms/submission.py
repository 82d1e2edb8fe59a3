"""One segment on its way out, and what may become of it."""

from dataclasses import dataclass
from datetime import timedelta

from dialer.domain.record import record
from sms import address, commands, status
from sms.address import Addressing
from sms.framing import PduError


@record
class OutgoingPart:
    """One segment. `ref` is the caller's own id, unique among those in flight; an empty `source` is the gateway's."""

    ref: str
    destination: str
    payload: bytes
    data_coding: int
    udh: bool = False
    source: str = ""
    validity: timedelta | None = None
    registered_delivery: bool = True
    tlvs: commands.Tlvs = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """The SMSC has taken the segment over; whether it was delivered, a receipt will tell."""

    smsc_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Certainly not sent. `reason` says in words what `code` and `name` mean."""

    code: int
    name: str
    kind: status.Kind
    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Written, and nobody knows what became of it: never send it again."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """Not an octet of it was written: it may be sent later."""

    reason: str


SubmitResult = Accepted | Refused | Unknown | NotSent


def command(part: OutgoingPart, sender: str, addressing: Addressing) -> commands.SubmitSm:
    """The submit_sm of `part`; `sender` is used when it names none. Raises PduError when it can never be sent."""
    try:
        source = addressing.source(part.source or sender)
    except address.AddressError as fault:
        raise PduError(str(fault), code=status.INVALID_SOURCE) from fault
    try:
        destination = addressing.destination(part.destination)
    except address.AddressError as fault:
        raise PduError(str(fault), code=status.INVALID_DESTINATION) from fault
    try:
        validity = commands.relative_validity(part.validity)
    except ValueError as fault:
        raise PduError(str(fault), code=status.INVALID_VALIDITY) from fault
    return commands.SubmitSm(
        source=source,
        destination=destination,
        short_message=part.payload,
        data_coding=part.data_coding,
        esm_class=commands.ESM_UDH if part.udh else 0,
        registered_delivery=int(part.registered_delivery),
        validity_period=validity,
        tlvs=part.tlvs,
    )


def refusal(known: status.Status, reason: str = "") -> Refused:
    return Refused(known.code, known.name, known.kind, reason or known.meaning)
