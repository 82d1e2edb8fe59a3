"""A strategy as a form: each step with its fields, each of its ways out with where it leads. Pure: documents in, forms out, and back.

A control is called `ID|FIELD`, `ID|out|PORT` or `ID|name`; no id of a step has a bar in it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from multidict import MultiMapping

from admin.language import _, labelled, said
from dialer.strategy.catalogue import CONTACT_IN, STEP_TYPES
from dialer.strategy.model import FORMAT
from dialer.strategy.nodered.entry import PREFIX
from dialer.strategy.palette import palette
from dialer.strategy.read import NODE_ID, NodeFault

MOST_STEPS = 300  # of a form: a larger strategy is drawn
_PALETTE: Mapping[str, Mapping[str, Any]] = {one["type"].removeprefix(PREFIX): one for one in palette()}
_SEVERAL = {"choices", "rules"}

Form = MultiMapping[Any]
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Control:
    """A field of a step: `asked` is the palette's description, `value` a text, a list of texts, rules, or a switch."""

    name: str
    asked: Mapping[str, Any]
    value: Any
    faults: Sequence[str]


@dataclass(frozen=True, slots=True)
class Way:
    name: str
    label: str
    meaning: str
    to: str
    faults: Sequence[str]


@dataclass(frozen=True, slots=True)
class StepForm:
    id: str
    type: str
    label: str
    help: str
    name: str
    x: float
    y: float
    controls: Sequence[Control]
    ways: Sequence[Way]
    faults: Sequence[str]
    leads: str = field(default="")

    @property
    def title(self) -> str:
        return f"{self.name or self.label} ({self.id})"


def addable() -> list[tuple[str, str, str]]:
    """`(type, label, help)` of the steps that can be added; contact-in is there already."""
    return [
        (name, said(step["label"]), said(step["help"])) for name, step in _PALETTE.items() if name != CONTACT_IN.name
    ]


def steps(document: Mapping[str, Any], faults: Iterable[NodeFault] = ()) -> list[StepForm]:
    """What stands in the form, each fault at its control."""
    told: dict[str, dict[str, list[str]]] = {}
    for fault in faults:
        told.setdefault(fault.node, {}).setdefault(fault.field, []).append(said(fault.reason))
    return [_step(node, told.get(node["id"], {})) for node in document["nodes"]]


def elsewhere(document: Mapping[str, Any], faults: Iterable[NodeFault]) -> list[NodeFault]:
    """Faults that stand at no step of the form."""
    ids = {node["id"] for node in document["nodes"]}
    return [fault for fault in faults if fault.node not in ids]


def _step(node: Mapping[str, Any], told: Mapping[str, list[str]]) -> StepForm:
    described, fields = _PALETTE[node["type"]], node.get("fields", {})
    controls = [
        Control(one["name"], _asked(one), _shown(one, fields.get(one["name"])), _of_field(told, one["name"]))
        for one in described["fields"]
    ]
    ways = [
        Way(port, label, meaning, node.get("out", {}).get(port, ""), told.get(f"out.{port}", ()))
        for port, label, meaning in _ports(described, fields)
    ]
    known = {control.name for control in controls} | {f"out.{way.name}" for way in ways}
    rest = [
        reason for name, reasons in told.items() if name.partition(".")[0] not in known | {"out"} for reason in reasons
    ]
    rest += [
        reason for name, reasons in told.items() if name.startswith("out") and name not in known for reason in reasons
    ]
    return StepForm(
        node["id"], node["type"], said(described["label"]), said(described["help"]), node.get("name", ""), node.get("x", 0),
        node.get("y", 0), controls, ways, rest,
    )  # fmt: skip


def _asked(field: Mapping[str, Any]) -> dict[str, Any]:
    """A field of the palette in the language of the page."""
    options = {"options": labelled(field["options"])} if "options" in field else {}
    return {**field, "title": said(field["title"]), "help": said(field["help"]), **options}


def _of_field(told: Mapping[str, list[str]], name: str) -> list[str]:
    """Those of the field and of its parts (`rules.0.value`)."""
    return [reason for of, reasons in told.items() if of == name or of.startswith(f"{name}.") for reason in reasons]


