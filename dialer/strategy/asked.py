"""Which attributes of a contact a strategy asks for."""

from collections.abc import Iterator

from dialer.domain.columns import attribute_name
from dialer.domain.template import placeholders
from dialer.strategy.fields import (
    LOOKS,
    BranchFields,
    SetAttributeFields,
    SmsFields,
    WaitFields,
    WaitKind,
    WebhookFields,
)
from dialer.strategy.model import Node, Strategy


def asked(strategy: Strategy) -> tuple[str, ...]:
    """Each once, in the order of the steps; without those that a step itself sets."""
    set_here = {node.fields.attribute for node in strategy.nodes if isinstance(node.fields, SetAttributeFields)}
    found = dict.fromkeys(name for node in strategy.nodes for name in _asked_by(node))
    return tuple(name for name in found if name not in set_here)


def _asked_by(node: Node) -> Iterator[str]:
    match node.fields:
        case SmsFields(text=text) | SetAttributeFields(value=text):
            yield from placeholders(text)
        case WebhookFields(url=url, body=body):
            yield from placeholders(url)
            yield from placeholders(body)
        case BranchFields(on=on) if on not in LOOKS:
            yield on
        case WaitFields(kind=WaitKind.UNTIL_ATTRIBUTE, at=str() as at):
            yield attribute_name(at)
