"""What fits many is met soon by whoever walks along the index of the order; where it is not, all that fits is sorted."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CTE, ColumnElement, bindparam, literal_column, select, text

from dialer.store.browsing_order import Order, Part
from dialer.store.browsing_statements import LARGE, Statements, with_values

WINDOW = 20_000  # places of an order that are looked at before all that fits is sorted
NEXT = 5_000  # the same, where nothing but words is asked for: more than 20,000 have them
FIRST = 200  # contacts that are looked up in the words one by one
SORTED_SOON = 50_000  # a way to so many is short enough, where all that fits is sorted
EVERY = 2**62  # as a limit: without one SQLite would leave out the order of what is walked

Row = tuple[Any, Any, int]


class Walk:
    """Pages of one order, `after` a value and a key."""

    def __init__(self, statements: Statements, order: Order, after: tuple[Any, Any] | None) -> None:
        self._of, self._order, self._after = statements, order, after

    async def rows(self, number: int) -> list[Row]:
        rows: list[Row] = []
        for part in self._parts():
            missing = number - len(rows)
            if missing:
                rows += await self._stretch(part, missing)
        return rows

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
        given = {"value": bindparam("value", value, type_=order.field.type), "key": key}
        same = Part(f"{v} = :value AND {order.tie} {further} :key", (order.tie,), order.tie, given)
        beyond = Part(f"{v} {further} :value", by, order.tie, {"value": given["value"]})
        return [beyond, *empty] if v == order.tie else [same, beyond, *empty]

    async def _stretch(self, part: Part, number: int) -> list[Row]:
        """The next of a part. A window of it is looked through; if that has too few, all that fits is sorted."""
        asked, order = self._of.asked, self._order
        if self._of.is_walked(order):
            return await self._read(self._tested(self._window(part, EVERY), number, there=order.field.of_place))
        if not asked.tests and asked.words is None and (order.field.of_place or self._of.campaign is None):
            return await self._read(self._tested(self._window(part, number)))
        if asked.words is not None and order.name.removeprefix("-") == "id":
            return await self._along_words(part, number)
        if asked.words is not None:
            return await self._with_words(part, number)
        window = self._window(part, WINDOW)
        found = await self._read(self._tested(window, number))
        return found if len(found) == number or await self._is_all(window, WINDOW) else await self._all(part, number)

    async def _with_words(self, part: Part, number: int) -> list[Row]:
        of, only_words = self._of, not self._of.asked.of(place=False)
        many = await of.have_words()
        if many > LARGE:
            tested = self._tested(self._window(part, FIRST if only_words else WINDOW), FIRST)
            found = await self._read(tested, number, of.each_has_words("t.id"))
            if len(found) == number:
                return found
        size = NEXT if only_words else WINDOW
        window = self._window(part, size)
        found = await self._read(self._tested(window), number, of.is_among_words("t.id", within="t"))
        if len(found) == number or await self._is_all(window, size):
            return found
        if only_words and many > LARGE:
            return await self._read(self._tested(self._window(part, EVERY)), number, of.is_among_words("t.id"))
        return await self._all(part, number)

    async def _is_all(self, window: CTE, size: int) -> bool:
        return await self._of.size(select(literal_column("o.id")).select_from(window), size) < size

    def _window(self, part: Part, size: int) -> CTE:
        """The next places of the order, without those that a condition on its own column leaves out."""
        order, of_place = self._order, self._order.field.of_place
        table, contact = ("main.enrollment AS e", "e.contact_id") if of_place else ("search.contact AS p", "p.id")
        where, values = part.where, dict(part.values)
        if of_place:
            where += f" AND {self._within(part)}"
            values["campaign"] = self._of.campaign
        ranges = [test.range for test in self._of.asked.tests if test.on == order.field.sql and test.range is not None]
        columns: list[ColumnElement[Any]] = [
            literal_column(order.field.sql, order.field.type).label("v"),
            literal_column(part.key).label("k"),
            literal_column(contact).label("id"),
        ]
        window = select(*columns).select_from(text(table)).where(with_values(where, **values), *ranges)
        return window.order_by(*self._by(part)).limit(size).cte("o")

    def _tested(self, window: CTE, most: int = EVERY, *, there: bool = False) -> CTE:
        """Those of a window who pass the tests, but for that of the words; who are in the projection, if `there`."""
        of_contact, of_place = self._of.asked.of(place=False), self._of.asked.of(place=True)
        outside = self._of.campaign is not None and not self._order.field.of_place
        start = self._of.joined("o", contact=bool(of_contact) or there, place=bool(of_place) or outside)
        query = select(*_row("o", self._order)).select_from(text(start)).where(*of_contact, *of_place)
        return query.limit(most).add_cte(window).cte("t")

    async def _read(self, tested: CTE, number: int = EVERY, *words: ColumnElement[bool]) -> list[Row]:
        query = select(*_row("t", self._order)).select_from(text("t")).where(*words).limit(number).add_cte(tested)
        return [(row[0], row[1], row[2]) for row in await self._of.tx.execute(query)]

    def _by(self, part: Part) -> Sequence[ColumnElement[Any]]:
        return [literal_column(f"{one} {self._order.way}") for one in part.by]

    def _within(self, part: Part) -> str:
        """Of the campaign, where an index of the order begins with it; of its sources, which are of no other campaign."""
        if self._order.name.removeprefix("-") != "source" or "IS NULL" in part.where:
            return "e.campaign_id = :campaign"
        mine = "FROM main.source WHERE campaign_id = :campaign)"
        return f"+e.campaign_id = :campaign AND e.source_id >= (SELECT min(id) {mine} AND e.source_id <= (SELECT max(id) {mine}"

    async def _along_words(self, part: Part, number: int) -> list[Row]:
        """By their ids, as the lists of words have them."""
        order = self._order
        where = part.where.replace(order.field.sql, "w.rowid")
        matches = self._of.by_words().where(with_values(where, **part.values))
        matches = matches.order_by(literal_column(f"w.rowid {order.way}")).limit(EVERY).cte("s")
        start = self._of.joined("s", contact=bool(self._of.asked.of(place=False)))
        columns: tuple[ColumnElement[Any], ...] = (
            literal_column("s.id"),
            literal_column("s.id"),
            literal_column("s.id"),
        )
        query = select(*columns).select_from(text(start)).where(*self._of.tests()).limit(number).add_cte(matches)
        return [(row[0], row[1], row[2]) for row in await self._of.tx.execute(query)]

    async def _all(self, part: Part, number: int) -> list[Row]:
        order, asked = self._order, self._of.asked
        best = await self._of.shortest(SORTED_SOON)
        way = best.way.cte("s")
        words = [] if asked.words is None or best.by_words else [self._of.is_among_words("s.id", within="s")]
        query = (
            select(literal_column(order.field.sql, order.field.type), literal_column(part.key), literal_column("s.id"))
            .select_from(text(self._of.joined("s")))
            .where(*words, *self._of.tests(), with_values(part.where, **part.values))
            .order_by(*(literal_column(f"+{one} {order.way}") for one in part.by))
            .limit(number)
            .add_cte(way)
        )
        return [(row[0], row[1], row[2]) for row in await self._of.tx.execute(query)]


def _row(of: str, order: Order) -> tuple[ColumnElement[Any], ...]:
    """A value of the order, its key and the contact."""
    value = literal_column(f"{of}.v", order.field.type).label("v")
    return value, literal_column(f"{of}.k").label("k"), literal_column(f"{of}.id").label("id")
