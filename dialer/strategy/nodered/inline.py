"""Unfolds subflows: every node of the tab and of each instance under an id of its own (`instance/inner`).

What comes out are steps, and points that only lead on: junctions, links, and the ways into and out of an instance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dialer.domain.errors import shown
from dialer.domain.said import marked
from dialer.strategy.document import MAX_NODES
from dialer.strategy.graph import loops
from dialer.strategy.nodered.core import DRAWN
from dialer.strategy.nodered.entry import Entry
from dialer.strategy.nodered.findings import Findings
from dialer.strategy.nodered.sheet import Sheet, Subflow

MAX_LEVELS = 5
MAX_WEIGHT = 30_000  # nodes and wires


@dataclass(slots=True)
class Unfolded:
    """Steps by id; where each way out of a step leads, and each point that only leads on."""

    steps: dict[str, Entry] = field(default_factory=dict)
    wires: dict[tuple[str, int], list[str]] = field(default_factory=dict)
    points: dict[str, list[str]] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)  # instances with a fault: a wire to one is no fault of its own
    weight: int = 0

    def has(self, node: str) -> bool:
        return node in self.steps or node in self.points

    def lead(self, node: str, port: int, target: str) -> bool:
        """One more wire from a way out of what has this id; whether there is such a thing."""
        if node in self.steps:
            self.wires.setdefault((node, port), []).append(target)
        elif (way := way_out(node, port)) in self.points:  # an instance inside
            self.points[way].append(target)
        elif node in self.points:
            self.points[node].append(target)
        else:
            return node in self.dropped
        return True


def way_out(instance: str, port: int) -> str:
    """The point behind a way out of an instance; no node's id has this sign."""
    return f"{instance}>{port}"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where entries are unfolded: inside these instances, moved by this much."""

    names: tuple[str, ...] = ()
    x: float = 0.0
    y: float = 0.0

    def id(self, inner: str) -> str:
        return "/".join((*self.names, inner))

    def top(self, entry: Entry) -> str:
        """The id of the node on the tab."""
        return self.names[0] if self.names else entry.id

    def within(self, instance: Entry) -> "_Place":
        return _Place((*self.names, instance.id), self.x + instance.read.x, self.y + instance.read.y)


def unfold(sheet: Sheet, findings: Findings) -> Unfolded:
    unfolded = Unfolded()
    usable = {name: sheet.subflows[name] for name in sheet.subflows.keys() - circular(sheet.subflows, findings)}
    _Unfolding(usable, sheet, unfolded, findings).entries(sheet.entries, _Place())
    return unfolded


def circular(subflows: Mapping[str, Subflow], findings: Findings) -> set[str]:
    """Subflows that contain themselves, and whatever contains them; each loop is named once."""
    uses = {
        name: {entry.subflow for entry in subflow.inside if entry.subflow in subflows}
        for name, subflow in subflows.items()
    }
    wires = {name: {inner for inner in inside if inner is not None} for name, inside in uses.items()}
    bad: set[str] = set()
    for loop in loops(wires):
        names = [shown(subflows[name].entry.read.name or name) for name in (*loop, loop[0])]
        findings.fault(loop[0], "subflow", "contains itself: %(names)s", names=" → ".join(names))
        bad |= set(loop)
    return _with_users(bad, wires)


def _with_users(bad: set[str], wires: Mapping[str, set[str]]) -> set[str]:
    users: dict[str, set[str]] = {name: set() for name in wires}
    for user, used in wires.items():
        for name in used:
            users[name].add(user)
    waiting, found = list(bad), set(bad)
    while waiting:
        new = users[waiting.pop()] - found
        found |= new
        waiting.extend(new)
    return found


@dataclass(slots=True)
class _Unfolding:
    usable: Mapping[str, Subflow]
    sheet: Sheet
    out: Unfolded
    findings: Findings

    def entries(self, entries: Sequence[Entry], place: _Place) -> None:
        for entry in entries:
            if not self.findings.stopped and entry.id not in self.findings.refused and entry.type not in DRAWN:
                self._entry(entry, place)

    def _entry(self, entry: Entry, place: _Place) -> None:
        name = place.id(entry.id)
        self.out.weight += 1 + sum(map(len, entry.wires))
        if self.out.weight > MAX_WEIGHT or len(self.out.steps) > MAX_NODES:
            self.findings.stopped = True
            self.findings.fault(
                place.top(entry), "subflow",
                "unfolds to more than %(steps)s steps, or to more than %(all)s nodes and wires in all",
                steps=f"{MAX_NODES:,}", all=f"{MAX_WEIGHT:,}",
            )  # fmt: skip
        elif self.out.has(name):
            self.findings.fault(name, "id", "is the id of another node too, now that the subflows are unfolded")
        elif entry.is_step:
            self._step(entry, place)
        elif entry.subflow is not None:
            self._instance(entry, entry.subflow, place)
        else:
            leads = entry.read.links if entry.type == "link out" else _all(entry.wires)
            self.out.points[name] = self._ids(place, leads)

    def _step(self, entry: Entry, place: _Place) -> None:
        name = place.id(entry.id)
        moved = {"x": entry.read.x + place.x, "y": entry.read.y + place.y}
        self.out.steps[name] = replace(entry, read=entry.read.model_copy(update=moved))
        for port, targets in enumerate(entry.wires):
            self.out.wires[name, port] = self._ids(place, targets)

    def _instance(self, instance: Entry, subflow: str, place: _Place) -> None:
        name, definition = place.id(instance.id), self.usable.get(subflow)
        if definition is None or len(place.names) >= MAX_LEVELS:
            self.out.dropped.add(name)
            if subflow not in self.sheet.subflows:
                self.findings.fault(
                    instance.id, "type", "there is no subflow %(name)s in the flow", name=shown(subflow)
                )
            elif definition is not None:
                told = marked("holds subflows that are nested deeper than %(most)s levels: %(names)s / …")
                names = " / ".join(place.names)
                self.findings.fault(place.top(instance), "subflow", told, most=MAX_LEVELS, names=names)
            return
        inner, read = place.within(instance), definition.entry.read
        self.out.points[name] = self._ids(inner, [wire.id for start in read.starts for wire in start.wires])
        self.out.weight += len(self.out.points[name]) + sum(len(end.wires) for end in read.ends)
        for port, _ in enumerate(read.ends):
            targets = instance.wires[port] if port < len(instance.wires) else ()
            self.out.points[way_out(name, port)] = self._ids(place, targets)
        if any(instance.wires[len(read.ends) :]):
            told = marked("a wire starts where the subflow has no way out; it has %(number)s")
            self.findings.fault(name, "wires", told, number=len(read.ends))
        self.entries(definition.inside, inner)
        self._ends(name, definition, inner)

    def _ends(self, name: str, definition: Subflow, inner: _Place) -> None:
        for port, end in enumerate(definition.entry.read.ends):
            for wire in end.wires:
                if wire.id in self.findings.refused:
                    continue
                if wire.id == definition.entry.id:  # from the way in straight to the way out
                    self.out.points[name].append(way_out(name, port))
                elif not self.out.lead(inner.id(wire.id), wire.port, way_out(name, port)):
                    told = marked("comes from %(name)s, which does not exist")
                    self.findings.fault(definition.entry.id, f"out.{port}", told, name=shown(wire.id))

    def _ids(self, place: _Place, inner: Sequence[str]) -> list[str]:
        """Without what was refused or left out: a wire to it is no fault of its own."""
        return [place.id(one) for one in inner if one not in self.findings.refused]


def _all(wires: Sequence[Sequence[str]]) -> list[str]:
    return [target for port in wires for target in port]
