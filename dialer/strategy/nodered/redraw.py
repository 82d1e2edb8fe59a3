"""Keeps what was drawn when a strategy is changed in another way: as its own JSON, as text, or by a form."""

from collections.abc import Mapping
from typing import Any

from dialer.domain.errors import shown
from dialer.domain.said import marked
from dialer.strategy.model import Node, Strategy, digest
from dialer.strategy.nodered.compile import from_flow
from dialer.strategy.nodered.drawing import Flow, looks, node_entry, tab_entry, to_flow
from dialer.strategy.nodered.sheet import GROUP, SUBFLOW_TYPE, TAB
from dialer.strategy.read import NodeFault

_LOST = {
    SUBFLOW_TYPE: marked("the subflow%(name)s is unfolded: its steps are drawn one by one, wherever it stands"),
    "junction": marked("the junction%(name)s goes: its wires are drawn through"),
    "link in": marked("the link%(name)s goes: a wire is drawn in its place"),
    "link out": marked("the link%(name)s goes: a wire is drawn in its place"),
}


def redraw(strategy: Strategy, before: Flow) -> Flow:
    """The drawing of `strategy`, as much like the one before as it can be.

    Changed fields, names and positions of steps on the tab leave the rest as it is. If steps or ways were changed, the
    steps are drawn one by one: groups, comments and the looks of steps stay; junctions, links and subflows don't.
    """
    for drawing in (_patched(strategy, before), _anew(strategy, before)):
        compiled = from_flow(drawing)
        if compiled.checked.strategy is not None and digest(compiled.checked.strategy) == digest(strategy):
            return compiled.drawing
    return to_flow(strategy)


def unfolded(strategy: Strategy, before: Flow) -> tuple[NodeFault, ...]:
    """What `redraw` would take from a drawing, each at its node: subflows, junctions and links that don't fit any more."""
    kept = {entry["id"] for entry in redraw(strategy, before)}
    return tuple(
        NodeFault(str(entry["id"]), "drawing", _LOST[entry["type"]], name=_called(entry))
        for entry in before
        if entry["type"] in _LOST and entry["id"] not in kept
    )


def _called(entry: dict[str, Any]) -> str:
    return f" {shown(entry['name'])}" if entry.get("name") else ""


def _patched(strategy: Strategy, before: Flow) -> Flow:
    compiled = from_flow(before).checked.strategy
    old = compiled.by_id if compiled is not None else {}
    tab = _tab_of(before)
    return [_patch(entry, tab, strategy, old) for entry in before]


def _patch(entry: dict[str, Any], tab: str, strategy: Strategy, old: Mapping[str, Node]) -> dict[str, Any]:
    if entry["type"] == TAB:
        return {**entry, "label": strategy.name}
    node, was = strategy.by_id.get(entry["id"]), old.get(entry["id"])
    if entry.get("z") != tab or node is None or was is None or node.type != was.type:
        return entry
    return {**looks(entry), **node_entry(node, tab), "wires": entry.get("wires", [])}


def _anew(strategy: Strategy, before: Flow) -> Flow:
    tab = _tab_of(before)
    first = next((entry for entry in before if entry["type"] == TAB), tab_entry(tab, ""))
    kept = [entry for entry in before if entry.get("z") == tab and entry["type"] in {GROUP, "comment"}]
    seen = {entry["id"]: looks(entry) for entry in before if entry.get("z") == tab}
    steps = [{**seen.get(node.id, {}), **node_entry(node, tab)} for node in strategy.nodes]
    return [{**first, "label": strategy.name}, *kept, *steps]


def _tab_of(flow: Flow) -> str:
    return next((str(entry["id"]) for entry in flow if entry["type"] == TAB), "")
