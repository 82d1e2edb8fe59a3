"""Why a whole file cannot be read."""

from enum import StrEnum


class FileFault(StrEnum):
    """The classes of faults, so that a page can offer the remedy (a choice of encodings) and not only tell it."""

    EMPTY = "empty"
    NOT_CSV = "not-csv"
    WORKBOOK = "workbook"
    ENCODING = "encoding"
    NUL = "nul"
    TOO_LONG = "too-long"
    QUOTES = "quotes"
    COLUMNS = "columns"
    NO_ROWS = "no-rows"


class UnreadableFile(Exception):  # noqa: N818 -- reads as what happened, as the domain's errors do
    """Nothing of the file is used. `reason` names place and value, `remedy` what the person can do."""

    def __init__(self, fault: FileFault, reason: str, remedy: str) -> None:
        self.fault, self.reason, self.remedy = fault, reason, remedy
        super().__init__(fault, reason, remedy)

    def __str__(self) -> str:
        return f"{self.reason}; {self.remedy}"
