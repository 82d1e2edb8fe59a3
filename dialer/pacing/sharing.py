"""Whose call is next, where several campaigns could use the same free agent (requirement D1: counts hold across campaigns).

Priority is strict: a campaign of a higher one takes every turn that it can use, and the others get what is left. Among
equals turns are handed out by weight, as in EEVDF (Stoica and Abdel-Wahab 1995), one call being the quantum: each
contender's lag, what it is owed less what it got, grows by its part of every turn and falls by one with its own. Those
with nothing to pay back may be chosen, the earliest deadline first: so nobody is ever a whole call ahead or behind while
the contenders are the same, and with changing ones the lags are bounded, so nobody starves.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Contender:
    """A campaign that could use a call now; a higher `priority` goes first, `weight` (> 0) is its share among equals."""

    id: int
    priority: int
    weight: int


@dataclass(slots=True)
class Turns:
    """The lags of all campaigns, in calls; nobody has one before its first turn."""

    lags: dict[int, float] = field(default_factory=dict)

    def first(self, contenders: Sequence[Contender]) -> Contender:
        """Who gets the next call. Raises `ValueError` without contenders."""
        equals = _highest(contenders)
        owed = [one for one in equals if self._lag(one) >= -_ROUNDING] or equals
        return min(owed, key=lambda one: ((1 - self._lag(one)) / one.weight, one.id))

    def served(self, winner: Contender, contenders: Sequence[Contender]) -> None:
        """The winner got its call; the others of its priority are owed their part of it."""
        equals = _highest(contenders)
        total = sum(one.weight for one in equals)
        for one in equals:
            self.lags[one.id] = self._lag(one) + one.weight / total
        self.lags[winner.id] = self._lag(winner) - 1

    def passed(self, one: Contender, contenders: Sequence[Contender]) -> None:
        """It could not use its turn: what it was owed goes to the others of its priority. What it owes, it still owes."""
        owed = self._lag(one)
        others = [other for other in contenders if other.id != one.id and other.priority == one.priority]
        if owed <= 0:
            return
        self.lags[one.id] = 0.0
        total = sum(other.weight for other in others)
        for other in others:
            self.lags[other.id] = self._lag(other) + owed * other.weight / total

    def keep(self, ids: Iterable[int]) -> None:
        """Campaigns that run no more are forgotten."""
        self.lags = {one: self.lags[one] for one in ids if one in self.lags}

    def before(self, mine: Contender, nth: int, others: Mapping[Contender, int]) -> dict[int, int]:
        """How many calls each of the `others`, which could use so many, gets before the `nth` (from 1) of `mine`."""
        foreseen, left, got = Turns(dict(self.lags)), {**others, mine: nth}, dict[int, int]()
        while left[mine]:
            contenders = [one for one, calls in left.items() if calls > 0]
            winner = foreseen.first(contenders)
            foreseen.served(winner, contenders)
            left[winner] -= 1
            if winner != mine:
                got[winner.id] = got.get(winner.id, 0) + 1
        return got

    def _lag(self, one: Contender) -> float:
        return self.lags.get(one.id, 0.0)


# Sums of parts are not exact; a lag that is nearly none is none.
_ROUNDING = 1e-9


def _highest(contenders: Sequence[Contender]) -> list[Contender]:
    top = max(one.priority for one in contenders)
    return [one for one in contenders if one.priority == top]


def connected(members: Mapping[str, frozenset[str]]) -> dict[str, int]:
    """Queues that compete: those with a free member in common, also by way of a third one, get the same number.

    `members` are the free members of each queue.
    """
    numbers = {queue: number for number, queue in enumerate(members)}
    seen: dict[str, str] = {}  # member -> the queue that was seen with it
    for queue, free in members.items():
        for member in free:
            known, mine = numbers[seen.setdefault(member, queue)], numbers[queue]
            if known != mine:
                numbers = {one: known if number == mine else number for one, number in numbers.items()}
    return numbers
