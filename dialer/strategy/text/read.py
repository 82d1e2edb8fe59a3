"""Reads a strategy's text (YAML, see `write`) as a document, and the drawing that stands below it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from dialer.domain.errors import shown
from dialer.strategy.check import Checked, check
from dialer.strategy.known import Known
from dialer.strategy.model import Strategy
from dialer.strategy.nodered.drawing import Flow, looks, node_entry, tab_entry
from dialer.strategy.nodered.redraw import redraw
from dialer.strategy.nodered.sheet import TAB
from dialer.strategy.read import NodeFault
from dialer.strategy.text.arrange import arrange
from dialer.strategy.text.yaml_form import Tree, read_yaml

_MEMBERS = ("format", "name", "steps", "layout", "drawing")
_OWN = frozenset({"type", "name", "out"})
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Text:
    """The document, the entries that were drawn (steps only by their looks), and what can't be read at all."""

    document: dict[str, object]
    drawn: Flow | None = None
    faults: tuple[NodeFault, ...] = ()

    def check(self, known: Known | None = None) -> Checked:
        """What is wrong with the text and with the strategy in it."""
        if not self.document:
            return Checked.refused(self.faults)
        found = check(self.document, known)
        return Checked.refused((*self.faults, *found.faults)) if self.faults else found

    def drawing(self, strategy: Strategy, before: Flow | None) -> Flow | None:
        """How the strategy in it is drawn; a text without a drawing keeps the one before as far as it fits."""
        if self.drawn is None:
            return redraw(strategy, before) if before is not None else None
        return redraw(strategy, _completed(self.drawn, strategy))


def from_text(text: str) -> Text:
    """Never raises; what is wrong within a step is left to `check`."""
    try:
        tree = read_yaml(text)
    except ValueError as error:
        return Text({}, None, (NodeFault("", "text", str(error)),))
    if not isinstance(tree, dict):
        return Text({}, None, (NodeFault("", "text", "should be a map with format, name and steps"),))
    faults = [NodeFault("", key[:_LONGEST], "is not a part of a strategy") for key in tree if key not in _MEMBERS]
    steps = _map(tree, "steps", "should be a map of steps by their ids", faults)
    layout = _map(tree, "layout", "should be a map of places by the ids of steps", faults)
    places = {id_: place for id_, written in layout.items() if (place := _place(id_, written, faults)) is not None}
    nodes = arrange([_node(id_, step, places, faults) for id_, step in steps.items()])
    document: dict[str, object] = {"format": tree.get("format"), "name": tree.get("name") or "", "nodes": nodes}
    drawn = _drawn(tree["drawing"], faults) if tree.get("drawing") is not None else None
    return Text(document, drawn, tuple(faults))


def _map(tree: Mapping[str, Any], member: str, reason: str, faults: list[NodeFault]) -> dict[str, Any]:
    found = tree.get(member) or {}
    if isinstance(found, dict):
        return found
    faults.append(NodeFault("", member, reason))
    return {}


def _node(
    id_: str, step: Tree, places: Mapping[str, tuple[float, float]], faults: list[NodeFault]
) -> dict[str, object]:
    if not isinstance(step, dict):
        faults.append(NodeFault(id_[:_LONGEST], "node", "should be a map with its type and fields"))
        step = {}
    node: dict[str, object] = {"id": id_}
    node |= {member: step[member] for member in _OWN if step.get(member) is not None}
    node["fields"] = {name: _sound(value) for name, value in step.items() if name not in _OWN}
    if id_ in places:
        node["x"], node["y"] = places[id_]
    return node


def _sound(value: Tree) -> Tree:
    """A rule whose value is left empty has none."""
    if isinstance(value, list):
        return [{k: v for k, v in item.items() if v is not None} if isinstance(item, dict) else item for item in value]
    return value


def _place(id_: str, written: Tree, faults: list[NodeFault]) -> tuple[float, float] | None:
    try:
        x, y = map(float, written.split(",") if isinstance(written, str) else ())
    except ValueError:
        faults.append(NodeFault(id_[:_LONGEST], "layout", f"{shown(written)} is no place; write it as 280, 160"))
        return None
    return x, y


def _drawn(written: Tree, faults: list[NodeFault]) -> Flow:
    """One JSON object to a line."""
    if not isinstance(written, str):
        faults.append(NodeFault("", "drawing", "should be a text with one JSON object to a line"))
        return []
    return list(_entries(written, faults))


def _entries(written: str, faults: list[NodeFault]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(written.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            entry = orjson.loads(line)
        except ValueError:
            entry = None
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            yield entry
        else:
            faults.append(NodeFault("", "drawing", f"line {number} is not a JSON object with an id"))


def _completed(drawn: Flow, strategy: Strategy) -> Flow:
    """With what the steps say; steps that were added by hand come last, those that were removed are left out."""
    first = next((entry for entry in drawn if entry.get("type") == TAB), tab_entry("strategy", strategy.name))
    tab = first["id"]
    flow = [] if any(entry is first for entry in drawn) else [first]
    left = dict(strategy.by_id)
    for entry in drawn:
        if "type" in entry:
            flow.append(entry)
        elif (node := left.pop(entry["id"], None)) is not None:
            wires = {"wires": entry["wires"]} if "wires" in entry else {}
            flow.append({**looks(entry), **node_entry(node, tab), **wires})
    inside = {f"{entry['id']}/" for entry in flow if str(entry["type"]).startswith("subflow:")}
    new = (node for node in left.values() if not node.id.startswith(tuple(inside)))
    return [*flow, *(node_entry(node, tab) for node in new)]
