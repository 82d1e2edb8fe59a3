"""Custom fields: attributes that have a type, and the one form in which a value of each type is kept (C14). Pure.

A value is read as people and spreadsheets write it. What could mean two things (`1,234`, `03/04/2026`) is refused, not
guessed: a strategy that branches on it would take the wrong way without anybody seeing why.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from dialer.domain.errors import Fault, shown
from dialer.domain.said import filled, joined

MAX_LABEL = 100
MAX_CHOICE = 100
MAX_CHOICES = 200
MAX_DIGITS = 30

_CANONICAL_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{0,8}[1-9])?")
_NUMBER = re.compile(r"([+-]?)([0-9][0-9.,]*|[.,][0-9]+)")
_SPACES = re.compile(r"[\s'\u2019]")  # between groups of digits: spaces of any kind, Swiss apostrophes
_GROUP = 3
_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]00:00)?)?")
_YEAR_FIRST = re.compile(r"([0-9]{4})[./]([0-9]{1,2})[./]([0-9]{1,2})")
_DOTTED = re.compile(r"([0-9]{1,2})\.\s?([0-9]{1,2})\.\s?([0-9]{4})")
_EITHER = re.compile(r"([0-9]{1,2})[/-]([0-9]{1,2})[/-]([0-9]{4})")
_DAY_NAMED = re.compile(r"([0-9]{1,2})\.?[\s-]([a-z]{3,9})\.?,?[\s-]([0-9]{4})")
_NAMED_DAY = re.compile(r"([a-z]{3,9})\.?\s([0-9]{1,2})(?:st|nd|rd|th)?,?\s([0-9]{4})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LAST_MONTH = 12


class FieldType(StrEnum):
    TEXT = "text"
    NUMBER = "number"  # kept as a decimal number: -12.5
    DATE = "date"  # kept as 2026-12-24
    CHOICE = "choice"  # kept as the choice is spelt in the list


@dataclass(frozen=True, slots=True)
class Field:
    """A custom field. `name` is the attribute's in its one form, `choices` are those of a choice."""

    name: str
    label: str
    type: FieldType
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, init=False)
class Misfit:
    """Why a value is none of a field, for a person: the value and the remedy included (`Said`)."""

    reason: str

    def __init__(self, reason: str, /, **values: object) -> None:
        object.__setattr__(self, "reason", filled(reason, values))


def check(field: Field, value: str) -> str | Misfit:
    """The value in the form it is kept in, or why it does not fit. `value` is neither empty nor has spaces around it."""
    match field.type:
        case FieldType.TEXT:
            return value
        case FieldType.NUMBER:
            return value if _CANONICAL_NUMBER.fullmatch(value) and value != "-0" else read_number(value)
        case FieldType.DATE:
            return read_date(value)
        case FieldType.CHOICE:
            return _choice(field, value)


def faults_of(field: Field) -> Iterator[Fault]:
    """What is wrong with a definition as such."""
    if not field.label or len(field.label) > MAX_LABEL or not field.label.isprintable():
        yield Fault("label", "should be 1 to %(most)s printable characters", most=MAX_LABEL)
    if field.type is FieldType.CHOICE:
        yield from _choice_faults(field.choices)
    elif field.choices:
        yield Fault(
            "choices", "belong to a field of the type choice; this one is of the type %(type)s", type=field.type
        )


def misfits(field: Field, values: Collection[str]) -> dict[str, str]:
    """Those of the values that do not fit, each with its reason."""
    checked = ((value, check(field, value)) for value in values)
    return {value: found.reason for value, found in checked if isinstance(found, Misfit)}


