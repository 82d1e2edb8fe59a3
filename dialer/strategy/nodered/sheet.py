"""Sorts the entries of a flow: the tab that is the strategy, what stands on it, and the subflows with what is in them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dialer.domain.errors import shown
from dialer.domain.said import Said, marked
from dialer.strategy.catalogue import CONTACT_IN
from dialer.strategy.document import find_hostile
from dialer.strategy.graph import loops
from dialer.strategy.nodered.entry import PREFIX, Entry, read_entry
from dialer.strategy.nodered.findings import Findings

MAX_ENTRIES = 3_000
TAB = "tab"
SUBFLOW_TYPE = "subflow"
GROUP = "group"


@dataclass(frozen=True, slots=True)
class Subflow:
    """A subflow's definition and the entries inside."""

    entry: Entry
    inside: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The strategy's tab (None for a selection that was copied without it), its entries, the subflows by id."""

    tab: Entry | None
    entries: tuple[Entry, ...]
    subflows: dict[str, Subflow]

    @property
    def name(self) -> str:
        return self.tab.read.label if self.tab is not None else ""


def entries_of(flow: object) -> list[object] | str:
    """The entries, or why the flow is refused as a whole before anything looks into it."""
    if not isinstance(flow, list):
        return marked("should be a list of nodes, as the Node-RED editor exports it")
    if len(flow) > MAX_ENTRIES:
        return Said("has %(number)s nodes; %(most)s are allowed", number=f"{len(flow):,}", most=f"{MAX_ENTRIES:,}")
    return find_hostile(flow) or flow


def read_sheet(flow: Sequence[object], findings: Findings) -> Sheet:
    """Never raises for JSON values; what can't be read is in the findings."""
    entries = read_all(flow, findings)
    subflows = [entry for entry in entries if entry.type == SUBFLOW_TYPE]
    tab = _pick(entries, findings)
    scope = tab.id if tab is not None else _common_scope(entries, {entry.id for entry in subflows})
    inside: dict[str, list[Entry]] = {scope: [], **{entry.id: [] for entry in subflows}}
    tabs = {entry.id for entry in entries if entry.type == TAB}
    for entry in entries:
        if entry.type not in {TAB, SUBFLOW_TYPE}:
            _place(entry, inside, tabs, findings)
    check_groups(inside.values(), findings)
    definitions = {entry.id: Subflow(entry, tuple(inside[entry.id])) for entry in subflows}
    return Sheet(tab, tuple(inside[scope]), definitions)


def read_all(flow: Sequence[object], findings: Findings) -> list[Entry]:
    """What can be read of the entries, each id once."""
    reads = [read_entry(index, raw) for index, raw in enumerate(flow)]
    for read in reads:
        findings.faults.extend(read.faults)
        if read.entry is None:
            findings.refused.add(read.id)
    for node, count in Counter(read.id for read in reads).items():
        if count > 1:
            findings.fault(node, "id", "is used by %(number)s nodes", number=count)
    # The first of its id goes on, so that whatever else is wrong is told as well.
    return list({read.id: read.entry for read in reversed(reads) if read.entry is not None}.values())[::-1]


def _pick(entries: Sequence[Entry], findings: Findings) -> Entry | None:
    """The tab with the contact-in; the only one that is not switched off, if that tells them apart."""
    tabs = [entry for entry in entries if entry.type == TAB]
    starts = {entry.read.z for entry in entries if entry.type == PREFIX + CONTACT_IN.name}
    candidates = [tab for tab in tabs if not tab.read.disabled] or tabs
    candidates = [tab for tab in candidates if tab.id in starts] or candidates
    if len(candidates) > 1:
        names = ", ".join(shown(tab.read.label or tab.id) for tab in candidates[:10])
        told = marked("has %(number)s tabs that could be the strategy (%(names)s): delete all but one")
        findings.fault("", "flow", told, number=len(candidates), names=names)
    if not candidates:
        return None
    picked = candidates[0]
    if picked.read.disabled:
        findings.fault(picked.id, "disabled", "is switched off; enable the tab")
    for tab in tabs:
        if tab is not picked and len(candidates) == 1:
            findings.warn(
                tab.id, "tab", "%(name)s is another tab and is left out", name=shown(tab.read.label or tab.id)
            )
    return picked


def _common_scope(entries: Sequence[Entry], subflows: set[str]) -> str:
    """Nodes that were copied from a tab name it all the same."""
    scopes = Counter(entry.read.z for entry in entries if entry.read.z not in subflows and entry.read.z)
    return scopes.most_common(1)[0][0] if scopes else ""


def _place(entry: Entry, inside: dict[str, list[Entry]], tabs: set[str], findings: Findings) -> None:
    if entry.type == "global-config":
        return  # which packages an exported flow came from
    if entry.read.z in inside:
        inside[entry.read.z].append(entry)
    elif not entry.read.z:
        findings.refuse(entry.id, "type", "%(type)s stands on no tab and can't be used here", type=shown(entry.type))
    elif entry.read.z not in tabs:
        findings.refuse(
            entry.id, "z", "stands on %(name)s, which is neither the tab nor a subflow", name=shown(entry.read.z)
        )


def check_groups(scopes: Iterable[Sequence[Entry]], findings: Findings) -> None:
    """Groups in each other's inside would send an editor round for ever."""
    for scope in scopes:
        groups = {entry.id: entry.read.g for entry in scope if entry.type == GROUP}
        for loop in loops({group: {outer} & groups.keys() if outer else set() for group, outer in groups.items()}):
            findings.fault(
                loop[0], "g", "the groups %(names)s lie inside each other", names=" → ".join((*loop, loop[0]))
            )
