"""The conditions of a branch: what it looks at, and how a rule compares."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from dialer.strategy.events import ContactFacts
from dialer.strategy.fields import Op, Rule
from dialer.strategy.memory import Memory


def look_up(on: str, memory: Memory, contact: ContactFacts) -> str:
    """The value a branch looks at, as text; empty when the contact has none."""
    known: Mapping[str, str] = {
        "last.outcome": memory.last_outcome,
        "last.status": memory.last_status,
        "last.reply": memory.last_reply,
        "count.attempts": str(memory.attempts),
        "count.texts": str(memory.texts),
    }
    return known[on] if on in known else contact.values.get(on, "")


def holds(rule: Rule, value: str) -> bool:
    """Whether the rule holds. Case and outer spaces don't count; two numbers compare as numbers."""
    found, wanted = _plain(value), _plain(rule.value)
    match rule.op:
        case Op.EMPTY:
            return not found
        case Op.CONTAINS:
            return wanted in found
        case Op.STARTSWITH:
            return found.startswith(wanted)
        case Op.IN:
            return any(_compare(found, _plain(option)) == 0 for option in rule.value.split(","))
        case Op.EQ | Op.NE:
            return (_compare(found, wanted) == 0) is (rule.op is Op.EQ)
        case _:
            return bool(found) and _in_order(rule.op, _compare(found, wanted))


def _in_order(op: Op, sign: int) -> bool:
    return {Op.LT: sign < 0, Op.LE: sign <= 0, Op.GT: sign > 0, Op.GE: sign >= 0}[op]


def _plain(text: str) -> str:
    return text.strip().casefold()


def _compare(left: str, right: str) -> int:
    """-1, 0 or 1."""
    numbers = _number(left), _number(right)
    if numbers[0] is not None and numbers[1] is not None:
        return (numbers[0] > numbers[1]) - (numbers[0] < numbers[1])
    return (left > right) - (left < right)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
