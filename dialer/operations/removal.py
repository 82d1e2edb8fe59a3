"""Removing a source: exactly what it brought, and had not been contacted, is taken back, chunk by chunk (K8).

Every chunk looks at what is there still and what stays is counted anew by each run, so that a run that a crash cut off
is followed by one that ends the same. Nothing is both taken back and dialed: an intent holds the campaign, which a chunk
locks, and finds no request any more.
"""

import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.contact import take_back
from dialer.domain.errors import NotFound
from dialer.domain.said import Said
from dialer.domain.transitions import SourceState
from dialer.operations.context import Context
from dialer.operations.sources import NotRemovable, told
from dialer.store import campaigns, contacts, pushes, removals, sources, trail
from dialer.store.types import AnyRow

CHUNK = 50
# A small source is gone before the answer; a larger one is left to the background.
AT_ONCE_S = 3.0


@dataclass(frozen=True, slots=True)
class Preview:
    """In contacts: who leaves the campaign, who is deleted, whose values are set back, and who stays, by reason."""

    leave: int
    deleted: int
    changed: int
    kept: Mapping[str, int]


@dataclass(slots=True)
class _Removal:
    """One run: what it works on, where it is, and what it found to stay."""

    ctx: Context
    source: AnyRow
    phase: int = 0
    after: int = 0
    kept: Counter[str] = field(default_factory=Counter)

    async def step(self) -> bool:
        """One chunk in one transaction; False when there is no more."""
        if self.phase == len(_PHASES):
            return False
        found, last, kept = await self.ctx.db.transact(self._chunk)
        self.kept += kept
        self.after = last
        if found < CHUNK:
            self.phase, self.after = self.phase + 1, 0
        return True

    async def _chunk(self, tx: AsyncConnection) -> tuple[int, int, Counter[str]]:
        """How many were looked at, the last of them, and what of them stays."""
        if await campaigns.lock(tx, self.source.campaign_id) is None:
            return 0, 0, Counter()
        if not await sources.has_state(tx, self.source.id, SourceState.REMOVING):
            return 0, 0, Counter()
        await contacts.begin_load(tx)
        return await _PHASES[self.phase](self, tx)

    async def places(self, tx: AsyncConnection) -> tuple[int, int, Counter[str]]:
        """Contacts leave the campaign; those that the source created are deleted with it, if nothing speaks for them."""
        rows = await removals.places(tx, self.source, self.after, CHUNK)
        going = [row for row in rows if row.why is None]
        leaving = [row for row in going if not row.goes]
        await removals.drop(
            tx, contacts=[row.contact_id for row in going if row.goes], places=[row.id for row in leaving]
        )
        heirs: dict[int, dict[int, int]] = {}
        for row in rows:
            if row.why == removals.HANDED_OVER:
                heirs.setdefault(row.heir, {})[row.id] = row.contact_id
        await removals.hand_over(tx, self.source, heirs)
        now, campaign_id, data = self.ctx.clock(), self.source.campaign_id, {"source": self.source.id}
        await trail.write(tx, [trail.Entry(now, campaign_id, row.contact_id, "left", data) for row in leaving])
        kept = Counter(row.why for row in rows if row.why not in {None, removals.HANDED_OVER})
        return len(rows), rows[-1].id if rows else 0, kept

    async def created(self, tx: AsyncConnection) -> tuple[int, int, Counter[str]]:
        """Contacts that the source created, and that are not in the campaign by it (any more)."""
        rows = await removals.created(tx, self.source, self.after, CHUNK)
        await removals.drop(tx, contacts=[row.id for row in rows if row.why is None])
        return len(rows), rows[-1].id if rows else 0, Counter(row.why for row in rows if row.why)

    async def changed(self, tx: AsyncConnection) -> tuple[int, int, Counter[str]]:
        """Values that the source's rows gave to older contacts."""
        rows = await removals.changed(tx, self.source, self.after, CHUNK)
        ids = {row.contact_id for row in rows}
        told = await removals.told(tx, self.source, ids)
        first = {
            contact_id: entries for contact_id, entries in told.items() if any(entries[0].id == row.id for row in rows)
        }
        tried = await removals.tried(tx, self.source, first)
        kept = Counter(why for why, own in tried.values() if not own)
        untried = {contact_id: entries for contact_id, entries in first.items() if contact_id not in tried}
        kept[removals.JOINED] += sum(any(one.kind == "joined" for one in entries) for entries in untried.values())
        await self._take_back(tx, untried)
        return len(rows), rows[-1].id if rows else 0, +kept

    async def _take_back(self, tx: AsyncConnection, told: Mapping[int, list[AnyRow]]) -> None:
        again = {i for i, entries in told.items() if any(one.kind == removals.TAKEN_BACK for one in entries)}
        records = await contacts.records(tx, set(told) - again)
        used, now, entries, changed = await removals.in_use(tx, records), self.ctx.clock(), [], []
        for contact_id, record in records.items():
            before = take_back(record, removals.changes(told[contact_id]), used.get(contact_id, ()))
            if before.changes:
                changed.append((record, before.contact))
                data = {"source": self.source.id, "changes": [asdict(change) for change in before.changes]}
                entries.append(trail.Entry(now, None, contact_id, removals.TAKEN_BACK, data, self.source.id))
        await contacts.save(tx, changed, now)
        await trail.write(tx, entries)


