"""What a column of a file may fill, as a person chooses it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dialer.domain.columns import IGNORE, attribute_name
from dialer.store.types import AnyRow

KNOWN = (
    ("phone", "Phone (calls and texts)"),
    ("phone_2", "Second phone"),
    ("phone_3", "Third phone"),
    ("mobile", "Mobile (calls and texts)"),
    ("sms", "Number for texts only"),
    ("email", "E-mail"),
    ("first_name", "First name"),
    ("last_name", "Last name"),
    ("name", "Whole name"),
    ("time_zone", "Time zone"),
    ("external_id", "External id"),
)
LEAVE_OUT = (IGNORE, "– leave out –")
_RANKED = re.compile(r"(phone|mobile|sms|email)_?([1-9][0-9]?)")
_SAMPLES = 3

Choices = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column with what it fills now, what it could fill, and its first values."""

    name: str
    field: str
    options: Sequence[tuple[str, str]]
    samples: Sequence[str]


def choices(fields: Iterable[AnyRow]) -> Choices:
    """Every field by its name: the known ones, then the custom ones."""
    return {**dict(KNOWN), **{field.name: f"{field.label} ({field.type})" for field in fields}}


def column(name: str, field: str, known: Choices, values: Sequence[str]) -> Column:
    if ranked := _RANKED.fullmatch(field):
        field = f"{ranked[1]}_{ranked[2]}"
    own = attribute_name(name)
    options = dict(known)
    if own not in options and not _RANKED.fullmatch(own):
        options[own] = f"New attribute “{own}”"
    if field not in options and field != IGNORE:
        options[field] = f"Attribute “{field}”" if not ranked else field.replace("_", " ").capitalize()
    return Column(name, field, [*options.items(), LEAVE_OUT], values[:_SAMPLES])
