"""The step types: one definition each, from which come the validation, the palette and the reference page.

Ports are appended, never reordered: a drawn wire is the index of its port (interface: Strategy).
"""

from dataclasses import dataclass

from dialer.strategy.call_fields import CallFields
from dialer.strategy.fields import (
    BranchFields,
    ContactInFields,
    EndFields,
    Fields,
    SetAttributeFields,
    SmsFields,
    TimeWindowFields,
    WaitFields,
    WebhookFields,
)

OTHERWISE = "otherwise"


@dataclass(frozen=True, slots=True)
class Port:
    """A way out of a step."""

    name: str
    meaning: str


@dataclass(frozen=True, slots=True)
class StepType:
    """What a step type is called, looks like, asks for and leads to."""

    name: str
    label: str
    colour: str
    icon: str
    help: str
    fields: type[Fields]
    ports: tuple[Port, ...]

    def ports_of(self, fields: Fields | None) -> tuple[str, ...]:
        """The names of the ports of a step with these fields, in wire order; a branch has one per rule."""
        rules = fields.rules if isinstance(fields, BranchFields) else ()
        return (*(f"rule{index}" for index, _ in enumerate(rules, start=1)), *(port.name for port in self.ports))


_NEXT = (Port("next", "Goes on."),)
_OTHERWISE = Port(OTHERWISE, "Any outcome whose own way is not wired.")

CONTACT_IN = StepType(
    name="contact-in",
    label="contacts in",
    colour="#8bbdd9",
    icon="font-awesome/fa-users",
    help="Where every contact enters, once. Holds the limits for the whole strategy.",
    fields=ContactInFields,
    ports=_NEXT,
)
CALL = StepType(
    name="call",
    label="call",
    colour="#9fd5a4",
    icon="font-awesome/fa-phone",
    help="Calls the contact and hands an answered call to an agent of the queue.",
    fields=CallFields,
    ports=(
        Port("answered", "A person talked to an agent."),
        Port("no_answer", "It rang and nobody answered, after all tries."),
        Port("busy", "The line was busy, after all tries."),
        Port("machine", "An answering machine answered."),
        Port("abandoned", "A person answered and no agent was there in time."),
        Port("invalid", "The number does not exist, or the contact has none."),
        Port("failed", "Rejected, congested, failed or lost."),
        _OTHERWISE,
    ),
)
SMS = StepType(
    name="sms",
    label="text",
    colour="#f2d388",
    icon="font-awesome/fa-comment",
    help="Sends a text message and waits until it is accepted, delivered or replied to.",
    fields=SmsFields,
    ports=(
        Port("sent", "Accepted or delivered, as asked."),
        Port("replied", "The contact replied."),
        Port("failed", "Refused, undelivered, expired or lost, or the contact has no number for texts."),
        Port("timeout", "No receipt or reply came in time."),
        _OTHERWISE,
    ),
)
WAIT = StepType(
    name="wait",
    label="wait",
    colour="#d8c6e8",
    icon="font-awesome/fa-clock-o",
    help="Waits for a time, or until a time of day, a date, or the date in an attribute.",
    fields=WaitFields,
    ports=_NEXT,
)
BRANCH = StepType(
    name="branch",
    label="branch",
    colour="#f0b7a4",
    icon="font-awesome/fa-code-fork",
    help="Takes the way of the first rule that holds.",
    fields=BranchFields,
    ports=(Port(OTHERWISE, "No rule holds."),),
)
TIME_WINDOW = StepType(
    name="time-window",
    label="time window",
    colour="#c9d6a3",
    icon="font-awesome/fa-calendar",
    help="Holds contacts until the window opens, or sends them one way inside it and another outside.",
    fields=TimeWindowFields,
    ports=(Port("open", "Inside the window."), Port("closed", "Outside the window (only with kind `branch`).")),
)
WEBHOOK = StepType(
    name="webhook",
    label="webhook",
    colour="#b9c4cf",
    icon="font-awesome/fa-globe",
    help="Sends a signed request to a web address, at any hour, and waits for the response.",
    fields=WebhookFields,
    ports=(
        Port("ok", "Answered with success (a status of 2xx)."),
        Port("error", "Refused, failed, redirected or not answered in time, or the contact lacks a value."),
    ),
)
SET_ATTRIBUTE = StepType(
    name="set-attribute",
    label="set attribute",
    colour="#e6c1d0",
    icon="font-awesome/fa-tag",
    help="Sets an attribute of the contact.",
    fields=SetAttributeFields,
    ports=_NEXT,
)
END = StepType(
    name="end",
    label="end",
    colour="#c0c0c0",
    icon="font-awesome/fa-flag-checkered",
    help="The contact is done.",
    fields=EndFields,
    ports=(),
)

STEP_TYPES: dict[str, StepType] = {
    step_type.name: step_type
    for step_type in (CONTACT_IN, CALL, SMS, WAIT, BRANCH, TIME_WINDOW, WEBHOOK, SET_ATTRIBUTE, END)
}
