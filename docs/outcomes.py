"""How a call ended and what an SMSC answered, in words."""

from collections.abc import Iterator, Mapping

from dialer.domain import ending
from dialer.domain.outcome import Outcome
from dialer.strategy.retry import OUTCOME_PORTS
from docs.schema import code, table
from sms import status

INTRODUCTION = """# Outcomes

What the machine saw of a call or a text. The outcome of a call decides by which port its step is left.

A call that talked with an agent is `answered`, one that a person answered without getting an agent is `abandoned`, one that
Asterisk's `AMD()` took for a machine is `machine`, whatever its cause. For the others the hangup cause decides; where it is 0 or 127,
the SIP code. A call that would be `no_answer` although the other end gave no sign of life, neither ringing nor a final answer, is
`failed`: the trunk is dead."""


def outcomes() -> Iterator[str]:
    yield "## Outcomes of a call\n"
    rows = ((code(o), _yes(o.reached), _yes(o.retryable), code(OUTCOME_PORTS[o])) for o in Outcome)
    yield from table(("outcome", "somebody took the call", "trying again may help", "port of the call step"), rows)
    yield "\nWhat is tried again is the step's own decision: its field `retry_on`.\n"
    yield "## Hangup causes\n\nQ.850, for calls that were not answered.\n"
    yield from _reasons("cause", ending._BY_CAUSE)  # noqa: SLF001  (the page shows the table that decides)
    yield "\n## SIP codes\n\nFor those that Asterisk reports without a cause of their own.\n"
    yield from _reasons("code", ending._BY_SIP_CODE)  # noqa: SLF001
    yield "\n## What an SMSC answers to a text\n"
    yield "Temporary: the gateway holds back and tries again, five times in all. Otherwise, and for other codes: `failed`.\n"
    codes = (one for number, one in status._TABLE.items() if number)  # noqa: SLF001
    yield from table(
        ("code", "name", "kind", "meaning"),
        ((code(f"0x{one.code:02X}"), code(one.name), one.kind.value, one.meaning) for one in codes),
    )


def _reasons(head: str, known: Mapping[int, tuple[Outcome, str]]) -> Iterator[str]:
    rows = ((str(number), code(outcome), reason) for number, (outcome, reason) in known.items())
    return table((head, "outcome", "reason that is shown"), rows)


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"
