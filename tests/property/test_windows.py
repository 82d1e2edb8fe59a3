"""The windows against an oracle that knows nothing of offsets: a list of wall-clock minutes, and one walk through UTC."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.domain.windows import WEEK, ExecutionTime, Validity, closes_at, is_open, next_open, opening

MINUTE = timedelta(minutes=1)
# A week around a change of the clocks each; Lord Howe moves by half an hour, Apia skipped a whole day, Cairo and
# Havana change at midnight, Tehran and Kolkata have no whole-hour offset, New York twice.
CHANGES = [
    ("America/New_York", date(2026, 3, 5)),
    ("America/New_York", date(2026, 10, 29)),
    ("Europe/Berlin", date(2026, 3, 26)),
    ("Europe/Berlin", date(2026, 10, 22)),
    ("Australia/Lord_Howe", date(2026, 4, 2)),
    ("Australia/Lord_Howe", date(2026, 10, 1)),
    ("America/Havana", date(2026, 10, 29)),
    ("Africa/Cairo", date(2026, 4, 21)),
    ("America/Santiago", date(2026, 9, 3)),
    ("Pacific/Apia", date(2011, 12, 27)),
    ("Asia/Kolkata", date(2026, 6, 1)),
]
minutes_of_day = st.integers(0, 1439).map(lambda m: time(m // 60, m % 60))
near_the_change = st.integers(0, 239).map(lambda m: time(m // 60, m % 60))
clock_times = minutes_of_day | near_the_change


@st.composite
def windows(draw: st.DrawFn) -> ExecutionTime:
    start = draw(clock_times)
    end = draw(clock_times.filter(lambda end: end != start))
    return ExecutionTime(start, end, tuple(draw(st.sets(st.sampled_from(WEEK), min_size=1))))


def wall_minutes(window: ExecutionTime, first: date, days: int) -> set[datetime]:
    """Every minute a wall clock can show while the window is open, opened day by day and counted up."""
    shown = set()
    for day in (first + timedelta(days=offset) for offset in range(-2, days + 2)):
        if WEEK[day.weekday()] not in window.days:
            continue
        wall = datetime.combine(day, window.start)
        while wall.time() != window.end:
            shown.add(wall)
            wall += MINUTE
    return shown


def oracle(window: ExecutionTime, zone_name: str, first: date, days: int) -> list[tuple[datetime, bool]]:
    """Every minute of UTC in these days, and whether the window is open in it."""
    shown = wall_minutes(window, first, days + 1)
    start = datetime.combine(first, time(), tzinfo=UTC)
    tz = ZoneInfo(zone_name)
    instants = (start + minute * MINUTE for minute in range(days * 1440))
    return [(at, at.astimezone(tz).replace(tzinfo=None) in shown) for at in instants]


@pytest.mark.req("C9")
@settings(max_examples=25, deadline=None)
@given(change=st.sampled_from(CHANGES), window=windows())
def test_open_is_what_the_wall_clock_shows_minute_by_minute(change: tuple[str, date], window: ExecutionTime) -> None:
    zone_name, first = change
    wrong = [at for at, expected in oracle(window, zone_name, first, 6) if is_open(window, zone_name, at) != expected]
    assert wrong == []


@pytest.mark.req("C9")
@settings(max_examples=60, deadline=None)
@given(
    change=st.sampled_from(CHANGES),
    window=windows(),
    minute=st.integers(0, 3 * 1440),
    micros=st.integers(0, 59_999_999),
)
def test_the_next_change_is_the_first_there_is(
    change: tuple[str, date], window: ExecutionTime, minute: int, micros: int
) -> None:
    zone_name, first = change
    now = datetime.combine(first, time(), tzinfo=UTC) + minute * MINUTE + timedelta(microseconds=micros)
    later = [(at, is_) for at, is_ in oracle(window, zone_name, first, 14) if at > now]
    open_now = is_open(window, zone_name, now)
    changes_at = next((at for at, is_ in later if is_ != open_now), None)
    if open_now:
        assert next_open(window, zone_name, now) == now
        assert closes_at(window, zone_name, now) == changes_at
    else:
        assert closes_at(window, zone_name, now) is None
        found = next_open(window, zone_name, now)
        assert found == changes_at or (changes_at is None and found is not None and found > later[-1][0])


@pytest.mark.req("C6", "C9")
@settings(max_examples=100, deadline=None)
@given(
    window=st.none() | windows(),
    now=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 -- given a zone
    bounds=st.tuples(st.integers(-20_000, 20_000), st.integers(1, 40_000)),
    zone_name=st.sampled_from([name for name, _ in CHANGES]),
)
def test_what_an_opening_promises_comes_true(
    window: ExecutionTime | None, now: datetime, bounds: tuple[int, int], zone_name: str
) -> None:
    from_ = now + bounds[0] * MINUTE
    validity = Validity(from_, from_ + bounds[1] * MINUTE)
    state = opening(window, validity, zone_name, now)
    assert state.open == (state.reason is None)
    if state.changes_at is not None:
        assert state.changes_at > now
        just_before = state.changes_at - timedelta(microseconds=1)
        assert opening(window, validity, zone_name, just_before).open == state.open
        assert opening(window, validity, zone_name, state.changes_at).open != state.open
