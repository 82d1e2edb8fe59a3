"""A contact, and how two descriptions of one person become one (K2): fill and update, never lose."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from dialer.domain.record import record

# Of one contact. A number or a mailbox that more people share is nobody's own: joined by it, they would be one contact of
# thousands of numbers, of which only the first is called.
MOST_ADDRESSES = 50
# Words that belong to the last name though they stand before it: "Ludwig van Beethoven", "Maria de la Cruz".
_PARTICLES = frozenset(
    {
        "af",
        "al",
        "ap",
        "av",
        "bin",
        "da",
        "dal",
        "de",
        "del",
        "della",
        "den",
        "der",
        "des",
        "di",
        "do",
        "dos",
        "du",
        "el",
        "la",
        "las",
        "le",
        "los",
        "ten",
        "ter",
        "van",
        "vom",
        "von",
        "y",
        "zu",
        "zum",
        "zur",
    }
)


@record
class Address:
    """One way to reach a contact: an E.164 number or an e-mail address, with the channels it serves."""

    address: str
    voice: bool = False
    sms: bool = False
    email: bool = False

    def serving(self, other: "Address") -> "Address":
        """The same address serving the channels of both."""
        return Address(self.address, self.voice or other.voice, self.sms or other.sms, email=self.email or other.email)

    def channels(self) -> tuple[str, ...]:
        """The interface's words for what it serves, in their order there."""
        return _SERVED[self.voice, self.sms, self.email]


_SERVED = {
    which: tuple(name for name, serves in zip(("voice", "sms", "email"), which, strict=True) if serves)
    for which in product((False, True), repeat=3)
}


@dataclass(frozen=True, slots=True)
class NewContact:
    """A contact as a source describes it. Empty values say nothing; `notes` tell what was left out and why."""

    first_name: str = ""
    last_name: str = ""
    time_zone: str | None = None
    external_id: str | None = None
    addresses: tuple[Address, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@record
class ContactRecord:
    """A contact as the system holds it. `id` is the store's."""

    id: int
    first_name: str = ""
    last_name: str = ""
    time_zone: str | None = None
    external_id: str | None = None
    addresses: tuple[Address, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """What a merge did to one field, for the trail; None is "was not there".

    `field` is `first_name`, `addresses.+4930…`, `attributes.city` …; an address's value names its channels.
    """

    field: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Merged:
    contact: ContactRecord
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """Several contacts made one. `dropped` are the values that lost against the survivor's: the trail keeps them."""

    contact: ContactRecord
    changes: tuple[Change, ...]
    dropped: tuple[Change, ...]
    absorbed: tuple[int, ...]


_NAMED = ("first_name", "last_name", "time_zone", "external_id")


def merge(existing: ContactRecord, new: NewContact) -> Merged:
    """The existing contact with the new values filled in and updated. Empty new values erase nothing.

    Addresses are only ever added, or given a further channel.
    """
    named = {name: getattr(new, name) for name in _NAMED if getattr(new, name)}
    attributes = {name: value for name, value in new.attributes.items() if value}
    contact = replace(
        existing,
        **named,
        addresses=combine_addresses((*existing.addresses, *new.addresses)),
        attributes={**existing.attributes, **attributes},
    )
    return Merged(contact, _changes(existing, contact))


def join(survivor: ContactRecord, others: Sequence[ContactRecord]) -> Joined:
    """Contacts that a new one proved to be the same person (K2). The survivor's own values stand, gaps are filled."""
    contact = survivor
    dropped: list[Change] = []
    for other in others:
        filled = merge(contact, _described(other)).contact
        kept = merge(filled, _described(contact)).contact
        dropped += [
            Change(change.field, change.old, change.new) for change in _changes(filled, kept) if change.old is not None
        ]
        contact = kept
    return Joined(contact, _changes(survivor, contact), tuple(dropped), tuple(other.id for other in others))


def take_back(contact: ContactRecord, given: Sequence[Change], kept: Collection[str] = ()) -> Merged:
    """The contact without these changes, which one source made in this order: where a value is still the one it gave.

    Fields in `kept` (`addresses.+4930…` of one that is in use) stay, and so does the last address.
    """
    before = contact
    for change in reversed(given):
        if change.field not in kept and _flat(contact).get(change.field) == change.new:
            contact = _with_value(contact, change.field, change.old)
    old, new = _flat(before), _flat(contact)
    names = [name for name in old | new if old.get(name) != new.get(name)]
    return Merged(contact, tuple(Change(name, old.get(name), new.get(name)) for name in names))


def _with_value(contact: ContactRecord, name: str, value: str | None) -> ContactRecord:
    if name.startswith("addresses."):
        return _with_channels(contact, name.removeprefix("addresses."), value)
    if not name.startswith("attributes."):
        empty = "" if name in {"first_name", "last_name"} else None
        named: dict[str, Any] = {name: empty if value is None else value}
        return replace(contact, **named)
    attributes = {key: held for key, held in contact.attributes.items() if f"attributes.{key}" != name}
    if value is not None:
        attributes[name.removeprefix("attributes.")] = value
    return replace(contact, attributes=attributes)


def _with_channels(contact: ContactRecord, address: str, channels: str | None) -> ContactRecord:
    serves = set(channels.split("+")) if channels else set()
    one = Address(address, voice="voice" in serves, sms="sms" in serves, email="email" in serves)
    addresses = [one if held.address == address else held for held in contact.addresses]
    left = tuple(held for held in addresses if held.channels())
    return replace(contact, addresses=left) if left else contact


def combine_addresses(addresses: Iterable[Address]) -> tuple[Address, ...]:
    """Each address once with all its channels, in order of first appearance."""
    combined: dict[str, Address] = {}
    for address in addresses:
        known = combined.get(address.address)
        combined[address.address] = known.serving(address) if known else address
    return tuple(combined.values())


def differences(old: ContactRecord, new: ContactRecord) -> tuple[Change, ...]:
    """Everything in which two states of a contact differ, what is gone included."""
    kept = _flat(new)
    gone = tuple(Change(name, value, None) for name, value in _flat(old).items() if name not in kept)
    return (*_changes(old, new), *gone)


def split_name(name: str) -> tuple[str, str]:
    """First and last name from one field: "Beethoven, Ludwig van" and "Ludwig van Beethoven" alike.

    A single word is a first name: it is what people are greeted by.
    """
    last, comma, first = (part.strip() for part in name.partition(","))
    if comma:
        return _with_particles(first.split(), last)
    words = name.split()
    if len(words) < 2:  # noqa: PLR2004 -- nothing to split
        return " ".join(words), ""
    return _with_particles(words[:-1], words[-1])


def _with_particles(first: list[str], last: str) -> tuple[str, str]:
    while len(first) > 1 and first[-1].lower() in _PARTICLES:
        last = f"{first.pop()} {last}".strip()
    return " ".join(first), last


def _described(record: ContactRecord) -> NewContact:
    return NewContact(
        record.first_name, record.last_name, record.time_zone, record.external_id, record.addresses, record.attributes
    )


def _changes(old: ContactRecord, new: ContactRecord) -> tuple[Change, ...]:
    before, after = _flat(old), _flat(new)
    return tuple(Change(name, before.get(name), after[name]) for name in after if before.get(name) != after[name])


def _flat(contact: ContactRecord) -> dict[str, str]:
    named = {name: getattr(contact, name) for name in _NAMED if getattr(contact, name)}
    addresses = {f"addresses.{a.address}": "+".join(a.channels()) for a in contact.addresses}
    attributes = {f"attributes.{name}": value for name, value in contact.attributes.items()}
    return {**named, **addresses, **attributes}
