"""The live pages in words: what happened, and when a campaign will be through."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from admin.pages.live_words import doings, happened, hours, through
from dialer.domain.members import NotFree
from dialer.domain.series import Counts, Point, Span
from dialer.domain.transitions import CampaignStatus
from dialer.domain.windows import WEEK, ExecutionTime
from dialer.operations.finishing import Outlook
from dialer.pacing.finish import Finish
from tests.unit.test_rule_packs import campaign

NEVER = "not within a year, or not before its validity ends."
MONDAY = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
SPRING = campaign("none", time_zone="Europe/Berlin", execution=ExecutionTime.read("09:00", "18:00", WEEK[:5]))


@pytest.mark.req("A3")
@pytest.mark.parametrize(
    ("days", "said"),
    [
        (WEEK, "Mon-Sun 09:00-18:00"),
        (("mon", "tue", "thu", "sat", "sun"), "Mon-Tue, Thu, Sat-Sun 09:00-18:00"),
        (("wed",), "Wed 09:00-18:00"),
    ],
)
def test_days_in_a_row_are_told_as_one(days: tuple[str, ...], said: str) -> None:
    assert hours(replace(SPRING, execution=ExecutionTime.read("09:00", "18:00", days))) == said


@pytest.mark.req("A3")
@pytest.mark.parametrize(
    ("outlook", "said"),
    [
        (Outlook(0, True, None), "It has no contacts yet."),
        (Outlook(0, True, None, stopped=0, total=9), "Nobody is left to contact."),
        (Outlook(0, False, None, total=9), "Nobody is left to contact."),
        (
            Outlook(5, False, None, stopped=2, total=9),
            "7 contacts wait for the campaign to be within its validity period.",
        ),
        (Outlook(5, True, None), "When it will be through can't be told yet: too little has been called and texted."),
        (
            Outlook(5, True, Finish(MONDAY, 42, 1.52)),
            "At 42 calls and texts a minute, 1.5 for each contact, Mon-Fri 09:00-18:00: through about Mon 4 May, 14:30 CEST.",
        ),
        (
            Outlook(5, True, Finish(None, 0.25, 1)),
            f"At 0.25 calls and texts a minute, 1 for each contact, Mon-Fri 09:00-18:00: {NEVER}",
        ),
    ],
)
def test_when_it_will_be_through(outlook: Outlook, said: str) -> None:
    assert through(outlook, SPRING) == said
    assert hours(replace(SPRING, execution=None)) == "around the clock"


@pytest.mark.req("A3", "C8")
def test_whom_a_campaign_that_does_not_run_would_contact() -> None:
    """Stopped contacts go on when it is published again, so they wait; of one that has ended nothing is foreseen."""
    resting = replace(SPRING, status=CampaignStatus.UNPUBLISHED)
    assert through(Outlook(0, False, None, stopped=1, total=9), resting) == (
        "1 contact waits for the campaign to be published."
    )
    assert through(Outlook(5, False, None, total=9), replace(SPRING, status=CampaignStatus.ENDED)) == ""


@pytest.mark.req("A3")
def test_a_chart_in_words() -> None:
    quiet = [Point(MONDAY + n * timedelta(minutes=1), Counts()) for n in range(3)]
    assert happened(Span.HOUR, quiet) == "Nothing was called or texted in the last hour."
    some = [
        *quiet,
        Point(MONDAY + timedelta(minutes=3), Counts(calls=1200, ended=1000, answered=400, abandoned=8, texts=1)),
    ]
    assert happened(Span.DAY, some) == (
        "In the last day: 1,200 calls, 40 % of those that ended answered by a person, 2.0 % of these abandoned, 1 text; "
        "most calls from 12:33 UTC on: 1,200."
    )
    assert happened(Span.DAY, some, "America/New_York").endswith("most calls from 08:33 EDT on: 1,200.")


@pytest.mark.req("A3")
def test_everything_an_agent_can_do_has_its_group() -> None:
    members = [{"name": "x", "doing": one, "since": None} for one in ("free", *NotFree)]
    assert {group.code for group in doings(members)} == {"free", *NotFree}
