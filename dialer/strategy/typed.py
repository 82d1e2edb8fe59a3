"""What steps write into custom fields: a value that a field can't hold would be found out only when a branch goes wrong by it."""

from collections.abc import Iterator, Mapping

from dialer.domain.errors import shown
from dialer.domain.fields import Field, FieldType, Misfit, check
from dialer.domain.said import Said
from dialer.domain.template import placeholders
from dialer.strategy.fields import SetAttributeFields, WebhookFields
from dialer.strategy.model import Node
from dialer.strategy.read import NodeFault


def value_faults(node: str, fields: SetAttributeFields, custom: Mapping[str, Field]) -> Iterator[NodeFault]:
    """A value without placeholders has to be one of the field's, in the form in which the field keeps it."""
    field = custom.get(fields.attribute)
    if field is None or not fields.value or placeholders(fields.value):
        return
    found = check(field, fields.value)
    if isinstance(found, Misfit):
        yield NodeFault(node, "value", "does not fit %(field)s: %(reason)s", field=_named(field), reason=found.reason)
    elif found != fields.value:
        yield NodeFault(
            node, "value", "is kept as %(kept)s in %(field)s: write it so", kept=shown(found), field=_named(field)
        )


def value_warnings(node: Node, custom: Mapping[str, Field]) -> Iterator[NodeFault]:
    """What is known only when the step comes: it is stored as it is, whatever the field holds."""
    match node.fields:
        case SetAttributeFields(attribute=name, value=value):
            field, values = custom.get(name), placeholders(value)
            if field and values and not _only_one_alike(value, field, custom.get(values[0])):
                yield from _unchecked(node, "value", Said("the value"), field)
        case WebhookFields(save_as=str(name)) if name in custom:
            yield from _unchecked(node, "save_as", Said("the response"), custom[name])
        case _:
            pass


def _only_one_alike(value: str, field: Field, other: Field | None) -> bool:
    """Whether the value is that of another field, which holds the same."""
    if other is None or value != "{{" + other.name + "}}":
        return False
    return (field.type, field.choices) == (other.type, other.choices)


def _unchecked(node: Node, at: str, what: str, field: Field) -> Iterator[NodeFault]:
    if field.type is not FieldType.TEXT:
        yield NodeFault(
            node.id,
            at,
            "%(what)s is stored as it comes, also if it does not fit %(field)s",
            what=what,
            field=_named(field),
        )


def _named(field: Field) -> str:
    return Said("the field %(name)s of the type %(type)s", name=shown(field.label), type=field.type)
