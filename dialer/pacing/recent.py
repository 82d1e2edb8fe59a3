"""What the last calls of a campaign were like: the pace that power mode reckons with. Pure.

How wrong the rates may be depends on how many agents wait for the next answer: among a hundred of them an answer rate that is
a tenth too low lets a tenth too many callees find nobody. So all calls of the last hour count, which are the more, the more
agents there are, and as many as it takes where an hour has too few.
"""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field

from dialer.pacing.crowd import Pace
from dialer.pacing.power import pace

#: Calls that are older, in seconds, count only where there are too few.
LAST_S = 3600.0
#: So many of the last calls, and of those that kept an agent, are looked at however old they are.
LAST_CALLS = 600
LAST_KEPT = 100
#: And so many at most: more would tell nothing more.
MOST_CALLS = 20_000
#: The pace is reckoned anew after so many calls.
NEWS = 20


@dataclass(slots=True)
class Recent:
    """Windows over the last calls that rang, and the last that kept an agent busy, with their sums.

    `at` and `now` are seconds of one clock, whichever; `call` tells calls apart.
    """

    _calls: deque[tuple[float, bool, float]] = field(default_factory=deque)
    _kept: deque[tuple[float, float]] = field(default_factory=deque)
    _talking: dict[Hashable, float] = field(default_factory=dict)
    _answered: int = 0
    _ring_s: float = 0.0
    _kept_s: float = 0.0
    _news: int = 0
    _pace: Pace | None = None

    def rang(self, at: float, ring_s: float, *, answered: bool) -> None:
        """A call was answered by a person, or ended without, `ring_s` seconds after it started.

        Only answers tell how long it takes until one: calls that nobody answers ring longer.
        """
        self._news += 1
        self._calls.append((at, answered, ring_s))
        self._answered += answered
        self._ring_s += ring_s * answered
        while _is_over(self._calls, LAST_CALLS, at):
            _, before, rung_s = self._calls.popleft()
            self._answered -= before
            self._ring_s -= rung_s * before

    def took(self, at: float, call: Hashable) -> None:
        """An agent has taken a call, and is busy with it."""
        self._talking[call] = at

    def kept(self, at: float, call: Hashable, busy_s: float) -> None:
        """A call kept an agent for so many seconds, wrap-up included."""
        self._talking.pop(call, None)
        self._kept.append((at, busy_s))
        self._kept_s += busy_s
        while _is_over(self._kept, LAST_KEPT, at):
            self._kept_s -= self._kept.popleft()[1]

    def lost(self, call: Hashable) -> None:
        """Nobody knows how long a call went on."""
        self._talking.pop(call, None)

    def pace(self, now: float) -> Pace | None:
        """None while too little is known."""
        if self._answered and (self._pace is None or self._news >= NEWS):
            ring_s = self._ring_s / self._answered
            self._pace = pace(self._answered, len(self._calls), ring_s, self._busy_s(now))
            self._news = 0
        return self._pace

    def _busy_s(self, now: float) -> float:
        """The mean time until an agent is free again, as the calls under way tell it too: the short ones end first.

        Exponential times make it all time that was spent, by all ends that were seen. Before the first end it is all of it.
        """
        going_s = sum(now - since for since in self._talking.values())
        return (self._kept_s + going_s) / max(1, len(self._kept))


def _is_over(window: "deque[tuple[float, bool, float]] | deque[tuple[float, float]]", few: int, now: float) -> bool:
    """Whether its oldest entry is one too many."""
    return len(window) > few and (len(window) > MOST_CALLS or now - window[0][0] > LAST_S)
