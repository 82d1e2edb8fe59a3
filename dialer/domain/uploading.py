"""What a person says about a file beside its content, checked; and what is worth remembering of it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dialer.domain.columns import named, propose_fields
from dialer.domain.errors import Fault, InvalidInput, shown
from dialer.domain.phone import check_region
from dialer.domain.spreadsheet import own_columns
from dialer.domain.windows import zone

DELIMITERS = (",", ";", "\t", "|")
_TAB = frozenset({"tab", "\\t"})


@dataclass(frozen=True, slots=True)
class Told:
    """What is not said is None: detected, or the default. `mapping` is `{column: field}` by hand."""

    mapping: Mapping[str, str | None] | None = None
    region: str | None = None
    time_zone: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was said about the last file with the same columns."""

    columns: dict[str, str | None] = field(default_factory=dict)
    region: str | None = None
    time_zone: str | None = None


def checked(told: Told) -> Told:
    """With region, zone and delimiter in their one form. Raises InvalidInput with every fault at once."""
    faults: list[Fault] = []
    region, delimiter = told.region, told.delimiter
    try:
        region = check_region(told.region, "region") if told.region else None
    except InvalidInput as invalid:
        faults += invalid.faults
    try:
        time_zone = zone(told.time_zone).key if told.time_zone else None
    except InvalidInput as invalid:
        time_zone, faults = None, [*faults, *invalid.faults]
    if delimiter is not None:
        delimiter = "\t" if delimiter.lower() in _TAB else delimiter
        if delimiter not in DELIMITERS:
            faults.append(
                Fault(
                    "delimiter", "%(delimiter)s is not offered; use one of , ; tab |", delimiter=shown(told.delimiter)
                )
            )
    if faults:
        raise InvalidInput(faults)
    return replace(told, region=region, time_zone=time_zone, delimiter=delimiter, encoding=told.encoding or None)


def shape_of(columns: Sequence[str]) -> str:
    """The same for files with the same columns in the same order, in whatever spelling: a digest.

    Also for the rows of one that were refused: mended, they are read as the file was.
    """
    names = (" ".join(name.lower().split()) for name in named(own_columns(columns)))
    return hashlib.sha256("\x1f".join(names).encode()).hexdigest()


def worth_remembering(columns: Sequence[str], told: Told) -> Remembered | None:
    """None if nothing was said that would not be proposed anyway."""
    own = own_columns(columns)
    by_hand = propose_fields(own, told.mapping or {})
    if by_hand == propose_fields(own, {}) and not told.region and not told.time_zone:
        return None
    return Remembered(dict(by_hand), told.region, told.time_zone)


def with_remembered(told: Told, remembered: Mapping[str, Any]) -> Told:
    """What was not said now, as it was said the last time."""
    known = Remembered(**remembered)
    return replace(
        told,
        mapping=known.columns if told.mapping is None else told.mapping,
        region=told.region or known.region,
        time_zone=told.time_zone or known.time_zone,
    )
