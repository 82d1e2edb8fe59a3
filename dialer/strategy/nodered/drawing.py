"""The flow that an editor draws: of a strategy, and of a flow that was compiled.

A strategy keeps what was drawn beside it: subflows, groups, comments, junctions, links, colours. `redraw` fits that to a
strategy that was changed in another way.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from dialer.strategy.document import LARGEST_INTEGER
from dialer.strategy.model import Node, Strategy
from dialer.strategy.nodered.entry import LAYOUT, PREFIX, Entry
from dialer.strategy.nodered.sheet import GROUP, Sheet, Subflow

Flow = list[dict[str, Any]]

_LOOKS = LAYOUT - {"id", "type", "z", "name", "x", "y", "wires"}


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
        "x": plain(node.x),
        "y": plain(node.y),
        "wires": [[node.out[port]] if port in node.out else [] for port in node.ports],
    }


def plain(number: float) -> float | int:
    """`120`, not `120.0`: as an editor writes it."""
    return int(number) if float(number).is_integer() and abs(number) <= LARGEST_INTEGER else number


def drawing_of(sheet: Sheet, strategy: Strategy, left_out: set[str]) -> Flow:
    """The entries of a flow that was compiled to this strategy, without the nodes that were left out and ties to them.

    Steps on the tab are written as `to_flow` writes them, whatever a dialog made of numbers and lists.
    """
    tab = dict(sheet.tab.data) if sheet.tab is not None else tab_entry(_free_id(sheet), "")
    flow = [tab, *(_definition(subflow) for subflow in sheet.subflows.values())]
    for data in _tidy(sheet.entries, left_out):
        if str(data["type"]).startswith(PREFIX):
            wires = data.get("wires", [])
            flow.append({**looks(data), **node_entry(strategy.by_id[data["id"]], tab["id"]), "wires": wires})
        else:
            flow.append({**data, "z": tab["id"]})
    for subflow in sheet.subflows.values():
        flow += _tidy(subflow.inside, left_out)
    return flow


def looks(entry: dict[str, Any]) -> dict[str, Any]:
    """What an editor keeps of a step beside its fields, place and wires."""
    return {key: value for key, value in entry.items() if key in _LOOKS}


def _free_id(sheet: Sheet) -> str:
    entries = (*sheet.entries, *(entry for subflow in sheet.subflows.values() for entry in subflow.inside))
    return tab_id([*(entry.id for entry in entries), *sheet.subflows])


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


def _tidy(entries: Sequence[Entry], left_out: set[str]) -> Iterator[dict[str, Any]]:
    here = {entry.id: entry for entry in entries}
    groups = {entry.id for entry in entries if entry.type == GROUP}
    for entry in entries:
        data = dict(entry.data)
        if entry.read.g not in groups:
            data.pop("g", None)
        if entry.type == GROUP:
            data["nodes"] = [node for node in entry.read.nodes if node in here and here[node].read.g == entry.id]
        if entry.wires:
            data["wires"] = [[target for target in port if target not in left_out] for port in entry.wires]
        yield data
