"""When a campaign will be through: windows, weekends, the clocks being changed, and what can't be told."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from dialer.domain.series import Counts, Point
from dialer.domain.windows import ExecutionTime, Opening, Validity, opening
from dialer.pacing.finish import Finish, finish, rate, worked_off

OFFICE = ExecutionTime.read("09:00", "18:00", ["mon", "tue", "wed", "thu", "fri"])
BERLIN = "Europe/Berlin"
office = partial(opening, OFFICE, None, BERLIN)
always = partial(opening, None, None, BERLIN)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.req("A3")
@pytest.mark.parametrize(
    ("now", "hours", "then"),
    [
        ("2026-05-04T10:00+02:00", 0, "2026-05-04T10:00+02:00"),
        ("2026-05-04T10:00+02:00", 8, "2026-05-04T18:00+02:00"),
        ("2026-05-04T10:00+02:00", 8.5, "2026-05-05T09:30+02:00"),  # the next morning
        ("2026-05-04T20:00+02:00", 1, "2026-05-05T10:00+02:00"),  # begun when it is closed
        ("2026-05-08T17:00+02:00", 2, "2026-05-11T10:00+02:00"),  # over a weekend
        ("2026-03-27T17:00+01:00", 2, "2026-03-30T10:00+02:00"),  # and the clocks go forward in it
        ("2026-10-23T17:00+02:00", 10.5, "2026-10-27T09:30+01:00"),  # or back
    ],
)
def test_work_is_done_while_the_window_is_open(now: str, hours: float, then: str) -> None:
    assert worked_off(timedelta(hours=hours), office, at(now)) == at(then)


@pytest.mark.req("A3")
@pytest.mark.parametrize(("now", "then"), [("2026-03-29T00:30+01:00", "2026-03-29T05:30+02:00"),
                                          ("2026-10-25T00:30+02:00", "2026-10-25T03:30+01:00")])  # fmt: skip
def test_around_the_clock_an_hour_is_an_hour_when_the_clocks_change(now: str, then: str) -> None:
    assert worked_off(timedelta(hours=4), always, at(now)) == at(then)


@pytest.mark.req("A3")
def test_what_never_ends_is_not_foretold() -> None:
    now = at("2026-05-04T10:00+02:00")
    ends = partial(opening, OFFICE, Validity(until=now + timedelta(hours=1)), BERLIN)
    assert worked_off(timedelta(hours=2), ends, now) is None
    assert worked_off(timedelta(days=400), office, now) is None
    assert finish(10**9, 1, 0.1, office, now) == Finish(None, 0.1, 1)


@pytest.mark.req("A3")
@pytest.mark.parametrize(("each", "per_minute"), [(1.5, None), (1.5, 0.0), (0.0, 42.0)])
def test_without_a_rate_it_can_not_be_told(each: float, per_minute: float | None) -> None:
    assert finish(100, each, per_minute, office, at("2026-05-04T10:00+02:00")) is None


@pytest.mark.req("A3")
def test_what_remains_at_the_rate() -> None:
    now = at("2026-05-04T10:00+02:00")
    assert finish(840, 1.5, 42, office, now) == Finish(now + timedelta(minutes=30), 42, 1.5)


def series(calls: Sequence[int], begin: str) -> list[Point]:
    return [Point(at(begin) + n * timedelta(minutes=1), Counts(calls=one)) for n, one in enumerate(calls)]


@pytest.mark.req("A3")
@pytest.mark.parametrize(
    ("calls", "begin", "found"),
    [
        (
            [0, 0, 40, 44, 0, 36, 0, 99],
            "2026-05-04T10:00+02:00",
            30,
        ),  # from the first to the last, without the one under way
        ([30, 30, 0, 0, 0, 0], "2026-05-04T17:58+02:00", 30),
        (
            [30, 30, 0, 0, 30, 0],
            "2026-05-04T17:58+02:00",
            30,
        ),  # closed minutes count only if somebody was called in them
        ([0, 4, 0], "2026-05-04T10:00+02:00", None),  # too few
        ([0, 0, 9], "2026-05-04T10:00+02:00", None),
        ([], "2026-05-04T10:00+02:00", None),
    ],
)
def test_the_rate_is_that_of_open_time(calls: Sequence[int], begin: str, found: float | None) -> None:
    assert rate(series(calls, begin), office, timedelta(minutes=1)) == found


def test_a_window_without_end_is_open_for_good() -> None:
    now = at("2026-05-04T10:00+02:00")
    forever = Opening(open=True, reason=None, changes_at=None)
    assert worked_off(timedelta(days=3), lambda _: forever, now) == now + timedelta(days=3)
