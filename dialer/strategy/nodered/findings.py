"""What is found while a flow is compiled: faults hinder it, warnings don't."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from dialer.strategy.read import NodeFault

MAX_FAULTS = 1_000


@dataclass(slots=True)
class Findings:
    faults: list[NodeFault] = field(default_factory=list)
    warnings: list[NodeFault] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)  # by id: a wire to one of them is no fault of its own
    stopped: bool = False  # at a limit: what was not looked at is not judged

    def fault(self, node: str, member: str, reason: str, **values: object) -> None:
        """Values go into the reason by name, as in `NodeFault`."""
        self.faults.append(NodeFault(node, member, reason, **values))

    def refuse(self, node: str, member: str, reason: str, **values: object) -> None:
        """A fault because of which nothing can be made of the node."""
        self.fault(node, member, reason, **values)
        self.refused.add(node)

    def warn(self, node: str, member: str, reason: str, **values: object) -> None:
        self.warnings.append(NodeFault(node, member, reason, **values))


def once(faults: Iterable[NodeFault]) -> tuple[NodeFault, ...]:
    """The first at each field of each node; of more than anybody reads, how many more there are."""
    first: dict[tuple[str, str], NodeFault] = {}
    for fault in faults:
        first.setdefault((fault.node, fault.field), fault)
    kept = tuple(first.values())
    if len(kept) <= MAX_FAULTS:
        return kept
    return (
        *kept[:MAX_FAULTS],
        NodeFault("", "flow", "has %(number)s more faults", number=f"{len(kept) - MAX_FAULTS:,}"),
    )
