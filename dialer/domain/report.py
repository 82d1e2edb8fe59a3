"""A campaign's report, out of counts: what became of its contacts, calls and texts, by hour and by step.

Pure. Every table is made of the same counts, so that its sums are the totals.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dialer.domain.outcome import Outcome
from dialer.domain.transitions import EnrollmentState, MessageStatus

CALL, SMS = "call", "sms"
OPEN = "open"  # a call or text that is under way
OUTCOMES = (*(outcome.value for outcome in Outcome), OPEN)
STATUSES = (*(status.value for status in MessageStatus if status is not MessageStatus.PENDING), OPEN)
QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)
HOURS = 24


def quarter(at: datetime) -> datetime:
    """The beginning of its quarter of an hour; all zones are off by whole quarters."""
    return at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)


class Tallied(NamedTuple):
    """How many calls or texts of a step had this result."""

    channel: str
    result: str
    node: str
    number: int
    talk_ms: int


class Slot(NamedTuple):
    """How many calls or texts were begun at that time of the UTC day (`13:45`), within a part of the campaign's life."""

    part: int
    at: str
    channel: str
    result: str
    number: int


class Standing(NamedTuple):
    """How many contacts stand at a step in that state; None: they have yet to enter the strategy."""

    node: str | None
    state: str
    number: int


@dataclass(frozen=True)
class Counts:
    """Everything that is asked of the store, in one snapshot."""

    standing: Sequence[Standing] = ()
    tallied: Sequence[Tallied] = ()
    slots: Sequence[Slot] = ()
    tries: Sequence[tuple[int, int]] = ()  # calls, contacts that had so many
    reached: Sequence[tuple[int, int]] = ()  # calls, contacts that first talked with an agent in the last of them
    entered: Mapping[str, int] = field(default_factory=dict)
    replies: int = 0


@dataclass(frozen=True, slots=True)
class Results:
    """Calls by outcome and texts by status, with a number for each there is."""

    outcomes: Mapping[str, int]
    statuses: Mapping[str, int]

    @property
    def attempts(self) -> int:
        return sum(self.outcomes.values())

    @property
    def texts(self) -> int:
        return sum(self.statuses.values())


@dataclass(frozen=True, slots=True)
class Summary:
    loaded: int
    states: Mapping[str, int]
    dialed: int  # contacts that were called at all
    reached: int  # contacts that talked with an agent
    remaining: int  # contacts with something yet to come: pending, in progress, waiting
    results: Results
    replies: int
    talk_s: float

    @property
    def talk_average_s(self) -> float | None:
        answered = self.results.outcomes[Outcome.ANSWERED]
        return round(self.talk_s / answered, 1) if answered else None


@dataclass(frozen=True, slots=True)
class Tries:
    """Of the contacts that were called: how many had `calls` calls, and how many were reached by just so many."""

    calls: int
    contacts: int
    reached: int
    reached_so_far: int


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour of the day in the campaign's zone; `start` is None where it stands for that hour of all days."""

    label: str
    results: Results
    start: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """`entered`: how often contacts came to it, for steps that call, text or send; `waiting`, `done` and `stopped`: who is there."""

    node: str
    name: str
    type: str
    entered: int | None
    waiting: int
    done: int
    stopped: int
    results: Results


@dataclass(frozen=True, slots=True)
class Report:
    summary: Summary
    tries: Sequence[Tries]
    hours: Sequence[Hour]
    steps: Sequence[Step]
    not_entered: int  # contacts that have yet to enter the strategy


def results(found: Iterable[tuple[str, str, int]]) -> Results:
    """Of `(channel, result, number)`."""
    sums: Counter[tuple[str, str]] = Counter()
    for channel, result, number in found:
        sums[channel, result] += number
    return Results({one: sums[CALL, one] for one in OUTCOMES}, {one: sums[SMS, one] for one in STATUSES})


def summary(counts: Counts) -> Summary:
    states = Counter(dict.fromkeys((state.value for state in EnrollmentState), 0))
    for one in counts.standing:
        states[one.state] += one.number
    coming = (EnrollmentState.PENDING, EnrollmentState.IN_PROGRESS, EnrollmentState.WAITING)
    return Summary(
        loaded=states.total(),
        states=states,
        dialed=sum(contacts for calls, contacts in counts.tries if calls),
        reached=sum(contacts for _, contacts in counts.reached),
        remaining=sum(states[state] for state in coming),
        results=results((one.channel, one.result, one.number) for one in counts.tallied),
        replies=counts.replies,
        talk_s=sum(one.talk_ms for one in counts.tallied) / 1000,
    )


def tries(counts: Counts) -> list[Tries]:
    """From one call up to the most that anybody had, without gaps."""
    had, reached = Counter(dict(counts.tries)), Counter(dict(counts.reached))
    told, so_far = [], 0
    for calls in range(1, max((*had, *reached), default=0) + 1):
        so_far += reached[calls]
        told.append(Tries(calls, had[calls], reached[calls], so_far))
    return told


