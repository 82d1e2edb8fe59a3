"""When a campaign may act: its execution time (a daily range on the wall clock) and its validity period.

**The rule is the wall clock.** A window is open exactly when the clock on the wall of the zone shows a time within
`[start, end)`, on a day that is named. That is how calling rules are worded ("8:00-21:00 in the called party's local
time"), and it settles the days on which the clocks change without a special case:

* spring forward: a start that does not exist (02:30) opens at the instant the clock jumps; an end that does not
  exist closes there; a window that lies wholly in the gap does not open that day.
* autumn back: an hour that is shown twice is judged twice. A window 01:30-05:00 opens at the first 01:30, is closed
  while the clock, set back, shows 01:00-01:29 again, and goes on at the second 01:30. A window that ends at 01:30
  closes there, is open again while 01:00-01:29 is shown again, and closes for good at the second 01:30. Never is
  anybody called while the own clock shows a closed time, and a named time is never left out.

A range over midnight belongs to the day on which it opens: 22:00-06:00 on Friday runs into Saturday morning.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import product
from typing import Protocol
from zoneinfo import ZoneInfo, available_timezones

from dialer.domain.errors import Fault, InvalidInput, shown
from dialer.domain.said import marked

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)
DAY_SECONDS = 86_400
# A weekly window can fall into the gap of a clock change, so look beyond one week; two gaps in a row do not exist.
HORIZON_DAYS = 15
# Several windows together: a weekly one that holidays close twice in a row opens after three weeks.
TOGETHER = timedelta(days=31)
# Files beside the zones that name no place.
_NOT_PLACES = frozenset({"Factory", "localtime", "posixrules"})


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """All IANA zone names this machine knows, for choosers and checks."""
    return frozenset(available_timezones() - _NOT_PLACES)


@lru_cache(maxsize=1024)
def zone(name: str, field: str = "time_zone") -> ZoneInfo:
    """The zone of that IANA name. Raises InvalidInput with the field, the value and the likeliest remedy."""
    if name in zone_names():
        return ZoneInfo(name)
    wanted = name.strip().replace(" ", "_").casefold()
    near = next((known for known in sorted(zone_names()) if known.casefold() == wanted), None)
    if near:
        told = marked("%(name)s is not a known time zone; did you mean %(near)s?")
    else:
        told = marked("%(name)s is not a known time zone; use an IANA name such as Europe/Berlin or America/New_York")
    raise InvalidInput.single(field, told, name=shown(name), near=near)


def clock(text: str, field: str) -> time:
    """A time of day from `HH:MM` or `HH:MM:SS` on the 24-hour clock. Raises InvalidInput."""
    digits = text.split(":")
    if len(digits) in (2, 3) and all(len(d) == 2 and d.isascii() and d.isdigit() for d in digits):  # noqa: PLR2004
        try:
            return time.fromisoformat(text)
        except ValueError:
            pass  # 25:00, 12:60
    raise InvalidInput.single(
        field, "%(text)s is not a time of day; write it as 09:00 or 17:30, on the 24-hour clock", text=shown(text)
    )


class WallHours(Protocol):
    """Hours on the wall clock; the answer changes at no other times of day than `edges`, and where the clock jumps."""

    @property
    def edges(self) -> Collection[time]: ...

    def shows_open(self, wall: datetime) -> bool: ...


#: Hours, None for around the clock, and the zone on whose wall the clock hangs.
Clocked = tuple[WallHours | None, str]


@dataclass(frozen=True, slots=True)
class ExecutionTime:
    """A daily range on the wall clock, `start` included, `end` not, on the days named by WEEK's words.

    An end before the start runs over midnight. Raises InvalidInput: start equal to end, no day, unknown day.
    """

    start: time
    end: time
    days: tuple[str, ...] = WEEK

    def __post_init__(self) -> None:
        faults = []
        if self.start.tzinfo or self.end.tzinfo:
            faults.append(Fault("execution.start", "is a time on the zone's own wall clock and carries no offset"))
        elif self.start == self.end:
            told = marked("is the same as the start (%(start)s); leave out the execution time to run around the clock")
            faults.append(Fault("execution.end", told, start=f"{self.start:%H:%M}"))
        if unknown := [day for day in self.days if day not in WEEK]:
            named = ", ".join(map(shown, unknown))
            told = marked("%(named)s is not a day of the week; use %(week)s")
            faults.append(Fault("execution.days", told, named=named, week=", ".join(WEEK)))
        elif not self.days:
            faults.append(Fault("execution.days", "names no day, so nothing would ever run; tick at least one"))
        if faults:
            raise InvalidInput(faults)
        object.__setattr__(self, "days", tuple(day for day in WEEK if day in self.days))

    @classmethod
    def read(cls, start: str, end: str, days: Iterable[str] = WEEK) -> "ExecutionTime":
        """From the interface's words: `read("09:00", "18:00", ["mon"])`. Raises InvalidInput."""
        return cls(clock(start, "execution.start"), clock(end, "execution.end"), tuple(days))

    @property
    def over_midnight(self) -> bool:
        return self.end < self.start

    @property
    def edges(self) -> Collection[time]:
        return (self.start, self.end)

    def shows_open(self, wall: datetime) -> bool:
        """Whether the window is open while the clock on the wall shows `wall` (naive)."""
        shown_time = wall.time()
        if not self.over_midnight:
            return self.start <= shown_time < self.end and WEEK[wall.weekday()] in self.days
        if shown_time >= self.start:
            return WEEK[wall.weekday()] in self.days
        return shown_time < self.end and WEEK[wall.weekday() - 1] in self.days


