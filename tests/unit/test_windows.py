from datetime import UTC, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from dialer.domain.errors import InvalidInput
from dialer.domain.windows import (
    Closed,
    ExecutionTime,
    Opening,
    Validity,
    ValidityState,
    closes_at,
    is_open,
    next_open,
    opening,
    validity_state,
    zone,
)

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
OFFICE = ExecutionTime(time(9), time(18), ("mon", "tue", "wed", "thu", "fri"))
NIGHT = ExecutionTime(time(22), time(6), ("fri",))


def at(text: str, zone_name: str = "UTC", fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone_name), fold=fold).astimezone(UTC)


def faults(invalid: pytest.ExceptionInfo[InvalidInput]) -> dict[str, str]:
    return {fault.field: fault.reason for fault in invalid.value.faults}


@pytest.mark.req("C3")
def test_a_start_equal_to_its_end_is_refused_at_the_end_field() -> None:
    with pytest.raises(InvalidInput) as invalid:
        ExecutionTime(time(9), time(9))
    assert "same as the start (09:00)" in faults(invalid)["execution.end"]


@pytest.mark.req("C3")
def test_every_fault_of_an_execution_time_is_told_at_once() -> None:
    with pytest.raises(InvalidInput) as invalid:
        ExecutionTime(time(9), time(9), ("mon", "Montag"))
    assert set(faults(invalid)) == {"execution.end", "execution.days"}
    assert "'Montag'" in faults(invalid)["execution.days"]


@pytest.mark.req("C3")
def test_no_day_and_times_with_an_offset_are_refused() -> None:
    with pytest.raises(InvalidInput) as invalid:
        ExecutionTime(time(9, tzinfo=UTC), time(10), ())
    assert set(faults(invalid)) == {"execution.start", "execution.days"}


def test_days_are_kept_once_each_in_the_order_of_the_week() -> None:
    assert ExecutionTime(time(9), time(10), ("sun", "mon", "sun")).days == ("mon", "sun")


def test_an_execution_time_is_read_from_the_words_of_the_interface() -> None:
    assert ExecutionTime.read("09:00", "17:30:15", ["mon"]) == ExecutionTime(time(9), time(17, 30, 15), ("mon",))


@pytest.mark.req("C3")
@pytest.mark.parametrize(
    "text", ["", "9:00", "25:00", "12:60", "24:00", "09:00 pm", "٠٩:٠٠", "09", "0900", "09:00:00:00"]
)
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"execution\.start: .*24-hour clock"):
        ExecutionTime.read(text, "18:00")


@pytest.mark.req("C3")
@pytest.mark.parametrize(
    "until", ["2026-01-01T00:00:00+00:00", "2025-12-31T00:00:00+00:00", "2026-01-01T01:00:00+01:00"]
)
def test_a_validity_must_end_after_its_start(until: str) -> None:
    with pytest.raises(InvalidInput) as invalid:
        Validity(datetime(2026, 1, 1, tzinfo=UTC), datetime.fromisoformat(until))
    assert "is not after the start" in faults(invalid)["validity.until"]


@pytest.mark.req("C3")
def test_a_validity_without_offset_is_refused() -> None:
    with pytest.raises(InvalidInput) as invalid:
        Validity(datetime(2026, 1, 1), datetime(2026, 1, 2))  # noqa: DTZ001 -- what is tested
    assert set(faults(invalid)) == {"validity.from", "validity.until"}


def test_a_validity_is_kept_in_utc() -> None:
    validity = Validity(datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))))
    assert (validity.from_, validity.until) == (at("2026-01-01T00:00"), None)
    assert validity.from_ is not None
    assert validity.from_.tzinfo is UTC


@pytest.mark.req("C3")
@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("europe/berlin", "did you mean Europe/Berlin?"),
        ("America/New York", "did you mean America/New_York?"),
        ("CEST", "use an IANA name"),
        ("", "use an IANA name"),
        ("../../etc/passwd", "use an IANA name"),
        ("America", "use an IANA name"),
        ("localtime", "use an IANA name"),
        ("posix/Europe/Berlin", "use an IANA name"),
        ("Europe/Berlin\0", "use an IANA name"),
    ],
)
def test_an_unknown_zone_is_refused_with_a_remedy(name: str, remedy: str) -> None:
    with pytest.raises(InvalidInput) as invalid:
        zone(name)
    assert remedy in faults(invalid)["time_zone"]


def test_a_known_zone_is_found() -> None:
    assert zone(BERLIN) == ZoneInfo(BERLIN)


