"""A recorded stretch of a real Asterisk's queues: what it told the dialer's user, and QueueStatus while nothing moved.

One JSON array to a line. First the header; then `["event", at, headers]` and `["status", at, rows]` in the order in which
they were read. `at` is Unix time on the machine of both. `record_queues.py` makes it.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

QUEUES = Path(__file__).parent.parent / "data" / "queues.jsonl"
#: A header that nobody reads, or that tells of a machine, is not kept.
KEPT = frozenset({
    "Event", "Queue", "Interface", "Location", "MemberName", "Name", "Status", "Paused", "PausedReason", "LastCall",
    "Wrapuptime", "InCall", "Penalty", "Ringinuse", "Uniqueid", "DestUniqueid", "HoldTime", "TalkTime", "Reason", "Cause",
    "ChannelState", "DialStatus", "Position",
})  # fmt: skip

Headers = Mapping[str, str]


@dataclass(frozen=True)
class Told:
    """An event's headers, or the rows of a QueueStatus."""

    at: datetime
    headers: Headers
    rows: tuple[Headers, ...] | None = None

    @property
    def stream(self) -> str:
        """Among whose events it keeps its place: those of a member of a queue, or those of one caller."""
        of_queue = self.headers.get("Event", "").startswith("QueueMember")
        return self.headers["Queue"] if of_queue else self.headers.get("Uniqueid", "")


@dataclass(frozen=True)
class Recording:
    """`wrap_up_s`: of the queues as a whole, which no event tells."""

    wrap_up_s: Mapping[str, int]
    told: tuple[Told, ...]


def load(path: Path = QUEUES) -> Recording:
    head, *lines = (json.loads(line) for line in path.read_text().splitlines())
    return Recording(head["wrap_up_s"], tuple(_told(*line) for line in lines))


def save(head: Mapping[str, Any], told: Iterable[Told], path: Path = QUEUES) -> None:
    lines: list[Any] = [head]
    for one in told:
        at = round(one.at.timestamp(), 3)
        if one.rows is None:
            lines.append(["event", at, _kept(one.headers)])
        else:
            lines.append(["status", at, [_kept(row) for row in one.rows]])
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))


def _told(kind: str, at: float, what: Any) -> Told:
    when = datetime.fromtimestamp(at, UTC)
    return Told(when, {}, tuple(what)) if kind == "status" else Told(when, what)


def _kept(headers: Headers) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key in KEPT}
