"""The text step: one request, left when it is accepted, delivered or replied to, or when that takes too long."""

from dialer.domain.errors import InvalidInput
from dialer.domain.record import replace
from dialer.domain.said import Said, marked
from dialer.domain.template import render
from dialer.strategy.effects import RequestSms, Stay
from dialer.strategy.events import MessageChanged
from dialer.strategy.fields import SmsFields, Until
from dialer.strategy.turn import Here, Leave, Turn

LONGEST_REPLY = 500  # characters kept in the memory; the whole reply is in the message log

_FAILURES = frozenset({"undelivered", "expired", "rejected", "failed", "lost"})
_LEAVES_ON = {
    Until.ACCEPTED: frozenset({"submitted", "delivered"}),
    Until.DELIVERED: frozenset({"delivered"}),
    Until.REPLIED: frozenset[str](),
}


def enter(here: Here, fields: SmsFields) -> Turn:
    """Ask for the text, filled in; without a number or a value that the text needs, the step fails at once."""
    return _ask(here, fields, 1)


def _ask(here: Here, fields: SmsFields, try_no: int, why: str = "") -> Turn:
    number = here.contact.address("sms", fields.number)
    reason = here.contact.barrier("sms", fields.number)
    if number is None or reason is not None:
        return _failed(here, reason or "")
    try:
        text = render(fields.text, here.contact.values)
    except InvalidInput as error:
        return _failed(here, error.faults[0].reason)
    if not text.strip():
        return _failed(here, marked("the text is empty once filled in"))
    memory = replace(here.memory, try_no=try_no, texts=here.memory.texts + 1, last_status="")
    request = RequestSms(
        *memory.key,
        number=number,
        gateway=fields.gateway,
        sender=fields.sender,
        text=text,
        until=fields.until,
        timeout=fields.timeout,
        validity=fields.validity,
        due_at=here.now,
    )
    return Turn(memory, request, why)


def changed(here: Here, fields: SmsFields, event: MessageChanged) -> Turn | None:
    """Leave on a failure or on what the step waits for; None for a status that says nothing new."""
    status = event.status
    if status == "lost" and here.memory.try_no <= fields.resend_lost:
        return _ask(here, fields, here.memory.try_no + 1, marked("lost: it is sent again, as the step says"))
    if status in _FAILURES:
        return Turn(replace(here.memory, last_status=status), Leave("failed", status, status))
    if status in _LEAVES_ON[fields.until]:
        return Turn(replace(here.memory, last_status=status), Leave("sent", status, status))
    if status not in {"submitted", "delivered"} or here.memory.last_status in {status, "delivered"}:
        return None
    due_at = here.memory.due_at or here.now + fields.timeout
    memory = replace(here.memory, last_status=status, due_at=due_at)
    return Turn(
        memory, Stay(due_at), Said("%(status)s, waiting until it is %(until)s", status=status, until=fields.until.value)
    )


def replied(here: Here) -> Turn:
    """The contact answered the text that this step waits for."""
    return Turn(here.memory, Leave("replied", marked("the contact replied"), "replied"))


def due(here: Here, fields: SmsFields) -> Turn:
    return Turn(here.memory, Leave("timeout", Said("not %(until)s in time", until=fields.until.value), "timeout"))


def _failed(here: Here, why: str) -> Turn:
    return Turn(replace(here.memory, last_status="failed"), Leave("failed", why, "failed"))
