"""Limits of a campaign or a gateway (D6): how many calls they let through now, and which one says so."""

from dataclasses import dataclass
from datetime import datetime

from dialer.domain.record import record
from dialer.pacing.progressive import UNLIMITED, Limit


@record
class Room:
    """How many more calls may start; `limited_by` names the tightest limit, None when there is none."""

    calls: int
    limited_by: Limit | None


def room(most_at_once: int | None, going: int, tokens: int | None) -> Room:
    """`going` calls count against `most_at_once`; `tokens` are those of the rate's bucket. None is no limit."""
    tightest = Room(UNLIMITED, None)
    if most_at_once is not None:
        tightest = Room(max(0, most_at_once - going), Limit.MAX_CONCURRENT_CALLS)
    if tokens is not None and tokens < tightest.calls:
        tightest = Room(max(0, tokens), Limit.CALLS_PER_SECOND)
    return tightest


@dataclass(frozen=True, slots=True)
class Allowance:
    """A limit as it stands: `going` calls count against `most_at_once`; with a rate, its next call may start at `token_at`."""

    most_at_once: int | None = None
    going: int = 0
    token_at: datetime | None = None

    def room(self, now: datetime) -> Room:
        """As `room`, for one more call."""
        return room(self.most_at_once, self.going, None if self.token_at is None else int(self.token_at <= now))

    def limits(self, now: datetime) -> tuple[Limit, ...]:
        """All that are reached; none of them: there is room."""
        full = self.most_at_once is not None and self.going >= self.most_at_once
        fast = self.token_at is not None and self.token_at > now
        found = ((Limit.MAX_CONCURRENT_CALLS, full), (Limit.CALLS_PER_SECOND, fast))
        return tuple(limit for limit, holds in found if holds)
