"""What the statements of a list call on SQLite have in common: whom they begin with, what they test, how many there are."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    String,
    TextClause,
    bindparam,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.store.browsing_asked import Asked, Way
from dialer.store.browsing_order import Order
from dialer.store.projection_schema import SHEET

ENOUGH = 2_000  # a way to so few is short
LARGE = 300_000  # so many have the words that a page of them is met among the next few hundred of any order
MOST_SHEETS = 4_000  # with the value: of more of them the contacts are not all read


@dataclass(frozen=True, slots=True)
class Measured:
    """A way, and how many it leads to, as far as they were counted; whether it leads by words."""

    way: Way
    number: int
    by_words: bool = False


class Statements:
    def __init__(self, tx: AsyncConnection, campaign: int | None, asked: Asked) -> None:
        self.tx, self.campaign, self.asked = tx, campaign, asked
        self._have_words: int | None = None
        self._shortest: dict[int, Measured] = {}

    def is_walked(self, order: Order) -> bool:
        """Everybody in an order that always has an index: whoever walks along it has found the page at once."""
        return not self.asked.tests and self.asked.words is None and order.name.removeprefix("-") == "id"

    # -- ways -----------------------------------------------------------------------------------------------------------

    def everybody(self) -> Way:
        if self.campaign is None:
            return select(literal_column("p.id").label("id")).select_from(text("search.contact AS p"))
        mine = literal_column("e.campaign_id") == self.campaign
        return select(literal_column("e.contact_id").label("id")).select_from(text("main.enrollment AS e")).where(mine)

    def by_words(self) -> Way:
        return select(literal_column("w.rowid").label("id")).select_from(text("search.words AS w")).where(self.match())

    def match(self) -> ColumnElement[bool]:
        return literal_column("w.words", String()).op("MATCH", is_comparison=True)(self.asked.narrow_words())

    async def shortest(self, most: int) -> Measured:
        """The way to the fewest, of those that lead to at most `most`; or else one that leads to more."""
        if most not in self._shortest:
            self._shortest[most] = await self._measure(most)
        return self._shortest[most]

    async def _measure(self, most: int) -> Measured:
        best = await self._shortest_of(self._ways(), most)
        tests = [test for test in self.asked.tests if test.sheets is not None]
        if best.number <= ENOUGH or not tests:
            return best
        sheets = [(await self.size(test.sheets, MOST_SHEETS + 1), test.way) for test in tests]
        number, way = min(sheets, key=lambda one: one[0])
        contacts = number * SHEET  # each of them is read
        if contacts < best.number or (best.number > most and number <= MOST_SHEETS):
            return Measured(way, min(contacts, most))
        return best

    async def _shortest_of(self, ways: list[tuple[Way, bool]], most: int) -> Measured:
        best: Measured | None = None
        for way, by_words in ways:
            number = await self.size(way, most + 1)
            if best is None or number < best.number:
                best = Measured(way, number, by_words)
            if number <= ENOUGH:
                break
        assert best is not None  # noqa: S101  (everybody is one)
        return best

    def _ways(self) -> list[tuple[Way, bool]]:
        """All but those by sheets, each with whether it leads by words."""
        ways = [(test.way, False) for test in self.asked.tests if test.way is not None and test.sheets is None]
        implied = any(test.words and (test.way is None or len(self.asked.tests) > 1) for test in self.asked.tests)
        if self.asked.words or implied:
            ways.insert(0, (self.by_words(), True))
        return [*ways, (self.everybody(), False)]

    async def have_words(self) -> int:
        """How many have the words, counted up to one more than `LARGE`."""
        if self._have_words is None:
            self._have_words = await self.size(self.by_words(), LARGE + 1)
        return self._have_words

    async def size(self, way: Way, most: int) -> int:
        """How many it leads to, counted up to `most`."""
        some = way.limit(most).subquery()
        return int(await self.tx.scalar(select(func.count()).select_from(some)) or 0)

    # -- tests ------------------------------------------------------------------------------------------------------------

    def joined(self, start: str, *, contact: bool = True, place: bool = True) -> str:
        """FROM: those of `start` with their places and contacts, where these are needed."""
        joins = start
        if place and self.campaign is not None:
            joins += f" CROSS JOIN main.enrollment AS e ON e.campaign_id = {int(self.campaign)} AND e.contact_id = {start}.id"
        return joins + (f" CROSS JOIN search.contact AS p ON p.id = {start}.id" if contact else "")

    def tests(self) -> list[ColumnElement[bool]]:
        return [test.where for test in self.asked.tests]

    def each_has_words(self, contact: str) -> ColumnElement[bool]:
        """To be asked for few contacts: a look into the lists of the words for each of them."""
        held: Select[Any] = select(literal_column("1")).select_from(text("search.words AS w"))
        return held.where(self.match(), literal_column(f"w.rowid = {contact}")).exists()

    def is_among_words(self, contact: str, within: str | None = None) -> ColumnElement[bool]:
        """To be asked for many contacts: all that have the words are read once, or those of them whose ids `within` has."""
        found: Select[Any] = (
            select(literal_column("w.rowid")).select_from(text("search.words AS w")).where(self.match())
        )
        if within is not None:
            found = found.where(literal_column(f"+w.rowid IN (SELECT id FROM {within})"))  # noqa: S608  (a name)
        return literal_column(contact).in_(found)


def with_values(sql: str, **values: Any) -> TextClause:
    given = [value if isinstance(value, BindParameter) else bindparam(name, value) for name, value in values.items()]
    return text(sql).bindparams(*given)
