"""What a list call on SQLite asks for: tests that each contact has to pass, and ways to those who may.

A way leads to the ids of all contacts that fit one of the conditions, and perhaps of a few others, without a look at
everybody: along an index, by a sheet of values, by words. Every contact is tested all the same.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Float, Integer, Select, String, and_, literal_column, select, text, union_all

from dialer.domain.search import MOST_TERMS, terms
from dialer.store import searching
from dialer.store.conditions import Day, Folded, checked_op, condition, escaped, one_of, typed
from dialer.store.conditions import text as checked
from dialer.store.contact_columns import WORDS, Field, attribute_of, on_sqlite
from dialer.store.listing import parted
from dialer.store.projection_schema import SHEET

Way = Select[Any] | Any  # a statement of ids
NOBODY: ColumnElement[bool] = literal_column("0 = 1")
_RANGES = frozenset({"eq", "lt", "le", "gt", "ge", "in"})
_TOKEN = re.compile(r"[a-z0-9]+")
_SEARCHED = ("first_name", "last_name", "external_id")  # and attributes
_LONGEST_BEGINNING = 7  # characters: those of the index of words


@dataclass(frozen=True, slots=True)
class Test:
    """A condition on each contact `p`, or on its place `e`; and the way to those who fit, unless it is through all."""

    where: ColumnElement[bool]
    of_place: bool = False
    on: str = ""  # the column as SQL, if an index of it has those who fit in `range`
    range: ColumnElement[bool] | None = None
    way: Way | None = None
    sheets: Way | None = None  # those which may have the value, as rows: `way` is to all of their contacts
    words: str = ""  # which whoever fits has, as FTS5 is asked


class Asked:
    """The tests of a query, and what its words are to be found by."""

    def __init__(
        self,
        q: str | None,
        filters: Sequence[str],
        types: Mapping[str, str],
        campaign: int | None,
        there: Collection[str],
    ) -> None:
        """`types` are those of the custom fields; `there` are the names of the projection's indexes and sheets."""
        self._types, self._campaign, self._there = types, campaign, there
        self.tests = [self._test(one) for one in filters]
        self.words: str | None = None
        if q and q.strip():
            found = terms(checked("q", q))
            self.words = searching.fts5(found) if found else None
            self.tests += [] if found else [Test(NOBODY, way=_of_contact("", NOBODY))]
        elif q:
            checked("q", q)

    def of(self, *, place: bool) -> list[ColumnElement[bool]]:
        return [test.where for test in self.tests if test.of_place is place]

    def narrow_words(self) -> str | None:
        """The words that are asked for, and those that the conditions imply."""
        implied = [test.words for test in self.tests if test.words]
        asked = [self.words] if self.words else []
        return " AND ".join([*asked, *implied]) or None

    def _test(self, asked: str) -> Test:
        name, op, value = parted(asked)
        checked_op(op, value)
        if name == "address":
            return _address(op, value, sheet="sheet address" in self._there)
        field = on_sqlite(name, self._types, in_campaign=self._campaign is not None, what="filter")
        if field.of_place and name in WORDS:
            one_of(name, op, value, WORDS[name])
        where, within = condition(field.column, op, value), _range(field, op, value)
        on = "" if within is None else field.sql
        if field.of_place:
            return Test(where, of_place=True, on=on, range=within, way=self._way_of_place(field, op, value, where))
        words = _implied(name, field, op, value)
        if name == "id":
            way = _of_contact("", where) if op in _RANGES else None
            if self._campaign is not None:  # by which its contacts are sorted there
                field = Field("e.contact_id", field.type, nullable=False, of_place=True)
            return Test(where, on=field.sql, range=_range(field, op, value), way=way)
        own = attribute_of(name)
        kept = name if own is None else f"{self._types.get(own, 'text')} {own}"
        if f"by {kept}" in self._there and op != "contains" and (op != "startswith" or within is not None):
            way = _along_index(f'INDEXED BY "by {kept}"', field, op, value, within)
            return Test(where, on=on, range=within, way=way, words=words)
        if f"sheet {kept}" in self._there and op in {"contains", "startswith"}:
            return Test(where, way=_of_sheets(f"sheet {kept}", value), sheets=_sheets(f"sheet {kept}", value))
        return Test(where, words=words)

    def _way_of_place(self, field: Field, op: str, value: str, where: ColumnElement[bool]) -> Way | None:
        if op not in _RANGES | {"contains", "startswith"} and (op, value) != ("empty", "false"):
            return None
        if field.sql == "e.modified_at":  # has no index, which every stop would have to move
            return None
        mine = [literal_column("e.campaign_id") == self._campaign]
        if field.nullable:  # an index of it has only those with a value
            mine.append(literal_column(f"{field.sql} IS NOT NULL"))
        start = text("main.enrollment AS e")
        return select(literal_column("e.contact_id").label("id")).select_from(start).where(*mine, where)


# -- ways -------------------------------------------------------------------------------------------------------------


