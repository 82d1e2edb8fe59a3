"""A strategy as readable text (YAML), for review in git: what it does first, where it is drawn last.

Fields that hold their default are left out. `read.from_text` gives the same strategy and the same drawing back.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from dialer.strategy.model import FORMAT, Node, Strategy
from dialer.strategy.nodered.drawing import Flow, looks, node_entry, plain, to_flow
from dialer.strategy.text.yaml_form import Inline, indented, write_yaml


def to_text(strategy: Strategy, drawing: Flow | None = None) -> str:
    return "".join(_parts(strategy, drawing))


def _parts(strategy: Strategy, drawing: Flow | None) -> Iterator[str]:
    yield write_yaml({"format": FORMAT, **({"name": strategy.name} if strategy.name else {})})
    yield "\nsteps:\n"
    for index, node in enumerate(strategy.nodes):
        if index:
            yield "\n"
        yield from indented(write_yaml({node.id: _step(node)}))
    yield "\n# Where each step is drawn.\nlayout:\n"
    yield from indented(write_yaml({node.id: f"{plain(node.x)}, {plain(node.y)}" for node in strategy.nodes}))
    if drawing is not None and drawing != to_flow(strategy):
        yield "\n# What else is drawn in the Node-RED editor: groups, comments, subflows, junctions, links.\ndrawing: |\n"
        for entry in drawing:
            yield f"  {orjson.dumps(_reduced(entry, strategy, drawing)).decode()}\n"


def _step(node: Node) -> dict[str, Any]:
    step: dict[str, Any] = {"type": node.type}
    if node.name:
        step["name"] = node.name
    step |= _fields(node)
    out = {port: node.out[port] for port in node.ports if port in node.out}
    return {**step, "out": out} if out else step


def _fields(node: Node) -> dict[str, Any]:
    written = node.fields.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    return {name: _value(value) for name, value in written.items()}


def _value(value: Any) -> Any:
    """Words of a list with commas, as the fields read them; the rules of a branch one to a line."""
    if not isinstance(value, list) or not value:
        return value
    if all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return [Inline(item) if isinstance(item, dict) else item for item in value]


def _reduced(entry: dict[str, Any], strategy: Strategy, drawing: Flow) -> dict[str, Any]:
    """Of a step that stands above only what is drawn: its looks, and its wires if they go by way of something else."""
    node = strategy.by_id.get(entry["id"])
    tab = drawing[0]["id"]
    if node is None or entry.get("z") != tab:
        return entry
    direct = node_entry(node, tab)["wires"]
    kept = {"id": entry["id"], **looks(entry)}
    return kept if entry.get("wires", []) == direct else {**kept, "wires": entry.get("wires", [])}
