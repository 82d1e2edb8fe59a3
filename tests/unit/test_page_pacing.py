"""Why no calls start, as the overview of a campaign says it."""

from types import SimpleNamespace
from typing import Any

import pytest

from admin.pages import views
from dialer.domain.transitions import CampaignStatus
from tests.unit.test_rule_packs import at, campaign

RUNNING = campaign("none", status=CampaignStatus.PUBLISHED)
CTX: Any = SimpleNamespace(clock=lambda: at("2026-05-06T16:00"))


def told(limit: str | None, **numbers: int) -> str:
    snapshot = {"campaigns": [{"id": 1, "limited_by": limit, "why": "4 agents talk"}]}
    return views.pacing(CTX, RUNNING, snapshot, {"total": sum(numbers.values()), "done": 0, **numbers})["text"]


@pytest.mark.req("A3")
@pytest.mark.parametrize("limit", ["no_agent_free", "higher_priority", "nothing_due", None])
def test_of_a_campaign_that_is_done_busy_agents_are_not_the_reason(limit: str | None) -> None:
    assert told(limit, done=5) == "Everybody is done. Contacts who come now are called at once."
    assert told(limit) == "There are no contacts yet."


@pytest.mark.req("A3")
def test_who_is_left_waits_for_an_agent() -> None:
    assert told("no_agent_free", done=5, pending=1).startswith("4 agents talk")
    assert told("no_agent_free", done=5, waiting=1).startswith("4 agents talk")


@pytest.mark.req("D5")
def test_a_link_that_is_down_is_told_of_a_campaign_that_is_done_too() -> None:
    assert "link to Asterisk is down" in told("link_down", done=5)
