"""From the cells of a row (or the keys of a REST object) to a contact: which column means what, and what is refused.

A row is refused when the contact could never be reached or would be reached at the wrong time or under a wrong name:
no usable address is left, the time zone is unknown, or a value is too long to keep. Everything that is wrong with it
is told at once. An unusable second number does not cost the contact: the row is taken and a note goes along.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from dialer.domain.contact import Address, NewContact, combine_addresses, split_name
from dialer.domain.errors import Fault, InvalidInput, shown
from dialer.domain.fields import Field, Misfit, check
from dialer.domain.phone import normalise_email, read_phone
from dialer.domain.said import Said, joined, marked
from dialer.domain.spreadsheet import BETWEEN, own_columns
from dialer.domain.windows import zone

MAX_NAME = 200  # characters of a first name, last name or external id
MAX_VALUE = 4_000  # characters of an attribute
MAX_ATTRIBUTE_NAME = 100
IGNORE = "ignore"
NO_ADDRESS = marked("no address is given; fill one of the columns phone, mobile, sms or email")
_KNOWN = re.compile(r"(phone|mobile|sms|e_?mail)_?([1-9][0-9]?)?|first_name|last_name|name|time_zone|external_id")
_NO_FIELDS: Mapping[str, Field] = {}
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class Kind(StrEnum):
    PHONE = "phone"  # voice and texts; a `mobile` column is the same
    VOICE = "voice"  # calls only: no column, but an address that says so itself
    SMS = "sms"
    EMAIL = "email"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    NAME = "name"
    TIME_ZONE = "time_zone"
    EXTERNAL_ID = "external_id"
    ATTRIBUTE = "attribute"
    IGNORED = "ignore"


ADDRESSES = frozenset({Kind.PHONE, Kind.VOICE, Kind.SMS, Kind.EMAIL})
_MANY = ADDRESSES | {Kind.ATTRIBUTE, Kind.IGNORED}


@dataclass(frozen=True, slots=True)
class Target:
    """What one column fills: `kind`, the canonical field name, and for addresses their rank (phone2 is 2)."""

    kind: Kind
    name: str
    rank: int = 1
    take: "_Take" = field(init=False, compare=False, repr=False)  # what is done with a cell: looked up once

    def __post_init__(self) -> None:
        object.__setattr__(self, "take", _TAKING[self.kind])


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """The columns of a file as they are called there, and what each fills."""

    columns: tuple[str, ...]
    targets: tuple[Target, ...]

    def as_fields(self) -> dict[str, str]:
        """The mapping in the interface's words, {column: field}, as it can be given back."""
        return {column: target.name for column, target in zip(named(self.columns), self.targets, strict=True)}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row is no contact: every reason ("what; remedy"), joined with BETWEEN."""

    reason: str


@lru_cache(maxsize=4096)
def attribute_name(written: str) -> str:
    """A column's or placeholder's name in its one form: small letters, underscores for spaces and dashes."""
    text = unicodedata.normalize("NFKC", written).strip().lower()
    return re.sub(r"[\s\-_]+", "_", text).strip("_")


def without_controls(text: str) -> str:
    """Control characters, which no database or page shows, are spaces."""
    return text if text.isprintable() else _CONTROLS.sub(" ", text)


def is_known(column: str) -> bool:
    """Whether a column means something without being mapped by hand."""
    return _KNOWN.fullmatch(attribute_name(column)) is not None


def map_columns(columns: Sequence[str], explicit: Mapping[str, str | None] | None = None) -> ColumnMap:
    """What each column fills: `explicit` {column: field} first, then the known names, else an attribute.

    A field is a known name, any other name for an attribute (`attributes.NAME` says so in full), or None, "" or
    `ignore` to leave the column out, as what a file of refused rows tells of them is. Raises InvalidInput: an explicit
    column that is not in the file, two columns for one field, a name that is too long, no column with addresses.
    """
    names, targets = _targets(columns, explicit)
    known, no_column = (
        joined(list(map(shown, columns)), 20),
        marked("the file has no column %(name)s; it has %(known)s"),
    )
    faults = [
        Fault(f"mapping.{column}", no_column, name=shown(column), known=known)
        for column in explicit or {}
        if attribute_name(column) not in names
    ]
    faults += _clashes(columns, targets)
    if not any(target.kind in ADDRESSES for target in targets):
        reason = Said(
            "no column holds addresses (%(known)s); name one phone, mobile, sms or email, or map one", known=known
        )
        faults.append(Fault("mapping", reason))
    if faults:
        raise InvalidInput(faults)
    return ColumnMap(tuple(columns), targets)


def propose_fields(columns: Sequence[str], explicit: Mapping[str, str | None]) -> dict[str, str]:
    """{column: field} as `map_columns` sees it, also where it refuses the whole: for a person to mend it."""
    return ColumnMap(tuple(columns), _targets(columns, explicit)[1]).as_fields()


def named(columns: Sequence[str]) -> list[str]:
    """The columns' names, those without one by their place: what a mapping calls them."""
    return [column if attribute_name(column) else f"column_{at}" for at, column in enumerate(columns, 1)]


