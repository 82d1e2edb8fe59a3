"""Lists of contacts on SQLite, from the projection: which contacts fit, in which order, fast at a million of them.

SQLite can't know which way is short, so it is told. What fits few contacts is found first and sorted then; what fits
many is met soon by whoever walks along the index of the order. Each statement fixes its own order of joins.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    String,
    TextClause,
    and_,
    bindparam,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.search import terms
from dialer.store import searching
from dialer.store.browsing_order import Found, Order, Part
from dialer.store.conditions import checked_op, condition, one_of
from dialer.store.conditions import text as checked
from dialer.store.contact_columns import WORDS, Field, on_sqlite
from dialer.store.listing import Query, check_limit, parted, read_cursor, write_cursor

MOST = 10_000  # contacts that are sorted, and counted
WINDOW = 20_000  # places of an order that are looked at before all that fits is sorted
NOBODY: ColumnElement[bool] = literal_column("0 = 1")


class ContactSearch:
    """One list call; `types` are those of the custom fields, `known` is the total where the caller has it."""

    def __init__(self, tx: AsyncConnection, campaign_id: int | None, types: Mapping[str, str], query: Query) -> None:
        check_limit(query)
        self._tx, self._campaign, self._types, self._query = tx, campaign_id, types, query
        self._of_contact: list[ColumnElement[bool]] = []
        self._of_place: list[ColumnElement[bool]] = []
        self._asked: str | None = None  # of the words
        self._few = False  # whether the campaign itself has so few contacts that each is looked at
        for one in query.filters:
            self._take(one)
        if query.q:
            self._search(checked("q", query.q))
        self._order = self._read_order(query.sort or "id")
        self._after: tuple[Any, Any] | None = None
        if query.cursor:
            key = literal_column("k", on_sqlite("id", {}, in_campaign=False, what="sort").type)
            self._after = read_cursor(query.cursor, self._order.name, self._order.field.column, key)

    async def page(self, known: int | None) -> Found:
        """The page, and the total: `known`, or else counted as far as 10,000, or to the end if that is asked for."""
        ids, total, exact = None, known or 0, known is not None
        if known is None or known <= MOST:
            number, ids = await self._candidates()
            if known is None:
                total, exact = min(number, MOST), number <= MOST
        if ids is not None:
            rows = await self._sorted(ids)
        else:
            rows = await self._walk()
            if not exact and self._query.exact:
                total, exact = await self._count(), True
        return self._found(rows, total, exact=exact)

    # -- what is asked --------------------------------------------------------------------------------------------

    def _take(self, asked: str) -> None:
        name, op, value = parted(asked)
        checked_op(op)
        if name == "address":
            self._of_contact.append(_address(op, value))
            return
        field = on_sqlite(name, self._types, in_campaign=self._campaign is not None, what="filter")
        if field.of_place and name in WORDS:
            one_of(name, op, value, WORDS[name])
        (self._of_place if field.of_place else self._of_contact).append(condition(field.column, op, value))

    def _search(self, q: str) -> None:
        found = terms(q)
        if found:
            self._asked = searching.fts5(found)
        elif q.strip():
            self._of_contact.append(NOBODY)

    def _read_order(self, sort: str) -> Order:
        in_campaign = self._campaign is not None
        field = on_sqlite(sort.removeprefix("-"), self._types, in_campaign=in_campaign, what="sort")
        if in_campaign and sort.removeprefix("-") == "id":
            field = Field("e.contact_id", field.type, nullable=False, of_place=True)
            return Order(sort, field, "e.contact_id", "e.contact_id", sort.startswith("-"))
        tie = ("e.id", "e.contact_id") if field.of_place else ("p.id", "p.id")
        return Order(sort, field, *tie, sort.startswith("-"))

    def _conditions(self) -> list[ColumnElement[bool]]:
        return [*self._of_contact, *self._of_place]

    # -- few: found first, sorted then -------------------------------------------------------------------------------

    def _fitting(self) -> tuple[str, ColumnElement[bool]]:
        """FROM and WHERE of all that fits. Whoever is to be found by words or a condition of its own comes first."""
        where = self._conditions()
        if self._asked is not None:
            where.append(self._found_by_words() if self._few else self._match())
        if self._campaign is None:
            words = "search.words AS w CROSS JOIN search.contact AS p ON p.id = w.rowid"
            return words if self._asked else "search.contact AS p", and_(*where, literal_column("1 = 1"))
        place = "main.enrollment AS e"
        mine = literal_column("e.campaign_id") == self._campaign
        if self._few:
            start = f"{place} CROSS JOIN search.contact AS p ON p.id = e.contact_id"
        elif self._asked is not None:
            start = f"search.words AS w CROSS JOIN {place} ON e.contact_id = w.rowid CROSS JOIN search.contact AS p ON p.id = w.rowid"
        elif self._of_contact:
            start = f"search.contact AS p CROSS JOIN {place} ON e.contact_id = p.id"
        else:
            start = f"{place} CROSS JOIN search.contact AS p ON p.id = e.contact_id"
        return start, and_(mine, *where)

    def _match(self) -> ColumnElement[bool]:
        return literal_column("w.words", String()).op("MATCH", is_comparison=True)(self._asked)

    def _found_by_words(self) -> ColumnElement[bool]:
        words = literal_column("words", String()).op("MATCH", is_comparison=True)(self._asked)
        found: Select[Any] = select(literal_column("rowid")).select_from(text("search.words")).where(words)
        return literal_column("p.id").in_(found)

    async def _candidates(self) -> tuple[int, str | None]:
        """How many fit, up to one more than are sorted, and their ids as JSON; None if they are too many."""
        if self._campaign is not None:
            self._few = await self._is_small()
        start, where = self._fitting()
        key = "p.id" if self._campaign is None else "e.id"
        some = select(literal_column(key).label("k")).select_from(text(start)).where(where).limit(MOST + 1).subquery()
        counted = select(func.count(), func.json_group_array(some.c.k)).select_from(some)
        number, ids = (await self._tx.execute(counted)).one()
        return number, (ids if number <= MOST else None)

    async def _is_small(self) -> bool:
        some = "(SELECT 1 FROM main.enrollment WHERE campaign_id = :campaign LIMIT :most)"
        counted = select(func.count()).select_from(_text(some, campaign=self._campaign, most=MOST + 1))
        return int(await self._tx.scalar(counted) or 0) <= MOST

    async def _count(self) -> int:
        start, where = self._fitting()
        counted = select(func.count()).select_from(text(start)).where(where)
        return int(await self._tx.scalar(counted) or 0)

    async def _sorted(self, ids: str) -> list[tuple[Any, Any, int]]:
        if self._campaign is None:
            start = "json_each(:ids) AS j CROSS JOIN search.contact AS p ON p.id = j.value"
        else:
            start = (
                "json_each(:ids) AS j CROSS JOIN main.enrollment AS e ON e.id = j.value "
                "CROSS JOIN search.contact AS p ON p.id = e.contact_id"
            )
        order = self._order
        v, tie = order.field.sql, f"CASE WHEN {order.field.sql} IS NULL THEN {order.tie_of_empty} ELSE {order.tie} END"
        where, values = self._beyond(v, tie)
        query = (
            select(literal_column(v, order.field.type), literal_column(tie), literal_column("p.id"))
            .select_from(_text(start, ids=ids))
            .where(_text(where, **values))
            .order_by(
                literal_column(f"{v} IS NULL"), literal_column(f"{v} {order.way}"), literal_column(f"{tie} {order.way}")
            )
            .limit(self._query.limit + 1)
        )
        return [(row[0], row[1], row[2]) for row in await self._tx.execute(query)]

    def _beyond(self, v: str, tie: str) -> tuple[str, dict[str, Any]]:
        """What comes after the cursor, as one condition."""
        if self._after is None:
            return "1 = 1", {}
        value, key = self._after
        further = self._order.further
        if value is None:
            return f"{v} IS NULL AND {tie} {further} :key", {"key": key}
        return (
            f"({v} {further} :value OR ({v} = :value AND {tie} {further} :key) OR {v} IS NULL)",
            {"value": self._bound(value), "key": key},
        )

    def _bound(self, value: Any) -> Any:
        return bindparam("value", value, type_=self._order.field.type)

    # -- many: along the index of the order -----------------------------------------------------------------------------

    def _parts(self) -> list[Part]:
        order, v, further = self._order, self._order.field.sql, self._order.further
        by, empty_by = (v, order.tie), (order.tie_of_empty,)
        empty = [Part(f"{v} IS NULL", empty_by, order.tie_of_empty, {})] if order.field.nullable else []
        if self._after is None:
            return [Part(f"{v} IS NOT NULL", by, order.tie, {}), *empty]
        value, key = self._after
        if value is None:
            where = f"{v} IS NULL AND {order.tie_of_empty} {further} :key"
            return [Part(where, empty_by, order.tie_of_empty, {"key": key})]
        given = {"value": self._bound(value), "key": key}
        same = Part(f"{v} = :value AND {order.tie} {further} :key", (order.tie,), order.tie, given)
        beyond = Part(f"{v} {further} :value", by, order.tie, {"value": given["value"]})
        return [beyond, *empty] if v == order.tie else [same, beyond, *empty]

    async def _walk(self) -> list[tuple[Any, Any, int]]:
        rows: list[tuple[Any, Any, int]] = []
        for part in self._parts():
            missing = self._query.limit + 1 - len(rows)
            if missing:
                rows += await self._stretch(part, missing)
        return rows

    async def _stretch(self, part: Part, number: int) -> list[tuple[Any, Any, int]]:
        """The next of a part. A window of it is looked through; if that has too few, all that fits is sorted."""
        order = self._order
        simple = not self._conditions() and self._asked is None and (order.field.of_place or self._campaign is None)
        found = await self._window(part, number, simple=simple)
        return found if simple or len(found) == number else await self._all(part, number)

    async def _window(self, part: Part, number: int, *, simple: bool) -> list[tuple[Any, Any, int]]:
        order = self._order
        table, contact = (
            ("main.enrollment AS e", "e.contact_id") if order.field.of_place else ("search.contact AS p", "p.id")
        )
        where, values = part.where, dict(part.values)
        if order.field.of_place:
            where += f" AND {self._within(part)}"
            values["campaign"] = self._campaign
        by = ", ".join(f"{one} {order.way}" for one in part.by)
        window = (
            f"(SELECT {order.field.sql} AS v, {part.key} AS k, {contact} AS id{', e.id AS place' if order.field.of_place else ''} "
            f"FROM {table} WHERE {where} ORDER BY {by} LIMIT {number if simple else WINDOW}) AS o"
        )
        start, conditions = window, self._conditions()
        if not simple:
            start += " CROSS JOIN search.contact AS p ON p.id = o.id"
            if order.field.of_place:
                start += " CROSS JOIN main.enrollment AS e ON e.id = o.place"
            elif self._campaign is not None:
                start += " CROSS JOIN main.enrollment AS e ON e.contact_id = o.id AND e.campaign_id = :campaign"
                values["campaign"] = self._campaign
            if self._asked is not None:
                conditions.append(self._found_by_words())
        columns: tuple[ColumnElement[Any], ...] = (
            literal_column("o.v", order.field.type),
            literal_column("o.k"),
            literal_column("o.id"),
        )
        query = select(*columns).select_from(_text(start, **values)).where(*conditions).limit(number)
        return [(row[0], row[1], row[2]) for row in await self._tx.execute(query)]

    def _within(self, part: Part) -> str:
        """Of the campaign, where an index of the order begins with it; of its sources, which are of no other campaign."""
        if self._order.name.removeprefix("-") != "source" or "IS NULL" in part.where:
            return "e.campaign_id = :campaign"
        mine = "FROM main.source WHERE campaign_id = :campaign)"
        return f"+e.campaign_id = :campaign AND e.source_id >= (SELECT min(id) {mine} AND e.source_id <= (SELECT max(id) {mine}"

    async def _all(self, part: Part, number: int) -> list[tuple[Any, Any, int]]:
        start, where = self._fitting()
        order = self._order
        query = (
            select(literal_column(order.field.sql, order.field.type), literal_column(part.key), literal_column("p.id"))
            .select_from(text(start))
            .where(where, _text(part.where, **part.values))
            .order_by(*(literal_column(f"+{one} {order.way}") for one in part.by))
            .limit(number)
        )
        return [(row[0], row[1], row[2]) for row in await self._tx.execute(query)]

    def _found(self, rows: Sequence[tuple[Any, Any, int]], total: int, *, exact: bool) -> Found:
        limit = self._query.limit
        cursor = write_cursor(self._order.name, *rows[limit - 1][:2]) if len(rows) > limit else None
        return Found([row[2] for row in rows[:limit]], total, exact, cursor)


def _text(sql: str, **values: Any) -> TextClause:
    given = [value if isinstance(value, BindParameter) else bindparam(name, value) for name, value in values.items()]
    return text(sql).bindparams(*given)


def _address(op: str, value: str) -> ColumnElement[bool]:
    """True for contacts of which an address fits; `ne` and `empty` for those of which none does."""
    if op == "empty":
        return literal_column("p.addresses") != "" if value == "false" else literal_column("p.addresses") == ""
    address = literal_column("address", String())
    fits = condition(address, "eq" if op == "ne" else op, value)
    if op == "startswith":  # addresses have no capitals
        fits = and_(address >= value.lower(), address < f"{value.lower()}\U0010ffff", fits)
    owners: Select[Any] = select(literal_column("contact_id")).select_from(text("main.channel_address")).where(fits)
    found = literal_column("p.id").in_(owners)
    return ~found if op == "ne" else found
