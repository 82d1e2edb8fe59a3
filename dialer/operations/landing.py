"""A lot of an import goes in set by set (SQLite): the steps of `store/bulk.py`, each in a transaction of its own.

No transaction waits for the disk: one that a power cut takes back is done again, because how far the file was read is in
the same transaction as what came of it.
"""

from bisect import bisect_left
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.intake.lots import staged_these
from dialer.intake.staging import Lot
from dialer.operations.context import Context
from dialer.operations.merging import BATCH_ROWS, Counts, check_wanted, merge
from dialer.store import bulk, sources
from dialer.store.types import AnyRow

# Rows of one transaction: some 5 to 10 ms, so that a call about to start never waits long for the writer.
STEP = 1_000
PLACES_STEP = 500

T = TypeVar("T")


async def land(ctx: Context, source: AnyRow, lot: Lot, line: int) -> None:
    """Take in a lot that begins behind line `line`. Raises UnwantedError, and RuntimeError if the campaign has ended."""
    landing = _Landing(ctx, source, lot)
    try:
        async with ctx.db.attached(lot.path, bulk.NAME):
            await landing.do(bulk.open_lot)
            await landing.bring_in()
            await landing.take_places(line)
    finally:
        if landing.base:
            await take_back(ctx, source.id, {"first": landing.base, "end": landing.base + lot.contacts})


async def take_back(ctx: Context, source_id: int, ids: Mapping[str, int]) -> None:
    """Contacts that a lot left landing: of a crash, a cancel, or rows that turned out to match somebody."""
    some = partial(bulk.take_back, first=ids["first"], end=ids["end"], limit=STEP)
    while await ctx.db.transact(some, durable=False):
        pass
    await ctx.db.transact(partial(sources.set_landing, source_id=source_id, ids=None))


@dataclass
class _Landing:
    ctx: Context
    source: AnyRow
    lot: Lot
    base: int = 0  # the contact of row 0

    async def do(self, work: Callable[[AsyncConnection], Coroutine[Any, Any, T]]) -> T:
        return await self.ctx.db.transact(work, durable=False)

    async def bring_in(self) -> None:
        """Contacts and addresses of the rows that match nobody."""
        lot, source_id, now = self.lot, self.source.id, self.ctx.clock()
        for first in range(0, lot.addresses, STEP):
            await self.do(partial(bulk.set_aside_matches, first=first, end=first + STEP))
        self.base = await self.do(partial(bulk.reserve, source_id=source_id, contacts=lot.contacts))
        add = partial(bulk.add_contacts, base=self.base, source_id=source_id, now=now)
        for first in range(0, lot.contacts, STEP):
            await self.do(partial(add, first=first, end=first + STEP))
        for first in range(0, lot.addresses, STEP):
            await self.do(partial(bulk.add_addresses, base=self.base, first=first, end=first + STEP))

    async def take_places(self, line: int) -> None:
        """In the order of the file: into the campaign, or merged one by one."""
        slow = await self.do(bulk.slow_rows)
        first = 0
        while first < self.lot.contacts or line < self.lot.last_line:
            end = self._end(first, slow)
            line = await self.do(partial(self._place, first=first, end=end, line=line))
            self.ctx.engine.contacts_added(self.source.campaign_id)
            first = end

    def _end(self, first: int, slow: list[int]) -> int:
        """So many rows that the transaction stays short: those to be merged one by one take far longer."""
        at = bisect_left(slow, first) + BATCH_ROWS
        limit = slow[at] if at < len(slow) else self.lot.contacts
        return min(first + PLACES_STEP, limit, self.lot.contacts)

    async def _place(self, tx: AsyncConnection, first: int, end: int, line: int) -> int:
        """The line up to which the file is done with then."""
        await check_wanted(tx, self.source)
        source, now = self.source, self.ctx.clock()
        aside = await bulk.enroll(tx, self.base, source.campaign_id, source.id, first, end, now)
        rows = staged_these(self.lot, aside)
        merged = await merge(tx, self.ctx, source, rows) if rows else Counts()
        until = self.lot.last_line if end >= self.lot.contacts else await bulk.line_of(tx, end) - 1
        refused = await bulk.refuse(tx, source.id, line, until)
        await sources.progress(
            tx, source.id, rows=end - first + refused, created=end - first - len(aside) + merged.created,
            merged=merged.merged, refused=merged.refused + refused, last_row=until,
        )  # fmt: skip
        return until
