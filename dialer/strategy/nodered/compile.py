"""From Node-RED flow JSON to a strategy: pick the tab, translate, unfold, resolve, name the outcomes, check.

Everything that is wrong is told at once, each at its node and field; inside a subflow a node is called `instance/inner`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from dialer.domain.errors import shown
from dialer.domain.said import marked
from dialer.strategy.catalogue import OTHERWISE, STEP_TYPES
from dialer.strategy.check import Checked, check
from dialer.strategy.fields import BranchFields
from dialer.strategy.known import Known
from dialer.strategy.model import FORMAT
from dialer.strategy.nodered.core import IGNORED, Untranslatable, is_ours, translate
from dialer.strategy.nodered.drawing import drawing_of
from dialer.strategy.nodered.entry import LAYOUT, PREFIX, Entry
from dialer.strategy.nodered.findings import Findings, once
from dialer.strategy.nodered.inline import unfold
from dialer.strategy.nodered.sheet import Sheet, Subflow, entries_of, read_sheet
from dialer.strategy.nodered.wires import resolve
from dialer.strategy.read import NodeFault


@dataclass(frozen=True, slots=True)
class Compiled:
    """What became of a flow. `drawing` is the flow as it is kept: translated, without what is ignored."""

    checked: Checked
    document: dict[str, object] | None = None
    drawing: list[dict[str, Any]] = field(default_factory=list)


def from_flow(flow: object, known: Known | None = None) -> Compiled:
    """Compile a parsed flow. `known` names what exists here; without it names are not checked. Never raises for JSON."""
    entries = entries_of(flow)
    if isinstance(entries, str):
        return Compiled(Checked(None, (NodeFault("", "flow", entries),)))
    findings = Findings()
    sheet = _translated(read_sheet(entries, findings), findings)
    document: dict[str, object] = {"format": FORMAT, "name": sheet.name, "nodes": _nodes(sheet, findings)}
    checked = check(document, known) if not findings.stopped else Checked(None)
    faults = once([*findings.faults, *checked.faults])
    if faults or checked.strategy is None:
        return Compiled(Checked.refused(faults))
    warnings = once([*findings.warnings, *checked.warnings])
    return Compiled(
        Checked(checked.strategy, (), warnings), document, drawing_of(sheet, checked.strategy, findings.refused)
    )


def _translated(sheet: Sheet, findings: Findings) -> Sheet:
    """With steps of ours in place of Node-RED's own nodes."""
    entries = tuple(_our_own(sheet.entries, findings))
    subflows = {
        name: Subflow(subflow.entry, tuple(_our_own(subflow.inside, findings)))
        for name, subflow in sheet.subflows.items()
    }
    return Sheet(sheet.tab, entries, subflows)


def _our_own(entries: Sequence[Entry], findings: Findings) -> Iterator[Entry]:
    for entry in entries:
        if entry.type in IGNORED:
            findings.refused.add(entry.id)
            findings.warn(
                entry.id, "type", "a %(type)s node does nothing in a strategy and is left out", type=entry.type
            )
            continue
        found = entry if is_ours(entry) else _translate(entry, findings)
        if found is None:
            continue
        if _is_usable(found, findings):
            yield found


def _translate(entry: Entry, findings: Findings) -> Entry | None:
    try:
        translated, told = translate(entry)
    except Untranslatable as error:
        findings.refuse(entry.id, error.field, error.reason)
        return None
    findings.warn(entry.id, "type", told)
    return translated


def _is_usable(entry: Entry, findings: Findings) -> bool:
    if entry.read.d:
        findings.refuse(entry.id, "d", "is switched off; enable the node, or remove it")
    elif entry.is_step and entry.type.removeprefix(PREFIX) not in STEP_TYPES:
        known = ", ".join(PREFIX + name for name in STEP_TYPES)
        findings.refuse(
            entry.id, "type", "%(type)s is not a step; use one of %(known)s", type=shown(entry.type), known=known
        )
    elif entry.type == "link out" and entry.data.get("mode", "link") != "link":
        findings.refuse(entry.id, "mode", "must send to link nodes; returning to a caller can't be used")
    else:
        return True
    return False


def _nodes(sheet: Sheet, findings: Findings) -> list[dict[str, object]]:
    """The steps as a strategy's document has them."""
    unfolded = unfold(sheet, findings)
    leads_to = resolve(unfolded, findings)
    ways: dict[str, dict[int, tuple[str, ...]]] = {name: {} for name in unfolded.steps}
    for step, port in unfolded.wires:
        if found := leads_to(step, port):
            ways[step][port] = found
    return [_node(name, entry, ways[name], findings) for name, entry in unfolded.steps.items()]


def _node(name: str, entry: Entry, ways: dict[int, tuple[str, ...]], findings: Findings) -> dict[str, object]:
    kind = entry.type.removeprefix(PREFIX)
    ports = _ports(kind, entry)
    out: dict[str, str] = {}
    for port, targets in ways.items():
        if port >= len(ports):
            none = marked("a wire starts at way out %(port)s, and the step has no way out")
            few = marked("a wire starts at way out %(port)s, and the step has only %(ports)s ways out")
            findings.fault(name, "wires", few if ports else none, port=port + 1, ports=len(ports))
        elif len(targets) > 1:
            two = {"first": shown(targets[0]), "second": shown(targets[1])}
            told = marked("leads to %(first)s and to %(second)s; a contact takes one way only")
            findings.fault(name, f"out.{ports[port]}", told, **two)
        else:
            out[ports[port]] = targets[0]
    return {
        "id": name,
        "type": kind,
        "name": entry.read.name,
        "x": entry.read.x,
        "y": entry.read.y,
        "fields": {key: value for key, value in entry.data.items() if key not in LAYOUT},
        "out": out,
    }


def _ports(kind: str, entry: Entry) -> tuple[str, ...]:
    """The ways out by name, as far as the fields tell: a branch has one for each rule that is written."""
    step = STEP_TYPES[kind]
    if step.fields is not BranchFields:
        return step.ports_of(None)
    rules = entry.data.get("rules")
    count = len(rules) if isinstance(rules, list) else max(len(entry.wires) - 1, 0)
    return (*(f"rule{index}" for index in range(1, count + 1)), OTHERWISE)
