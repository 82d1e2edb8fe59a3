"""Counts what happens by campaign and minute in memory, and adds it to the store every few seconds: no call waits for that."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from dialer.domain.ending import CallResult
from dialer.domain.series import Counts, minute
from dialer.engine.tally import Tracked
from dialer.engine.tracker import Watch
from dialer.operations import series
from dialer.operations.context import Context
from dialer.pacing.abandonment import counted

# After a crash as much is missing.
FLUSH_S = 5.0
FORGET = timedelta(hours=1)


class Minutes(Watch):
    """`changed` tells the live pages."""

    def __init__(self, ctx: Context, changed: Callable[[], None]) -> None:
        self._ctx, self._changed = ctx, changed
        self._counted: dict[tuple[int, datetime], Counts] = {}
        self._forgot_at: datetime | None = None

    def sent(self, one: Tracked) -> None:
        self._add(one.campaign_id, Counts(calls=1))

    def ended(self, one: Tracked, result: CallResult) -> None:
        live = counted(result.outcome, result.answered_at, result.connected_at)
        self._add(one.campaign_id, Counts(ended=1, answered=live.answered, abandoned=live.abandoned))

    def texted(self, campaign_id: int) -> None:
        self._add(campaign_id, Counts(texts=1))

    def _add(self, campaign_id: int, counts: Counts) -> None:
        key = (campaign_id, minute(self._ctx.clock()))
        before = self._counted.get(key)
        self._counted[key] = counts if before is None else before + counts

    async def run(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            await self.flush()

    async def flush(self) -> None:
        """Into the store; what can't be written now stays counted."""
        taken, self._counted = self._counted, {}
        if taken:
            try:
                await series.add(self._ctx, taken)
            except BaseException:
                for key, counts in taken.items():
                    self._counted[key] = self._counted.get(key, Counts()) + counts
                raise
            self._changed()
        now = self._ctx.clock()
        if self._forgot_at is None or abs(now - self._forgot_at) >= FORGET:
            self._forgot_at = now
            await series.forget(self._ctx)
