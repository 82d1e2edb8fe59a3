"""Contacts that stand in the strategy already: what each waits for, so that a dry run goes on from there."""

from datetime import datetime

from dialer.domain.errors import InvalidInput
from dialer.domain.outcome import Outcome
from dialer.domain.template import render
from dialer.simulation.people import Person
from dialer.strategy.call_fields import CallFields
from dialer.strategy.effects import RequestCall, RequestSms
from dialer.strategy.events import CallEnded, Due, Event, MessageChanged, WebhookAnswered
from dialer.strategy.fields import SmsFields, WebhookFields
from dialer.strategy.model import Strategy

Request = RequestCall | RequestSms


def resumed(strategy: Strategy, person: Person, due_at: datetime) -> Request | Event | None:
    """The request in the queue, what happens at once instead, or None: it waits until `Memory.due_at`.

    A call or text that is under way is taken as if it were still to be made.
    """
    node = strategy.by_id.get(person.memory.node)
    match node.fields if node else None:
        case CallFields() as call:
            return _call(person, call, due_at)
        case SmsFields() as sms if not person.memory.last_status:
            return _text(person, sms, due_at)
        case WebhookFields():
            return WebhookAnswered(person.memory.key, True, "")
        case _:
            return None if person.memory.due_at is not None else Due()


def _call(person: Person, fields: CallFields, due_at: datetime) -> Request | Event:
    number, key = person.facts.address("voice", fields.number), person.memory.key
    if number is None or number in person.facts.barred:
        return CallEnded(key, Outcome.INVALID_NUMBER)
    return RequestCall(
        *key, number=number, mode=fields.mode, queue=fields.queue, gateway=fields.gateway, ring_s=fields.ring_s,
        amd=fields.amd, machine_message=fields.machine_message, priority=fields.priority, due_at=due_at,
    )  # fmt: skip


def _text(person: Person, fields: SmsFields, due_at: datetime) -> Request | Event:
    number, key = person.facts.address("sms", fields.number), person.memory.key
    try:
        text = render(fields.text, person.facts.values)
    except InvalidInput:
        text = ""
    if number is None or number in person.facts.barred or not text:
        return MessageChanged(key, "failed")
    return RequestSms(
        *key, number=number, gateway=fields.gateway, sender=fields.sender, text=text, until=fields.until,
        timeout=fields.timeout, validity=fields.validity, due_at=due_at,
    )  # fmt: skip
