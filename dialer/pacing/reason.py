"""One reason why a contact is not called or texted now."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Reason:
    """`code` for programs, `text` for people; `until` is when it passes by itself, None if it does not or nobody knows."""

    code: str
    text: str
    until: datetime | None = None
