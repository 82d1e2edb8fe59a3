"""What the last calls of a campaign were like: the pace that power mode reckons with. Pure."""

from collections import deque
from dataclasses import dataclass, field

from dialer.pacing.crowd import Pace
from dialer.pacing.power import pace

#: So many of the last calls, and of those that kept an agent, are looked at.
LAST_CALLS = 600
LAST_KEPT = 100
#: The pace is reckoned anew after so many calls.
NEWS = 20


@dataclass(slots=True)
class Recent:
    """Windows over the last calls that rang, and the last that kept an agent busy, with their sums."""

    _calls: deque[tuple[bool, float]] = field(default_factory=deque)
    _kept: deque[float] = field(default_factory=deque)
    _answered: int = 0
    _ring_s: float = 0.0
    _kept_s: float = 0.0
    _news: int = 0
    _pace: Pace | None = None

    def rang(self, ring_s: float, *, answered: bool) -> None:
        """A call was answered by a person, or ended without, `ring_s` seconds after it started."""
        self._news += 1
        self._calls.append((answered, ring_s))
        self._answered += answered
        self._ring_s += ring_s
        if len(self._calls) > LAST_CALLS:
            before, rung_s = self._calls.popleft()
            self._answered -= before
            self._ring_s -= rung_s

    def kept(self, busy_s: float) -> None:
        """A call kept an agent for so many seconds, wrap-up included."""
        self._kept.append(busy_s)
        self._kept_s += busy_s
        if len(self._kept) > LAST_KEPT:
            self._kept_s -= self._kept.popleft()

    def pace(self) -> Pace | None:
        """None while too little is known."""
        if self._kept and self._calls and (self._pace is None or self._news >= NEWS):
            calls = len(self._calls)
            self._pace = pace(self._answered, calls, self._ring_s / calls, self._kept_s / len(self._kept))
            self._news = 0
        return self._pace
