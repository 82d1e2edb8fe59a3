"""A token bucket on a clock that is handed in: how many may start now, and when the next one may."""

from dataclasses import dataclass


@dataclass(slots=True)
class TokenBucket:
    """`per_second` tokens a second, at most `burst` saved up. Times are seconds of any steady clock."""

    per_second: float
    burst: float = 1.0
    tokens: float = 1.0
    filled_at: float = 0.0

    def available(self, now: float) -> int:
        """Whole tokens that may be taken now."""
        self._fill(now)
        return int(self.tokens + 1e-9)

    def take(self, number: int, now: float) -> None:
        self._fill(now)
        self.tokens -= number

    def next_at(self, now: float) -> float:
        """When the next whole token is there."""
        self._fill(now)
        return now + max(0.0, 1.0 - self.tokens) / self.per_second

    def _fill(self, now: float) -> None:
        if now > self.filled_at:
            self.tokens = min(max(self.burst, 1.0), self.tokens + (now - self.filled_at) * self.per_second)
            self.filled_at = now
