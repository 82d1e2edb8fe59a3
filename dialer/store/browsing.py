"""Lists of contacts on SQLite, from the projection: which contacts fit, in which order, fast at a million of them.

SQLite can't know which way is short, so it is told. The ways to those who fit are measured, each as far as 10,000. Where
one is short, all that fits is found along it and sorted then; where none is, many fit, and a page of them is met soon by
whoever walks along the index of the order. Each statement fixes its own order of joins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, String, bindparam, func, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.store.browsing_asked import Asked
from dialer.store.browsing_order import Found, Order
from dialer.store.browsing_statements import LARGE, Statements, with_values
from dialer.store.browsing_walk import FIRST, Row, Walk
from dialer.store.contact_columns import Field, on_sqlite
from dialer.store.listing import Query, check_limit, read_cursor, write_cursor
from dialer.store.prepared import Prepared

MOST = 10_000  # contacts that are sorted, and counted
READ = 20_000  # contacts that are read to find them
SAMPLE = 2_000  # contacts of the shortest way that are tested for how many fit at least


@dataclass(frozen=True, slots=True)
class _Candidates:
    """How many fit, and their ids as JSON; or those who fit but for the words, which are to be tested yet."""

    number: int
    ids: str
    tested: bool = True


_THERE = Prepared(
    select(literal_column("name", String()))
    .select_from(text("search.sqlite_master"))
    .where(text("name LIKE 'by %' OR name LIKE 'sheet %'"))
)


class ContactSearch:
    """One list call; `types` are those of the custom fields."""

    def __init__(self, tx: AsyncConnection, campaign_id: int | None, types: Mapping[str, str], query: Query) -> None:
        check_limit(query)
        self._tx, self._campaign, self._types, self._query = tx, campaign_id, types, query
        self._order = self._read_order(query.sort or "id")
        self._after: tuple[Any, Any] | None = None
        if query.cursor:
            key = literal_column("k", on_sqlite("id", {}, in_campaign=False, what="sort").type)
            self._after = read_cursor(query.cursor, self._order.name, self._order.field.column, key)

    async def page(self, known: int | None) -> Found:
        """The page, and the total: `known`, or else counted as far as 10,000, or to the end if that is asked for."""
        asked = Asked(self._query.q, self._query.filters, self._types, self._campaign, await self._there())
        self._of = Statements(self._tx, self._campaign, asked)
        if not self._of.is_walked(self._order) and (known is None or known <= MOST):
            found = await self._candidates()
            if found is not None:
                return await self._of_few(found, known)
        rows = await Walk(self._of, self._order, self._after).rows(self._query.limit + 1)
        if known is not None:
            return self._found(rows, known, exact=True)
        if self._query.exact:
            return self._found(rows, await self._count(), exact=True)
        return self._found(rows, max(await self._at_least(), min(len(rows), MOST)), exact=False)

    def _read_order(self, sort: str) -> Order:
        in_campaign = self._campaign is not None
        field = on_sqlite(sort.removeprefix("-"), self._types, in_campaign=in_campaign, what="sort")
        if in_campaign and sort.removeprefix("-") == "id":
            field = Field("e.contact_id", field.type, nullable=False, of_place=True)
            return Order(sort, field, "e.contact_id", "e.contact_id", sort.startswith("-"))
        tie = ("e.id", "e.contact_id") if field.of_place else ("p.id", "p.id")
        return Order(sort, field, *tie, sort.startswith("-"))

    async def _there(self) -> set[str]:
        """The indexes and sheets that the projection has now: of new fields they come a while later."""
        return {name for (name,) in await _THERE.rows(self._tx, {})}

    # -- few: found first, sorted then -------------------------------------------------------------------------------

    async def _candidates(self) -> _Candidates | None:
        """All that fit; None if they are too many, or too many would have to be read to find them."""
        best = await self._of.shortest(READ)
        if best.number > READ:
            return None
        asked_words = self._of.asked.words is not None and not best.by_words
        soon = asked_words and best.number > FIRST and await self._of.have_words() > LARGE
        where = self._of.tests()
        if asked_words and not soon:
            few = best.number <= FIRST
            where.append(self._of.each_has_words("s.id") if few else self._of.is_among_words("s.id", within="s"))
        start = text(self._of.joined("s"))
        found: Select[Any] = select(literal_column("s.id").label("k")).select_from(start).where(*where)
        number, ids = await self._gathered(found.limit(MOST + 1).add_cte(best.way.cte("s")))
        if number > MOST:
            return None
        if soon and number <= FIRST:
            return await self._with_words(number, ids)
        return _Candidates(number, ids, tested=not soon)

    async def _with_words(self, number: int, ids: str) -> _Candidates:
        """Those of the contacts who have the words."""
        has = self._of.each_has_words("j.id") if number <= FIRST else self._of.is_among_words("j.id", within="j")
        listed = (
            select(literal_column("value").label("id")).select_from(with_values("json_each(:ids)", ids=ids)).cte("j")
        )
        found: Select[Any] = select(literal_column("j.id").label("k")).select_from(text("j")).where(has).add_cte(listed)
        return _Candidates(*await self._gathered(found))

    async def _gathered(self, found: Select[Any]) -> tuple[int, str]:
        some = found.subquery()
        gathered = select(func.count(), func.json_group_array(some.c.k)).select_from(some)
        number, ids = (await self._tx.execute(gathered)).one()
        return number, ids

    async def _of_few(self, found: _Candidates, known: int | None) -> Found:
        if not found.tested:  # that takes long, but so many have the words that a page of them comes soon
            if not self._query.exact:
                rows = await self._sorted(found.ids, self._of.each_has_words("f.id"))
                if len(rows) > self._query.limit:
                    return self._found(rows, len(rows), exact=False)
            found = await self._with_words(found.number, found.ids)
        return self._found(await self._sorted(found.ids), found.number if known is None else known, exact=True)

    async def _at_least(self) -> int:
        """How many fit of the first that the shortest way leads to."""
        asked, way = self._of.asked, await self._of.shortest(READ)
        asks = len(asked.tests) + (asked.words is not None)
        if asks == 0 or (asks == 1 and (self._campaign is None or asked.of(place=True))):
            return MOST  # whoever the way leads to fits
        start = self._of.by_words() if asked.words is not None else way.way
        some = start.limit(SAMPLE if asked.tests else MOST).cte("s")
        fitting = select(func.count()).select_from(text(self._of.joined("s"))).where(*self._of.tests())
        return min(MOST, int(await self._tx.scalar(fitting.add_cte(some)) or 0))

    async def _count(self) -> int:
        best = await self._of.shortest(MOST)
        words = self._of.asked.words is not None and not best.by_words
        where = [*self._of.tests(), *([self._of.is_among_words("s.id")] if words else [])]
        counted = select(func.count()).select_from(text(self._of.joined("s"))).where(*where)
        return int(await self._tx.scalar(counted.add_cte(best.way.cte("s"))) or 0)

    async def _sorted(self, ids: str, *words: ColumnElement[bool]) -> list[Row]:
        """The page of these contacts; with a test of words, of the first of them."""
        start = self._of.joined("j").replace("j", "json_each(:ids) AS j", 1).replace("j.id", "j.value")
        order = self._order
        v, tie = order.field.sql, f"CASE WHEN {order.field.sql} IS NULL THEN {order.tie_of_empty} ELSE {order.tie} END"
        where, values = self._beyond(v, tie)
        query = (
            select(
                literal_column(v, order.field.type).label("v"),
                literal_column(tie).label("k"),
                literal_column("p.id").label("id"),
            )
            .select_from(with_values(start, ids=ids))
            .where(with_values(where, **values))
            .order_by(
                literal_column(f"{v} IS NULL"), literal_column(f"{v} {order.way}"), literal_column(f"{tie} {order.way}")
            )
            .limit(FIRST if words else self._query.limit + 1)
        )
        if words:
            columns: tuple[ColumnElement[Any], ...] = (
                literal_column("f.v", order.field.type),
                literal_column("f.k"),
                literal_column("f.id"),
            )
            query = (
                select(*columns)
                .select_from(text("f"))
                .where(*words)
                .limit(self._query.limit + 1)
                .add_cte(query.cte("f"))
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
            {"value": bindparam("value", value, type_=self._order.field.type), "key": key},
        )

    def _found(self, rows: Sequence[Row], total: int, *, exact: bool) -> Found:
        limit = self._query.limit
        cursor = write_cursor(self._order.name, *rows[limit - 1][:2]) if len(rows) > limit else None
        return Found([row[2] for row in rows[:limit]], total, exact, cursor)
