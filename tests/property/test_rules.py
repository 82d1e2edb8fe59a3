"""Rule packs against oracles: hours minute by minute in every zone, and a thousand calls in any rolling period."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.domain.rules.catalogue import ORDER, TimeRule, pack
from dialer.domain.rules.citation import Citation
from dialer.domain.rules.counted import Tried, first_allowed, refusals
from dialer.domain.rules.holidays import national_holidays
from dialer.domain.rules.hours import closed_rules, rule_windows
from dialer.domain.rules.week import Week
from dialer.domain.windows import WEEK, ExecutionTime, all_open, next_all_open, opening_of

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
START = datetime(2026, 1, 5, tzinfo=UTC)
# Around changes of the clocks, and around Australian holidays.
DAYS = [date(2026, 3, 7), date(2026, 10, 31), date(2026, 4, 2), date(2026, 12, 24), date(2026, 10, 3), date(2026, 6, 1)]
ZONES = [
    "America/New_York",
    "America/Los_Angeles",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Pacific/Honolulu",
    "UTC",
]
TIMED = [one for one in ORDER if pack(one).times]


def shows_open(pack_id: str, wall: datetime) -> bool:
    """The hours of the packs, once more and in other words."""
    minute, weekend = wall.hour * 60 + wall.minute, wall.weekday() >= 5
    if pack_id == "australia":
        until = 17 * 60 if weekend else 20 * 60
        rests = wall.weekday() == 6 or wall.date() in national_holidays("AU", wall.year)
        return not rests and 9 * 60 <= minute < until
    if pack_id == "canada":
        return 10 * 60 <= minute < 18 * 60 if weekend else 9 * 60 <= minute < 21 * 60 + 30
    return 8 * 60 <= minute < (20 if pack_id in {"us-florida", "us-maryland"} else 21) * 60


@pytest.mark.req("D7", "C9")
@settings(max_examples=40, deadline=None)
@given(
    pack_id=st.sampled_from(TIMED),
    zones=st.sets(st.sampled_from(ZONES), min_size=1, max_size=3),
    day=st.sampled_from(DAYS),
    minute=st.integers(0, 5 * 1440),
    micros=st.integers(0, 59_999_999),
)
def test_hours_are_open_when_every_wall_shows_so_and_open_next_when_it_is_said(
    pack_id: str, zones: set[str], day: date, minute: int, micros: int
) -> None:
    def is_open(when: datetime) -> bool:
        return all(shows_open(pack_id, when.astimezone(ZoneInfo(name)).replace(tzinfo=None)) for name in zones)

    now = datetime.combine(day, time(), tzinfo=UTC) + minute * MINUTE + timedelta(microseconds=micros)
    windows = rule_windows(pack(pack_id).times, sorted(zones))
    assert all_open(windows, now) is is_open(now)
    found = list(closed_rules(pack(pack_id).times, tuple(sorted(zones)), now))
    assert bool(found) is not is_open(now)
    whole = now.replace(second=0, microsecond=0)
    following = (whole + n * MINUTE for n in range(1, 9 * 1440))
    changes_at = next((at for at in following if is_open(at) is not is_open(now)), None)
    assert opening_of(windows, None, now).changes_at == changes_at
    if changes_at is not None and not is_open(now):
        assert next_all_open(windows, now) == changes_at


clock_times = st.integers(0, 1439).map(lambda m: time(m // 60, m % 60))


@st.composite
def weeks(draw: st.DrawFn) -> Week:
    """Any ranges, those over midnight among them."""
    ranges = []
    for _ in range(draw(st.integers(1, 3))):
        start = draw(clock_times)
        end = draw(clock_times.filter(lambda end, start=start: end != start))
        ranges.append(ExecutionTime(start, end, tuple(draw(st.sets(st.sampled_from(WEEK), min_size=1)))))
    return Week(tuple(ranges))


@pytest.mark.req("D7", "C9")
@settings(max_examples=40, deadline=None)
@given(week=weeks(), name=st.sampled_from(ZONES), day=st.sampled_from(DAYS), minute=st.integers(0, 3 * 1440))
def test_ranges_together_are_open_when_one_of_them_is(week: Week, name: str, day: date, minute: int) -> None:
    now = datetime.combine(day, time(), tzinfo=UTC) + minute * MINUTE
    rule = TimeRule(Citation("hours", "any", "1"), week)
    windows = rule_windows([rule], [name])

    def is_open(when: datetime) -> bool:
        return any(one.shows_open(when.astimezone(ZoneInfo(name)).replace(tzinfo=None)) for one in week.ranges)

    changes_at = next((at for n in range(1, 9 * 1440) if is_open(at := now + n * MINUTE) is not is_open(now)), None)
    assert all_open(windows, now) is is_open(now)
    if changes_at is not None:
        assert opening_of(windows, None, now).changes_at == changes_at


@pytest.mark.req("D7")
@settings(max_examples=60, deadline=None)
@given(
    pack_id=st.sampled_from(["us-florida", "us-debt-collection", "uk"]),
    wishes=st.lists(
        st.tuples(
            st.integers(0, 14 * 24 * 60),
            st.sampled_from(["no_answer", "busy", "answered", "abandoned", "lost"]),
            st.integers(1, 2),
        ),
        max_size=60,
    ),
)
def test_whoever_waits_as_told_never_breaks_a_rule(pack_id: str, wishes: list[tuple[int, str, int]]) -> None:
    """Each wish is put off until it is allowed, and again: then every rolling period is looked at."""
    rules, made = pack(pack_id).counting, list[Tried]()
    for minute, outcome, campaign_id in sorted(wishes):
        now = START + minute * MINUTE
        if made and made[-1].started_at >= now:
            now = made[-1].started_at + MINUTE
        while (found := first_allowed(list(refusals(rules, campaign_id, made, now)))) is not None:
            assert found.until > now
            now = found.until
        talked = now if outcome == "answered" else None
        made.append(Tried(campaign_id, now, now, talked, now, outcome))
    made.sort(key=lambda one: one.started_at)
    for number, one in enumerate(made):
        before = made[:number]
        mine = [other for other in before if other.campaign_id == one.campaign_id]
        if pack_id == "us-florida":
            assert sum(one.started_at - other.started_at < 24 * HOUR for other in mine) < 3
        elif pack_id == "us-debt-collection":
            assert sum(one.started_at - other.started_at < 168 * HOUR for other in before) < 7
            assert all(one.started_at - other.started_at >= 168 * HOUR for other in before if other.connected_at)
        else:
            left = [other for other in before if other.outcome == "abandoned"]
            assert all(one.started_at - other.started_at >= 72 * HOUR for other in left)