def _range(field: Field, op: str, value: str) -> ColumnElement[bool] | None:
    """The stretch of an index in which all that fits is; it is told without a look at the rows themselves."""
    column = field.column
    if op == "startswith" and not isinstance(field.type, Float | Integer):
        return and_(column >= value, column < f"{value}\U0010ffff") if _is_text(field) else None
    if op == "eq":
        return and_(column == typed(column, value))
    if op == "in":
        values = sorted((typed(column, one) for one in value.split(",")), key=_as_indexed)
        return and_(column >= values[0], column <= values[-1])
    return condition(column, op, value) if op in _RANGES else None


def _as_indexed(value: Any) -> Any:
    return value.encode().lower() if isinstance(value, str) else value


def _along_index(index: str, field: Field, op: str, value: str, within: ColumnElement[bool] | None) -> Way:
    column = field.column
    nothing: ColumnElement[bool] = literal_column(f"{field.sql} IS NULL")
    if op == "empty":
        least = "> ''" if not isinstance(field.type, Float | Integer) else ">= -9e999"
        if value == "false":
            return _of_contact(index, literal_column(f"{field.sql} {least}"))
        parts = [nothing, *([literal_column(f"{field.sql} = ''")] if least == "> ''" else [])]
        return union_all(*(_of_contact(index, part) for part in parts))
    if op == "ne":
        sides = [condition(column, way, value) for way in ("lt", "gt")]
        other_case = and_(column == typed(column, value), condition(column, "ne", value))
        parts = [*sides, nothing, *([other_case] if _is_folded(field) else [])]
        return union_all(*(_of_contact(index, part) for part in parts))
    if op == "in":
        return _of_contact(index, column.in_([typed(column, one) for one in value.split(",")]))
    assert within is not None  # noqa: S101  (all other conditions have one)
    return _of_contact(index, within)


def _of_contact(index: str, where: ColumnElement[bool]) -> Way:
    table = f"search.contact AS p {index}".replace(":", "\\:")
    return select(literal_column("p.id").label("id")).select_from(text(table)).where(where)


def _sheets(sheet: str, value: str) -> Way:
    start = text(f'search."{sheet}" AS b'.replace(":", "\\:"))
    return select(literal_column("b.id").label("id")).select_from(start).where(_has(value))


def _of_sheets(sheet: str, value: str) -> Way:
    """Those whose value may be among the values of a sheet."""
    within = f"p.id BETWEEN b.id * {SHEET} AND b.id * {SHEET} + {SHEET - 1}"
    start = text(f'search."{sheet}" AS b CROSS JOIN search.contact AS p ON {within}'.replace(":", "\\:"))
    return select(literal_column("p.id").label("id")).select_from(start).where(_has(value))


def _has(value: str) -> ColumnElement[bool]:
    return literal_column("b.text", String()).like(f"%{escaped(checked('filter', value))}%", escape="\\")


def _is_text(field: Field) -> bool:
    return isinstance(field.type, Folded | Day)


def _is_folded(field: Field) -> bool:
    return isinstance(field.type, Folded)


def _address(op: str, value: str, *, sheet: bool) -> Test:
    """Contacts of which an address fits; for `ne` and `empty` those of which none does."""
    if op == "empty":
        nothing: ColumnElement[bool] = literal_column("p.addresses = ''")
        return (
            Test(~nothing)
            if value == "false"
            else Test(nothing, way=_of_contact('INDEXED BY "without address"', nothing))
        )
    held: Select[Any] = select(literal_column("1")).select_from(text("main.channel_address AS a"))
    own = held.where(literal_column("a.contact_id = p.id"), _fitting_address("+a.address", op, value)).exists()
    if op == "ne":
        return Test(~own)
    if op == "contains":
        name = "sheet address"
        return Test(own, way=_of_sheets(name, value), sheets=_sheets(name, value)) if sheet else Test(own)
    owners: Select[Any] = select(literal_column("a.contact_id").label("id")).select_from(
        text("main.channel_address AS a")
    )
    if op == "startswith":  # addresses have no capitals
        address, start = literal_column("a.address", String()), value.lower()
        return Test(own, way=owners.where(address >= start, address < f"{start}\U0010ffff").distinct())
    return Test(own, way=owners.where(_fitting_address("a.address", op, value)).distinct())


def _fitting_address(column: str, op: str, value: str) -> ColumnElement[bool]:
    return condition(literal_column(column, String()), "eq" if op == "ne" else op, value)


# -- words that a condition implies -----------------------------------------------------------------------------------


def _implied(name: str, field: Field, op: str, value: str) -> str:
    """What FTS5 finds in whoever fits: all values but those of time zones and numbers are among a contact's words."""
    if op not in {"eq", "in", "startswith"} or (name not in _SEARCHED and attribute_of(name) is None):
        return ""
    if isinstance(field.type, Float) or not value.isascii() or not value.isprintable():
        return ""
    if op == "in":
        each = [_all_words(one) for one in value.split(",")]
        return f"({' OR '.join(f'({one})' for one in each)})" if all(each) else ""
    return _all_words(value, begins=op == "startswith")


def _all_words(value: str, *, begins: bool = False) -> str:
    found = _TOKEN.findall(value.lower())
    if len(found) > MOST_TERMS:
        return _all_words(" ".join(found[:MOST_TERMS]))
    last = found.pop()[:_LONGEST_BEGINNING] if begins and found and value[-1].isalnum() else None
    return " AND ".join([*(f'"{word}"' for word in found), *([f'"{last}"*'] if last else [])])
