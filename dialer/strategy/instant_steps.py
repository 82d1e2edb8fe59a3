"""The steps that take no time: branch, set attribute, end."""

from dialer.domain.errors import InvalidInput
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
    return Turn(here.memory, Leave(OTHERWISE, f"no rule holds for {fields.on}", DONE))


def set_attribute(here: Here, fields: SetAttributeFields) -> Turn:
    """Set it, or leave it as it is when the contact lacks a value that the new one is made of."""
    try:
        value = render(fields.value, here.contact.values)
    except InvalidInput as error:
        return Turn(here.memory, Leave("next", f"{fields.attribute} not set: {error.faults[0].reason}", DONE))
    why = f"{fields.attribute} set"
    return Turn(here.memory, Leave("next", why, DONE), changes=((fields.attribute, value),))


def end(here: Here, fields: EndFields) -> Turn:
    result = fields.result or here.memory.last_outcome or here.memory.last_status or DONE
    return Turn(here.memory, Finish(result), "the end")
