"""For how long an SMSC may try to deliver a text (M2, C9): as long as is wanted, and never beyond the hours of whom it goes to. Pure."""

from datetime import datetime, timedelta

from dialer.domain.windows import Opening

#: Less is no try at all: SMSCs look at it by the minute.
LEAST = timedelta(minutes=1)


def validity(window: Opening | None, now: datetime, *, wanted: timedelta | None, longest: timedelta) -> timedelta:
    """`window` is that of the contact, open now, as far as one is known; `longest` the gateway's limit, `wanted` the step's."""
    most = min(longest, wanted) if wanted is not None else longest
    closes_at = window.changes_at if window is not None and window.open else None
    closes_in = closes_at - now if closes_at is not None else most
    return max(LEAST, min(most, closes_in))
