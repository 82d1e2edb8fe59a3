"""Where nodes are drawn that nobody has placed: strategies from the API stand in one spot, column by column they can be read."""

from collections.abc import Mapping, Sequence
from typing import Any

from dialer.strategy.catalogue import CONTACT_IN
from dialer.strategy.nodered.entry import PREFIX

LEFT, TOP, COLUMN, GAP = 140, 80, 280, 50
PORT, LEAST = 15, 30  # the editor's own measures


def arranged(flow: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same flow; if all its nodes stand in one spot, each in the column of its distance from the start."""
    nodes = {str(entry["id"]): entry for entry in flow if "wires" in entry}
    if len(nodes) < 2 or len({(node.get("x"), node.get("y")) for node in nodes.values()}) > 1:  # noqa: PLR2004
        return [dict(entry) for entry in flow]
    column, places = _columns(nodes), {}
    below: dict[int, int] = {}
    for name, node in nodes.items():
        height = max(LEAST, PORT * len(node["wires"]))
        top = below.get(column[name], TOP)
        below[column[name]] = top + height + GAP
        places[name] = {"x": LEFT + COLUMN * column[name], "y": top + height // 2}
    return [{**entry, **places.get(str(entry["id"]), {})} for entry in flow]


def _columns(nodes: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """The least number of wires from the start; what it does not lead to stands behind everything."""
    found = {name: 0 for name, node in nodes.items() if node["type"] == PREFIX + CONTACT_IN.name}
    edge = list(found)
    while edge:
        reached = [str(target) for name in edge for port in nodes[name]["wires"] for target in port]
        depth = found[edge[0]] + 1
        edge = [name for name in dict.fromkeys(reached) if name in nodes and name not in found]
        found |= dict.fromkeys(edge, depth)
    last = max(found.values(), default=0) + 1
    return {name: found.get(name, last) for name in nodes}
