"""What power mode knows of its last calls: an hour of them, few however old, and talks that have not ended yet."""

import random

import pytest

from dialer.pacing.crowd import Pace
from dialer.pacing.power import ENOUGH_CALLS, GRID
from dialer.pacing.recent import LAST_CALLS, LAST_S, MOST_CALLS, Recent


def known(recent: Recent, now: float) -> Pace:
    found = recent.pace(now)
    assert found is not None
    return found


def ring(recent: Recent, calls: int, every_s: float, *, answers: float, start: float = 0.0) -> float:
    """Calls at even distances, the answered ones evenly among them; when the last one rang."""
    for number in range(calls):
        answered = int((number + 1) * answers) > int(number * answers)
        recent.rang(start + number * every_s, 18.0, answered=answered)
    return start + (calls - 1) * every_s


@pytest.mark.req("D8")
def test_all_calls_of_the_last_hour_count_and_none_before() -> None:
    recent = Recent()
    recent.took(0.0, "one")
    recent.kept(140.0, "one", 140.0)
    end = ring(recent, 3_000, 1.0, answers=0.5)
    end = ring(recent, 3_600, 1.0, answers=0.1, start=end + 1)
    assert known(recent, end).answer_rate == pytest.approx(0.1, rel=0.1)


@pytest.mark.req("D8")
def test_the_last_few_count_however_old_they_are() -> None:
    recent = Recent()
    recent.took(0.0, "one")
    recent.kept(140.0, "one", 140.0)
    end = ring(recent, LAST_CALLS, 10 * LAST_S, answers=0.5)
    assert known(recent, end).answer_rate == pytest.approx(0.5, rel=0.1)


@pytest.mark.req("D8")
def test_no_more_than_so_many_are_kept() -> None:
    recent = Recent()
    ring(recent, MOST_CALLS + 500, 0.001, answers=0.5)
    assert len(recent._calls) == MOST_CALLS


@pytest.mark.req("D8")
def test_talks_under_way_count_so_that_the_short_ones_that_end_first_do_not_deceive() -> None:
    """A hundred agents begin at once; after half a mean talk those that ended took a quarter of it on average."""
    recent, chance = Recent(), random.Random(1)
    talks = [chance.expovariate(1 / 140) for _ in range(2_000)]
    ring(recent, ENOUGH_CALLS, 0.0, answers=1.0)
    for number in range(len(talks)):
        recent.took(0.0, number)
    ended = {number: took for number, took in enumerate(talks) if took < 70}
    for number, took in ended.items():
        recent.kept(took, number, took)
    assert sum(ended.values()) / len(ended) < 40
    assert known(recent, 70.0).busy_s == pytest.approx(140, rel=0.1)


@pytest.mark.req("D8")
def test_before_the_first_talk_ends_agents_are_expected_to_stay_away() -> None:
    recent = Recent()
    ring(recent, ENOUGH_CALLS, 0.0, answers=0.5)
    assert recent.pace(0.0) is None
    for number in range(10):
        recent.took(0.0, number)
    assert known(recent, 30.0).busy_s == pytest.approx(300, rel=GRID - 1)


@pytest.mark.req("D8")
def test_a_lost_call_keeps_nobody_for_ever() -> None:
    recent = Recent()
    ring(recent, ENOUGH_CALLS, 0.0, answers=0.5)
    for number in range(2):
        recent.took(0.0, number)
    recent.kept(100.0, 0, 100.0)
    recent.lost(1)
    assert known(recent, 9_000.0).busy_s == pytest.approx(100, rel=GRID - 1)


@pytest.mark.req("D8")
def test_how_long_calls_ring_that_nobody_answers_says_nothing_of_when_an_answer_comes() -> None:
    recent = Recent()
    recent.took(0.0, "one")
    recent.kept(140.0, "one", 140.0)
    for number in range(ENOUGH_CALLS):
        recent.rang(number, 12.0, answered=True)
        recent.rang(number, 25.0, answered=False)
    assert known(recent, 140.0).ring_s == pytest.approx(12, rel=GRID - 1)
