"""The steps that take no time: branch, set attribute, end."""

from dialer.domain.errors import InvalidInput
from dialer.domain.said import Said, marked
from dialer.domain.template import render
from dialer.strategy.catalogue import OTHERWISE
from dialer.strategy.conditions import holds, look_up
from dialer.strategy.effects import DONE, Finish
from dialer.strategy.fields import BranchFields, EndFields, SetAttributeFields
from dialer.strategy.turn import Here, Leave, Turn


def branch(here: Here, fields: BranchFields) -> Turn:
    value = look_up(fields.on, here.memory, here.contact)
    for index, rule in enumerate(fields.rules, start=1):
        if holds(rule, value):
            return Turn(here.memory, Leave(f"rule{index}", f"{fields.on} {rule.op.value} {rule.value}".rstrip(), DONE))
    return Turn(here.memory, Leave(OTHERWISE, Said("no rule holds for %(name)s", name=fields.on), DONE))


def set_attribute(here: Here, fields: SetAttributeFields) -> Turn:
    """Set it, or leave it as it is when the contact lacks a value that the new one is made of."""
    try:
        value = render(fields.value, here.contact.values)
    except InvalidInput as error:
        told = Said("%(attribute)s not set: %(why)s", attribute=fields.attribute, why=error.faults[0].reason)
        return Turn(here.memory, Leave("next", told, DONE))
    why = Said("%(attribute)s set", attribute=fields.attribute)
    return Turn(here.memory, Leave("next", why, DONE), changes=((fields.attribute, value),))


def end(here: Here, fields: EndFields) -> Turn:
    result = fields.result or here.memory.last_outcome or here.memory.last_status or DONE
    return Turn(here.memory, Finish(result), marked("the end"))
