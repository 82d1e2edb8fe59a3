"""Limits of a campaign or a gateway (D6): how many calls they let through now, and which one says so."""

from dataclasses import dataclass

from dialer.pacing.progressive import Limit

UNLIMITED = 1_000_000


@dataclass(frozen=True, slots=True)
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
