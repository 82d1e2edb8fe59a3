"""Why rows of a file are refused, or come without an address, in words. Pure."""

from typing import NamedTuple

from admin.language import retold
from dialer.domain.refusals import Reasons
from dialer.domain.spreadsheet import BETWEEN, reason_and_remedy


class Told(NamedTuple):
    """What is wrong, what to do, and what is wrong with the first of these rows."""

    reason: str
    remedy: str
    example: str


def row_told(one: Reasons) -> Told:
    """Reason and remedy are one sentence where they are said; of one whose translation has no semicolon the remedy is empty."""
    remedies = one.remedy.split(BETWEEN)
    return Told(*_in_two(one.reason, remedies), _in_two(one.example, remedies)[0])


def _in_two(reason: str, remedies: list[str]) -> tuple[str, str]:
    reasons = reason.split(BETWEEN)
    if remedies == [""] or len(reasons) != len(remedies):
        return BETWEEN.join(map(retold, reasons)), BETWEEN.join(map(retold, remedies))
    return reason_and_remedy(
        BETWEEN.join(retold(f"{one}; {remedy}") for one, remedy in zip(reasons, remedies, strict=True))
    )
