"""What left the server's process, taken from the wire itself, and the journal of everything that happened, in its order."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sent:
    """An Originate at the moment when it was written."""

    attempt: str
    number: str
    queue: str
    at: float
    life: int


@dataclass
class Ledger:
    """`clock` gives seconds since the beginning."""

    clock: Any
    sent: list[Sent] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def note(self, what: str, *more: object) -> None:
        self.lines.append(f"{self.clock():.6f} {what} {' '.join(map(str, more))}".rstrip())

    def on_write(self, life: Any, data: bytes) -> list[Sent]:
        """The Originates among what was written: no action is parted between two writes."""
        return [
            self._originate(life, action) for action in data.split(b"\r\n\r\n") if b"Action: Originate\r\n" in action
        ]

    def _originate(self, life: Any, action: bytes) -> Sent:
        fields = dict(line.split(": ", 1) for line in action.decode().split("\r\n") if ": " in line)
        number = fields["Channel"].partition("/")[2].partition("@")[0]
        sent = Sent(fields["ActionID"], number, fields["Exten"].removeprefix("q-"), self.clock(), life.number)
        self.sent.append(sent)
        self.note("originate", sent.attempt, sent.number)
        return sent

    def structlog(self, _logger: Any, level: str, event: dict[str, Any]) -> str:
        """A processor: what the server logs goes into the journal."""
        told = {name: value for name, value in event.items() if name not in {"event", "exc_info"}}
        self.note(f"log {level} {event['event']}", *(f"{name}={value}" for name, value in told.items()))
        return ""

    @property
    def journal(self) -> str:
        return "\n".join(self.lines) + "\n"