# -- hours ----------------------------------------------------------------------------------------------------------------


def offset_changes(zone: ZoneInfo, first: datetime, last: datetime) -> list[datetime]:
    """The instants after `first`, up to `last`, from which on the zone's offset is another: to the quarter of an hour."""
    found, at = [], first
    while at < last:
        then = min(at + timedelta(days=1), last)
        if _offset(zone, at) != _offset(zone, then):
            at = _change(zone, at, then)
            found.append(at)
        else:
            at = then
    return found


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first quarter that has another offset than `before`."""
    quarters = range(int((after - before) / QUARTER) + 1)
    moments = (before + n * QUARTER for n in quarters)
    return next((moment for moment in moments if _offset(zone, moment) != _offset(zone, before)), after)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def hours_of_day(slots: Iterable[Slot], offsets: Sequence[timedelta]) -> list[Hour]:
    """The 24 hours of the clock over all days; `offsets` is the zone's in each part."""
    held: dict[int, list[tuple[str, str, int]]] = {hour: [] for hour in range(HOURS)}
    for one in slots:
        utc = timedelta(hours=int(one.at[:2]), minutes=int(one.at[3:]))
        held[(utc + offsets[one.part]) // HOUR % HOURS].append((one.channel, one.result, one.number))
    return [Hour(f"{hour:02d}:00", results(found)) for hour, found in held.items()]


def day_bounds(zone: ZoneInfo, day: date) -> tuple[datetime, datetime]:
    """The instants between which it is that day there, in UTC."""
    first, then = (datetime(one.year, one.month, one.day, tzinfo=zone) for one in (day, day + timedelta(days=1)))
    return first.astimezone(UTC), then.astimezone(UTC)


def hours_of(zone: ZoneInfo, day: date, found: Iterable[tuple[datetime, str, str, int]]) -> list[Hour]:
    """The hours that the day has: 23, 24 or 25. `found`: `(quarter, channel, result, number)`."""
    start, end = day_bounds(zone, day)
    held: dict[tuple[int, timedelta], tuple[datetime, list[tuple[str, str, int]]]] = {}
    for n in range(int((end - start) / QUARTER)):
        moment = start + n * QUARTER
        held.setdefault(_hour_of(zone, moment), (moment, []))
    for moment, channel, result, number in found:
        held[_hour_of(zone, moment)][1].append((channel, result, number))
    twice = {hour for hour, times in Counter(hour for hour, _ in held).items() if times > 1}
    return [
        Hour(_label(hour, offset, is_twice=hour in twice), results(inside), begun)
        for (hour, offset), (begun, inside) in held.items()
    ]


def _hour_of(zone: ZoneInfo, moment: datetime) -> tuple[int, timedelta]:
    return moment.astimezone(zone).hour, _offset(zone, moment)


def _label(hour: int, offset: timedelta, *, is_twice: bool) -> str:
    """An hour that the clock shows twice is told by its offset."""
    minutes = int(offset.total_seconds()) // 60
    told = (
        f" (UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60}{f':{abs(minutes) % 60:02d}' if minutes % 60 else ''})"
    )
    return f"{hour:02d}:00{told if is_twice else ''}"


# -- steps ----------------------------------------------------------------------------------------------------------------


def steps(counts: Counts, known: Mapping[str, tuple[str, str]]) -> list[Step]:
    """One for each step of the strategy, `{node: (name, type)}` in its order, then those that earlier versions had."""
    nodes = dict.fromkeys([*known, *sorted(_elsewhere(counts) - known.keys())])
    return [_step(node, *known.get(node, ("", "")), counts) for node in nodes]


def _elsewhere(counts: Counts) -> set[str]:
    standing = {one.node for one in counts.standing if one.node is not None}
    return standing | {one.node for one in counts.tallied} | set(counts.entered)


def _step(node: str, name: str, kind: str, counts: Counts) -> Step:
    here = Counter[str]()
    for one in counts.standing:
        here[one.state] += one.number if one.node == node else 0
    done, stopped = here[EnrollmentState.DONE], here[EnrollmentState.STOPPED]
    return Step(
        node=node,
        name=name,
        type=kind,
        entered=counts.entered.get(node, 0 if kind in {"call", "sms", "webhook"} else None),
        waiting=here.total() - done - stopped,
        done=done,
        stopped=stopped,
        results=results(_of_node(counts, node)),
    )


def _of_node(counts: Counts, node: str) -> Iterator[tuple[str, str, int]]:
    return ((one.channel, one.result, one.number) for one in counts.tallied if one.node == node)


def not_entered(counts: Counts) -> int:
    return sum(one.number for one in counts.standing if one.node is None)
