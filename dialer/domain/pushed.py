"""One item of a REST push: from a JSON object to the contact it describes, or why it is none (K7)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from dialer.domain.columns import (
    ADDRESSES,
    MAX_ATTRIBUTE_NAME,
    Kind,
    Refusal,
    Target,
    attribute_name,
    contact_from,
    target_of,
    without_controls,
)
from dialer.domain.contact import NewContact
from dialer.domain.errors import shown
from dialer.domain.fields import Field
from dialer.domain.said import Said

MAX_FIELDS = 500
_CHANNELS = {"voice": Kind.VOICE, "sms": Kind.SMS, "email": Kind.EMAIL}


def read_item(
    item: object, default_region: str | None, fields: Mapping[str, Field] = MappingProxyType({})
) -> NewContact | Refusal:
    """The contact of `{"phone": …, "first_name": …}`; other keys are attributes, `addresses` and `attributes` as lists give them.

    Numbers and truth values become their text, null says nothing; every reason for a refusal is told at once.
    """
    if not isinstance(item, Mapping):
        return Refusal('a contact should be an object, such as {"phone": "+12025550123"}')
    reading = _Reading()
    for key, value in item.items():
        reading.take(key, value)
    if len(reading.pairs) > MAX_FIELDS:
        return Refusal(
            Said(
                "it has %(number)s fields, more than the %(most)s that are taken",
                number=len(reading.pairs),
                most=MAX_FIELDS,
            )
        )
    contact = contact_from(reading.pairs, default_region, fields)
    if not reading.faults:
        return contact
    told = [contact.reason] if isinstance(contact, Refusal) else []
    return Refusal("; ".join([*reading.faults, *told]))


@dataclass(slots=True)
class _Reading:
    """An object's fields as targets and texts, as the columns of a row are."""

    pairs: list[tuple[Target, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def take(self, key: str, value: object) -> None:
        name = attribute_name(without_controls(key))
        if name == "addresses":
            self._take_addresses(value)
        elif name == "attributes":
            self._take_attributes(value)
        else:
            self._take_value(key, target_of(name), value)

    def _take_value(self, key: str, target: Target, value: object) -> None:
        text = _text(value)
        if text is None:
            self.faults.append(f"{shown(key)} should be a text or a number, not {_kind(value)}")
        elif not target.name:
            self.faults.append(f"{shown(key)} is not a name for a field")
        elif len(target.name) > MAX_ATTRIBUTE_NAME:
            self.faults.append(f"the name {shown(key)} is longer than {MAX_ATTRIBUTE_NAME} characters")
        elif target.name in self._seen and target.kind not in ADDRESSES:
            self.faults.append(f"{target.name} is given twice")
        else:
            self._seen.add(target.name)
            self.pairs.append((target, text))

    def _take_attributes(self, value: object) -> None:
        if not isinstance(value, Mapping):
            self.faults.append(f"attributes should be an object, not {_kind(value)}")
            return
        for key, one in value.items():
            name = attribute_name(without_controls(key))
            self._take_value(key, Target(Kind.ATTRIBUTE, name), one)

    def _take_addresses(self, value: object) -> None:
        if not isinstance(value, list):
            self.faults.append(f"addresses should be a list, not {_kind(value)}")
            return
        for at, one in enumerate(value):
            self._take_address(f"addresses.{at}", at, one)

    def _take_address(self, where: str, at: int, one: object) -> None:
        known = dict(one) if isinstance(one, Mapping) else {}
        channel, address = str(known.get("channel")), _text(known.get("address"))
        if set(known) != {"channel", "address"} or channel not in _CHANNELS or not address:
            wanted = '{"channel": "voice", "address": "+12025550123"}, the channel one of voice, sms, email'
            self.faults.append(f"{where} should be like {wanted}")
        else:
            self.pairs.append((Target(_CHANNELS[channel], where, at + 1), address))


def _text(value: object) -> str | None:
    """None for what is no single value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def _kind(value: object) -> str:
    names: Iterator[str] = (name for kind, name in _NAMES.items() if isinstance(value, kind))
    return next(names, "null")


_NAMES: Mapping[type, str] = {list: "a list", dict: "an object", str: "a text", bool: "a truth value", int: "a number"}
