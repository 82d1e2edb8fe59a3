"""What no drawing may have, not even a draft: it would harm the editor that opens it, or the store.

Anything else that is wrong with a flow hinders only its deploy.
"""

from dialer.strategy.nodered.entry import Entry
from dialer.strategy.nodered.findings import Findings, once
from dialer.strategy.nodered.inline import circular
from dialer.strategy.nodered.sheet import SUBFLOW_TYPE, Subflow, check_groups, entries_of, read_all
from dialer.strategy.read import NodeFault

# Environment variables are drawn in an editor's own dialog, and do nothing in it.
_HARMLESS = frozenset({"env"})


def find_unsafe(flow: object) -> tuple[NodeFault, ...]:
    """Each at its node and field; never raises for JSON values."""
    entries = entries_of(flow)
    if isinstance(entries, str):
        return (NodeFault("", "flow", entries),)
    findings = Findings()
    read = read_all(entries, findings)
    check_groups([read], findings)
    inside: dict[str, list[Entry]] = {}
    for entry in read:
        inside.setdefault(entry.read.z, []).append(entry)
    defined = [entry for entry in read if entry.type == SUBFLOW_TYPE]
    circular({entry.id: Subflow(entry, tuple(inside.get(entry.id, ()))) for entry in defined}, findings)
    return once(fault for fault in findings.faults if fault.field.partition(".")[0] not in _HARMLESS)
