"""What the domain refuses, and how it says so: the field, the value that was found, and what to do instead.

Every error carries plain values only, so that it crosses a process pool unharmed and any edge (problem details,
a form, the command line) can show it in its own way.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from dialer.domain.said import Said, filled

SHOWN_CHARS = 80


def shown(value: object) -> str:
    """A value as an error may quote it: at most 80 characters, control characters escaped, in quotes."""
    text = str(value)
    cut = text[:SHOWN_CHARS]
    escaped = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut)
    return f"'{escaped}…'" if len(text) > SHOWN_CHARS else f"'{escaped}'"


@dataclass(frozen=True, slots=True, init=False)
class Fault:
    """One thing that is wrong: `field` in the API's dotted form (`execution.end`), `reason` for a person.

    `Fault("queue", "there is no queue %(name)s", name=shown(name))`: values go into the reason by name (`Said`).
    """

    field: str
    reason: str

    def __init__(self, field: str, reason: str, /, **values: object) -> None:
        object.__setattr__(self, "field", field)
        object.__setattr__(self, "reason", filled(reason, values))

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
    def single(cls, field: str, reason: str, /, **values: object) -> "InvalidInput":
        return cls((Fault(field, reason, **values),))


class Incomplete(_FaultyError):  # noqa: N818 -- named by what happened
    """Everything that is still missing before a step can be taken, such as publishing (HTTP 422)."""


class NotFound(DomainError):  # noqa: N818 -- named by what happened
    def __init__(self, what: str, ident: object) -> None:
        self.what, self.id = what, ident
        super().__init__(what, ident)

    def __str__(self) -> str:
        return Said("there is no %(what)s with the id %(id)s", what=Said(self.what), id=shown(self.id))


class IllegalTransition(DomainError):  # noqa: N818 -- named by what happened
    """A state that cannot be reached from the present one (HTTP 409)."""

    def __init__(self, what: str, from_: str, to: str) -> None:
        self.what, self.from_, self.to = what, from_, to
        super().__init__(what, from_, to)

    def __str__(self) -> str:
        what, from_, to = Said(self.what), Said(self.from_), Said(self.to)
        return Said("a %(what)s that is %(from_)s can't be %(to)s", what=what, from_=from_, to=to)


class Conflict(DomainError):  # noqa: N818 -- named by what happened
    """It can't be done as things stand now, for the reason that is given (HTTP 409), into which values go by name."""

    def __init__(self, reason: str, /, **values: object) -> None:
        super().__init__(filled(reason, values))


class StaleEdit(DomainError):  # noqa: N818 -- named by what happened
    """Somebody else changed the thing since it was read (HTTP 409)."""

    def __init__(self, what: str, ident: object) -> None:
        self.what, self.id = what, ident
        super().__init__(what, ident)

    def __str__(self) -> str:
        return Said(
            "the %(what)s %(id)s was changed by somebody else meanwhile; read it again and repeat the edit",
            what=Said(self.what), id=shown(self.id),
        )  # fmt: skip