@pytest.mark.req("C9")
def test_a_window_holds_its_start_and_not_its_end() -> None:
    assert not is_open(OFFICE, BERLIN, at("2026-07-06T08:59:59.999999", BERLIN))
    assert is_open(OFFICE, BERLIN, at("2026-07-06T09:00", BERLIN))
    assert is_open(OFFICE, BERLIN, at("2026-07-06T17:59:59.999999", BERLIN))
    assert not is_open(OFFICE, BERLIN, at("2026-07-06T18:00", BERLIN))
    assert not is_open(OFFICE, BERLIN, at("2026-07-05T12:00", BERLIN))  # a Sunday


@pytest.mark.req("C9")
def test_the_same_window_is_judged_in_the_zone_that_is_given() -> None:
    now = at("2026-07-06T08:00")
    assert is_open(OFFICE, BERLIN, now)
    assert not is_open(OFFICE, NEW_YORK, now)
    assert next_open(OFFICE, NEW_YORK, now) == at("2026-07-06T13:00")


@pytest.mark.req("C3", "C9")
def test_a_window_over_midnight_belongs_to_the_day_on_which_it_opens() -> None:
    assert is_open(NIGHT, BERLIN, at("2026-07-10T22:00", BERLIN))  # Friday
    assert is_open(NIGHT, BERLIN, at("2026-07-11T05:59", BERLIN))
    assert not is_open(NIGHT, BERLIN, at("2026-07-11T06:00", BERLIN))
    assert not is_open(NIGHT, BERLIN, at("2026-07-10T03:00", BERLIN))  # Thursday's night
    assert not is_open(NIGHT, BERLIN, at("2026-07-11T22:00", BERLIN))
    assert closes_at(NIGHT, BERLIN, at("2026-07-10T23:00", BERLIN)) == at("2026-07-11T06:00", BERLIN)


def test_a_window_may_end_at_midnight() -> None:
    evening = ExecutionTime(time(18), time(0), ("mon",))
    assert closes_at(evening, BERLIN, at("2026-07-06T19:00", BERLIN)) == at("2026-07-07T00:00", BERLIN)
    assert not is_open(evening, BERLIN, at("2026-07-07T00:00", BERLIN))


@pytest.mark.req("C9")
def test_a_closed_window_opens_on_the_next_named_day_to_the_microsecond() -> None:
    friday_evening = at("2026-07-10T18:00:00.000001", BERLIN)
    assert next_open(OFFICE, BERLIN, friday_evening) == at("2026-07-13T09:00", BERLIN)
    assert next_open(OFFICE, BERLIN, at("2026-07-13T08:59:59.999999", BERLIN)) == at("2026-07-13T09:00", BERLIN)
    assert closes_at(OFFICE, BERLIN, friday_evening) is None


def test_without_an_execution_time_it_is_always_open() -> None:
    now = at("2026-07-06T03:00")
    assert is_open(None, BERLIN, now)
    assert next_open(None, BERLIN, now) == now
    assert closes_at(None, BERLIN, now) is None


def test_a_naive_now_is_a_mistake_in_the_program() -> None:
    with pytest.raises(ValueError, match="aware"):
        is_open(OFFICE, BERLIN, datetime(2026, 7, 6, 12))  # noqa: DTZ001 -- what is tested


# New York, 8 March 2026: the clock jumps from 02:00 to 03:00 at 07:00 UTC.


@pytest.mark.req("C9")
def test_a_start_that_does_not_exist_opens_when_the_clock_jumps() -> None:
    window = ExecutionTime(time(2, 30), time(4))
    assert next_open(window, NEW_YORK, at("2026-03-08T06:00")) == at("2026-03-08T07:00")
    assert closes_at(window, NEW_YORK, at("2026-03-08T07:00")) == at("2026-03-08T08:00")


@pytest.mark.req("C9")
def test_an_end_that_does_not_exist_closes_when_the_clock_jumps() -> None:
    window = ExecutionTime(time(1), time(2, 30))
    assert closes_at(window, NEW_YORK, at("2026-03-08T06:30")) == at("2026-03-08T07:00")


@pytest.mark.req("C9")
def test_a_window_inside_the_gap_does_not_open_that_week() -> None:
    window = ExecutionTime(time(2, 10), time(2, 50), ("sun",))
    assert next_open(window, NEW_YORK, at("2026-03-02T12:00")) == at("2026-03-15T02:10", NEW_YORK)


@pytest.mark.req("C9")
def test_a_pause_inside_the_gap_does_not_close_that_day() -> None:
    window = ExecutionTime(time(2, 45), time(2, 15))
    assert closes_at(window, NEW_YORK, at("2026-03-07T12:00", NEW_YORK)) == at("2026-03-09T02:15", NEW_YORK)