def checked_values(fields: Mapping[str, Field], attributes: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """`(attributes in the form they are kept in, {name: why its value does not fit})`."""
    kept, wrong = dict(attributes), {}
    for name, value in attributes.items():
        field = fields.get(name)
        found = check(field, value) if field is not None and value else value
        if isinstance(found, Misfit):
            wrong[name] = found.reason
        else:
            kept[name] = found
    return kept, wrong


@lru_cache(maxsize=4096)
def read_number(value: str) -> str | Misfit:
    """`1 234,50`, `1.234,50`, `1,234.50` and `+1234.5` are all `1234.5`; a lone comma before three digits is refused."""
    written = _NUMBER.fullmatch(_SPACES.sub("", value).replace("\u2212", "-"))
    if written is None:
        return Misfit("%(value)s is not a number; write digits, such as 1234.5", value=shown(value))
    sign, digits = written.groups()
    plain = _plain_digits(digits)
    if plain is None:
        return Misfit(
            "%(value)s can be read as two numbers; write it without separators, such as 1234.5", value=shown(value)
        )
    if sum(character.isdigit() for character in plain) > MAX_DIGITS:
        return Misfit("%(value)s has more than %(most)s digits", value=shown(value), most=MAX_DIGITS)
    number = format(Decimal(plain), "f")
    number = number.rstrip("0").rstrip(".") if "." in number else number
    return f"-{number}" if sign == "-" and number != "0" else number


@lru_cache(maxsize=4096)
def read_date(value: str) -> str | Misfit:
    """`2026-12-24`, `24.12.2026`, `2026/12/24`, `24 Dec 2026`, and `12/24/2026` where it can be no other day."""
    text = value.lower()
    for pattern, order in ((_ISO, (0, 1, 2)), (_YEAR_FIRST, (0, 1, 2)), (_DOTTED, (2, 1, 0))):
        if found := pattern.fullmatch(text.upper() if pattern is _ISO else text):
            parts = [int(found[at + 1]) for at in order]
            return _day(parts[0], parts[1], parts[2], value)
    if found := _EITHER.fullmatch(text):
        return _day_or_month(int(found[1]), int(found[2]), int(found[3]), value)
    named, day_first = _DAY_NAMED.fullmatch(text), True
    if named is None:
        named, day_first = _NAMED_DAY.fullmatch(text), False
    if named is None:
        return Misfit("%(value)s is not a date; write it as 2026-12-24", value=shown(value))
    month, day = (named[2], named[1]) if day_first else (named[1], named[2])
    return _day(int(named[3]), _month(month), int(day), value)


def _plain_digits(digits: str) -> str | None:
    """Digits with at most a decimal point; None if the separators leave two readings."""
    dots, commas = digits.count("."), digits.count(",")
    if not commas:
        return digits if dots <= 1 else _grouped(digits, ".")
    if not dots:
        if commas > 1:
            return _grouped(digits, ",")
        whole, _, part = digits.partition(",")
        is_two_things = len(part) == _GROUP and 1 <= len(whole) <= _GROUP and whole != "0"
        return None if is_two_things else f"{whole}.{part}"
    point = max(".", ",", key=digits.rfind)
    if digits.count(point) > 1:
        return None
    whole, _, part = digits.partition(point)
    plain = _grouped(whole, "," if point == "." else ".")
    return None if plain is None else f"{plain}.{part}"


def _grouped(digits: str, separator: str) -> str | None:
    first, *groups = digits.split(separator)
    fits = 1 <= len(first) <= _GROUP and all(len(group) == _GROUP for group in groups)
    return "".join((first, *groups)) if fits else None


def _day_or_month(first: int, second: int, year: int, value: str) -> str | Misfit:
    if first <= _LAST_MONTH and second <= _LAST_MONTH and first != second:
        return Misfit(
            "%(value)s may be either of two days; write it as %(year)s-%(second)s-%(first)s",
            value=shown(value),
            year=year,
            second=format(second, "02"),
            first=format(first, "02"),
        )
    return _day(year, second, first, value) if first > _LAST_MONTH else _day(year, first, second, value)


def _month(name: str) -> int:
    return next((n for n, short in enumerate(_MONTHS, 1) if name.startswith(short)), 0)


def _day(year: int, month: int, day: int, value: str) -> str | Misfit:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return Misfit("%(value)s is no day of the calendar; write it as 2026-12-24", value=shown(value))


def _choice(field: Field, value: str) -> str | Misfit:
    if value in field.choices:
        return value
    folded = " ".join(value.split()).casefold()
    for choice in field.choices:
        if choice.casefold() == folded:
            return choice
    choices = joined(list(map(shown, field.choices)), 20)
    return Misfit("%(value)s is none of the choices; take one of %(choices)s", value=shown(value), choices=choices)


def _choice_faults(choices: tuple[str, ...]) -> Iterator[Fault]:
    if not choices:
        yield Fault("choices", "are needed: list the values that are possible")
    if len(choices) > MAX_CHOICES:
        yield Fault("choices", "are %(number)s; at most %(most)s are possible", number=len(choices), most=MAX_CHOICES)
    seen: set[str] = set()
    for choice in choices[: MAX_CHOICES + 1]:
        if not choice or len(choice) > MAX_CHOICE or not choice.isprintable() or choice != " ".join(choice.split()):
            yield Fault(
                "choices",
                "%(choice)s should be 1 to %(most)s printable characters, single spaces only",
                choice=shown(choice),
                most=MAX_CHOICE,
            )
        elif choice.casefold() in seen:
            yield Fault("choices", "%(choice)s is there twice; case does not count", choice=shown(choice))
        seen.add(choice.casefold())