def _ports(described: Mapping[str, Any], fields: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    rules = fields.get("rules", ()) if described["rules"] else ()
    of_rules = [(f"rule{n}", _("rule %(number)s", number=n), _("This rule holds.")) for n in range(1, len(rules) + 1)]
    return of_rules + [(port["name"], said(port["label"]), said(port["meaning"])) for port in described["ports"]]


def _shown(asked: Mapping[str, Any], value: Any) -> Any:
    """As its control takes it; a field that is not given has its default."""
    given = asked["default"] if value is None else value
    if asked["kind"] == "durations":
        return ", ".join(given) if isinstance(given, list) else given
    if asked["kind"] == "choices" and isinstance(given, str):
        return [word.strip() for word in given.split(",")]
    return given


def read(form: Form) -> Document:
    """The document that a form describes; nothing is judged here."""
    nodes = [
        _read_step(form, node_id) for node_id in form.getall("step", ())[:MOST_STEPS] if re.fullmatch(NODE_ID, node_id)
    ]
    return {"format": FORMAT, "name": str(form.get("strategy", "")), "nodes": [one for one in nodes if one is not None]}


def _read_step(form: Form, node_id: str) -> dict[str, Any] | None:
    kind = str(form.get(f"{node_id}|type", ""))
    if kind not in _PALETTE:
        return None
    described = _PALETTE[kind]
    fields = {
        one["name"]: value for one in described["fields"] if (value := _read_field(form, node_id, one)) is not None
    }
    ways = [port for port, *_words in _ports(described, fields)]
    out = {port: str(to) for port in ways if (to := form.get(f"{node_id}|out|{port}"))}
    return {
        "id": node_id, "type": kind, "name": str(form.get(f"{node_id}|name", "")).strip(), "x": _number(form, f"{node_id}|x"),
        "y": _number(form, f"{node_id}|y"), "fields": fields, "out": out,
    }  # fmt: skip


def _number(form: Form, name: str) -> float:
    try:
        return float(str(form.get(name, "0")))
    except ValueError:
        return 0.0


def _read_field(form: Form, node_id: str, asked: Mapping[str, Any]) -> Any:
    """None for what is left to the default."""
    name, kind = f"{node_id}|{asked['name']}", asked["kind"]
    if kind == "switch":
        return name in form
    if kind == "choices":
        return [str(value) for value in form.getall(name, ())]
    if kind == "rules":
        ops, values = form.getall(f"{name}|op", ()), form.getall(f"{name}|value", ())
        return [{"op": str(op), "value": str(value)} for op, value in zip(ops, values, strict=False)]
    text = str(form.get(name, ""))
    return text if text.strip() else None


# -- what the buttons of the form do ----------------------------------------------------------------------------------


def add(document: Document, kind: str) -> tuple[Document, str]:
    """With one more step of that type at the end, and its id; the same document and "" for a type that there is not."""
    if kind not in {name for name, *_words in addable()} or len(document["nodes"]) >= MOST_STEPS:
        return document, ""
    ids = {node["id"] for node in document["nodes"]}
    new = next(one for n in range(1, MOST_STEPS + 2) if (one := kind if n == 1 else f"{kind}-{n}") not in ids)
    node = {"id": new, "type": kind, "name": "", "x": 0.0, "y": 0.0, "fields": _first_fields(kind), "out": {}}
    return {**document, "nodes": [*document["nodes"], node]}, new


def _first_fields(kind: str) -> dict[str, Any]:
    return {"rules": _PALETTE[kind]["fields"][1]["default"]} if STEP_TYPES[kind].name == "branch" else {}


def remove(document: Document, node_id: str) -> Document:
    """Without the step, and without the ways that led to it."""
    nodes = [
        {**node, "out": {port: to for port, to in node["out"].items() if to != node_id}}
        for node in document["nodes"]
        if node["id"] != node_id or node["type"] == CONTACT_IN.name
    ]
    return {**document, "nodes": nodes}


def add_rule(document: Document, node_id: str) -> Document:
    nodes = [
        {**node, "fields": {**node["fields"], "rules": [*node["fields"].get("rules", ()), {"op": "eq", "value": ""}]}}
        if node["id"] == node_id
        else node
        for node in document["nodes"]
    ]
    return {**document, "nodes": nodes}


def remove_rule(document: Document, node_id: str, at: int) -> Document:
    """Without the branch's rule `at` (from 1); the ways of those behind it move up with them."""
    return {**document, "nodes": [_less(node, at) if node["id"] == node_id else node for node in document["nodes"]]}


def _less(node: dict[str, Any], at: int) -> dict[str, Any]:
    rules = [rule for n, rule in enumerate(node["fields"].get("rules", ()), 1) if n != at]
    out = {}
    for port, to in node["out"].items():
        found = re.fullmatch(r"rule([0-9]+)", port)
        n = int(found[1]) if found else 0
        if not found:
            out[port] = to
        elif n != at:
            out[f"rule{n - (n > at)}"] = to
    return {**node, "fields": {**node["fields"], "rules": rules}, "out": out}
