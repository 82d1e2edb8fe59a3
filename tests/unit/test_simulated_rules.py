"""A dry run keeps to the rule pack: hours where each number is, attempts in a rolling period, ring time."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from dialer.simulation.job import Rules, from_json, to_json
from dialer.strategy.model import to_document
from tests.support.simulated import MONDAY, finished, job, row

NEW_YORK, LOS_ANGELES = ("America/New_York",), ("America/Los_Angeles",)
FLORIDA = Rules("America/New_York", rule_pack="us-florida")
HOUR = 3600.0


def called(strategy: dict[str, object]) -> dict[str, object]:
    call = {"id": "call", "name": "", "x": 0, "y": 0, "type": "call", "fields": strategy, "out": {}}
    start = {"id": "in", "type": "contact-in", "fields": {"max_attempts": 9}, "out": {"next": "call"}}
    return {"format": "campaign-strategy/1", "name": "test", "nodes": [{"name": "", "x": 0, "y": 0, **start}, call]}


@pytest.mark.req("S7", "D7")
def test_each_number_is_called_when_it_is_day_there() -> None:
    """Monday, 8:00 UTC: in New York it is 4 o'clock, and the contact with a zone of its own has noon."""
    people = [
        row(1, places=[LOS_ANGELES]),
        row(2, places=[NEW_YORK]),
        row(3, zone="Asia/Dhaka", places=[NEW_YORK]),
        row(4, places=[()]),  # its number says nothing: the campaign's zone
        row(5, places=[(*NEW_YORK, *LOS_ANGELES)]),
    ]
    watched: list[tuple[int, str, float]] = []
    finished(job(rules=FLORIDA, agents=9), people, watched)
    assert {person: t / HOUR for person, _, t in watched} == {3: 0.0, 2: 4.0, 4: 4.0, 1: 7.0, 5: 7.0}


@pytest.mark.req("S7", "D7")
def test_no_number_is_called_more_often_than_allowed() -> None:
    often = called({"tries": 9, "retry_after": "10m", "retry_on": ["no_answer"], "ring_s": 5})
    noon = datetime(2026, 5, 4, 16, tzinfo=UTC)
    watched: list[tuple[int, str, float]] = []
    run = finished(job(often, start=noon, rules=FLORIDA, answer_rate=0.0), [row(1, places=[NEW_YORK])], watched)
    starts = [t for _, _, t in watched]
    assert len(starts) == 9
    assert all(later - earlier >= 24 * HOUR for earlier, later in zip(starts, starts[3:], strict=False))
    assert starts[3] == 24 * HOUR
    assert starts[1] == 15 + 600.0  # it rang for the 15 s of the rule, not for the step's 5
    assert run.tally.results.total() == 1


@pytest.mark.req("S7", "D7")
def test_nobody_is_called_again_for_a_week_after_a_conversation() -> None:
    again = called({"tries": 2, "retry_after": "1h", "retry_on": ["no_answer"]})
    debt = Rules("America/New_York", rule_pack="us-debt-collection")
    noon = datetime(2026, 5, 4, 16, tzinfo=UTC)
    loop = {**again, "nodes": [*again["nodes"], _wait()]}  # type: ignore[misc]
    loop["nodes"][1]["out"] = {"answered": "wait"}  # type: ignore[index]
    watched: list[tuple[int, str, float]] = []
    finished(job(loop, start=noon, rules=debt, horizon_days=30), [row(1, places=[NEW_YORK])], watched)
    gaps = [later - earlier for (_, _, earlier), (_, _, later) in pairwise(watched)]
    assert gaps
    assert min(gaps) >= 7 * 24 * HOUR


def _wait() -> dict[str, object]:
    fields = {"kind": "for", "duration": "1h"}
    return {"id": "wait", "name": "", "x": 0, "y": 0, "type": "wait", "fields": fields, "out": {"next": "call"}}


def test_the_pack_goes_along_to_the_process() -> None:
    given = job(rules=FLORIDA)
    document = to_document(given.strategies[1])
    assert from_json(to_json(given, {1: document})).rules.rule_pack == "us-florida"
    watched: list[tuple[int, str, float]] = []
    finished(job(start=MONDAY), [row(1, places=[])], watched)
    assert watched == [(1, "call", 0.0)]
