"""Addresses of SMPP: a sender id or a number with its type of number and numbering plan (SMPP 3.4 §5.2.5, §5.2.6)."""

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from dialer.domain.record import record

ALPHANUMERIC_MAX = 11
SHORT_CODE_MAX = 6
E164_MIN, E164_MAX = 7, 15

_DIGITS = re.compile(r"[0-9]+")
# C-octet strings carry ASCII; what lies outside 23.038's basic table would be shown as something else.
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9 !\"#$%&'()*+,\-./:;<=>?@_]+")


class AddressError(ValueError):
    """The sender or number cannot be written as an SMPP address."""


class Ton(IntEnum):
    UNKNOWN = 0
    INTERNATIONAL = 1
    NATIONAL = 2
    NETWORK_SPECIFIC = 3
    SUBSCRIBER = 4
    ALPHANUMERIC = 5
    ABBREVIATED = 6


class Npi(IntEnum):
    UNKNOWN = 0
    ISDN = 1
    NATIONAL = 8
    PRIVATE = 9


@record
class Address:
    ton: int
    npi: int
    value: str


UNSET = Address(Ton.UNKNOWN, Npi.UNKNOWN, "")


@dataclass(frozen=True, slots=True)
class Addressing:
    """How an SMSC wants addresses: types other than those that follow from the sender, and how numbers are written.

    `number_prefix` goes before the digits, without a plus: `00`, a routing code, or `+` itself.
    """

    sender_ton: int | None = None
    sender_npi: int | None = None
    number_ton: int = Ton.INTERNATIONAL
    number_npi: int = Npi.ISDN
    number_prefix: str = ""

    def source(self, sender: str) -> Address:
        """Raises AddressError."""
        found = source(sender)
        if not sender:
            return found
        ton = found.ton if self.sender_ton is None else self.sender_ton
        npi = found.npi if self.sender_npi is None else self.sender_npi
        return Address(ton, npi, found.value)

    def destination(self, number: str) -> Address:
        """Raises AddressError."""
        found = destination(number)
        return Address(self.number_ton, self.number_npi, f"{self.number_prefix}{found.value}")


@lru_cache(maxsize=256)  # a campaign has one for all of its texts
def source(sender: str) -> Address:
    """The source address of a sender id.

    Empty leaves it to the SMSC. `+4179…` or 7-15 digits is international, up to 6 digits a short code, anything else
    alphanumeric (at most 11 characters of ASCII that GSM-7 has too). Raises AddressError.
    """
    if not sender:
        return UNSET
    if sender.startswith("+"):
        return destination(sender)
    if not _DIGITS.fullmatch(sender):
        return _alphanumeric(sender)
    if len(sender) <= SHORT_CODE_MAX:
        return Address(Ton.NETWORK_SPECIFIC, Npi.UNKNOWN, sender)
    return destination(sender)


def destination(number: str) -> Address:
    """The address of a number in E.164, with or without its plus. Raises AddressError."""
    digits = number.removeprefix("+")
    if not _DIGITS.fullmatch(digits) or not E164_MIN <= len(digits) <= E164_MAX:
        raise AddressError(f"{number!r} is not a number in E.164: a plus and {E164_MIN} to {E164_MAX} digits")
    return Address(Ton.INTERNATIONAL, Npi.ISDN, digits)


def _alphanumeric(sender: str) -> Address:
    if len(sender) > ALPHANUMERIC_MAX:
        raise AddressError(f"the sender {sender!r} is longer than {ALPHANUMERIC_MAX} characters")
    if not _ALPHANUMERIC.fullmatch(sender):
        raise AddressError(f"the sender {sender!r} has characters that a sender id cannot carry")
    return Address(Ton.ALPHANUMERIC, Npi.UNKNOWN, sender)
