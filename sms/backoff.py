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