@dataclass(frozen=True, slots=True)
class Validity:
    """From (included) until (not included), both aware, kept in UTC; None is unbounded. Raises InvalidInput."""

    from_: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        faults = []
        for name, value in (("from", self.from_), ("until", self.until)):
            if value is not None and value.tzinfo is None:
                told = marked("%(value)s has no offset; add Z or +01:00")
                faults.append(Fault(f"validity.{name}", told, value=value.isoformat()))
        if faults:
            raise InvalidInput(faults)
        if self.from_ is not None and self.until is not None and self.until <= self.from_:
            told = marked("%(until)s is not after the start, %(start)s; choose a later end")
            values = {"until": self.until.isoformat(), "start": self.from_.isoformat()}
            raise InvalidInput.single("validity.until", told, **values)
        for slot in ("from_", "until"):
            value = getattr(self, slot)
            object.__setattr__(self, slot, value and value.astimezone(UTC))


class ValidityState(StrEnum):
    BEFORE = "before"
    WITHIN = "within"
    AFTER = "after"


class Closed(StrEnum):
    """Why nothing may start now."""

    BEFORE_VALIDITY = "before-validity-period"
    EXPIRED = "validity-period-expired"
    OUTSIDE_EXECUTION_TIME = "outside-execution-time"
    OUTSIDE_RULE_HOURS = "outside-rule-hours"  # of the campaign's rule pack


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether work may start, why not, and the instant (UTC) at which `open` changes next; None is never."""

    open: bool
    reason: Closed | None
    changes_at: datetime | None


def validity_state(validity: Validity | None, now: datetime) -> ValidityState:
    if validity is None:
        return ValidityState.WITHIN
    if validity.from_ is not None and now < validity.from_:
        return ValidityState.BEFORE
    if validity.until is not None and now >= validity.until:
        return ValidityState.AFTER
    return ValidityState.WITHIN


def is_open(hours: WallHours | None, zone_name: str, now: datetime) -> bool:
    """Whether the wall clock of the zone shows an open time; without an execution time always."""
    return hours is None or hours.shows_open(_wall(now, zone(zone_name)))


def next_open(hours: WallHours | None, zone_name: str, now: datetime) -> datetime | None:
    """The first open instant (UTC) at or after `now`, which is `now` itself while the window is open."""
    if hours is None or is_open(hours, zone_name, now):
        return now.astimezone(UTC)
    return next((at for at in _boundaries(hours, zone_name, now) if is_open(hours, zone_name, at)), None)


def closes_at(hours: WallHours | None, zone_name: str, now: datetime) -> datetime | None:
    """The instant (UTC) at which the present opening ends; None when it is closed already or never closes."""
    if hours is None or not is_open(hours, zone_name, now):
        return None
    return next((at for at in _boundaries(hours, zone_name, now) if not is_open(hours, zone_name, at)), None)


def all_open(windows: Iterable[Clocked], now: datetime) -> bool:
    """Whether every one of them is open."""
    return all(is_open(hours, zone_name, now) for hours, zone_name in windows)


def next_all_open(windows: Sequence[Clocked], now: datetime) -> datetime | None:
    """The first instant (UTC) at or after `now` at which all are open at once; None if there is none within a month."""
    at, until = now.astimezone(UTC), now + TOGETHER
    while at <= until:
        closed = next(((hours, name) for hours, name in windows if not is_open(hours, name, at)), None)
        if closed is None:
            return at
        opens = next_open(*closed, at)
        if opens is None:
            return None
        at = opens
    return None


def opening(execution: ExecutionTime | None, validity: Validity | None, zone_name: str, now: datetime) -> Opening:
    """Validity and execution time together. An opening that would come after the validity's end never comes."""
    return opening_of([(execution, zone_name)], validity, now)


