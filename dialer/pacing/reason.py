"""One reason why a contact is not called or texted now."""

from dataclasses import dataclass
from datetime import datetime

from dialer.domain.rules.citation import Citation


@dataclass(frozen=True, slots=True)
class Reason:
    """`code` for programs, `text` for people; `until` is when it passes by itself, None if it does not or nobody knows.

    `rule` is the one of the campaign's rule pack that says so, if it is one.
    """

    code: str
    text: str
    until: datetime | None = None
    rule: Citation | None = None
