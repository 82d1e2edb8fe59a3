"""Power mode: lines from the allowed risk, and a throttle that keeps what is abandoned under the limit."""

from itertools import pairwise
from math import comb

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dialer.pacing.crowd import CROWD, Pace
from dialer.pacing.power import BURST, ENOUGH_CALLS, HIGHEST, LOWEST, Power, Throttle, lines, pace, throttle
from dialer.pacing.progressive import UNLIMITED

THIRD = Pace(0.3, 18.0, 140.0)
paces = st.builds(Pace, st.floats(0.01, 1), st.floats(1, 60), st.floats(10, 900))
risks = st.floats(0.0006, 0.06)


@pytest.mark.req("D8")
@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 90), paces, risks, st.integers(0, 100))
def test_never_fewer_than_progressive_and_never_more_than_the_most(
    free: int, busy: int, ringing: int, known: Pace, risk: float, most: int
) -> None:
    found = lines(free, busy, ringing, known, risk, most=most)
    assert min(most, max(0, free - ringing)) <= found <= most


@pytest.mark.req("D8")
@settings(deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 60), paces, risks)
@example(27, 40, 0, Pace(0.78125, 30.0, 216.0), 0.001953125)
def test_one_more_agent_or_one_call_less_never_means_fewer_lines(
    free: int, busy: int, ringing: int, known: Pace, risk: float
) -> None:
    found = lines(free, busy, ringing, known, risk, most=100)
    if busy + ringing + found >= CROWD:
        found -= 1  # where counting ends, the normal distribution may say one line less
    assert lines(free + 1, busy, ringing, known, risk, most=100) >= found
    assert lines(free, busy + 1, ringing, known, risk, most=100) >= found
    if ringing:
        assert lines(free, busy, ringing - 1, known, risk, most=100) >= found
    assert lines(free, busy, ringing, known, risk * 1.5, most=100) >= found


@pytest.mark.req("D8")
def test_whoever_answers_each_call_gets_no_line_more_than_progressive_gives() -> None:
    assert lines(5, 0, 0, Pace(1.0, 18.0, 140.0), 0.015, most=100) == 5


@pytest.mark.req("D8")
def test_nobody_is_called_when_all_agents_talk_for_long() -> None:
    assert lines(0, 10, 0, Pace(0.5, 5.0, 3600.0), 0.015, most=100) == 0


@pytest.mark.req("D8")
@pytest.mark.parametrize(("free", "most_lines"), [(1, 1), (2, 3), (5, 10), (10, 26), (20, 58)])
def test_without_anybody_to_become_free_the_lines_stay_near_the_table_of_the_exact_limit(
    free: int, most_lines: int
) -> None:
    """The table: as many lines at once as let 3 % of the answered calls be abandoned. The risk of the last one is higher."""
    found = lines(free, 0, 0, THIRD, 0.09, most=200)
    expected = sum((k - free) * comb(found, k) * 0.3**k * 0.7 ** (found - k) for k in range(free + 1, found + 1))
    assert expected / (0.3 * found) <= 0.09
    assert most_lines * 0.6 <= found <= most_lines * 1.5 + 1


@pytest.mark.req("D8")
def test_a_crowd_taken_for_normal_differs_little_from_one_that_was_counted() -> None:
    by_size = [lines(8, busy, 0, THIRD, 0.015, most=300) for busy in range(CROWD - 60, CROWD + 60)]
    assert all(0 <= more - less <= 3 for less, more in pairwise(by_size))


@pytest.mark.req("D8")
def test_nothing_is_estimated_from_too_little() -> None:
    assert pace(10, ENOUGH_CALLS - 1, 18, 140) is None
    assert pace(0, 1000, 18, 140) is None
    assert pace(10, 1000, 0, 140) is None
    assert pace(10, 1000, 18, 0) is None


@pytest.mark.req("D8")
@given(st.integers(1, 500), st.integers(0, 500), st.floats(1, 60), st.floats(10, 900))
def test_what_is_estimated_is_on_the_safe_side(answered: int, others: int, ring_s: float, busy_s: float) -> None:
    if (known := pace(answered, answered + others, ring_s, busy_s)) is not None:
        assert answered / (answered + others) <= known.answer_rate <= 1
        assert known.busy_s >= busy_s * 0.999


@pytest.mark.req("D8")
def test_the_throttle_closes_when_calls_are_abandoned_and_opens_again() -> None:
    one = throttle(3.0)
    assert not one.closed
    for _ in range(60):
        one = one.after(abandoned=True)
    assert one.closed
    assert one.risk == pytest.approx(LOWEST * 0.03)
    for _ in range(2_000):
        one = one.after(abandoned=False)
    assert not one.closed
    assert one.risk == pytest.approx(HIGHEST * 0.03)


@pytest.mark.req("D8")
@given(st.floats(0.1, 50))
def test_no_campaign_may_have_a_higher_limit_than_the_law(limit: float) -> None:
    assert throttle(limit).limit <= 0.03


@pytest.mark.req("D8")
def test_the_throttle_aims_below_its_limit() -> None:
    """In balance where abandoned calls are nine tenths of the limit."""
    before = Throttle(0.03, 0.015)
    after = before
    for turn in range(1_000):
        after = after.after(abandoned=turn < 27)
    assert after.risk == pytest.approx(before.risk, rel=1e-6)


def powered(spare: int) -> Power:
    return Power(10, THIRD, throttle(3.0), spare, 3.0)


@pytest.mark.req("D8", "D7")
def test_less_is_risked_where_the_meter_has_room_for_a_few_only() -> None:
    risks = [powered(spare).risk for spare in (-3, 0, 1, 3, 10, 30, UNLIMITED)]
    assert risks[:2] == [0, 0]
    assert risks[1:] == sorted(risks[1:])
    assert powered(round(BURST)).risk == pytest.approx(throttle(3.0).risk / 2)
    assert risks[-1] == pytest.approx(throttle(3.0).risk, rel=1e-4)