def _targets(columns: Sequence[str], explicit: Mapping[str, str | None] | None) -> tuple[list[str], tuple[Target, ...]]:
    by_hand = {attribute_name(column): field for column, field in (explicit or {}).items()}
    names = [attribute_name(column) for column in named(columns)]
    proposed = [*names[: len(own_columns(columns))], *(IGNORE for _ in names)]
    pairs = zip(names, proposed, strict=False)
    return names, tuple(_target((by_hand[name] or IGNORE) if name in by_hand else field) for name, field in pairs)


def row_to_contact(
    row: Sequence[str], mapping: ColumnMap, default_region: str | None, fields: Mapping[str, Field] = _NO_FIELDS
) -> NewContact | Refusal:
    """The contact a row describes, or why it is none. Cells beyond the row's end count as empty."""
    return contact_from(zip(mapping.targets, row, strict=False), default_region, fields)


def contact_from(
    pairs: Iterable[tuple[Target, str]], default_region: str | None, fields: Mapping[str, Field] = _NO_FIELDS
) -> NewContact | Refusal:
    """The contact that these targets and values describe; the same rules for rows and REST objects.

    Values of custom `fields` (by attribute) are kept in the form of their type; one that does not fit is a refusal (C14).
    """
    reading = _Reading(default_region, fields)
    for target, cell in pairs:
        if cell and (value := cell.strip()):
            target.take(reading, target, value if value.isprintable() else without_controls(value))
    return reading.result()


def target_of(field: str) -> Target:
    """What a field name of the interface means: the key of a REST object, or the right side of a mapping."""
    return _target(field)


@lru_cache(maxsize=4096)
def _target(field: str) -> Target:
    name = attribute_name(field)
    if name == IGNORE:
        return Target(Kind.IGNORED, IGNORE)
    if known := _KNOWN.fullmatch(name):
        name = name.replace("e_mail", "email")  # E-Mail, and more often so outside of English
        word, rank = (known[1] or name).replace("e_mail", "email"), int(known[2] or 1)
        kind = Kind.PHONE if word == "mobile" else Kind(word)
        return Target(kind, name, rank)
    return Target(Kind.ATTRIBUTE, name.removeprefix("attributes."))


def _clashes(columns: Sequence[str], targets: Sequence[Target]) -> list[Fault]:
    faults = []
    first: dict[str, str] = {}
    for column, target in zip(columns, targets, strict=True):
        if len(target.name) > MAX_ATTRIBUTE_NAME:
            told = {"name": shown(target.name), "most": MAX_ATTRIBUTE_NAME}
            reason = Said("%(name)s is longer than %(most)s characters; rename the column", **told)
            faults.append(Fault(f"mapping.{column[:MAX_ATTRIBUTE_NAME]}", reason))
        if target.kind not in _MANY or target.kind is Kind.ATTRIBUTE:
            if target.name in first:
                told = {"name": target.name, "first": shown(first[target.name])}
                reason = Said("fills %(name)s, as %(first)s does; map one of them to something else", **told)
                faults.append(Fault(f"mapping.{column}", reason))
            first[target.name] = column
    return faults


