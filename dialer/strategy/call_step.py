"""The call step: one request per try, an outcome per call, retries within the contact's budget (requirement D4)."""

from datetime import datetime

from dialer.domain.outcome import Outcome
from dialer.domain.record import replace
from dialer.domain.said import Said
from dialer.strategy.call_fields import CallFields
from dialer.strategy.effects import MAX_ATTEMPTS, Finish, RequestCall
from dialer.strategy.events import CallEnded
from dialer.strategy.retry import OUTCOME_PORTS, decide_retry, delay_after
from dialer.strategy.turn import Here, Leave, Turn


def enter(here: Here, fields: CallFields) -> Turn:
    """Ask for the first call. On a further visit the step's delay counts from the contact's last call."""
    memory = here.memory
    due_at = here.now
    if memory.visit > 1 and memory.last_call_at is not None:
        due_at = max(due_at, memory.last_call_at + delay_after(fields, memory.visit - 1))
    if here.limits.max_attempts <= memory.attempts:
        told = Said("all %(number)s calls of the contact are used up", number=here.limits.max_attempts)
        return Turn(memory, Finish(MAX_ATTEMPTS), told)
    return _request(here, fields, due_at, "")


def ended(here: Here, fields: CallFields, event: CallEnded) -> Turn:
    """Try again or leave by the port of the outcome."""
    outcome = event.outcome
    here = Here(here.memory.after_call(outcome, here.now), here.contact, here.limits, here.now)
    budget = here.limits.max_attempts - here.memory.attempts
    decision = decide_retry(fields, outcome, here.memory.try_no, budget)
    if decision.delay is None:
        return Turn(here.memory, Leave(OUTCOME_PORTS[outcome], decision.why, outcome.value))
    return _request(here, fields, here.now + decision.delay, decision.why)


def _request(here: Here, fields: CallFields, due_at: datetime, why: str) -> Turn:
    number = here.contact.address("voice", fields.number)
    reason = here.contact.barrier("voice", fields.number)
    if number is None or reason is not None:
        memory = replace(here.memory, last_outcome=Outcome.INVALID_NUMBER.value)
        return Turn(memory, Leave(OUTCOME_PORTS[Outcome.INVALID_NUMBER], reason or "", Outcome.INVALID_NUMBER.value))
    memory = replace(here.memory, try_no=here.memory.try_no + 1, attempts=here.memory.attempts + 1)
    request = RequestCall(
        *memory.key,
        number=number,
        mode=fields.mode,
        queue=fields.queue,
        gateway=fields.gateway,
        ring_s=fields.ring_s,
        amd=fields.amd,
        machine_message=fields.machine_message,
        priority=fields.priority,
        due_at=due_at,
    )
    return Turn(memory, request, why)
