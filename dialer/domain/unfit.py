"""What pydantic found wrong with values from outside, as faults of the domain: each at its field, in words for a person."""

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from dialer.domain.errors import Fault

# The member of a union that was meant (a gateway's kind) is no part of the field's name.
_UNION_TAGS = frozenset({"voice", "sms", "one entry", "many entries"})


def faults_of(error: ValidationError, where: str = "body") -> tuple[Fault, ...]:
    """All faults; `where` is the field of what is wrong as a whole. No value is quoted: it may be a password."""
    details = error.errors(include_url=False, include_input=False, include_context=False)
    return tuple(_fault(detail, where) for detail in details)


def _fault(detail: ErrorDetails, where: str) -> Fault:
    path = [str(part)[:80] for part in detail["loc"] if part not in _UNION_TAGS]
    reason = {"extra_forbidden": "is not a field here", "missing": "is needed"}.get(detail["type"], detail["msg"])
    return Fault(".".join(path) or where, reason.removeprefix("Value error, "))
