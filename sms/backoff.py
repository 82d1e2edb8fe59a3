"""How long to wait after failures in a row: twice as long each time up to a limit, spread so that peers do not meet."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """`first_s` after the first failure, doubling up to `most_s`."""

    first_s: float
    most_s: float

    def delay(self, failures: int, chance: float) -> float:
        """Seconds to wait after `failures` (≥ 1) in a row; `chance` in [0, 1) places it in the upper half."""
        # The exponent is bounded: a link that is down for a week must not overflow a float.
        longest = min(self.most_s, self.first_s * 2.0 ** min(failures - 1, 62))
        return longest * (0.5 + chance / 2)


@dataclass(slots=True)
class InARow:
    """Counts failures: one that comes within three times the last wait is in a row with those before it."""

    failures: int = 0
    calm_at: float = 0.0

    def delay(self, backoff: Backoff, now: float, chance: float) -> float:
        """Seconds to wait after another failure."""
        self.failures = self.failures + 1 if now < self.calm_at else 1
        delay = backoff.delay(self.failures, chance)
        self.calm_at = now + 3 * delay
        return delay
