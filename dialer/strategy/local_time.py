"""Clock times in a contact's own zone, right on the days when the clocks change."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from dialer.domain.errors import InvalidInput
from dialer.domain.said import Said
from dialer.domain.windows import zone

_DAY = timedelta(days=1)
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


def find_zone(name: str) -> ZoneInfo | None:
    """The IANA zone of that name, or None."""
    try:
        return zone(name)
    except InvalidInput:
        return None


def instant(day: date, clock: time, where: tzinfo) -> datetime:
    """The UTC instant at which the clocks of `where` show `clock` on `day`.

    A time that the clocks skip in spring is read as that much after the jump (02:30 becomes 03:30); a time that
    they show twice in autumn is its first occurrence (PEP 495, fold=0).
    """
    return datetime.combine(day, clock, tzinfo=where).astimezone(UTC)


def next_at(now: datetime, clock: time, where: tzinfo) -> datetime:
    """The next UTC instant strictly after `now` at which the clocks of `where` show `clock`."""
    today = now.astimezone(where).date()
    due = instant(today, clock, where)
    while due <= now:
        today += _DAY
        due = instant(today, clock, where)
    return due


def later(now: datetime, duration: timedelta, where: tzinfo) -> datetime:
    """The UTC instant `duration` after `now`; whole days are days on the clocks of `where`, also when these change."""
    if not duration or duration % _DAY:
        return now + duration
    local = now.astimezone(where)
    return instant(local.date() + duration, local.time(), where)


def read_clock(text: str) -> time:
    """Read `09:00` on a 24-hour clock; raises ValueError."""
    written = _CLOCK.fullmatch(text)
    if written is None:
        raise ValueError(Said("write a time of day as HH:MM, such as 09:00"))
    return time(int(written[1]), int(written[2]))


def read_moment(text: str, where: tzinfo) -> datetime:
    """Read a date (its midnight), a local date and time, or one with an offset, as a UTC instant; raises ValueError."""
    try:
        moment = datetime.fromisoformat(text.strip())
        aware = moment if moment.tzinfo else moment.replace(tzinfo=where)
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(Said("write a date as 2026-12-24, or with its time as 2026-12-24T09:00")) from None
