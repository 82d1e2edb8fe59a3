"""What happened minute by minute: calls, answers, abandoned calls, texts; over an hour by the minute, over a day by the quarter. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

MINUTE = timedelta(minutes=1)
#: A span of a day and what a slow clock may add.
KEPT = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Counts:
    """`calls` were sent in this time. `ended` ended in it; of those `answered` by a person, of those `abandoned`. `texts` were accepted."""

    calls: int = 0
    ended: int = 0
    answered: int = 0
    abandoned: int = 0
    texts: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.calls + other.calls,
            self.ended + other.ended,
            self.answered + other.answered,
            self.abandoned + other.abandoned,
            self.texts + other.texts,
        )

    @property
    def answer_percent(self) -> float | None:
        """Of the calls that ended; None without any."""
        return 100 * self.answered / self.ended if self.ended else None

    @property
    def abandoned_percent(self) -> float | None:
        """Of the calls that a person answered; None without any."""
        return 100 * self.abandoned / self.answered if self.answered else None


class Span(StrEnum):
    HOUR = "hour"
    DAY = "day"

    @property
    def step(self) -> timedelta:
        return MINUTE if self is Span.HOUR else 15 * MINUTE

    @property
    def length(self) -> timedelta:
        return timedelta(hours=1) if self is Span.HOUR else timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Point:
    """What happened in the step that begins then."""

    at: datetime
    counts: Counts


def minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def since(span: Span, now: datetime) -> datetime:
    """The beginning of the first step: the last one is under way, before it are as many whole ones as the span has."""
    step = span.step.total_seconds()
    return datetime.fromtimestamp(now.timestamp() // step * step, UTC) - span.length


def points(span: Span, counted: Mapping[datetime, Counts], now: datetime) -> list[Point]:
    """Every step of the span, those in which nothing happened too; `counted` by minute."""
    start = since(span, now)
    sums = [Counts()] * (span.length // span.step + 1)
    for at, one in counted.items():
        if 0 <= (step := (at - start) // span.step) < len(sums):
            sums[step] = sums[step] + one
    return [Point(start + number * span.step, one) for number, one in enumerate(sums)]


def total(some: Iterable[Point]) -> Counts:
    return sum((one.counts for one in some), Counts())


#: Rates are told over so many whole minutes.
RECENT = 10


@dataclass(frozen=True, slots=True)
class Rates:
    """Over the last whole minutes: `calls` a minute, `texts` a second, and what came of the calls that ended in them."""

    calls: float
    texts: float
    counts: Counts


def rates(hour: list[Point]) -> Rates:
    """`hour`: the points of a span by the minute."""
    recent = total(hour[-1 - RECENT : -1])
    return Rates(recent.calls / RECENT, recent.texts / (60 * RECENT), recent)
