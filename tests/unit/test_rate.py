"""Calls a second: the rate is reached although looks come late, and never exceeded in any second."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.rate import CallRate

PAUSES = st.lists(st.floats(0.0, 0.3), min_size=20, max_size=300)


def _started(rate: float, looks: list[float]) -> list[float]:
    """When calls start whose number is asked at these moments; all that may start do."""
    limit, started = CallRate(rate), list[float]()
    for now in looks:
        number = limit.available(now)
        limit.take(number, now)
        started += [now] * number
    return started


@pytest.mark.req("D6")
@pytest.mark.parametrize("rate", [40, 400, 1000])
@pytest.mark.parametrize("late_s", [0.003, 0.011, 0.04])
def test_looks_that_come_late_lose_nothing_of_the_rate(rate: int, late_s: float) -> None:
    looks = [100 + n * late_s for n in range(int(10 / late_s))]
    assert len(_started(rate, looks)) == pytest.approx(10 * rate, rel=0.02)


@pytest.mark.req("D6")
@given(st.integers(1, 500), PAUSES)
def test_no_second_has_more_calls_than_the_rate(rate: int, pauses: list[float]) -> None:
    started = _started(rate, list(accumulate(pauses, initial=100.0)))
    for first, last in zip(started, started[rate:], strict=False):
        assert last - first >= 1.0 - 1e-6


@pytest.mark.req("D6")
@given(st.floats(0.1, 500), PAUSES)
def test_who_waits_for_the_next_call_may_start_it_then(rate: float, pauses: list[float]) -> None:
    limit, now = CallRate(rate), 100.0
    for pause in pauses:
        limit.take(limit.available(now), now)
        at = limit.next_at(now)
        assert at > now
        now = at + 1e-6
        assert limit.available(now) >= 1
        now += pause
