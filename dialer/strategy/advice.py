"""Warnings: what runs as it stands, but hardly as it was meant."""

from collections.abc import Iterator

from dialer.domain.columns import attribute_name
from dialer.domain.errors import InvalidInput, shown
from dialer.domain.template import placeholders, render
from dialer.strategy.call_fields import CallFields, Machines
from dialer.strategy.catalogue import CONTACT_IN
from dialer.strategy.fields import (
    LOOKS,
    BranchFields,
    SetAttributeFields,
    SmsFields,
    TimeWindowFields,
    Until,
    WaitFields,
    WaitKind,
    WebhookFields,
    WindowKind,
)
from dialer.strategy.graph import unreachable
from dialer.strategy.known import Known
from dialer.strategy.model import Node, Strategy
from dialer.strategy.read import NodeFault
from dialer.strategy.typed import value_warnings
from dialer.strategy.web import MAX_FILLED

NAMES = frozenset({"first_name", "last_name", "name"})


def find_warnings(strategy: Strategy, known: Known) -> Iterator[NodeFault]:
    """All warnings for a strategy without faults."""
    for node in unreachable(strategy.nodes, strategy.start.id):
        yield NodeFault(node.id, "node", "no way leads here")
    if not strategy.start.out:
        yield NodeFault(
            strategy.start.id, "out", "%(name)s leads nowhere, so every contact is done at once", name=CONTACT_IN.name
        )
    for node in strategy.nodes:
        for port in sorted(_never_taken(node) & node.out.keys()):
            yield NodeFault(node.id, f"out.{port}", "is never taken with these fields")
        if isinstance(node.fields, WaitFields) and (unused := _unused_field(node.fields)):
            yield NodeFault(node.id, unused, "is not used with kind %(kind)s", kind=node.fields.kind.value)
        if isinstance(node.fields, CallFields) and _leaves_nothing(node.fields):
            yield NodeFault(node.id, "machine_message", "is not used with %(amd)s", amd=node.fields.amd.value)
        yield from value_warnings(node, known.fields or {})
    if known.attributes is not None:
        yield from _unknown_attributes(strategy, known.attributes)


def _never_taken(node: Node) -> set[str]:
    match node.fields:
        case CallFields(amd=Machines.OFF):
            return {"machine"}
        case SmsFields(until=Until.ACCEPTED):
            return {"replied", "timeout"}
        case SmsFields(until=Until.DELIVERED):
            return {"replied"}
        case SmsFields(until=Until.REPLIED):
            return {"sent"}
        case TimeWindowFields(kind=WindowKind.HOLD):
            return {"closed"}
        case _:
            return set()


def _leaves_nothing(fields: CallFields) -> bool:
    return fields.machine_message is not None and fields.amd is not Machines.LEAVE_MESSAGE


def _unused_field(fields: WaitFields) -> str | None:
    if fields.kind is WaitKind.FOR:
        return "at" if fields.at is not None else None
    return "duration" if fields.duration is not None else None


def _unknown_attributes(strategy: Strategy, attributes: frozenset[str]) -> Iterator[NodeFault]:
    """Attributes that neither a contact field nor a step of the strategy fills."""
    set_here = {name for node in strategy.nodes if (name := _set_by(node)) is not None}
    filled = attributes | NAMES | set_here
    for node in strategy.nodes:
        match node.fields:
            case SmsFields(text=text):
                yield from _unfilled(node, "text", text, filled)
            case SetAttributeFields(value=value):
                yield from _unfilled(node, "value", value, filled)
            case WebhookFields(url=url, body=body):
                yield from _unfilled(node, "url", url, filled)
                yield from _unfilled(node, "body", body, filled)
            case BranchFields(on=on) if on not in filled and on not in LOOKS:
                yield NodeFault(node.id, "on", "no contact field is called %(on)s", on=shown(on))
            case WaitFields(kind=WaitKind.UNTIL_ATTRIBUTE, at=str() as at) if attribute_name(at) not in filled:
                yield NodeFault(node.id, "at", "no contact field is called %(at)s", at=shown(at))
            case _:
                pass


def _set_by(node: Node) -> str | None:
    match node.fields:
        case SetAttributeFields(attribute=attribute):
            return attribute
        case WebhookFields(save_as=save_as):
            return save_as
        case _:
            return None


def _unfilled(node: Node, field: str, text: str, filled: frozenset[str]) -> Iterator[NodeFault]:
    """Placeholders without words of their own that no field fills; `render` is the judge."""
    try:
        render(text, {name: "x" for name in placeholders(text) if name in filled}, field, most=MAX_FILLED)
    except InvalidInput as error:
        yield NodeFault(node.id, field, error.faults[0].reason)
