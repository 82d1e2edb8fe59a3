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


@dataclass(slots=True)
class Admission:
    """The slots of a gateway with `bound` binds, each with a `window`. `delay` of infinity means: until something else changes."""

    window: int
    bucket: TokenBucket | None
    bound: int = 0
    held_until: float = -inf
    taken: int = 0

    def delay(self, now: float) -> float:
        """Seconds until a slot may be taken; 0 for now."""
        if self.taken >= self.window * self.bound:
            return inf
        pace = self.bucket.delay(now) if self.bucket else 0.0
        return max(0.0, self.held_until - now, pace)

    def take(self, now: float) -> None:
        self.taken += 1
        if self.bucket:
            self.bucket.take(now)

    def give_back(self, *, used: bool) -> None:
        """End a slot. One that was not `used` for a segment does not count against the rate."""
        self.taken -= 1
        if self.bucket and not used:
            self.bucket.put_back()

    def hold(self, until: float) -> None:
        self.held_until = max(self.held_until, until)

    def is_held(self, now: float) -> bool:
        return now < self.held_until
