"""Checks a strategy document: every fault at its node and field, all at once (requirements S2, C5)."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dialer.domain.errors import shown
from dialer.domain.said import Said
from dialer.domain.web_address import why_not_allowed
from dialer.strategy.advice import find_warnings
from dialer.strategy.call_fields import CallFields
from dialer.strategy.catalogue import CONTACT_IN
from dialer.strategy.document import MAX_NODES, find_hostile
from dialer.strategy.fields import SetAttributeFields, SmsFields, WebhookFields
from dialer.strategy.graph import hasty_loops
from dialer.strategy.known import Known
from dialer.strategy.model import FORMAT, Node, Strategy
from dialer.strategy.read import NAME_PATTERN, NodeFault, ReadNode, read_node
from dialer.strategy.typed import value_faults
from dialer.strategy.web import fixed_host

_MEMBERS = ("format", "name", "nodes")
_LONGEST_NAME = 200
_LOOP_SHOWN = 8
MOST_FAULTS = 1_000  # nobody reads more; to write down a hundred thousand would keep the dialer from calling
_NAMES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Checked:
    """The strategy if it can run, else None and why not; warnings hinder nothing."""

    strategy: Strategy | None
    faults: tuple[NodeFault, ...] = ()
    warnings: tuple[NodeFault, ...] = ()

    @classmethod
    def refused(cls, faults: Sequence[NodeFault]) -> "Checked":
        """With every fault, as far as anybody reads them; the last one says how many more there are."""
        if len(faults) <= MOST_FAULTS:
            return cls(None, tuple(faults))
        more = NodeFault(
            "",
            "nodes",
            "has %(number)s more faults, not listed; mend these first",
            number=format(len(faults) - MOST_FAULTS, ","),
        )
        return cls(None, (*faults[:MOST_FAULTS], more))


def check(document: object, known: Known | None = None) -> Checked:
    """Check a parsed JSON document. `known` names what exists here; without it names are not checked. Never raises."""
    if hostile := find_hostile(document):
        return Checked(None, (NodeFault("", "document", hostile),))
    if not isinstance(document, dict):
        return Checked(None, (NodeFault("", "document", "should be an object with format, name and nodes"),))
    entries = document.get("nodes")
    if not isinstance(entries, list) or len(entries) > MAX_NODES:
        reason = (
            Said("has more than %(most)s steps", most=format(MAX_NODES, ","))
            if isinstance(entries, list)
            else Said("should be a list of steps")
        )
        return Checked(None, (*_member_faults(document), NodeFault("", "nodes", reason)))
    reads = [read_node(index, entry) for index, entry in enumerate(entries)]
    nodes = [read.node for read in reads if read.node is not None]
    faults = (
        *_member_faults(document),
        *(fault for read in reads for fault in read.faults),
        *_start_faults(entries),
        *_id_faults(reads),
        *_wire_faults(reads),
        *_loop_faults(nodes),
        *_name_faults(reads, known or Known()),
    )
    if faults:
        return Checked.refused(faults)
    strategy = Strategy(str(document.get("name", "")), tuple(nodes))
    return Checked(strategy, (), tuple(find_warnings(strategy, known or Known())))


def _member_faults(document: dict[str, object]) -> Iterator[NodeFault]:
    if document.get("format") != FORMAT:
        yield NodeFault("", "format", "should be %(format)s", format=FORMAT)
    name = document.get("name", "")
    if not isinstance(name, str) or len(name) > _LONGEST_NAME or not re.fullmatch(NAME_PATTERN, name):
        yield NodeFault("", "name", "should be text of at most %(most)s characters on one line", most=_LONGEST_NAME)
    for member in document:
        if member not in _MEMBERS:
            yield NodeFault("", member[:_LONGEST_NAME], "is not a field of a strategy")


def _start_faults(entries: Sequence[object]) -> Iterator[NodeFault]:
    """Counts what is written, not what could be read: a faulty contact-in is not a missing one."""
    types = [entry.get("type") for entry in entries if isinstance(entry, dict)]
    if (starts := types.count(CONTACT_IN.name)) != 1:
        yield NodeFault(
            "", "nodes", "needs exactly one %(name)s step and has %(starts)s", name=CONTACT_IN.name, starts=starts
        )


def _id_faults(reads: Sequence[ReadNode]) -> Iterator[NodeFault]:
    for node_id, count in Counter(read.id for read in reads).items():
        if count > 1:
            yield NodeFault(node_id, "id", "is used by %(count)s steps", count=count)


def _wire_faults(reads: Sequence[ReadNode]) -> Iterator[NodeFault]:
    existing = {read.id for read in reads}
    starts = {read.id for read in reads if read.node is not None and read.node.type == CONTACT_IN.name}
    for read in reads:
        for port, target in read.out.items():
            if target not in existing:
                yield NodeFault(
                    read.id, f"out.{port}", "leads to %(target)s, which does not exist", target=shown(target)
                )
            elif target in starts:
                yield NodeFault(
                    read.id, f"out.{port}", "leads back to %(name)s, where contacts only start", name=CONTACT_IN.name
                )


def _loop_faults(nodes: Sequence[Node]) -> Iterator[NodeFault]:
    for loop in hasty_loops(nodes):
        way = " → ".join((*loop[:_LOOP_SHOWN], *(["…"] if len(loop) > _LOOP_SHOWN else []), loop[0]))
        yield NodeFault(
            loop[0],
            "out",
            "the loop %(way)s lets no time pass; put a wait into it, or a call with a retry_after above 0s",
            way=way,
        )


def _name_faults(reads: Sequence[ReadNode], known: Known) -> Iterator[NodeFault]:
    for read in reads:
        match read.fields:
            case CallFields() as call:
                yield from _unknown(read.id, "queue", call.queue, known.queues)
                yield from _unknown(read.id, "gateway", call.gateway, known.voice_gateways)
                yield from _unknown(read.id, "mode", call.mode, known.modes)
            case SmsFields() as sms:
                yield from _unknown(read.id, "gateway", sms.gateway, known.sms_gateways)
            case WebhookFields(url=url) if known.webhook_hosts is not None:
                host = fixed_host(url)  # one that a contact's value is part of is looked at when it is known
                if host is not None and (reason := why_not_allowed(host, known.webhook_hosts)):
                    yield NodeFault(read.id, "url", reason)
            case SetAttributeFields() as attribute if known.fields:
                yield from value_faults(read.id, attribute, known.fields)
            case _:
                pass


def _unknown(node: str, field: str, name: str | None, names: frozenset[str] | None) -> Iterator[NodeFault]:
    if name is not None and names is not None and name not in names:
        known = ", ".join(sorted(names)[:_NAMES_SHOWN]) or "none"
        yield NodeFault(
            node,
            field,
            "there is no %(field)s %(name)s here; there is: %(known)s",
            field=field,
            name=shown(name),
            known=known,
        )
