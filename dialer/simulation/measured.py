"""Assumptions from calls that were made: answer rates by hour, ring and talk times, where there are enough of them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from math import floor
from statistics import fmean

from dialer.domain.outcome import Outcome
from dialer.simulation.assumptions import HOURS, Assumptions
from dialer.strategy.local_time import find_zone

#: Fewer calls say nothing: of all, and of one hour of the day, for which the rate of all hours is taken then.
ENOUGH, ENOUGH_AN_HOUR = 50, 20
_ANSWERED = frozenset({Outcome.ANSWERED, Outcome.ABANDONED})
_TOLD = _ANSWERED | {Outcome.BUSY, Outcome.NO_ANSWER, Outcome.REJECTED, Outcome.MACHINE}

#: `(outcome, zone, started, answered, connected, ended)`
Call = tuple[str, str, datetime, datetime | None, datetime | None, datetime]


def measured(assumed: Assumptions, calls: Sequence[Call]) -> Assumptions | None:
    """The assumptions with what these calls say in the place of what was given; None if they are too few to say anything."""
    outcomes = Counter(call[0] for call in calls)
    told, invalid = sum(outcomes[one] for one in _TOLD), outcomes[Outcome.INVALID_NUMBER]
    if told < ENOUGH:
        return None
    rates, busy = _rates(calls, outcomes, told), outcomes[Outcome.BUSY] / told
    busy = round(min(busy, 1 - max(rates)), 4)
    found = {
        "answer_rate": tuple(rates),
        "busy_share": busy,
        "machine_share": floor(min(outcomes[Outcome.MACHINE] / told, 1 - max(rates) - busy) * 1e4) / 1e4,
        "invalid_share": round(invalid / (told + invalid), 4),
        "ring_s": _mean(((call[3] - call[2]).total_seconds() for call in calls if call[3]), assumed.ring_s, 0, 120),
        "talk_s": _mean(((call[5] - call[4]).total_seconds() for call in calls if call[4]), assumed.talk_s, 1, 7200),
    }
    return Assumptions.model_validate({**assumed.model_dump(), **found})


def _rates(calls: Sequence[Call], outcomes: Counter[str], told: int) -> list[float]:
    overall = sum(outcomes[one] for one in _ANSWERED) / told
    tried, answered = Counter[int](), Counter[int]()
    for outcome, name, started, *_ in calls:
        zone = find_zone(name)
        if outcome in _TOLD and zone is not None:
            hour = started.astimezone(zone).hour
            tried[hour] += 1
            answered[hour] += outcome in _ANSWERED
    return [
        round(answered[hour] / tried[hour] if tried[hour] >= ENOUGH_AN_HOUR else overall, 4) for hour in range(HOURS)
    ]


def _mean(seconds: Iterable[float], otherwise: float, least: float, most: float) -> float:
    found = list(seconds)
    return round(min(most, max(least, fmean(found))), 2) if len(found) >= ENOUGH_AN_HOUR else otherwise
