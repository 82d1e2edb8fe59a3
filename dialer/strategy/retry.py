"""Whether a call is tried again, and when; and which way an outcome leaves a call step (requirement D4)."""

from collections.abc import Mapping
from datetime import timedelta

from dialer.domain.outcome import Outcome
from dialer.domain.record import record
from dialer.domain.said import Said
from dialer.strategy.call_fields import CallFields
from dialer.strategy.duration import format_duration

OUTCOME_PORTS: Mapping[Outcome, str] = {
    Outcome.ANSWERED: "answered",
    Outcome.NO_ANSWER: "no_answer",
    Outcome.BUSY: "busy",
    Outcome.MACHINE: "machine",
    Outcome.ABANDONED: "abandoned",
    Outcome.INVALID_NUMBER: "invalid",
    Outcome.FAILED: "failed",
    Outcome.REJECTED: "failed",
    Outcome.CONGESTION: "failed",
    Outcome.LOST: "failed",
}


@record
class RetryDecision:
    """`delay` from the end of the call to the next try, or None when the step is left; `why` is for the trail."""

    delay: timedelta | None
    why: str


def delay_after(fields: CallFields, tries: int) -> timedelta:
    """The delay after so many tries (1 or more); the last of the list goes on for ever."""
    return fields.retry_after[min(tries, len(fields.retry_after)) - 1]


def decide_retry(fields: CallFields, outcome: Outcome, tries: int, budget: int) -> RetryDecision:
    """Decide after try number `tries` of this visit ended in `outcome`, with `budget` calls left for the contact."""
    if outcome not in fields.retry_on:
        return RetryDecision(None, outcome.value)
    if tries >= fields.tries:
        return RetryDecision(
            None,
            Said("%(outcome)s, %(number)s of %(tries)s tries", outcome=outcome.value, number=tries, tries=fields.tries),
        )
    if budget <= 0:
        return RetryDecision(None, Said("%(outcome)s, the contact's calls are used up", outcome=outcome.value))
    delay = delay_after(fields, tries)
    told = Said(
        "%(outcome)s, try %(number)s of %(tries)s after %(delay)s",
        outcome=outcome.value, number=tries + 1, tries=fields.tries, delay=format_duration(delay),
    )  # fmt: skip
    return RetryDecision(delay, told)
