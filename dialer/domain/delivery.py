"""How a contact was reached on each of its addresses last (K12)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dialer.domain.contact import Address

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One address on one channel; `tries` counts its calls or texts, `last` is the row of the last one.

    `current` is False for an address that the contact does not have any more.
    """

    channel: str  # voice | sms | email
    address: str
    current: bool
    tries: int = 0
    last: Row | None = None


def deliveries(addresses: Iterable[Address], attempts: Iterable[Row], texts: Iterable[Row]) -> list[Delivery]:
    """Every address with every channel it serves, then those that were tried and are gone. Rows come oldest first."""
    tried: dict[tuple[str, str], list[Row]] = {}
    for one in attempts:
        tried.setdefault(("voice", one["number"]), []).append(one)
    for one in texts:
        tried.setdefault(("sms", one["address"]), []).append(one)
    held = [(channel, one.address) for one in addresses for channel in one.channels()]
    gone = [key for key in tried if key not in held]
    return [
        _delivery(*key, is_current, tried.get(key, []))
        for keys, is_current in ((held, True), (gone, False))
        for key in keys
    ]


def _delivery(channel: str, address: str, is_current: bool, rows: list[Row]) -> Delivery:
    return Delivery(channel, address, is_current, len(rows), rows[-1] if rows else None)
