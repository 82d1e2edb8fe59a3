"""The wall clock is set now and then, by people or by a time server: what was to come soon still comes soon.

Instants in memory (the end of a call's grace, a look into the queue, a probe of a trunk) are moved along with the clock.
Rate limits, time-outs and the link to Asterisk run by the steady clock, and windows by the wall clock as it is now.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import structlog

from dialer.engine import following
from dialer.engine.dialing import Dialing
from dialer.engine.previews import Previews
from dialer.engine.texting import Texting
from dialer.engine.webhooks import Webhooks
from dialer.operations.clock import keep_due
from dialer.operations.context import Context

log = structlog.get_logger(__name__)

# Less is what time servers do all day long.
NOTICED_S = 1.0


class Clock:
    """Looks whether the clock was set. `start` runs a named task; `wake` is told where there may be something to do."""

    def __init__(
        self,
        ctx: Context,
        dialing: Dialing,
        previews: Previews,
        loops: Iterable[Dialing | Texting | Webhooks],
        *,
        start: Callable[..., object],
        wake: Callable[[int], None],
    ) -> None:
        self._ctx, self._dialing, self._loops = ctx, dialing, loops
        self._holders = (dialing.tracker, dialing.breakers, previews)
        self._start, self._wake = start, wake
        self._steady, self._wall = time.monotonic(), ctx.clock()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(following.FOLLOW_S)
            self.look()

    def look(self) -> datetime:
        """Before an instant is read off the clock that is compared with an earlier one: what time it is now."""
        steady, now = time.monotonic(), self._ctx.clock()
        passed_s, by_the_clock_s = steady - self._steady, (now - self._wall).total_seconds()
        before, self._steady, self._wall = self._wall, steady, now
        if abs(by_the_clock_s - passed_s) >= NOTICED_S:
            self._was_set(before + timedelta(seconds=passed_s), now)
        return now

    def _was_set(self, expected: datetime, now: datetime) -> None:
        by = now - expected
        log.warning("clock_set", by_s=round(by.total_seconds(), 1))
        for holder in self._holders:
            holder.clock_set(by)
        for loop in self._loops:
            loop.feeds.look_at_all()
        self._dialing.link.look_again()  # whose wrap-up lasts how long, by Asterisk's own clock
        running = list(self._dialing.board.campaigns)
        if now < expected:
            self._start(self._keep_due(running, expected, now), name="clock-set-back")
        for campaign_id in running:
            self._wake(campaign_id)

    async def _keep_due(self, running: list[int], expected: datetime, now: datetime) -> None:
        stayed = await keep_due(self._ctx, running, expected, now)
        log.info("clock_set_back", still_due=stayed)