class _Reading:
    """One row while it is read: what was found, what is wrong with it, what is worth a note."""

    __slots__ = ("_addresses", "_attributes", "_faults", "_fields", "_named", "_region", "_unusable")

    def __init__(self, default_region: str | None, fields: Mapping[str, Field]) -> None:
        self._region, self._fields = default_region, fields
        self._named: dict[str, str] = {}
        self._attributes: dict[str, str] = {}
        self._addresses: list[tuple[int, Address]] = []
        self._faults: list[str] = []
        self._unusable: list[str] = []

    def result(self) -> NewContact | Refusal:
        if not self._addresses:
            self._faults = [*(self._unusable or [NO_ADDRESS]), *self._faults]
        if self._faults:
            return Refusal(BETWEEN.join(self._faults))
        named = self._named
        first, last = split_name(named["name"]) if "name" in named else ("", "")
        return NewContact(
            first_name=named.get("first_name", first),
            last_name=named.get("last_name", last),
            time_zone=named.get("time_zone"),
            external_id=named.get("external_id"),
            addresses=self._in_order(),
            attributes=self._attributes,
            notes=tuple(self._unusable),
        )

    def _in_order(self) -> tuple[Address, ...]:
        if len(self._addresses) == 1:
            return (self._addresses[0][1],)
        self._addresses.sort(key=lambda ranked: ranked[0])
        return combine_addresses(address for _, address in self._addresses)

    def take_phone(self, target: Target, value: str) -> None:
        read = read_phone(value, self._region)
        if isinstance(read, str):
            kind = target.kind
            self._addresses.append((target.rank, Address(read, kind is not Kind.SMS, kind is not Kind.VOICE)))
        else:
            self._unusable.append(f"{target.name}: {read.reason}")

    def take_email(self, target: Target, value: str) -> None:
        read = normalise_email(value)
        if isinstance(read, str):
            self._addresses.append((target.rank, Address(read, email=True)))
        else:
            self._unusable.append(f"{target.name}: {read.reason}")

    def take_name(self, target: Target, value: str) -> None:
        if len(value) <= MAX_NAME or self._fits(target.name, value, MAX_NAME):
            self._named[target.name] = value

    def take_attribute(self, target: Target, value: str) -> None:
        name = target.name
        if len(value) > MAX_VALUE and not self._fits(name, value, MAX_VALUE):
            return
        field = self._fields.get(name)
        kept = check(field, value) if field is not None else value
        if isinstance(kept, Misfit):
            self._faults.append(f"{name}: {kept.reason}")
        else:
            self._attributes[name] = kept

    def take_nothing(self, target: Target, value: str) -> None:
        """The column is left out."""

    def take_zone(self, _target: Target, value: str) -> None:
        try:
            zone(value)
        except InvalidInput as invalid:
            self._faults.append(str(invalid))
        else:
            self._named["time_zone"] = value

    def _fits(self, name: str, value: str, limit: int) -> bool:
        if len(value) > limit:
            told = {"value": shown(value), "number": len(value), "limit": limit}
            reason = Said("%(value)s has %(number)s characters, more than the %(limit)s allowed; shorten it", **told)
            self._faults.append(f"{name}: {reason}")
        return len(value) <= limit


_Take = Callable[[_Reading, Target, str], None]
_TAKING: Mapping[Kind, _Take] = {
    Kind.PHONE: _Reading.take_phone,
    Kind.VOICE: _Reading.take_phone,
    Kind.SMS: _Reading.take_phone,
    Kind.EMAIL: _Reading.take_email,
    Kind.FIRST_NAME: _Reading.take_name,
    Kind.LAST_NAME: _Reading.take_name,
    Kind.NAME: _Reading.take_name,
    Kind.EXTERNAL_ID: _Reading.take_name,
    Kind.TIME_ZONE: _Reading.take_zone,
    Kind.ATTRIBUTE: _Reading.take_attribute,
    Kind.IGNORED: _Reading.take_nothing,
}