_Phase = Callable[[_Removal, AsyncConnection], Coroutine[Any, Any, tuple[int, int, Counter[str]]]]
_PHASES: tuple[_Phase, ...] = (_Removal.places, _Removal.created, _Removal.changed)


async def remove(ctx: Context, campaign_id: int, source_id: int, *, at_once_s: float = AT_ONCE_S) -> AnyRow | None:
    """Begin to take back what a source brought; None when it is over and nothing stays, else the source as it is then.

    Raises `NotFound`, and `NotRemovable` for an import that has not ended. The REST source is begun anew by the next push.
    """
    async with ctx.db.write() as tx:
        row = await sources.get(tx, source_id)
        if row is None or row.campaign_id != campaign_id:
            raise NotFound("source", source_id)
        if row.kind == pushes.KIND:
            await sources.set_state(tx, source_id, SourceState.CANCELLED)
        await _begin(tx, row)
        await told(tx, ctx, "delete", row, SourceState.REMOVING)
    if not await run(ctx, source_id, at_most_s=at_once_s):
        ctx.engine.source_added()
    async with ctx.db.read() as tx:
        return await sources.get(tx, source_id)


async def _begin(tx: AsyncConnection, row: AnyRow) -> None:
    if await sources.set_state(tx, row.id, SourceState.REMOVING):
        return
    if row.state == SourceState.REMOVED:
        raise NotRemovable(row.id, Said("it was removed already, and what is left of it was contacted or is shared"))
    raise NotRemovable(row.id, Said("its import has not ended: cancel it first"))


async def run(ctx: Context, source_id: int, *, at_most_s: float | None = None) -> bool:
    """Go on with a removal until it is over, or for so many seconds; whether it is over."""
    async with ctx.db.read() as tx:
        row = await sources.get(tx, source_id)
    if row is None or row.state != SourceState.REMOVING:
        return True
    removal, began = _Removal(ctx, row), time.monotonic()
    while await removal.step():
        if at_most_s is not None and time.monotonic() - began > at_most_s:
            return False
    await _finish(ctx, row, dict(removal.kept))
    ctx.engine.work_changed(row.campaign_id)
    return True


async def _finish(ctx: Context, row: AnyRow, kept: Mapping[str, int]) -> None:
    async with ctx.db.write() as tx:
        if not await sources.has_state(tx, row.id, SourceState.REMOVING):
            return
        if kept:
            await sources.set_state(tx, row.id, SourceState.REMOVED, kept=kept, finished_at=ctx.clock())
        else:
            await sources.remove(tx, row.id)


async def preview(ctx: Context, campaign_id: int, source_id: int) -> Preview:
    """What a removal would do now."""
    async with ctx.db.read() as tx:
        row = await sources.get(tx, source_id)
        if row is None or row.campaign_id != campaign_id:
            raise NotFound("source", source_id)
        goes, kept = await removals.counted(tx, row)
    return Preview(**goes, kept=kept)
