"""Rules that count calls: rolling periods, and what follows a conversation or an abandoned call."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dialer.domain.rules.catalogue import pack
from dialer.domain.rules.citation import Citation
from dialer.domain.rules.counted import Tried, counts_from, first_allowed, refusals

HOUR = timedelta(hours=1)
NOW = datetime(2026, 5, 6, 16, tzinfo=UTC)


def calls(*hours_ago: float, campaign_id: int = 1, **fields: Any) -> list[Tried]:
    return [Tried(campaign_id, NOW - hours * HOUR, outcome="no_answer", **fields) for hours in hours_ago]


@pytest.mark.req("D7")
def test_the_period_rolls_and_is_no_calendar_day() -> None:
    rules = pack("us-florida").counting
    assert list(refusals(rules, 1, calls(1, 2), NOW)) == []
    (one,) = refusals(rules, 1, calls(1, 2, 23), NOW)
    assert one.until == NOW + HOUR
    assert one.citation.to_json() == {"rule": "attempts", "pack": "us-florida", "version": "2026.1"}
    assert one.citation == Citation("attempts", "us-florida", "2026.1")
    assert "3 calls of the campaign to the number were made within 24 h, and 3 are allowed" in one.reason
    assert list(refusals(rules, 1, calls(1, 2, 24), NOW)) == []  # the instant is allowed again
    (more,) = refusals(rules, 1, calls(1, 2, 3, 4, 5), NOW)
    assert more.until == NOW + 21 * HOUR  # when the third last of them has left the period


@pytest.mark.req("D7")
def test_calls_of_another_subject_do_not_count_in_florida_and_all_count_for_debts() -> None:
    assert list(refusals(pack("us-florida").counting, 2, calls(1, 2, 3), NOW)) == []
    found = list(refusals(pack("us-debt-collection").counting, 2, calls(*range(1, 8)), NOW))
    assert [one.citation.rule for one in found] == ["attempts"]
    assert found[0].until == NOW + (7 * 24 - 7) * HOUR


@pytest.mark.req("D7")
def test_a_call_that_never_rang_anywhere_does_not_count() -> None:
    rules = pack("us-florida").counting
    jammed = [Tried(1, NOW - HOUR, outcome="congestion")] * 5
    assert list(refusals(rules, 1, [*jammed, *calls(1, 2)], NOW)) == []
    rang = Tried(1, NOW - HOUR, NOW - HOUR, outcome="failed")
    lost, open_ = Tried(1, NOW - HOUR, outcome="lost"), Tried(1, NOW - HOUR)
    assert len(list(refusals(rules, 1, [rang, lost, open_], NOW))) == 1


@pytest.mark.req("D7")
def test_nobody_is_called_for_days_after_a_conversation() -> None:
    rules = pack("us-debt-collection").counting
    talk = Tried(3, NOW - 50 * HOUR, connected_at=NOW - 50 * HOUR, ended_at=NOW - 49 * HOUR, outcome="answered")
    (one,) = refusals(rules, 1, [talk], NOW)
    assert (one.citation.rule, one.until) == ("after-conversation", NOW + (168 - 49) * HOUR)
    assert list(refusals(rules, 1, [talk], one.until)) == []
    talking = Tried(3, NOW - HOUR, connected_at=NOW - HOUR)
    assert next(refusals(rules, 1, [talking], NOW)).until == NOW + 167 * HOUR
    both = list(refusals(rules, 1, [talk, *calls(*range(1, 8))], NOW))
    assert first_allowed(both) == both[0]
    assert first_allowed([]) is None


@pytest.mark.req("D7")
def test_nobody_is_called_for_72_hours_after_an_abandoned_call() -> None:
    rules = pack("uk").counting
    left = Tried(3, NOW - 10 * HOUR, ended_at=NOW - 10 * HOUR, outcome="abandoned")
    (one,) = refusals(rules, 1, [left, *calls(1, 2, 3)], NOW)
    assert (one.citation, one.until) == (Citation("after-abandoned", "uk", "2026.1"), NOW + 62 * HOUR)
    assert "a call there was abandoned at 2026-05-06 06:00 UTC; no call for 72 h after" in one.reason
    assert list(refusals(rules, 1, calls(1, 2, 3), NOW)) == []


def test_no_call_that_matters_is_older_than_what_is_read() -> None:
    assert counts_from(pack("us-debt-collection").counting, NOW) == NOW - timedelta(days=8)
    assert counts_from((), NOW) == NOW - timedelta(days=1)
