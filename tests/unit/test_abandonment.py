"""The abandonment meter's arithmetic, at its edges."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.outcome import Outcome
from dialer.pacing.abandonment import AbandonmentMeter, LiveAnswers, counted

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def seconds(n: float) -> datetime:
    return T0 + timedelta(seconds=n)


@pytest.mark.req("D7")
@pytest.mark.parametrize(
    ("outcome", "connected", "adds"),
    [
        (Outcome.ANSWERED, seconds(1.9), LiveAnswers(1, 0, 0)),
        (Outcome.ANSWERED, seconds(2.1), LiveAnswers(1, 0, 1)),
        (Outcome.ANSWERED, None, LiveAnswers(1, 0, 0)),
        (Outcome.ABANDONED, None, LiveAnswers(1, 1, 0)),
        *((other, None, LiveAnswers()) for other in Outcome if other not in {Outcome.ANSWERED, Outcome.ABANDONED}),
    ],
)
def test_only_calls_that_a_person_answered_count(
    outcome: Outcome, connected: datetime | None, adds: LiveAnswers
) -> None:
    """Machines, busy lines and unanswered calls must not make the rate look small."""
    assert counted(outcome, T0, connected) == adds


@pytest.mark.req("D7")
@pytest.mark.parametrize(
    ("meter", "rate", "exceeded", "allowance"),
    [
        (AbandonmentMeter(), 0, False, 0),
        (AbandonmentMeter(100, 3), 3, False, 0),
        (AbandonmentMeter(100, 4), 4, True, -1),
        (AbandonmentMeter(32, 0), 0, False, 0),  # one of 33 would be above 3 %
        (AbandonmentMeter(33, 0), 0, False, 1),  # one of 34 is not
        (AbandonmentMeter(1000, 10), 1, False, 20),
        (AbandonmentMeter(7, 7, 100), 100, False, 1_000_000),
        (AbandonmentMeter(10, 0, 0), 0, False, 0),
        (AbandonmentMeter(10, 1, 0), 10, True, -1),
    ],
)
def test_rate_and_allowance(meter: AbandonmentMeter, rate: float, exceeded: bool, allowance: int) -> None:
    assert (meter.rate_percent, meter.exceeded, meter.allowance) == (rate, exceeded, allowance)


@pytest.mark.req("D7", "D8")
@given(st.integers(0, 5000), st.integers(0, 200), st.sampled_from([0.0, 0.1, 1.0, 2.5, 3.0, 5.0, 99.9]))
def test_the_allowance_is_the_most_that_stays_within_the_limit(more: int, abandoned: int, limit: float) -> None:
    meter = AbandonmentMeter(abandoned + more, abandoned, limit)
    spare = meter.allowance
    if meter.exceeded:
        assert spare < 0
        return
    assert not meter.after(answered=spare, abandoned=spare).exceeded
    assert meter.after(answered=spare + 1, abandoned=spare + 1).exceeded
