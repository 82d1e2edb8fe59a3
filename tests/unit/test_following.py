"""In which order a node follows what another has changed."""

import asyncio
import contextlib
from typing import cast

import pytest

from dialer.engine import following
from dialer.engine.board import Board


class Stored:
    """A gateway that is made, and a campaign that is published, while a node looks."""

    def __init__(self) -> None:
        self.made = False

    async def outdated(self) -> list[int]:
        self.made = True  # just before the campaign
        return [1]

    async def follow_webhooks(self) -> None:
        pass

    async def gateways_outdated(self) -> bool:
        return self.made


@pytest.mark.req("M1", "A6")
async def test_the_gateways_of_a_campaign_are_there_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else its texts and calls by a gateway that was made a moment ago fail: there is no such gateway."""
    monkeypatch.setattr(following, "FOLLOW_S", 0)
    told: list[str] = []
    both = asyncio.Event()

    async def campaign_changed(_campaign_id: int) -> None:
        told.append("campaign")

    async def gateways_changed() -> None:
        told.append("gateways")
        both.set()

    task = asyncio.create_task(following.follow(cast("Board", Stored()), campaign_changed, gateways_changed))
    await both.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert told[0] == "gateways"
