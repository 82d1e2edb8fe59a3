"""What power mode may: more calls than free agents only after enough calls, within the meter, and alone with its agents."""

from collections.abc import Collection
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Any

from tests.world.ledger import Sent
from tests.world.promises import Promise

#: How long the store, the meter and the loop may take to see what happened.
KNOWN_AFTER_S = 5.0
#: So many calls must have ended in this process before their answer rate is believed.
ENOUGH_CALLS = 50


@dataclass
class _Counted:
    """Of one campaign: how many more may be abandoned, from when on, at most; `ended` are the times at which calls ended."""

    answered: int = 0
    abandoned: int = 0
    spare: list[tuple[float, int]] = field(default_factory=lambda: [(0.0, 0)])
    ended: list[float] = field(default_factory=list)


class Powers:
    def __init__(self, world: Any) -> None:
        self._world = world
        self._counted: dict[str, _Counted] = {}  # by queue: there is one campaign in power mode for each

    def ended(self, queue: str, outcome: str, *, certain: bool) -> None:
        """A call came to its end. What is not certain may be counted or not: for the most that could be spared."""
        one, now = self._counted.setdefault(queue, _Counted()), self._world.loop.time()
        one.ended.append(now)
        one.answered += outcome in {"answered", "abandoned"}
        one.abandoned += outcome == "abandoned" and certain
        one.spare.append((now, _spare(one, self._share(queue))))

    def fault(self, sent: Sent, lines: int, queues: Collection[str]) -> str | None:
        """Why a call beyond the free agents may not leave; None if it may. `lines`: calls without an agent, with it."""
        mine = self._campaign(sent.queue)
        if mine is None or sent.number not in mine.plan.numbers:
            return ""
        one, since = self._counted.setdefault(sent.queue, _Counted()), sent.at - KNOWN_AFTER_S
        talks = sum(call.queue == sent.queue and call.agent is not None for call in self._world.pbx.calls.values())
        ended = talks + sum(at > self._world.born_at for at in one.ended)
        if ended < ENOUGH_CALLS:
            return f", after {ended} calls in this process"
        if max(spare for _, spare in [*_until(one.spare, since)[-1:], *(s for s in one.spare if s[0] > since)]) < 1:
            return f", with {one.abandoned} of {one.answered} abandoned"
        if self._shares(queues, mine):
            return ", beside calls that were promised an agent each"
        agents = sum(sent.queue in agent.queues for agent in self._world.everybody)
        most = floor(mine.plan.fields["lines_per_agent"] * agents)
        if lines > most:
            return f", {lines} lines for {agents} agents"
        self._world.ledger.note("more lines than agents", sent.attempt, lines)
        return None

    def _campaign(self, queue: str) -> Promise | None:
        return next((one for one in self._promises() if one.plan.power and one.plan.fields["queue"] == queue), None)

    def _share(self, queue: str) -> Fraction:
        mine = self._campaign(queue)
        return Fraction(mine.plan.fields["abandonment_limit_percent"]) / 100 if mine else Fraction(0)

    def _shares(self, queues: Collection[str], mine: Promise) -> bool:
        """Whether calls of another campaign for these agents are on their way, to people who are not in this one as well."""
        others = [one.plan for one in self._promises() if one.plan.fields["queue"] in queues and not one.plan.power]
        theirs = {number for plan in others for number in plan.numbers}.difference(mine.plan.numbers)
        waiting = {attempt for attempt, call in self._world.pbx.calls.items() if call.agent is None}
        return any(sent.attempt in waiting and sent.number in theirs for sent in self._world.ledger.sent)

    def _promises(self) -> list[Promise]:
        promises = self._world.oracle.promises
        return [promises[one] for one in promises]


def _spare(one: _Counted, share: Fraction) -> int:
    """The most k with abandoned + k <= share x (answered + k)."""
    return floor((share * one.answered - one.abandoned) / (1 - share))


def _until(told: list[tuple[float, int]], since: float) -> list[tuple[float, int]]:
    return [one for one in told if one[0] <= since]
