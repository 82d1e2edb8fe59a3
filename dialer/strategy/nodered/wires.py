"""Follows wires over points that only lead on (junctions, links, borders of subflows) to the steps behind them."""

from collections.abc import Callable, Iterator

from dialer.strategy.graph import loops
from dialer.strategy.nodered.findings import Findings
from dialer.strategy.nodered.inline import Unfolded

_SHOWN = 5


def resolve(unfolded: Unfolded, findings: Findings) -> Callable[[str, int], tuple[str, ...]]:
    """For a step and the number of its way out: the ids of what it leads to, each once; two are enough to know too many.

    What does not exist is among them, and the check of the document says so; what was refused is not.
    """
    behind = _behind(unfolded, findings)

    def leads_to(step: str, port: int) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for target in unfolded.wires.get((step, port), ()):
            if target not in unfolded.dropped:
                found.update(dict.fromkeys(behind.get(target, (target,))))
        return tuple(found)

    return leads_to


def _behind(unfolded: Unfolded, findings: Findings) -> dict[str, tuple[str, ...]]:
    """The steps behind every point. Points in a ring lead nowhere, and the ring is a fault."""
    points = unfolded.points
    ahead = {point: set(targets) & points.keys() for point, targets in points.items()}
    for ring in loops(ahead):
        way = " → ".join((*ring[:_SHOWN], *(["…"] if len(ring) > _SHOWN else []), ring[0]))
        findings.fault(ring[0], "wires", "the way %(way)s goes round without a step", way=way)
    behind: dict[str, tuple[str, ...]] = {}
    for point in _ends_first(ahead):
        found: dict[str, None] = {}
        for target in points[point]:
            if target in points:
                found.update(dict.fromkeys(behind.get(target, ())))
            elif target not in unfolded.dropped:
                found[target] = None
        behind[point] = tuple(found)[:2]
    return {point: behind.get(point, ()) for point in points}


def _ends_first(ahead: dict[str, set[str]]) -> Iterator[str]:
    """Every point after all that it leads to; those in or before a ring don't come."""
    sources: dict[str, list[str]] = {point: [] for point in ahead}
    for point, targets in ahead.items():
        for target in targets:
            sources[target].append(point)
    left = {point: len(targets) for point, targets in ahead.items()}
    ready = [point for point, count in left.items() if count == 0]
    while ready:
        point = ready.pop()
        yield point
        for source in sources[point]:
            left[source] -= 1
            if left[source] == 0:
                ready.append(source)
