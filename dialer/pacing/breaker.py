"""The breaker of a trunk: calls that fail because of the trunk itself, a storm of them, and what is done about it.

A circuit breaker (Nygard, Release It!): closed, calls leave; after a row of failures open, none leaves; when its wait is over
half open, one call probes the trunk. The probe closes it, or makes it wait longer. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from dialer.domain.ending import CallResult
from dialer.domain.outcome import Outcome

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=15), timedelta(minutes=5)
#: So many times the row that opens it are looked at: half of them failed opens it as well.
WINDOW = 4


class Verdict(StrEnum):
    """What a call tells of its trunk."""

    WORKS = "works"  # somebody, or some network, behind the trunk answered: also busy, rejected, and no such number
    FAILED = "failed"
    SILENT = "silent"  # nothing: lost, or hung up by ourselves


_WORKS = frozenset({Outcome.BUSY, Outcome.NO_ANSWER, Outcome.INVALID_NUMBER, Outcome.REJECTED})
_BY_US = 16  # Q.850, normal clearing: of a call that did not ring, our own hang-up
_WANTS_CREDENTIALS = ("401", "407")  # RFC 3261: it is the trunk's account that was rejected, not the call


def verdict(result: CallResult) -> Verdict:
    """Q.850 34, 38, 41, 42, 44 and 47 (`congestion`), no sign of life, no channel at all, and no credentials: it failed."""
    if result.ringing_at or result.answered_at:
        return Verdict.WORKS
    if result.outcome is Outcome.LOST or (result.outcome is Outcome.FAILED and result.cause == _BY_US):
        return Verdict.SILENT
    if result.outcome is Outcome.REJECTED and any(code in (result.tech_cause or "") for code in _WANTS_CREDENTIALS):
        return Verdict.FAILED
    return Verdict.WORKS if result.outcome in _WORKS or result.outcome.reached else Verdict.FAILED


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Ended:
    """A call by the trunk that is over, and what it told."""

    attempt_id: str
    started_at: datetime
    ended_at: datetime
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Breaker:
    """`after` failures in a row, or half of the last four times as many, open it; 0: it never opens.

    `recent`: whether the last calls failed, the newest last. `probe`: the attempt that probes now.
    """

    after: int
    recent: tuple[bool, ...] = ()
    since: datetime | None = None
    probe_at: datetime | None = None
    probe: str | None = None
    failed_probes: int = 0

    def state(self, now: datetime) -> BreakerState:
        if self.since is None or self.probe_at is None:
            return BreakerState.CLOSED
        return BreakerState.HALF_OPEN if self.probe or self.probe_at <= now else BreakerState.OPEN

    @property
    def is_closed(self) -> bool:
        return self.since is None

    def lets(self, now: datetime) -> int | None:
        """How many calls may leave; None: it sets no limit."""
        if self.probe_at is None:
            return None
        return int(self.probe is None and self.probe_at <= now)

    def left(self, attempt_id: str) -> Breaker:
        """A call leaves by the trunk: the probe, if it is not closed."""
        return self if self.is_closed or self.probe else replace(self, probe=attempt_id)

    def never_left(self, attempt_id: str) -> Breaker:
        return replace(self, probe=None) if attempt_id == self.probe else self

    def told(self, attempt_id: str, what: Verdict, now: datetime) -> Breaker:
        """With what a call has told. While it is open only the probe counts: the others left before."""
        if self.is_closed:
            return self._counting(what, now)
        if attempt_id != self.probe:
            return self
        if what is Verdict.WORKS:
            return Breaker(self.after)
        failed = self.failed_probes + (what is Verdict.FAILED)
        return replace(self, probe=None, failed_probes=failed, probe_at=now + wait(failed))

    def _counting(self, what: Verdict, now: datetime) -> Breaker:
        if what is Verdict.SILENT or not self.after:
            return self
        recent = (*self.recent, what is Verdict.FAILED)[-WINDOW * self.after :]
        in_a_row = len(recent) >= self.after and all(recent[-self.after :])
        by_half = len(recent) == WINDOW * self.after and 2 * sum(recent) >= len(recent)
        if (in_a_row or by_half) and recent[-1]:
            return Breaker(self.after, since=now, probe_at=now + wait(0))
        return replace(self, recent=recent)


def rebuilt(after: int, ended: Iterable[Ended]) -> Breaker:
    """The breaker of a trunk as its last calls left it, in the order of their ends: a restart must not cost another row of failures.

    Of calls that began while it was open the first one after each wait was the probe.
    """
    breaker = Breaker(after)
    for one in ended:
        if breaker.probe_at is not None and one.started_at >= breaker.probe_at:
            breaker = breaker.left(one.attempt_id)
        breaker = breaker.told(one.attempt_id, one.verdict, one.ended_at)
    return breaker


def wait(failed_probes: int) -> timedelta:
    """Until the next probe: twice as long after each that failed, five minutes at most."""
    doubled: timedelta = FIRST_WAIT * 2 ** min(failed_probes, 10)
    return min(LONGEST_WAIT, doubled)
