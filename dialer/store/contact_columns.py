"""The columns of contacts, and of their places in a campaign, as lists filter and sort by them, on either database."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Float, String, case, cast, func, literal_column, select
from sqlalchemy.types import TypeEngine

from dialer.domain.errors import InvalidInput, shown
from dialer.domain.transitions import EnrollmentState, StopReason
from dialer.store.conditions import Day, Folded
from dialer.store.projection_schema import attribute
from dialer.store.tables import channel_address, contact, enrollment
from dialer.store.types import Utc

# A name that can stand in a JSON path of either database.
_ATTRIBUTE = re.compile(r'attributes\.([^"\\\x00-\x1f\ud800-\udfff]{1,100})')
WORDS: Mapping[str, tuple[str, ...]] = {
    "status": tuple(state.value for state in EnrollmentState),
    "stop_reason": tuple(reason.value for reason in StopReason),
}
PLACE = {
    "status": enrollment.c.state,
    "stop_reason": enrollment.c.stop_reason,
    "result": enrollment.c.result,
    "step": enrollment.c.node,
    "next_due_at": enrollment.c.due_at,
    "source": enrollment.c.source_id,
    "attempts": enrollment.c.attempts,
    "created_at": enrollment.c.created_at,
    "modified_at": enrollment.c.modified_at,
}
_FIRST_NAMES = ("id", "first_name", "last_name", "time_zone", "external_id", "address")
_OF_CONTACT: Mapping[str, TypeEngine[Any]] = {
    "id": BigInteger(), "first_name": Folded(), "last_name": Folded(), "time_zone": Folded(), "external_id": Folded(),
    "address": Folded(), "created_at": Utc(), "modified_at": Utc(),
}  # fmt: skip
_NULLABLE = {"time_zone", "external_id", "address"}
_TYPES: Mapping[str, TypeEngine[Any]] = {"number": Float(), "date": Day()}


@dataclass(frozen=True, slots=True)
class Field:
    """A column in SQL, of the contact (`p`, in the projection) or of its place in the campaign (`e`)."""

    sql: str
    type: TypeEngine[Any]
    nullable: bool
    of_place: bool

    @property
    def column(self) -> ColumnElement[Any]:
        return literal_column(self.sql, self.type)


def on_sqlite(name: str, types: Mapping[str, str], *, in_campaign: bool, what: str) -> Field:
    """The field of that name; `types` are those of the custom fields. Raises `InvalidInput` for the parameter `what`."""
    if in_campaign and name in PLACE:
        column = PLACE[name]
        type_: TypeEngine[Any] = BigInteger() if name == "source" else column.type
        return Field(f"e.{column.name}", type_, bool(column.nullable), of_place=True)
    if name in _OF_CONTACT:
        return Field(f"p.{name}", _OF_CONTACT[name], name in _NULLABLE, of_place=False)
    found = _ATTRIBUTE.fullmatch(name)
    if found is None:
        raise _unknown(name, what, in_campaign=in_campaign)
    kind = types.get(found[1], "text")
    return Field(f"({attribute(found[1], kind, 'p.')})", _TYPES.get(kind, Folded()), nullable=True, of_place=False)


def attribute_of(name: str) -> str | None:
    """The attribute that the field is; None for other fields."""
    found = _ATTRIBUTE.fullmatch(name)
    return None if found is None else found[1]


def names(*, in_campaign: bool) -> list[str]:
    known = [*_FIRST_NAMES, *(PLACE if in_campaign else ("created_at", "modified_at"))]
    return [*known, "attributes.NAME"]


def _unknown(name: str, what: str, *, in_campaign: bool) -> InvalidInput:
    known = names(in_campaign=in_campaign)
    return InvalidInput.single(
        what,
        "%(name)s is not a field to %(what)s by: take %(known)s",
        name=shown(name),
        what=what,
        known=", ".join(known),
    )


# -- PostgreSQL -------------------------------------------------------------------------------------------------------


_FIRST_ADDRESS = (
    select(channel_address.c.address)
    .where(channel_address.c.contact_id == contact.c.id)
    .order_by(channel_address.c.position)
    .limit(1)
    .scalar_subquery()
)


class Columns(Mapping[str, ColumnElement[Any]]):
    """By name, every attribute as `attributes.NAME`. For sorting (`folded`) texts are in lower case, as they are indexed."""

    def __init__(self, types: Mapping[str, str], *, in_campaign: bool, folded: bool = False) -> None:
        self._types, self._in_campaign, self._folded = types, in_campaign, folded

    def __getitem__(self, name: str) -> ColumnElement[Any]:
        if self._in_campaign and name == "id":
            return enrollment.c.contact_id
        if self._in_campaign and name in PLACE:
            return PLACE[name]
        found = _ATTRIBUTE.fullmatch(name)
        if found:
            return self._of_type(attribute_on_postgresql(found[1], self._types.get(found[1], "text")))
        if name == "address":
            return self._of_type(_FIRST_ADDRESS)
        if name not in _OF_CONTACT:
            raise KeyError(name)
        return self._of_type(contact.c[name])

    def _of_type(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.lower(column) if self._folded and isinstance(column.type, String) else column

    def __iter__(self) -> Any:
        return iter(names(in_campaign=self._in_campaign))

    def __len__(self) -> int:
        return len(names(in_campaign=self._in_campaign))


def attribute_on_postgresql(name: str, kind: str) -> ColumnElement[Any]:
    """An attribute by its type; an index serves whoever writes it the same way."""
    quoted = name.replace("'", "''")
    value = literal_column(f"(contact.attributes ->> '{quoted}')", Day() if kind == "date" else String())
    if kind != "number":
        return value
    is_number = value.op("~", is_comparison=True)(literal_column(r"'^[-+]?[0-9]+(\.[0-9]+)?$'"))
    return case((is_number, cast(value, Float(53))))
