"""An edit of a contact by a person or a program: what is named is changed, everything that is wrong is told at once. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dialer.domain.columns import MAX_ATTRIBUTE_NAME, MAX_NAME, MAX_VALUE, attribute_name, is_known
from dialer.domain.contact import MOST_ADDRESSES, Address, Change, ContactRecord, combine_addresses, differences
from dialer.domain.errors import Fault, InvalidInput, shown
from dialer.domain.fields import Field, checked_values
from dialer.domain.phone import Unreadable, normalise_email, read_phone
from dialer.domain.said import Said
from dialer.domain.windows import zone

CHANNELS = ("voice", "sms", "email")


@dataclass(frozen=True, slots=True)
class Edit:
    """What is to be changed. What is not named stays.

    `named`: first_name, last_name, time_zone, external_id; None empties one. `attributes`: None takes one away.
    `addresses`: the whole list as (channel, address), None leaves it as it is.
    """

    named: Mapping[str, str | None] = field(default_factory=dict)
    attributes: Mapping[str, str | None] = field(default_factory=dict)
    addresses: Sequence[tuple[str, str]] | None = None


@dataclass(frozen=True, slots=True)
class Edited:
    contact: ContactRecord
    changes: tuple[Change, ...]


def edited(record: ContactRecord, edit: Edit, default_region: str | None, fields: Mapping[str, Field]) -> Edited:
    """The contact as it is after the edit. Raises `InvalidInput` with a fault for every field that can't be so."""
    faults: list[Fault] = []
    named = _named(edit.named, faults)
    attributes = _attributes(record.attributes, edit.attributes, fields, faults)
    addresses = record.addresses
    if edit.addresses is not None:
        addresses = _addresses(edit.addresses, default_region, faults)
    if faults:
        raise InvalidInput(faults)
    contact = replace(record, **named, attributes=attributes, addresses=addresses)
    return Edited(contact, differences(record, contact))


def _named(given: Mapping[str, str | None], faults: list[Fault]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in given.items():
        text = (value or "").strip()
        kept[name] = text or ("" if name in {"first_name", "last_name"} else None)
        if len(text) > MAX_NAME:
            faults.append(
                Fault(
                    name, "has %(number)s characters, more than the %(most)s allowed", number=len(text), most=MAX_NAME
                )
            )
        elif not text.isprintable():
            faults.append(Fault(name, "has characters that can't be shown; take them out"))
        elif name == "time_zone" and text:
            faults += _zone_faults(text)
    return kept


def _zone_faults(name: str) -> tuple[Fault, ...]:
    try:
        zone(name)
    except InvalidInput as error:
        return error.faults
    return ()


def _attributes(
    held: Mapping[str, str], given: Mapping[str, str | None], fields: Mapping[str, Field], faults: list[Fault]
) -> dict[str, str]:
    changed = {attribute_name(name): (value or "").strip() for name, value in given.items()}
    for name, value in changed.items():
        faults += _attribute_faults(name, value)
    kept, wrong = checked_values(fields, {name: value for name, value in changed.items() if value})
    faults += [Fault(f"attributes.{name}", reason) for name, reason in wrong.items()]
    return {name: value for name, value in {**held, **kept}.items() if changed.get(name, value)}


def _attribute_faults(name: str, value: str) -> Iterator[Fault]:
    where = f"attributes.{name[:MAX_ATTRIBUTE_NAME]}"
    if not name or len(name) > MAX_ATTRIBUTE_NAME or not name.isprintable():
        yield Fault(where, "an attribute's name has 1 to %(most)s printable characters", most=MAX_ATTRIBUTE_NAME)
    elif is_known(name):
        yield Fault(
            where, "%(name)s is a field of its own, no attribute; give it beside `attributes`", name=shown(name)
        )
    if len(value) > MAX_VALUE:
        yield Fault(
            where, "has %(number)s characters, more than the %(most)s allowed", number=len(value), most=MAX_VALUE
        )
    elif "\x00" in value:
        yield Fault(where, "has characters that no text can hold; take them out")


def _addresses(
    given: Sequence[tuple[str, str]], default_region: str | None, faults: list[Fault]
) -> tuple[Address, ...]:
    if not given:
        faults.append(Fault("addresses", "a contact needs an address; to be rid of it, delete the contact"))
    if len(given) > MOST_ADDRESSES:
        faults.append(
            Fault("addresses", "are %(number)s; a contact has at most %(most)s", number=len(given), most=MOST_ADDRESSES)
        )
    found: list[Address] = []
    for at, (channel, written) in enumerate(given[:MOST_ADDRESSES]):
        read = normalise_email(written) if channel == "email" else read_phone(written, default_region)
        if channel not in CHANNELS:
            reason = Said(
                "%(channel)s is not a channel: take %(channels)s", channel=shown(channel), channels=", ".join(CHANNELS)
            )
            faults.append(Fault(f"addresses.{at}.channel", reason))
        elif isinstance(read, Unreadable):
            faults.append(Fault(f"addresses.{at}.address", read.reason))
        else:
            found.append(Address(read, voice=channel == "voice", sms=channel == "sms", email=channel == "email"))
    return combine_addresses(found)
