"""Rules that count calls to a number: how many in a rolling period, and how long after a conversation or an abandoned call."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dialer.domain.outcome import Outcome
from dialer.domain.rules.catalogue import Counting
from dialer.domain.rules.citation import Citation
from dialer.domain.rules.pack import AfterAbandonedRule, AfterConversationRule, AttemptsRule, Scope, duration
from dialer.domain.said import Said, marked

# The network answered in the callee's stead: nobody's telephone rang.
_NEVER_REACHED = {Outcome.CONGESTION, Outcome.INVALID_NUMBER, Outcome.FAILED}
# How long a call may last: one that began so much before the period may have ended in it.
LONGEST_CALL = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Tried:
    """A call that was made to a number, or is being made; times are UTC. No `outcome`: it is under way."""

    campaign_id: int
    started_at: datetime
    ringing_at: datetime | None = None
    connected_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: str | None = None

    @property
    def reached(self) -> bool:
        """Whether it counts as a call to the person: only one that certainly never rang does not."""
        return self.outcome not in _NEVER_REACHED or self.ringing_at is not None

    @property
    def over_at(self) -> datetime:
        """When a conversation or a wait was over, as far as it is."""
        return self.ended_at or self.connected_at or self.started_at


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that a rule does not allow before `until` (UTC); `reason` is for people."""

    citation: Citation
    until: datetime
    reason: str


def counts_from(rules: Iterable[tuple[Citation, Counting]], now: datetime) -> datetime:
    """No call that began before then matters to any of the rules."""
    hours = max((_hours(rule) for _, rule in rules), default=0)
    return now - timedelta(hours=hours) - LONGEST_CALL


def refusals(
    rules: Sequence[tuple[Citation, Counting]], campaign_id: int, tried: Sequence[Tried], now: datetime
) -> Iterator[Refusal]:
    """Every rule that forbids a call of the campaign to a number now. `tried` are the calls to that number, of all campaigns."""
    for citation, rule in rules:
        counted = [one for one in tried if rule.scope is Scope.NUMBER or one.campaign_id == campaign_id]
        found = _until(rule, counted, now)
        if found is not None and found[0] > now:
            yield Refusal(citation, *found)


def first_allowed(found: Sequence[Refusal]) -> Refusal | None:
    """Of several the one that lasts longest: nothing is allowed before."""
    return max(found, key=lambda one: one.until, default=None)


def _until(rule: Counting, tried: Sequence[Tried], now: datetime) -> tuple[datetime, str] | None:
    match rule:
        case AttemptsRule():
            return _attempts(rule, tried, now)
        case AfterConversationRule(wait_h=hours):
            talked = [one.over_at for one in tried if one.connected_at is not None]
            return _after(
                talked, hours, marked("somebody there spoke with an agent at %(at)s UTC; no call for %(period)s after")
            )
        case AfterAbandonedRule(wait_h=hours):
            left = [one.over_at for one in tried if one.outcome == Outcome.ABANDONED]
            return _after(left, hours, marked("a call there was abandoned at %(at)s UTC; no call for %(period)s after"))


def _attempts(rule: AttemptsRule, tried: Sequence[Tried], now: datetime) -> tuple[datetime, str] | None:
    """The period rolls: a call is allowed again when the oldest of the last `most` has left it."""
    period = timedelta(hours=rule.within_h)
    recent = sorted(one.started_at for one in tried if one.reached and one.started_at > now - period)
    if len(recent) < rule.most:
        return None
    told = Said(
        "%(number)s calls %(which)s were made within %(period)s, and %(most)s are allowed",
        number=len(recent), which=rule.scope.words, period=duration(rule.within_h), most=rule.most,
    )  # fmt: skip
    return recent[-rule.most] + period, told


def _after(ends: Sequence[datetime], hours: int, what: str) -> tuple[datetime, str] | None:
    if not ends:
        return None
    last = max(ends)
    told = Said(what, at=f"{last:%Y-%m-%d %H:%M}", period=duration(hours))
    return last + timedelta(hours=hours), told


def _hours(rule: Counting) -> int:
    return rule.within_h if isinstance(rule, AttemptsRule) else rule.wait_h
