"""What left the server's process, taken from the wire itself, and the journal of everything that happened, in its order."""

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sent:
    """An Originate at the moment when it was written."""

    attempt: str
    number: str
    at: float
    life: int
    queue: str
    variables: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass
class Ledger:
    """`clock` gives seconds since the beginning."""

    clock: Any
    sent: list[Sent] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    noted: Counter[str] = field(default_factory=Counter)
    closed: bool = False

    def note(self, what: str, *more: object) -> None:
        if self.closed:  # what the dead say when they are buried
            return
        self.noted[what] += 1
        self.lines.append(f"{self.clock():.6f} {what} {' '.join(map(str, more))}".rstrip())

    def on_write(self, life: Any, data: bytes) -> list[Sent]:
        """The Originates to somebody among what was written: no action is parted between two writes."""
        actions = [action for action in data.split(b"\r\n\r\n") if b"Action: Originate\r\n" in action]
        return [sent for action in actions if (sent := self._originate(life, action))]

    def _originate(self, life: Any, action: bytes) -> Sent | None:
        lines = [line.partition(": ") for line in action.decode().split("\r\n")]
        fields = {name: value for name, _, value in lines}
        if fields["Exten"] == "agent":  # the telephone of one of ours
            self.note("rings agent", fields["ActionID"])
            return None
        variables = dict(value.split("=", 1) for name, _, value in lines if name == "Variable")
        number = fields["Channel"].partition("/")[2].partition("@")[0]
        queue = fields["Exten"].removeprefix("q-")
        sent = Sent(fields["ActionID"], number, self.clock(), life.number, queue, variables)
        self.sent.append(sent)
        self.note("originate", sent.attempt, sent.number)
        return sent

    def recent(self, since: float) -> list[Sent]:
        """What was written after that time."""
        return self.sent[bisect_right(self.sent, since, key=lambda one: one.at) :]

    def structlog(self, _logger: Any, level: str, event: dict[str, Any]) -> str:
        """A processor: what the server logs goes into the journal."""
        told = {name: value for name, value in event.items() if name not in {"event", "exc_info"}}
        self.note(f"log {level} {event['event']}", *(f"{name}={value}" for name, value in told.items()))
        return ""

    @property
    def journal(self) -> str:
        return "\n".join(self.lines) + "\n"
