"""The abandonment meter: of the calls that a person answered, how many found no agent in time, against the limit (D7, D8). Pure.

47 CFR 64.1200(a)(7) and 16 CFR 310.4(b)(4) measure it so: per campaign, over 30 days, and over calls that a person
answered, not over all calls. Answering machines do not count where they are told from people; where they are not, they
pass for people, and the rate looks lower than it is.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil, floor

from dialer.domain.campaign import ABANDONMENT_LIMIT_PERCENT
from dialer.domain.outcome import Outcome
from dialer.pacing.progressive import UNLIMITED

PERIOD = timedelta(days=30)
#: An agent who comes later than this after the answer is late, whatever the campaign lets people wait.
IN_TIME = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class LiveAnswers:
    """Calls that a person answered: all of them, those that were abandoned, and those whose agent came late."""

    answered: int = 0
    abandoned: int = 0
    late: int = 0

    def __add__(self, other: "LiveAnswers") -> "LiveAnswers":
        return LiveAnswers(self.answered + other.answered, self.abandoned + other.abandoned, self.late + other.late)

    def __bool__(self) -> bool:
        return self.answered > 0


@dataclass(frozen=True, slots=True)
class AbandonmentMeter:
    """`answered_live` includes the abandoned; both over the last 30 days. The limit is in percent of `answered_live`."""

    answered_live: int = 0
    abandoned: int = 0
    limit_percent: float = ABANDONMENT_LIMIT_PERCENT
    late: int = 0

    @classmethod
    def of(cls, counted: LiveAnswers, limit_percent: float) -> "AbandonmentMeter":
        return cls(counted.answered, counted.abandoned, limit_percent, counted.late)

    @property
    def rate_percent(self) -> float:
        """0 while nobody has answered."""
        return 100 * self.abandoned / self.answered_live if self.answered_live else 0.0

    @property
    def exceeded(self) -> bool:
        """More were abandoned than the limit allows: exactly at it is still within."""
        return self.abandoned > self._share * self.answered_live

    @property
    def allowance(self) -> int:
        """How many of the next answered calls may all be abandoned within the limit; below 0 when it is exceeded.

        Each of them counts as answered too: the most k with (abandoned + k) <= share x (answered + k). Below 0 it
        says by how many the abandoned are too many at present.
        """
        share = self._share
        spare = share * self.answered_live - self.abandoned
        if spare < 0:
            return -ceil(-spare)
        return UNLIMITED if share >= 1 else floor(spare / (1 - share))

    def shown(self) -> dict[str, int | float | bool]:
        """For programs: what `GET /live` tells of it."""
        return {
            "answered_live": self.answered_live,
            "abandoned": self.abandoned,
            "late": self.late,
            "rate_percent": round(self.rate_percent, 2),
            "limit_percent": self.limit_percent,
            "exceeded": self.exceeded,
        }

    def after(self, *, answered: int = 0, abandoned: int = 0) -> "AbandonmentMeter":
        """As it will stand when so many more calls were answered, of which so many were abandoned."""
        return AbandonmentMeter(
            self.answered_live + answered, self.abandoned + abandoned, self.limit_percent, self.late
        )

    @property
    def _share(self) -> Fraction:
        """Exact: 3 of 100 is 3 %, which floating point might call more."""
        return Fraction(str(self.limit_percent)) / 100


def counted(outcome: Outcome, answered_at: datetime | None, connected_at: datetime | None) -> LiveAnswers:
    """What one ended call adds: nothing unless a person answered it.

    Who hangs up while waiting for an agent counts as abandoned as well: nobody could say that an agent would have come.
    """
    if outcome is Outcome.ABANDONED:
        return LiveAnswers(answered=1, abandoned=1)
    if outcome is Outcome.ANSWERED:
        waited = connected_at - answered_at if answered_at and connected_at else timedelta(0)
        return LiveAnswers(answered=1, late=int(waited > IN_TIME))
    return LiveAnswers()