NextOpen = Callable[[Sequence[Clocked], datetime], datetime | None]


def opening_of(
    windows: Sequence[Clocked], validity: Validity | None, now: datetime, opens_at: NextOpen = next_all_open
) -> Opening:
    """The same of several windows, which all have to be open; `opens_at` may remember what `next_all_open` says."""
    state = validity_state(validity, now)
    if state is ValidityState.AFTER:
        return Opening(open=False, reason=Closed.EXPIRED, changes_at=None)
    until = validity.until if validity else None
    earliest = validity.from_ if validity and validity.from_ and state is ValidityState.BEFORE else now
    opens = opens_at(windows, earliest)
    if opens is not None and until is not None and opens >= until:
        opens = None
    if state is ValidityState.BEFORE:
        return Opening(open=False, reason=Closed.BEFORE_VALIDITY, changes_at=opens)
    if opens != now:
        return Opening(open=False, reason=Closed.OUTSIDE_EXECUTION_TIME, changes_at=opens)
    ends = [closes_at(hours, zone_name, now) for hours, zone_name in windows]
    return Opening(open=True, reason=None, changes_at=min((end for end in (*ends, until) if end), default=None))


def _wall(now: datetime, tz: ZoneInfo) -> datetime:
    if now.tzinfo is None:
        raise ValueError("`now` must be aware: a naive time would be read in the machine's own zone")
    return now.astimezone(tz).replace(tzinfo=None)


def _boundaries(hours: WallHours, zone_name: str, now: datetime) -> Iterator[datetime]:
    """Every instant after `now`, in order, at which the window can open or close, within the horizon.

    The answer can only change when the wall clock reaches an edge (either time it shows it), or jumps.
    """
    tz = zone(zone_name)
    base = now.astimezone(UTC).replace(microsecond=0)
    for day in range(HORIZON_DAYS):
        begin = base + day * DAY
        instants = {*_readings(hours, tz, begin), *_jumps(tz, begin)}
        yield from sorted(at for at in instants if begin < at <= begin + DAY and at > now)


def _readings(hours: WallHours, tz: ZoneInfo, begin: datetime) -> Iterator[datetime]:
    """The instants around the day from `begin` at which the wall clock shows an edge.

    A reading that does not exist comes out somewhere near the gap: a needless candidate, never a wrong answer.
    """
    today = begin.astimezone(tz).date()
    for offset, at, fold in product((-1, 0, 1, 2), hours.edges, (0, 1)):
        wall = datetime.combine(today + offset * DAY, at)
        yield wall.replace(tzinfo=tz, fold=fold).astimezone(UTC)


def _jumps(tz: ZoneInfo, begin: datetime) -> Iterator[datetime]:
    """The second in the day from `begin` at which the zone's offset changes, if it does (zoneinfo doesn't tell)."""

    def changed(second: int) -> bool:
        return (begin + timedelta(seconds=second)).astimezone(tz).utcoffset() != before

    before = begin.astimezone(tz).utcoffset()
    if changed(DAY_SECONDS):
        yield begin + timedelta(seconds=bisect_left(range(DAY_SECONDS), True, key=changed))
