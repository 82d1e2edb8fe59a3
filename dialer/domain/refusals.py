"""Why rows are refused, counted: the same reason about other values is the same reason."""

import re
from dataclasses import dataclass, field

from dialer.domain.spreadsheet import reason_and_remedy

SHOWN_REASONS = 50
_VALUE = re.compile(r"'[^']*'")


@dataclass(slots=True)
class Reasons:
    """One reason (its values left out), how many rows it refused, and the first of them, word for word."""

    reason: str
    remedy: str
    rows: int
    line: int
    example: str


@dataclass(slots=True)
class Tally:
    rows: int = 0
    _by_reason: dict[str, Reasons] = field(default_factory=dict)

    def add(self, line: int, text: str) -> None:
        self.rows += 1
        reason, remedy = reason_and_remedy(text)
        key = _VALUE.sub("…", reason)
        if (found := self._by_reason.get(key)) is not None:
            found.rows += 1
        elif len(self._by_reason) < SHOWN_REASONS * 20:  # of a hostile file every row may have its own
            self._by_reason[key] = Reasons(key, remedy, 1, line, reason)

    def reasons(self) -> tuple[Reasons, ...]:
        """The most frequent ones first."""
        return tuple(sorted(self._by_reason.values(), key=lambda one: (-one.rows, one.line))[:SHOWN_REASONS])
