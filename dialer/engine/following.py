"""What another node, or a person in the database, changed: this node sees it within a second, and acts as if it was told."""

import asyncio
from collections.abc import Awaitable, Callable

from dialer.engine.board import Board

FOLLOW_S = 1.0


async def follow(
    board: Board, campaign_changed: Callable[[int], Awaitable[None]], gateways_changed: Callable[[], Awaitable[None]]
) -> None:
    """A loop of its own. Between two looks the store refuses what must not go out: see `operations.attempts.intend`."""
    while True:
        await asyncio.sleep(FOLLOW_S)
        campaign_ids = await board.outdated()
        await board.follow_webhooks()
        # First the gateways: a campaign that was published just after one was made may name it.
        if await board.gateways_outdated():
            await gateways_changed()
        for campaign_id in campaign_ids:
            await campaign_changed(campaign_id)
