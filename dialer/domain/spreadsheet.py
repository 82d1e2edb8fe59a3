"""What a spreadsheet makes of a file: cells that it would run, and reasons that are easier read in two columns."""

import re
from collections.abc import Sequence

BETWEEN = " | "  # the reasons of one row
# What a file of refused rows has after its own columns; mended, it is loaded again.
ADDED = ("line", "reason", "remedy")
_REMEDY = "; "
# What a spreadsheet takes for a formula; a plain number with its sign is none.
_FORMULA = re.compile(r"^[\t\r\n ]*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"^[+-]?[0-9][0-9 ().,/]*$", re.ASCII)


def neutral(cell: str) -> str:
    """A cell that no spreadsheet runs as a formula. Phone numbers stay as they are, so that the file can be loaded again."""
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.match(cell) else cell


def own_columns(columns: Sequence[str]) -> Sequence[str]:
    """Without those that a file of refused rows has after them."""
    last = tuple(column.strip().lower() for column in columns[-len(ADDED) :])
    return columns[: -len(ADDED)] if len(columns) > len(ADDED) and last == ADDED else columns


def reason_and_remedy(text: str) -> tuple[str, str]:
    """What is wrong, and what to do: `"'12' is too short; write it whole"` in two. The remedy is "" where none is told."""
    parts = [_parted(part) for part in text.split(BETWEEN)]
    return BETWEEN.join(reason for reason, _ in parts), BETWEEN.join(remedy for _, remedy in parts if remedy)


def _parted(text: str) -> tuple[str, str]:
    reason, found, remedy = text.rpartition(_REMEDY)
    # Within the quotes of a value that is shown, it is none of ours.
    return (reason, remedy) if found and reason.count("'") % 2 == 0 else (text, "")
