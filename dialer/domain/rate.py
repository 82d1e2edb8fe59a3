"""A token bucket on a clock that is handed in: how many may start now, and when the next one may."""

from collections import deque
from dataclasses import dataclass
from math import ceil


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


#: A look that comes so late, in seconds, loses nothing of a rate: what should have started by then starts with it.
MADE_UP_S = 0.05


class CallRate:
    """So many calls a second at even distances; where these are short, a few at once after a late look, never more in a second."""

    def __init__(self, per_second: float) -> None:
        late = per_second * MADE_UP_S  # calls that a late look finds
        self._bucket = TokenBucket(per_second, 1 + late if late >= 1 else 1)
        self._last: deque[float] = deque(maxlen=ceil(per_second))  # when those of the last second started

    def available(self, now: float) -> int:
        """Calls that may start now."""
        return min(self._bucket.available(now), self._room(now))

    def take(self, number: int, now: float) -> None:
        self._bucket.take(number, now)
        self._last.extend([now] * number)

    def next_at(self, now: float) -> float:
        """When the next call may start."""
        at = self._bucket.next_at(now)
        return at if self._room(now) else max(at, self._last[0] + 1.0)

    def _room(self, now: float) -> int:
        while self._last and self._last[0] <= now - 1.0:
            self._last.popleft()
        return (self._last.maxlen or 0) - len(self._last)
