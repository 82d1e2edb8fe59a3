"""What a column of a file may fill, as a person chooses it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from admin.language import N_, _, labelled
from admin.pages import words
from dialer.domain.columns import IGNORE, attribute_name
from dialer.store.types import AnyRow

KNOWN = (
    ("phone", N_("Phone (calls and texts)")),
    ("phone_2", N_("Second phone")),
    ("phone_3", N_("Third phone")),
    ("mobile", N_("Mobile (calls and texts)")),
    ("sms", N_("Number for texts only")),
    ("email", N_("E-mail")),
    ("first_name", N_("First name")),
    ("last_name", N_("Last name")),
    ("name", N_("Whole name")),
    ("time_zone", N_("Time zone")),
    ("external_id", N_("External id")),
)
LEAVE_OUT = (IGNORE, N_("– leave out –"))
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
    return {**dict(labelled(KNOWN)), **{field.name: f"{field.label} ({words.plain(field.type)})" for field in fields}}


def column(name: str, field: str, known: Choices, values: Sequence[str]) -> Column:
    if ranked := _RANKED.fullmatch(field):
        field = f"{ranked[1]}_{ranked[2]}"
    own = attribute_name(name)
    options = dict(known)
    if own not in options and not _RANKED.fullmatch(own):
        options[own] = _("New attribute “%(name)s”", name=own)
    if field not in options and field != IGNORE:
        options[field] = _("Attribute “%(name)s”", name=field) if not ranked else words.upper_first(words.plain(field))
    return Column(name, field, [*options.items(), *labelled([LEAVE_OUT])], values[:_SAMPLES])
