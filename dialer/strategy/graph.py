"""Questions about the graph of a strategy: what is never reached, and which loops let no time pass."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from dialer.strategy.call_fields import CallFields
from dialer.strategy.fields import WaitFields, WaitKind
from dialer.strategy.model import Node


def passes_time(node: Node) -> bool:
    """Whether every visit of the node takes time: not so for a date, which passes at once when it is over."""
    match node.fields:
        case WaitFields(kind=WaitKind.FOR | WaitKind.UNTIL_TIME):
            return True
        case CallFields() as call:
            return min(call.retry_after) > timedelta(0)
        case _:
            return False


def unreachable(nodes: Sequence[Node], start: str) -> tuple[Node, ...]:
    """The nodes that no way leads to from the start, in the order of the document."""
    by_id = {node.id: node for node in nodes}
    reached = {start}
    waiting = [start]
    while waiting:
        targets = set(by_id[waiting.pop()].out.values()) & by_id.keys() - reached
        reached |= targets
        waiting.extend(targets)
    return tuple(node for node in nodes if node.id not in reached)


def hasty_loops(nodes: Sequence[Node]) -> Iterator[tuple[str, ...]]:
    """Loops in which no node passes time, as ids along the wires; each node is named in one of them at most."""
    hasty = {node.id for node in nodes if not passes_time(node)}
    return loops({node.id: set(node.out.values()) & hasty for node in nodes if node.id in hasty})


def loops(wires: Mapping[str, set[str]]) -> Iterator[tuple[str, ...]]:
    """Loops along the wires, whose targets are all keys; each node is named in one of them at most."""
    left = dict(wires)
    while left := _without_ends(left):
        loop = _walk_round(left)
        yield loop
        left = {node: targets - set(loop) for node, targets in left.items() if node not in loop}


def _without_ends(wires: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Drop what leads nowhere, again and again: the rest has a loop, or is empty."""
    sources: dict[str, set[str]] = {node: set() for node in wires}
    for node, targets in wires.items():
        for target in targets:
            sources[target].add(node)
    left = {node: len(targets) for node, targets in wires.items()}
    ends = [node for node, count in left.items() if count == 0]
    dropped: set[str] = set()
    while ends:
        end = ends.pop()
        dropped.add(end)
        for source in sources[end]:
            left[source] -= 1
            if left[source] == 0:
                ends.append(source)
    return {node: targets - dropped for node, targets in wires.items() if node not in dropped}


def _walk_round(wires: Mapping[str, set[str]]) -> tuple[str, ...]:
    """Follow wires (every node here has one) until a node comes again."""
    way: dict[str, None] = {}
    node = min(wires)
    while node not in way:
        way[node] = None
        node = min(wires[node])
    ids = list(way)
    return tuple(ids[ids.index(node) :])
