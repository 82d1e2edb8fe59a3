"""The flow that an editor draws: of a strategy, and of a flow that was compiled.

A strategy keeps what was drawn beside it: subflows, groups, comments, junctions, links, colours. `redraw` fits that to a
strategy that was changed in another way.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from dialer.strategy.document import LARGEST_INTEGER
from dialer.strategy.model import Node, Strategy
from dialer.strategy.nodered.entry import PREFIX, Entry
from dialer.strategy.nodered.sheet import GROUP, Sheet, Subflow

Flow = list[dict[str, Any]]


def to_flow(strategy: Strategy) -> Flow:
    """A tab with one node for each step; `from_flow` gives the same strategy back, to the last digit of a position."""
    tab = tab_id(node.id for node in strategy.nodes)
    return [tab_entry(tab, strategy.name), *(node_entry(node, tab) for node in strategy.nodes)]


def tab_id(taken: Iterable[str]) -> str:
    ids, tab = set(taken), "strategy"
    while tab in ids:
        tab += "-"
    return tab


def tab_entry(tab: str, label: str) -> dict[str, Any]:
    return {"id": tab, "type": "tab", "label": label, "disabled": False, "info": "", "env": []}


def node_entry(node: Node, tab: str) -> dict[str, Any]:
    """Fields stand flat, `wires` in the order of the ports."""
    meaning = node.fields.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {
        "id": node.id,
        "type": PREFIX + node.type,
        "z": tab,
        "name": node.name,
        **meaning,
        "x": _plain(node.x),
        "y": _plain(node.y),
        "wires": [[node.out[port]] if port in node.out else [] for port in node.ports],
    }


def _plain(number: float) -> float | int:
    """`120`, not `120.0`: as an editor writes it."""
    return int(number) if float(number).is_integer() and abs(number) <= LARGEST_INTEGER else number


def drawing_of(sheet: Sheet, left_out: set[str]) -> Flow:
    """The entries of a flow that was compiled, without the nodes that were left out and without ties to them."""
    tab = dict(sheet.tab.data) if sheet.tab is not None else None
    scopes = [(sheet.entries, tab["id"] if tab else None)]
    scopes += [(subflow.inside, None) for subflow in sheet.subflows.values()]
    if tab is None:
        taken = {entry.id for entries, _ in scopes for entry in entries} | sheet.subflows.keys()
        tab = tab_entry(tab_id(taken), "")
        scopes[0] = (sheet.entries, tab["id"])
    flow = [tab, *(_definition(subflow) for subflow in sheet.subflows.values())]
    for entries, scope in scopes:
        flow += _tidy(entries, scope, left_out)
    return flow


def _definition(subflow: Subflow) -> dict[str, Any]:
    """Wires at its border lead to what is there."""
    here = {subflow.entry.id, *(entry.id for entry in subflow.inside)}
    data = dict(subflow.entry.data)
    for side in data.keys() & {"in", "out"}:
        data[side] = [
            {**border, "wires": [wire for wire in border.get("wires", ()) if wire["id"] in here]}
            for border in data[side]
        ]
    return data


def _tidy(entries: Sequence[Entry], scope: str | None, left_out: set[str]) -> Flow:
    here = {entry.id: entry for entry in entries}
    groups = {entry.id for entry in entries if entry.type == GROUP}
    flow: Flow = []
    for entry in entries:
        data = dict(entry.data)
        if scope is not None:
            data["z"] = scope
        if entry.read.g not in groups:
            data.pop("g", None)
        if entry.type == GROUP:
            data["nodes"] = [node for node in entry.read.nodes if node in here and here[node].read.g == entry.id]
        if entry.wires:
            data["wires"] = [[target for target in port if target not in left_out] for port in entry.wires]
        flow.append(data)
    return flow
