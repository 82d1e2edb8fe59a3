"""Where a strategy names attributes of a contact: reads, writes, and placeholders in texts."""

from collections.abc import Iterator
from dataclasses import dataclass

from dialer.domain.columns import attribute_name
from dialer.domain.template import placeholders
from dialer.strategy.fields import (
    LOOKS,
    BranchFields,
    Fields,
    SetAttributeFields,
    SmsFields,
    WaitFields,
    WaitKind,
    WebhookFields,
)
from dialer.strategy.model import Strategy


@dataclass(frozen=True, slots=True)
class Use:
    """`field` of the step `node` names `attribute`; `label` is what people call the step."""

    node: str
    label: str
    field: str
    attribute: str


def uses(strategy: Strategy) -> Iterator[Use]:
    """Every attribute that a step names, in the order of the steps."""
    for node in strategy.nodes:
        for field, attribute in dict.fromkeys(_named(node.fields)):
            yield Use(node.id, node.name or node.type, field, attribute)


def _named(fields: Fields) -> Iterator[tuple[str, str]]:
    match fields:
        case SmsFields(text=text):
            yield from _placed("text", text)
        case SetAttributeFields(attribute=attribute, value=value):
            yield "attribute", attribute
            yield from _placed("value", value)
        case BranchFields(on=on) if on not in LOOKS:
            yield "on", on
        case WaitFields(kind=WaitKind.UNTIL_ATTRIBUTE, at=str() as at):
            yield "at", attribute_name(at)
        case WebhookFields(url=url, body=body, save_as=save_as):
            yield from _placed("url", url)
            yield from _placed("body", body)
            if save_as is not None:
                yield "save_as", save_as
        case _:
            pass


def _placed(field: str, text: str) -> Iterator[tuple[str, str]]:
    return ((field, name) for name in placeholders(text))
