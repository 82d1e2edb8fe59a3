"""Keeps what was drawn when a strategy is changed in another way: as its own JSON, as text, or by a form."""

from collections.abc import Mapping
from typing import Any

from dialer.strategy.model import Node, Strategy, digest
from dialer.strategy.nodered.compile import from_flow
from dialer.strategy.nodered.drawing import Flow, node_entry, tab_entry, to_flow
from dialer.strategy.nodered.entry import LAYOUT
from dialer.strategy.nodered.sheet import GROUP, TAB

_LOOKS = LAYOUT - {"id", "type", "z", "name", "x", "y", "wires", "outputs", "outputLabels"}


def redraw(strategy: Strategy, before: Flow) -> Flow:
    """The drawing of `strategy`, as much like the one before as it can be.

    Changed fields, names and positions of steps on the tab leave the rest as it is. If steps or ways were changed, the
    steps are drawn one by one: groups, comments and the looks of steps stay; junctions, links and subflows don't.
    """
    patched = _patched(strategy, before)
    compiled = from_flow(patched).checked.strategy
    if compiled is not None and digest(compiled) == digest(strategy):
        return patched
    return _anew(strategy, before)


def _patched(strategy: Strategy, before: Flow) -> Flow:
    compiled = from_flow(before).checked.strategy
    old = compiled.by_id if compiled is not None else {}
    tab = _tab_of(before)
    return [_patch(entry, tab, strategy, old) for entry in before]


def _patch(entry: dict[str, Any], tab: str, strategy: Strategy, old: Mapping[str, Node]) -> dict[str, Any]:
    node, was = strategy.by_id.get(entry["id"]), old.get(entry["id"])
    if entry["type"] == TAB:
        return entry if entry.get("label", "") == strategy.name else {**entry, "label": strategy.name}
    if entry.get("z") != tab or node is None or was is None or node.type != was.type:
        return entry
    new = node_entry(node, tab)
    if (node.fields, node.name) != (was.fields, was.name):
        return {**_looks(entry), **new, "wires": entry.get("wires", [])}
    return entry if (node.x, node.y) == (was.x, was.y) else {**entry, "x": new["x"], "y": new["y"]}


def _anew(strategy: Strategy, before: Flow) -> Flow:
    tab = _tab_of(before)
    taken = {node.id for node in strategy.nodes}
    kept = [entry for entry in before if entry.get("z") == tab and entry["type"] in {GROUP, "comment"}]
    if taken & {tab, *(entry["id"] for entry in kept)}:
        return to_flow(strategy)
    looks = {entry["id"]: _looks(entry) for entry in before if entry.get("z") == tab}
    steps = [{**looks.get(node.id, {}), **node_entry(node, tab)} for node in strategy.nodes]
    groups = [entry for entry in kept if entry["type"] == GROUP]
    here = taken | {entry["id"] for entry in kept}
    regrouped = [{**group, "nodes": [node for node in group.get("nodes", []) if node in here]} for group in groups]
    comments = [entry for entry in kept if entry["type"] != GROUP]
    first = next((entry for entry in before if entry["type"] == TAB), tab_entry(tab, strategy.name))
    return [{**first, "label": strategy.name}, *regrouped, *comments, *steps]


def _looks(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key in _LOOKS}


def _tab_of(flow: Flow) -> str:
    return next((str(entry["id"]) for entry in flow if entry["type"] == TAB), "")
