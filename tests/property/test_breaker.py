"""The breaker of a trunk under any sequence of calls: when it opens, that one call probes it, and when it closes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.domain.ending import CallResult
from dialer.domain.outcome import Outcome
from dialer.pacing.breaker import (
    FIRST_WAIT,
    LONGEST_WAIT,
    Breaker,
    BreakerState,
    Ended,
    Verdict,
    rebuilt,
    verdict,
    wait,
)

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
verdicts = st.sampled_from(Verdict)


def result(outcome: Outcome, cause: int | None = None, tech: str | None = None, *, rang: bool = False) -> CallResult:
    return CallResult(outcome, cause, tech, None, NOW if rang else None, None, None, NOW, "")


@pytest.mark.req("D4", "D6")
@pytest.mark.parametrize(
    ("ended", "told"),
    [
        *((result(Outcome.CONGESTION, cause), Verdict.FAILED) for cause in (34, 38, 41, 42, 44, 47)),
        (result(Outcome.FAILED, 19, "SIP 480"), Verdict.FAILED),  # no sign of life
        (result(Outcome.FAILED), Verdict.FAILED),  # no channel
        (result(Outcome.REJECTED, 21, "SIP 407"), Verdict.FAILED),
        (result(Outcome.REJECTED, 21, "SIP 403"), Verdict.WORKS),
        (result(Outcome.BUSY, 17), Verdict.WORKS),
        (result(Outcome.NO_ANSWER, 19), Verdict.WORKS),
        (result(Outcome.INVALID_NUMBER, 1), Verdict.WORKS),
        (result(Outcome.ANSWERED, 16, rang=True), Verdict.WORKS),
        (result(Outcome.CONGESTION, 34, rang=True), Verdict.WORKS),
        (result(Outcome.FAILED, 16), Verdict.SILENT),
        (result(Outcome.LOST), Verdict.SILENT),
    ],
)
def test_what_a_call_tells_of_its_trunk(ended: CallResult, told: Verdict) -> None:
    assert verdict(ended) is told


@pytest.mark.req("D6")
@settings(deadline=None)
@given(st.integers(1, 8), st.lists(st.tuples(verdicts, st.integers(0, 400)), max_size=60))
def test_it_opens_for_a_storm_only_and_lets_one_call_through_at_a_time(
    after: int, history: list[tuple[Verdict, int]]
) -> None:
    breaker, now, row, failed, probes_failed = Breaker(after), NOW, 0, list[bool](), 0
    for number, (what, seconds) in enumerate(history):
        now += timedelta(seconds=seconds)
        lets, attempt = breaker.lets(now), f"a{number}"
        if lets == 0:
            assert breaker.state(now) is BreakerState.OPEN
            assert breaker.told(attempt, what, now) == breaker, "those that had left before change nothing"
            continue
        was_open = not breaker.is_closed
        assert lets == (1 if was_open else None)
        breaker = breaker.left(attempt)
        if was_open:
            assert breaker.lets(now) == 0, "the probe is under way"
            assert breaker.state(now) is BreakerState.HALF_OPEN
        elif what is not Verdict.SILENT:
            row, failed = row + 1 if what is Verdict.FAILED else 0, [*failed, what is Verdict.FAILED]
        breaker = breaker.told(attempt, what, now)
        half = len(failed) >= 4 * after and 2 * sum(failed[-4 * after :]) >= 4 * after and failed[-1]
        if was_open:
            probes_failed = probes_failed + 1 if what is Verdict.FAILED else probes_failed
            assert breaker.is_closed == (what is Verdict.WORKS)
            row, failed = 0, []
        else:
            probes_failed = 0
            assert breaker.is_closed == (row < after and not half), (row, failed)
        if not breaker.is_closed:
            assert breaker.probe_at == now + wait(probes_failed)


@pytest.mark.req("D6")
def test_it_waits_twice_as_long_after_each_probe_that_failed_and_never_longer_than_the_longest() -> None:
    waits = [wait(failed) for failed in range(40)]
    assert waits[:3] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT]
    assert waits[-1] == LONGEST_WAIT
    assert waits == sorted(waits)


def test_a_probe_that_never_left_is_made_again_at_once() -> None:
    breaker = Breaker(1).told("a1", Verdict.FAILED, NOW)
    later = NOW + FIRST_WAIT
    assert breaker.lets(NOW) == 0
    probing = breaker.left("a2")
    assert probing.never_left("a1") == probing
    assert probing.never_left("a2").lets(later) == 1


def test_a_breaker_that_is_switched_off_never_opens() -> None:
    breaker = Breaker(0)
    for number in range(50):
        breaker = breaker.told(f"a{number}", Verdict.FAILED, NOW)
    assert breaker.lets(NOW) is None


@pytest.mark.req("D6")
@settings(deadline=None)
@given(st.integers(0, 6), st.lists(st.tuples(verdicts, st.integers(0, 400)), max_size=60))
def test_rebuilt_from_its_calls_it_is_as_it_was(after: int, history: list[tuple[Verdict, int]]) -> None:
    """One call after the other, each begun when the breaker let it leave."""
    breaker, now, ended = Breaker(after), NOW, list[Ended]()
    for number, (what, seconds) in enumerate(history):
        now += timedelta(seconds=seconds)
        if breaker.lets(now) == 0:
            continue
        attempt, started = f"a{number}", now
        now += timedelta(seconds=1)
        breaker = breaker.left(attempt).told(attempt, what, now)
        ended.append(Ended(attempt, started, now, what))
    assert rebuilt(after, ended) == breaker
