"""What is wrong with a form, sorted to the fields that it is told at. Pure."""

from collections.abc import Container, Iterable

from dialer.domain.errors import Fault


def by_field(faults: Iterable[Fault], known: Container[str] | None = None) -> dict[str, list[str]]:
    """Reasons by the field they stand at; those of no field in `known` stand at "", with the name of theirs. None: all are."""
    told: dict[str, list[str]] = {}
    for fault in faults:
        name = fault.field if known is None or fault.field in known else ""
        told.setdefault(name, []).append(fault.reason if name or not fault.field else str(fault))
    return told
