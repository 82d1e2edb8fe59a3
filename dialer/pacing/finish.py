"""When a campaign will be through, if it goes on as it went: what remains at the measured rate, within its windows. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dialer.domain.series import Point
from dialer.domain.windows import Opening

#: Whether the campaign may call at an instant, and when that changes next.
OpeningAt = Callable[[datetime], Opening]
#: Of fewer calls and texts no rate is told.
ENOUGH = 5
#: Further ahead nothing is foretold: openings, and minutes of work.
MOST_OPENINGS, MOST_MINUTES = 400, 366 * 24 * 60


@dataclass(frozen=True, slots=True)
class Finish:
    """`at`: None if it is more than a year away, or no window ever opens again. `per_minute`: calls and texts; `each`: for a contact."""

    at: datetime | None
    per_minute: float
    each: float


def finish(remaining: int, each: float, per_minute: float | None, opening: OpeningAt, now: datetime) -> Finish | None:
    """`remaining` contacts take `each` calls and texts; None while that can't be told."""
    if not per_minute or not each:
        return None
    minutes = remaining * each / per_minute
    at = worked_off(timedelta(minutes=minutes), opening, now) if minutes <= MOST_MINUTES else None
    return Finish(at, per_minute, each)


def worked_off(work: timedelta, opening: OpeningAt, now: datetime) -> datetime | None:
    """The instant at which so much time has been open; None if that never comes."""
    at = now
    for _ in range(MOST_OPENINGS):
        found = opening(at)
        if found.open:
            if found.changes_at is None or at + work <= found.changes_at:
                return at + work
            work -= found.changes_at - at
        if found.changes_at is None:
            return None
        at = found.changes_at
    return None


def rate(points: Sequence[Point], opening: OpeningAt, step: timedelta) -> float | None:
    """Calls and texts a minute, from the first whole step with some to the last, but for those in which the window was closed.

    None if there were too few.
    """
    whole = points[:-1]
    busy = [number for number, one in enumerate(whole) if one.counts.calls or one.counts.texts]
    if not busy:
        return None
    some = [
        one for one in whole[busy[0] : busy[-1] + 1] if one.counts.calls or one.counts.texts or opening(one.at).open
    ]
    done = sum(one.counts.calls + one.counts.texts for one in some)
    return done / (len(some) * (step / timedelta(minutes=1))) if done >= ENOUGH else None
