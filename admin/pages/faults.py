"""What is wrong with a form, sorted to the fields that it is told at. Pure."""

from collections.abc import Container, Iterable

from admin.language import retold
from dialer.domain.errors import Fault


def by_field(faults: Iterable[Fault], known: Container[str] | None = None) -> dict[str, list[str]]:
    """Reasons in the language of the page by the field they stand at.

    Those of no field in `known` stand at "", with the name of theirs. None: all are known.
    """
    told: dict[str, list[str]] = {}
    for fault in faults:
        name = fault.field if known is None or fault.field in known else ""
        reason = retold(fault.reason)
        told.setdefault(name, []).append(reason if name or not fault.field else f"{fault.field}: {reason}")
    return told
