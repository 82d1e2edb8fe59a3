"""Places for steps that were written and not drawn: from left to right along the ways, each column from top to bottom."""

from collections import Counter
from collections.abc import Mapping, Sequence

LEFT, TOP = 120, 120
WIDE, HIGH = 200, 80


def arrange(nodes: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """The nodes of a document, in which those without a place have one; what is wrong with them is not judged here."""
    if all("x" in node for node in nodes):
        return list(nodes)
    columns = _columns(nodes)
    filled: Counter[int] = Counter()
    placed = []
    for node in nodes:
        column = columns[str(node["id"])]
        place = {"x": LEFT + WIDE * column, "y": TOP + HIGH * filled[column]}
        filled[column] += 1
        placed.append(node if "x" in node else {**node, **place})
    return placed


def _columns(nodes: Sequence[Mapping[str, object]]) -> dict[str, int]:
    """How many steps away from the first each is; what no way leads to stands in the first column."""
    ways = {str(node["id"]): _targets(node) for node in nodes}
    columns: dict[str, int] = {}
    row = list(ways)[:1]
    for column in range(len(ways)):
        for step in row:
            columns.setdefault(step, column)
        row = list(dict.fromkeys(step for one in row for step in ways[one] if step in ways and step not in columns))
    return {step: columns.get(step, 0) for step in ways}


def _targets(node: Mapping[str, object]) -> list[str]:
    out = node.get("out")
    return [target for target in out.values() if isinstance(target, str)] if isinstance(out, dict) else []
