"""The hoppers' own bookkeeping; what they claim is proven in tests/store and tests/e2e."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from dialer.engine.feeds import Feed, Feeds
from dialer.store.requests import ContactRequest

LATER = datetime(2026, 5, 4, 9, tzinfo=UTC) + timedelta(seconds=5)


@pytest.mark.req("D2")
@pytest.mark.parametrize("asked", [True, False])
async def test_a_look_that_is_asked_for_while_a_claim_is_under_way_is_not_forgotten(
    monkeypatch: pytest.MonkeyPatch, asked: bool
) -> None:
    rung: list[bool] = []
    context: Any = object()
    feeds = Feeds(context, context, "call", start=lambda *_: None, ring=lambda: rung.append(True))
    feed = Feed()
    feeds._feeds[1] = feed
    feed.busy = 1

    async def claim(campaign_id: int, _feed: Feed, _number: int) -> tuple[list[ContactRequest], datetime]:
        if asked:  # new work came after the queue was found empty
            feeds.look_now(campaign_id)
        return [], LATER

    monkeypatch.setattr(feeds, "_claim", claim)
    await feeds._fill(1, feed, 5)
    assert feed.look_at == (None if asked else LATER)
    assert rung


@pytest.mark.req("C8", "C13")
async def test_while_a_hopper_is_emptied_nothing_is_claimed_past_what_goes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An edit empties the hopper; a claim before its contacts are back in the queue would take later ones first."""
    started: list[str] = []
    context: Any = object()

    def start(work: Any, *, name: str) -> None:
        work.close()
        started.append(name)

    feeds = Feeds(context, context, "call", start=start, ring=lambda: None)
    campaign: Any = SimpleNamespace(id=1)
    feeds._feeds[1] = Feed()

    async def release(_claimed: list[ContactRequest]) -> None:
        feeds.take(campaign, 4, LATER)
        assert started == []

    monkeypatch.setattr(feeds, "_release", release)
    await feeds.drop(1)
    feeds.take(campaign, 4, LATER)
    assert started == ["hopper-call-1"]
