"""What the world saw: every call that reached it, in a file written by the world alone.

A record that the dialer cannot influence, and that outlives a `kill -9` of the dialer or of its Asterisk: each line is
written and closed by the world's dialplan before it even rings.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Placed:
    """One call that reached the world. Times are UTC; None means it has not happened (yet)."""

    at: datetime
    number: str
    caller_id: str
    uniqueid: str
    answered_at: datetime | None = None
    ended_at: datetime | None = None


def parse(text: str) -> list[Placed]:
    """The calls in the order of their arrival.

    Source: lines `seconds.micros|invite|uniqueid|number|caller id`, `…|answer|uniqueid`, `…|end|uniqueid`. A last line
    without its newline is still being written and left out.
    """
    calls: dict[str, Placed] = {}
    complete, _, _ = text.rpartition("\n")
    for line in complete.splitlines():
        stamp, what, uniqueid, *rest = line.split("|")
        at = datetime.fromtimestamp(float(stamp), UTC)
        if what == "invite":
            calls[uniqueid] = Placed(at, rest[0], rest[1], uniqueid)
        elif what == "answer":
            calls[uniqueid] = replace(calls[uniqueid], answered_at=at)
        elif what == "end":
            calls[uniqueid] = replace(calls[uniqueid], ended_at=at)
    return list(calls.values())


def read_ledger(path: Path) -> list[Placed]:
    """As `parse`; a file that does not exist holds no calls."""
    return parse(path.read_text("utf-8")) if path.exists() else []
