"""How much of a long piece of work one transaction takes on, so that a call about to start never waits long behind it."""

from dataclasses import dataclass, replace

GOAL_S = 0.008  # for the statements; the commit comes on top
MOST = 20_000
GROWS_BY = 2.0


@dataclass(frozen=True, slots=True)
class Chunk:
    """The next `size` rows whose id comes `after` this one.

    Never fewer than `least`: what a transaction costs without any row would then be most of it. Never more than `most`:
    rows differ in what they cost, and the next ones may be dearer than those that were measured.
    """

    size: int
    after: int = 0
    least: int = 10
    most: int = MOST

    def then(self, number: int, last: int, took_s: float) -> "Chunk | None":
        """What follows on a chunk that found `number` rows, up to the id `last`; None when there is no more.

        At the end of the rows it begins once more, for those that came meanwhile behind its back.
        """
        if number < self.size:
            return replace(self, after=0) if self.after else None
        size = min(self.most, max(self.least, fitting(self.size, took_s)))
        return replace(self, size=size, after=last)


def fitting(size: int, took_s: float) -> int:
    """The size that would have taken `GOAL_S`; at most twice or half of what was tried, for one measurement is no proof."""
    factor = GROWS_BY if took_s <= GOAL_S / GROWS_BY else max(1 / GROWS_BY, GOAL_S / took_s)
    return max(1, min(MOST, int(size * factor)))
