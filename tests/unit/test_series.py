"""Minutes into the steps of an hour and of a day, and rates over the last whole minutes."""

from datetime import UTC, datetime, timedelta

import pytest

from dialer.domain.series import Counts, Point, Span, points, rates, since, total

NOW = datetime(2026, 5, 4, 12, 7, 31, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def counted(*ago_min: int) -> dict[datetime, Counts]:
    this = NOW.replace(second=0, microsecond=0)
    return {this - ago * MINUTE: Counts(calls=1) for ago in ago_min}


@pytest.mark.req("A3")
@pytest.mark.parametrize(
    ("span", "begins", "steps"),
    [
        (Span.HOUR, datetime(2026, 5, 4, 11, 7, tzinfo=UTC), 61),
        (Span.DAY, datetime(2026, 5, 3, 12, 0, tzinfo=UTC), 97),
    ],
)
def test_every_step_is_there_and_the_last_is_under_way(span: Span, begins: datetime, steps: int) -> None:
    found = points(span, {}, NOW)
    assert found[0] == Point(begins, Counts())
    assert since(span, NOW) == begins
    assert len(found) == steps
    assert found[-1].at <= NOW < found[-1].at + span.step


@pytest.mark.req("A3")
def test_minutes_add_up_in_their_steps_and_others_are_left_out() -> None:
    hour = points(Span.HOUR, counted(-1, 0, 1, 60, 61), NOW)
    assert [place for place, one in enumerate(hour) if one.counts.calls] == [0, 59, 60]
    day = points(Span.DAY, counted(0, 7, 8, 22, 23, 24 * 60 + 7, 24 * 60 + 8), NOW)
    assert [(place, one.counts.calls) for place, one in enumerate(day) if one.counts.calls] == [
        (0, 1), (94, 1), (95, 2), (96, 2),
    ]  # fmt: skip
    assert total(day) == Counts(calls=6)


@pytest.mark.req("A3")
def test_rates_leave_out_the_minute_under_way() -> None:
    one = Counts(calls=6, ended=8, answered=4, abandoned=1, texts=30)
    seen = {(NOW - ago * MINUTE).replace(second=0): one for ago in (0, 1, 10, 11)}
    found = rates(points(Span.HOUR, seen, NOW))
    assert found.calls == 1.2
    assert found.texts == 0.1
    assert found.counts.answer_percent == 50
    assert found.counts.abandoned_percent == 25


def test_of_nothing_there_is_no_rate() -> None:
    found = rates(points(Span.HOUR, {}, NOW))
    assert found.calls == 0
    assert found.counts.answer_percent is None
    assert found.counts.abandoned_percent is None
