"""Why no calls start, as the overview of a campaign says it."""

from dataclasses import replace
from datetime import time
from typing import Any

import pytest

from admin.pages import standing
from dialer.domain.campaign import Campaign
from dialer.domain.transitions import CampaignStatus
from dialer.domain.windows import ExecutionTime, Validity
from tests.unit.test_rule_packs import at, campaign

RUNNING = campaign("none", status=CampaignStatus.PUBLISHED)
NOW = at("2026-05-06T16:00")


def told(limit: str | None, running: Campaign = RUNNING, ready: int | None = None, **numbers: int) -> str:
    snapshot = {"limited_by": limit, "why": "4 agents talk", "ready": ready}
    return standing.told(running, snapshot, numbers, NOW)["text"]


@pytest.mark.req("A3")
@pytest.mark.parametrize("limit", ["no_agent_free", "higher_priority", "nothing_due", None])
def test_of_a_campaign_that_is_done_busy_agents_are_not_the_reason(limit: str | None) -> None:
    assert told(limit, done=5) == "Everybody is done: 5 contacts. Contacts who come now are called at once."
    through = replace(RUNNING, last_activity_at=at("2026-05-06T15:31"), time_zone="Europe/Berlin")
    assert "1 contact. The last activity was at 2026-05-06 17:31 CEST. Contacts" in told(limit, through, done=1)
    assert told(limit) == "There are no contacts yet."


@pytest.mark.req("A3")
def test_who_is_left_waits_for_an_agent() -> None:
    assert told("no_agent_free", done=5, pending=1).startswith("4 agents talk")
    assert told("no_agent_free", done=5, waiting=1).startswith("4 agents talk")


@pytest.mark.req("D5")
def test_a_link_that_is_down_is_told_of_a_campaign_that_is_done_too() -> None:
    assert "link to Asterisk is down" in told("link_down", done=5)


@pytest.mark.req("C9", "C6")
def test_a_campaign_that_is_closed_says_when_it_opens_by_its_own_clock() -> None:
    evening = ExecutionTime(time(18), time(20), ("mon", "tue", "wed", "thu", "fri"))
    closed = replace(RUNNING, execution=evening, time_zone="Europe/Berlin")
    assert told(None, replace(closed, execution=replace(evening, start=time(19)))).endswith(
        "In its own zone it opens 2026-05-06 19:00 CEST."
    )
    later = replace(RUNNING, validity=Validity(at("2026-06-01T00:00"), None))
    assert told(None, later).startswith("The validity period has not begun. In its own zone it opens 2026-06-0")
    never = replace(closed, execution=replace(evening, start=time(19)), validity=Validity(None, at("2026-05-06T16:30")))
    assert told(None, never).endswith("leave no time at which it opens: change one of them.")
    over = replace(RUNNING, validity=Validity(None, at("2026-05-06T15:00")))
    assert told(None, over) == "The validity period has been over since 2026-05-06 15:00 UTC."
    assert told(None, over, done=3, stopped=2).endswith("15:00 UTC. 3 of 5 contacts are done.")


@pytest.mark.req("C5", "A3")
def test_a_campaign_that_has_ended_says_when_and_how_far_it_came() -> None:
    ended = replace(RUNNING, status=CampaignStatus.ENDED, modified_at=at("2026-05-06T15:00"))
    assert told(None, ended, done=1).endswith("for good, on 2026-05-06 15:00 UTC. 1 of 1 contact is done.")
    assert told(None, ended).endswith("UTC.")


@pytest.mark.req("A3")
def test_the_board_tells_only_of_what_keeps_a_campaign_from_calling() -> None:
    free: dict[str, Any] = {"limited_by": None, "why": None, "ready": None}
    assert standing.held(RUNNING, free, {"done": 1, "pending": 1}, NOW) is None
    found = standing.held(RUNNING, {**free, "limited_by": "nothing_due"}, {"done": 2}, NOW)
    assert found is not None
    assert found["text"].startswith("Everybody is done: 2 contacts.")


@pytest.mark.req("A3", "C2")
def test_a_campaign_that_only_previews_waits_for_agents_on_their_page() -> None:
    assert "no agent of its queue is ready on the agent page" in told(None, ready=0, pending=5)
    assert "2 agents of its queue are ready on the agent page" in told("nothing_due", ready=2, pending=5)
    assert "link to Asterisk is down" in told("link_down", ready=0, pending=5)
    assert told(None, pending=5) == "Calls are started as agents become free."
