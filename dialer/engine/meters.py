"""The abandonment meters of the campaigns that run, kept in memory for the dialing loop and the live pages."""

import asyncio
from collections.abc import Callable

import structlog

from dialer.domain.campaign import Campaign
from dialer.engine.bell import Bell
from dialer.engine.board import Board
from dialer.operations import metering
from dialer.operations.context import Context
from dialer.pacing.abandonment import AbandonmentMeter

log = structlog.get_logger(__name__)

# The net behind the bell: hours leave the period, and other nodes count too.
LOOK_AGAIN_S = 30.0
# Between two looks, however many calls end.
REST_S = 0.25


class Meters:
    """`changed` tells the live pages. The store has the counts; this is a copy, at most a moment old."""

    def __init__(self, ctx: Context, board: Board, changed: Callable[[], None]) -> None:
        self._ctx, self._board, self._changed = ctx, board, changed
        self._meters: dict[int, AbandonmentMeter] = {}
        self.bell = Bell()

    def of(self, campaign: Campaign) -> AbandonmentMeter:
        """Empty for a campaign that has just begun to run."""
        return self._meters.get(campaign.id) or AbandonmentMeter(limit_percent=campaign.most_abandoned_percent)

    async def run(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(REST_S)
            await self.bell.wait(LOOK_AGAIN_S)

    async def look(self) -> None:
        """Read the counts again, and warn once of each campaign that comes to be above its limit."""
        found = await metering.meters(self._ctx, self._board.campaigns.values())
        if found == self._meters:
            return
        for campaign_id, meter in found.items():
            before = self._meters.get(campaign_id)
            if meter.exceeded and not (before and before.exceeded):
                log.warning(
                    "abandonment_limit_exceeded",
                    campaign=campaign_id,
                    rate_percent=round(meter.rate_percent, 2),
                    limit_percent=meter.limit_percent,
                    abandoned=meter.abandoned,
                    answered_live=meter.answered_live,
                )
        self._meters = found
        self._changed()
