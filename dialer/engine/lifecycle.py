"""The loop behind the campaigns: contacts enter, waits end, what was stopped is flagged, what may return is queued again."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from dialer.engine.bell import Bell
from dialer.engine.board import Board
from dialer.operations import lifecycle
from dialer.operations.context import Context
from dialer.store import campaigns, enrollments

LOOK_AGAIN_S = 5.0
# How many chunks in a row a campaign gets before it is the next one's turn, and those are called who were queued.
CHUNKS = 10
# However often it is rung: so many rounds are enough for waits that people set in seconds.
BREATH_S = 0.1


class Lifecycle:
    """`worked(campaign_id)` is called when a campaign's queue may have got something to do."""

    def __init__(self, ctx: Context, board: Board, worked: Callable[[int], None]) -> None:
        self._ctx, self._board, self._worked = ctx, board, worked
        self.bell = Bell()
        self._dirty: set[int] = set()
        self._expired: set[int] = set()

    def look_at(self, campaign_id: int) -> None:
        """Its status, validity or contacts changed."""
        self._dirty.add(campaign_id)
        self.bell.ring()

    async def start(self) -> None:
        """Whatever a crash left half done: every published campaign, and those whose stop was not finished."""
        async with self._ctx.db.read() as tx:
            self._dirty |= set(await campaigns.with_unfinished_stop(tx)) | set(self._board.campaigns)

    async def run(self) -> None:
        while True:
            more = await self.round()
            if not more:
                await asyncio.sleep(BREATH_S)
                await self.bell.wait(await self._pause_s())

    async def round(self) -> bool:
        """A few chunks for each campaign that needs them; True if there is more."""
        now = self._ctx.clock()
        todo, self._dirty = self._dirty | self._opened_or_expired(now), set()
        more = {campaign_id for campaign_id in todo if await self._settle(campaign_id)}
        self._dirty |= more
        late = [campaign_id for campaign_id in await self._due(now) if await self._take_due(campaign_id)]
        return bool(more or late)

    async def _settle(self, campaign_id: int) -> bool:
        """Stop, queue again, enter: whichever the stored campaign asks for. All of them are safe to repeat."""

        async def chunk() -> bool:
            return (
                await lifecycle.stop_pending(self._ctx, campaign_id)
                or await lifecycle.queue_again(self._ctx, campaign_id)
                or await lifecycle.enter(self._ctx, campaign_id)
            )

        return await self._chunks(campaign_id, chunk)

    async def _due(self, now: datetime) -> list[int]:
        async with self._ctx.db.read() as tx:
            return await enrollments.campaigns_due(tx, self._active(now), now)

    async def _take_due(self, campaign_id: int) -> bool:
        return await self._chunks(campaign_id, lambda: lifecycle.take_due(self._ctx, campaign_id))

    async def _chunks(self, campaign_id: int, chunk: Callable[[], Awaitable[bool]]) -> bool:
        """A few in a row; True if there is more."""
        more = True
        for _ in range(CHUNKS):
            more = await chunk()
            if not more:
                break
        self._worked(campaign_id)
        return more

    def _active(self, now: datetime) -> list[int]:
        return [campaign.id for campaign in self._board.active(now)]

    def _opened_or_expired(self, now: datetime) -> set[int]:
        """Published campaigns whose validity began or ended since the last round."""
        active = set(self._active(now))
        idle = set(self._board.campaigns) - active
        changed = (idle - self._expired) | (self._expired & active)
        self._expired = idle
        return changed

    async def _pause_s(self) -> float:
        now = self._ctx.clock()
        async with self._ctx.db.read() as tx:
            due = await enrollments.next_due(tx, self._active(now), now)
        edges = [edge for c in self._board.campaigns.values() for edge in (c.validity.from_, c.validity.until)]
        moments = [at for at in (due, *edges) if at is not None and at > now]
        return min(LOOK_AGAIN_S, *((at - now).total_seconds() for at in moments)) if moments else LOOK_AGAIN_S