# New York, 1 November 2026: at 06:00 UTC the clock goes back from 02:00 to 01:00.


@pytest.mark.req("C9")
def test_an_hour_shown_twice_is_judged_twice() -> None:
    window = ExecutionTime(time(1, 30), time(5), ("sun",))
    first = next_open(window, NEW_YORK, at("2026-11-01T04:00"))
    assert first == at("2026-11-01T05:30")  # the first 01:30
    assert closes_at(window, NEW_YORK, first) == at("2026-11-01T06:00")  # the clock shows 01:00 again
    assert next_open(window, NEW_YORK, at("2026-11-01T06:00")) == at("2026-11-01T06:30")  # the second 01:30
    assert closes_at(window, NEW_YORK, at("2026-11-01T06:30")) == at("2026-11-01T10:00")


@pytest.mark.req("C9")
def test_a_window_that_ends_in_the_hour_shown_twice_closes_for_good_at_the_second_showing() -> None:
    window = ExecutionTime(time(0), time(1, 30), ("sun",))
    assert closes_at(window, NEW_YORK, at("2026-11-01T04:00")) == at("2026-11-01T05:30")
    assert next_open(window, NEW_YORK, at("2026-11-01T05:30")) == at("2026-11-01T06:00")
    assert closes_at(window, NEW_YORK, at("2026-11-01T06:00")) == at("2026-11-01T06:30")
    assert next_open(window, NEW_YORK, at("2026-11-01T06:30")) == at("2026-11-08T00:00", NEW_YORK)


@pytest.mark.req("C9")
def test_office_hours_keep_to_the_wall_clock_across_a_change() -> None:
    saturday = ExecutionTime(time(9), time(18), ("sat", "sun"))
    assert next_open(saturday, BERLIN, at("2026-03-28T08:00")) == at("2026-03-28T08:00")  # +01:00
    assert next_open(saturday, BERLIN, at("2026-03-28T18:00")) == at("2026-03-29T07:00")  # +02:00


@pytest.mark.req("C6")
def test_the_states_of_a_validity() -> None:
    validity = Validity(at("2026-01-01T00:00"), at("2026-02-01T00:00"))
    moments = ["2025-12-31T23:59", "2026-01-01T00:00", "2026-01-31T23:59", "2026-02-01T00:00"]
    states = [validity_state(validity, at(moment)) for moment in moments]
    assert states == [ValidityState.BEFORE, ValidityState.WITHIN, ValidityState.WITHIN, ValidityState.AFTER]
    assert validity_state(None, at(moments[0])) is ValidityState.WITHIN
    assert validity_state(Validity(), at(moments[0])) is ValidityState.WITHIN


@pytest.mark.req("C6", "C9")
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-07-05T12:00", Opening(open=False, reason=Closed.BEFORE_VALIDITY, changes_at=at("2026-07-07T07:00"))),
        (
            "2026-07-07T06:00",
            Opening(open=False, reason=Closed.OUTSIDE_EXECUTION_TIME, changes_at=at("2026-07-07T07:00")),
        ),
        ("2026-07-07T12:00", Opening(open=True, reason=None, changes_at=at("2026-07-07T16:00"))),
        ("2026-07-08T08:00", Opening(open=True, reason=None, changes_at=at("2026-07-08T10:00"))),
        ("2026-07-08T10:00", Opening(open=False, reason=Closed.EXPIRED, changes_at=None)),
    ],
)
def test_validity_and_execution_time_together(now: str, expected: Opening) -> None:
    validity = Validity(at("2026-07-06T20:00"), at("2026-07-08T10:00"))
    assert opening(OFFICE, validity, BERLIN, at(now)) == expected


@pytest.mark.req("C6")
def test_an_opening_after_the_end_of_the_validity_never_comes() -> None:
    weekend = Validity(at("2026-07-11T00:00"), at("2026-07-12T20:00"))
    before, within = (opening(OFFICE, weekend, BERLIN, at(now)) for now in ("2026-07-10T23:00", "2026-07-12T12:00"))
    assert before == Opening(open=False, reason=Closed.BEFORE_VALIDITY, changes_at=None)
    assert within == Opening(open=False, reason=Closed.OUTSIDE_EXECUTION_TIME, changes_at=None)


def test_without_any_limit_it_is_open_for_ever() -> None:
    assert opening(None, None, "UTC", at("2026-07-05T12:00")) == Opening(open=True, reason=None, changes_at=None)
    begun = Validity(at("2026-07-01T00:00"))
    assert opening(None, begun, "UTC", at("2026-07-05T12:00")) == Opening(open=True, reason=None, changes_at=None)
