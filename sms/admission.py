"""Whether the link may take one more segment now: bound, not held, window, rate. Pure: `now` comes in as seconds."""

from dataclasses import dataclass, field
from math import inf

# A token that lacks less is whole: sums of floats would otherwise ask to wait for no time at all, over and over.
_ROUNDING = 1e-6


@dataclass(slots=True)
class TokenBucket:
    """At most `rate` segments a second; `burst` of them may go at once after a pause."""

    rate: float
    burst: float
    now: float
    tokens: float = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def delay(self, now: float) -> float:
        """Seconds until one segment may go."""
        self._fill(now)
        return 0.0 if self.tokens >= 1 - _ROUNDING else (1 - self.tokens) / self.rate

    def take(self, now: float) -> None:
        self._fill(now)
        self.tokens -= 1

    def put_back(self) -> None:
        """The segment did not go after all."""
        self.tokens = min(self.burst, self.tokens + 1)

    def _fill(self, now: float) -> None:
        self.tokens = min(self.burst, self.tokens + (now - self.now) * self.rate)
        self.now = now


# A refusal that comes as long after the last one as this, or as soon, or after so few segments, says nothing about the rate.
_REMEMBERED_S, _SOONEST_S, _FEWEST = 30.0, 0.1, 5
# A refusal after so many segments says little about a rate that is known: it may be a little too high, or others are sending too.
_SELDOM, _LOWER, _LOWEST = 20, 0.99, 0.9
# After so long without a refusal the rate is tried a little higher, and each time by twice as much.
_CALM_S, _FIRST_STEP, _LAST_STEP = 30.0, 0.02, 0.5


def burst(rate: float) -> float:
    """Of a tenth of a second: SMSCs count over a second or less, and whoever is late has to catch up."""
    return max(1.0, rate / 10)


@dataclass(slots=True)
class LearnedPace:
    """The rate that an SMSC allows and nobody has told, in segments a second.

    Between two refusals it has taken all that it takes in that time, so it is sent as much from then on. Holding back alone would
    send a burst after each pause, be refused again, and hold back for longer and longer. Where it refuses now and then whatever the
    rate, that is a tenth at most.
    """

    bucket: TokenBucket | None = None
    found: float = 0.0  # a rate that was not refused for a while
    proven: float = 0.0  # the rate that was measured last, or that was not refused
    seldom: bool = False  # the last refusal came after many segments at a known rate
    accepted: int = 0  # since the last refusal
    refused_at: float = -inf
    step: float = _FIRST_STEP
    raised_at: float = inf

    def accept(self, now: float) -> None:
        self.accepted += 1
        if self.bucket is not None and now - self.raised_at >= _CALM_S:
            self.found = self.proven = self.bucket.rate
            self.bucket.rate *= 1 + self.step
            self.step, self.raised_at = min(2 * self.step, _LAST_STEP), now

    def rested(self, seconds: float) -> None:
        """So long nothing was to be sent, or nothing could be: what the SMSC took meanwhile says nothing about what it takes."""
        self.refused_at += seconds

    def refuse(self, now: float) -> float | None:
        """The rate from now on; None while it is not known."""
        passed = now - self.refused_at
        self.seldom = self.bucket is not None and self.accepted >= _SELDOM
        if self.bucket is not None and self.seldom:
            if self.bucket.rate <= self.found:  # else it was tried higher: it is as before again
                self.found = max(_LOWER * self.found, _LOWEST * self.proven)
        elif _SOONEST_S <= passed <= _REMEMBERED_S and self.accepted >= _FEWEST:
            self.found = self.proven = self.accepted / passed
        self.refused_at, self.accepted = now, 0
        if self.found:
            self.bucket = TokenBucket(self.found, burst(self.found), now)
            self.step, self.raised_at = _FIRST_STEP, now
        return self.found or None


@dataclass(slots=True)
class Admission:
    """The slots of a gateway with `bound` binds, each with a `window`. `delay` of infinity means: until something else changes."""

    window: int
    bucket: TokenBucket | None
    bound: int = 0
    held_until: float = -inf
    taken: int = 0
    learned: LearnedPace = field(default_factory=LearnedPace)

    def delay(self, now: float) -> float:
        """Seconds until a slot may be taken; 0 for now."""
        if self.taken >= self.window * self.bound:
            return inf
        return max(0.0, self.held_until - now, *(bucket.delay(now) for bucket in self._buckets))

    def take(self, now: float) -> None:
        self.taken += 1
        for bucket in self._buckets:
            bucket.take(now)

    def give_back(self, *, used: bool) -> None:
        """End a slot. One that was not `used` for a segment does not count against the rate."""
        self.taken -= 1
        if not used:
            for bucket in self._buckets:
                bucket.put_back()

    @property
    def _buckets(self) -> list[TokenBucket]:
        return [bucket for bucket in (self.bucket, self.learned.bucket) if bucket is not None]

    def hold(self, until: float) -> None:
        self.held_until = max(self.held_until, until)

    def is_held(self, now: float) -> bool:
        return now < self.held_until
