"""What the domain refuses, and how it says so: the field, the value that was found, and what to do instead.

Every error carries plain values only, so that it crosses a process pool unharmed and any edge (problem details,
a form, the command line) can show it in its own way.
"""

from collections.abc import Iterable
from dataclasses import dataclass

SHOWN_CHARS = 80


def shown(value: object) -> str:
    """A value as an error may quote it: at most 80 characters, control characters escaped, in quotes."""
    text = str(value)
    cut = text[:SHOWN_CHARS]
    escaped = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut)
    return f"'{escaped}…'" if len(text) > SHOWN_CHARS else f"'{escaped}'"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: `field` in the API's dotted form (`execution.end`), `reason` for a person."""

    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}"


class DomainError(Exception):
    """Anything the domain refuses. The subclasses read as what happened, hence without an Error suffix."""


class _FaultyError(DomainError):
    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        return "; ".join(str(fault) for fault in self.faults)


class InvalidInput(_FaultyError):  # noqa: N818 -- named by what happened
    """Values that can never be right as they stand (HTTP 422); all faults at once."""

    @classmethod
    def single(cls, field: str, reason: str) -> "InvalidInput":
        return cls((Fault(field, reason),))


class Incomplete(_FaultyError):  # noqa: N818 -- named by what happened
    """Everything that is still missing before a step can be taken, such as publishing (HTTP 422)."""


class NotFound(DomainError):  # noqa: N818 -- named by what happened
    def __init__(self, what: str, ident: object) -> None:
        self.what, self.id = what, ident
        super().__init__(what, ident)

    def __str__(self) -> str:
        return f"there is no {self.what} with the id {shown(self.id)}"


class IllegalTransition(DomainError):  # noqa: N818 -- named by what happened
    """A state that cannot be reached from the present one (HTTP 409)."""

    def __init__(self, what: str, from_: str, to: str) -> None:
        self.what, self.from_, self.to = what, from_, to
        super().__init__(what, from_, to)

    def __str__(self) -> str:
        return f"a {self.what} that is {self.from_} can't be {self.to}"


class Conflict(DomainError):  # noqa: N818 -- named by what happened
    """It can't be done as things stand now, for the reason that is given (HTTP 409)."""


class StaleEdit(DomainError):  # noqa: N818 -- named by what happened
    """Somebody else changed the thing since it was read (HTTP 409)."""

    def __init__(self, what: str, ident: object) -> None:
        self.what, self.id = what, ident
        super().__init__(what, ident)

    def __str__(self) -> str:
        return f"the {self.what} {shown(self.id)} was changed by somebody else meanwhile; read it again and repeat the edit"
