"""What a dry run counts while it goes on: totals, and a series by the hour of the campaign's clock."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from dialer.domain.outcome import Outcome
from dialer.pacing.progressive import Limit
from dialer.simulation.clock import HOUR


@dataclass
class Tally:
    """Times are seconds from the start; the first hour began at `base`, which is 0 or before.

    Busy agents talk, wrap up, or look at a preview.
    """

    base: float
    calls: list[float] = field(default_factory=list)
    connected: list[float] = field(default_factory=list)
    texts: list[float] = field(default_factory=list)
    busy_s: list[float] = field(default_factory=list)
    staffed_s: list[float] = field(default_factory=list)  # while any contact's window was open
    agents: list[int] = field(default_factory=list)  # then: the most of each hour
    outcomes: Counter[str] = field(default_factory=Counter)
    results: Counter[str] = field(default_factory=Counter)
    held_s: defaultdict[str, float] = field(
        default_factory=lambda: defaultdict(float)
    )  # for how long what kept due calls waiting
    segments: int = 0
    delivered: int = 0
    replies: int = 0
    last: float = 0.0  # when something happened last

    def call(self, t: float) -> None:
        _add(self.calls, self._hour(t), 1)
        self.last = t

    def ended(self, outcome: Outcome, t: float) -> None:
        self.outcomes[outcome.value] += 1
        self.last = max(self.last, t)

    def connect(self, t: float, busy_s: float) -> None:
        _add(self.connected, self._hour(t), 1)
        self.busy(t, busy_s)

    def busy(self, t: float, seconds: float) -> None:
        """An agent has to do from `t` on."""
        self._over_hours(self.busy_s, t, seconds, 1)

    def text(self, t: float, segments: int) -> None:
        _add(self.texts, self._hour(t), 1)
        self.segments += segments
        self.last = t

    def staff(self, t: float, until: float, agents: int) -> None:
        self._over_hours(self.staffed_s, t, until - t, agents)
        if until > t:
            self.agents += [0] * (len(self.staffed_s) - len(self.agents))
            first = self._hour(t)
            self.agents[first:] = [max(agents, before) for before in self.agents[first:]]

    def finish(self, result: str, t: float) -> None:
        self.results[result] += 1
        self.last = max(self.last, t)

    def hold(self, limit: Limit | None, seconds: float) -> None:
        if limit is not None:
            self.held_s[limit.value] += seconds

    def _hour(self, t: float) -> int:
        return int((t - self.base) // HOUR)

    def _over_hours(self, series: list[float], t: float, seconds: float, many: int) -> None:
        """Each hour gets its part."""
        while seconds > 0:
            hour = self._hour(t)
            part = min(seconds, self.base + (hour + 1) * HOUR - t)
            _add(series, hour, part * many)
            t, seconds = self.base + (hour + 1) * HOUR, seconds - part


def _add(series: list[float], hour: int, value: float) -> None:
    if hour >= len(series):
        series.extend([0] * (hour + 1 - len(series)))
    series[hour] += value
