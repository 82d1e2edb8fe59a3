"""Exports: nothing in them runs, and a reason stands apart from its remedy."""

import pytest

from dialer.domain.columns import Refusal, map_columns, row_to_contact
from dialer.domain.spreadsheet import neutral, reason_and_remedy


@pytest.mark.req("K5")
@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("+49 (30) 123-456", "'+49 (30) 123-456"),
        ("+4930123456", "+4930123456"),
        ("+49 30 123456", "+49 30 123456"),
        ("-5", "-5"),
        ("=1", "'=1"),
        ("@x", "'@x"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        (" =1", "' =1"),
        ("＝1+1", "'＝1+1"),
        ("+1-2", "'+1-2"),
        ("a=1", "a=1"),
        ("", ""),
    ],
)
def test_formulas_are_made_harmless(cell: str, shown: str) -> None:
    assert neutral(cell) == shown


@pytest.mark.req("K5")
@pytest.mark.parametrize(
    ("text", "reason", "remedy"),
    [
        ("'12' is too short; write it whole", "'12' is too short", "write it whole"),
        ("it is there already", "it is there already", ""),
        ("a: 'x; y' is wrong; mend it | b: bad; leave it", "a: 'x; y' is wrong | b: bad", "mend it | leave it"),
        ("'x; y' is wrong", "'x; y' is wrong", ""),
        ("", "", ""),
    ],
)
def test_a_reason_is_parted_from_its_remedy(text: str, reason: str, remedy: str) -> None:
    assert reason_and_remedy(text) == (reason, remedy)


@pytest.mark.req("K5")
@pytest.mark.parametrize(
    "cells",
    [["12", "", "", ""], ["", "", "", ""], ["", "anna", "", ""], ["+4930123456", "", "Mars", ""],
     ["+4930123456", "", "", "x" * 201], ["1;2", "a; b", "Mars; Moon", ""]],
)  # fmt: skip
def test_every_refusal_of_a_row_has_a_remedy(cells: list[str]) -> None:
    refusal = row_to_contact(cells, map_columns(["phone", "email", "time_zone", "first_name"]), "DE")
    assert isinstance(refusal, Refusal)
    for part in refusal.reason.split(" | "):
        reason, remedy = reason_and_remedy(part)
        assert reason
        assert remedy
