"""A strategy: the graph of steps that contacts of a campaign go through. Immutable; `check` makes it from a document."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from dialer.strategy.call_fields import CallFields, Machines
from dialer.strategy.catalogue import CALL, CONTACT_IN, END, OTHERWISE, STEP_TYPES
from dialer.strategy.fields import ContactInFields, EndFields, Fields, SmsFields

FORMAT = "campaign-strategy/1"


@dataclass(frozen=True)
class Node:
    """A step: its type, where it is drawn, its fields, and which node each wired port leads to."""

    id: str
    type: str
    fields: Fields
    name: str = ""
    x: float = 0.0
    y: float = 0.0
    out: Mapping[str, str] = field(default_factory=dict)

    @property
    def ports(self) -> tuple[str, ...]:
        """All ports of this node in wire order, wired or not."""
        return STEP_TYPES[self.type].ports_of(self.fields)

    def meaning(self) -> dict[str, object]:
        """Everything but the layout, as JSON; defaults are written out, so that a later default changes no version."""
        return {
            "id": self.id,
            "type": self.type,
            "name": self.name,
            "fields": self.fields.model_dump(mode="json", by_alias=True, exclude_none=True),
            "out": {port: self.out[port] for port in self.ports if port in self.out},
        }


@dataclass(frozen=True)
class Strategy:
    name: str
    nodes: tuple[Node, ...]

    @cached_property
    def by_id(self) -> Mapping[str, Node]:
        return {node.id: node for node in self.nodes}

    @cached_property
    def start(self) -> Node:
        """The one contact-in."""
        return next(node for node in self.nodes if node.type == CONTACT_IN.name)

    @cached_property
    def limits(self) -> ContactInFields:
        """What holds for the whole strategy; it stands at contact-in."""
        fields = self.start.fields
        return fields if isinstance(fields, ContactInFields) else ContactInFields()


@dataclass(frozen=True, slots=True)
class Needs:
    """The nodes that rely on the campaign's own queue, voice gateway and SMS gateway (C5), and on Asterisk's AMD()."""

    queue: tuple[str, ...]
    voice_gateway: tuple[str, ...]
    sms_gateway: tuple[str, ...]
    machine_detection: tuple[str, ...] = ()


def to_document(strategy: Strategy) -> dict[str, object]:
    """The strategy as its own JSON (`campaign-strategy/1`); `check(to_document(s)).strategy == s`."""
    return {
        "format": FORMAT,
        "name": strategy.name,
        "nodes": [{**node.meaning(), "x": node.x, "y": node.y} for node in strategy.nodes],
    }


def digest(strategy: Strategy) -> str:
    """SHA-256 in hex over what the strategy does and how it names it; where and in which order it is drawn is left out."""
    nodes = sorted((node.meaning() for node in strategy.nodes), key=lambda meaning: str(meaning["id"]))
    text = json.dumps({"name": strategy.name, "nodes": nodes}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def needs(strategy: Strategy) -> Needs:
    calls = [(node.id, node.fields) for node in strategy.nodes if isinstance(node.fields, CallFields)]
    texts = [(node.id, node.fields) for node in strategy.nodes if isinstance(node.fields, SmsFields)]
    return Needs(
        queue=tuple(node_id for node_id, fields in calls if fields.queue is None),
        voice_gateway=tuple(node_id for node_id, fields in calls if fields.gateway is None),
        sms_gateway=tuple(node_id for node_id, fields in texts if fields.gateway is None),
        machine_detection=tuple(node_id for node_id, fields in calls if fields.amd is not Machines.OFF),
    )


def gateways(strategy: Strategy) -> frozenset[str]:
    """Those that its steps name themselves."""
    steps = (node.fields for node in strategy.nodes)
    named = (fields.gateway for fields in steps if isinstance(fields, CallFields | SmsFields))
    return frozenset(name for name in named if name is not None)


def default_strategy() -> Strategy:
    """What a campaign without a strategy of its own does: call once, done."""
    return Strategy(
        name="Call once",
        nodes=(
            Node("in", CONTACT_IN.name, ContactInFields(), x=120, y=120, out={"next": "call"}),
            Node("call", CALL.name, CallFields(), x=320, y=120, out={OTHERWISE: "end"}),
            Node("end", END.name, EndFields(), x=520, y=120),
        ),
    )
