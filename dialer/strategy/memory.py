"""What the engine keeps of a contact between two events: small, and the same after a trip through JSON."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from functools import lru_cache

import orjson

from dialer.domain.outcome import Outcome
from dialer.domain.record import record, replace
from dialer.strategy.events import RequestKey

_TIMES = ("due_at", "last_call_at")


@record
class Memory:
    """Where a contact stands (`node`, empty before it entered) and what it has used up.

    `try_no` is the number of the latest request in this visit, 0 before the first; `attempts` counts calls and
    `texts` texts over the whole strategy; `result` is set once the contact is done.
    """

    node: str = ""
    visits: Mapping[str, int] = field(default_factory=dict)
    try_no: int = 0
    attempts: int = 0
    texts: int = 0
    last_outcome: str = ""
    last_status: str = ""
    last_reply: str = ""
    last_call_at: datetime | None = None
    due_at: datetime | None = None
    result: str | None = None

    @property
    def visit(self) -> int:
        return self.visits.get(self.node, 0)

    @property
    def key(self) -> RequestKey:
        """The request that is open at this node, if one is."""
        return RequestKey(self.node, self.visit, self.try_no)

    def at(self, node: str) -> "Memory":
        """The memory on entering a node: one more visit, no request, nothing due."""
        return Memory(
            node, {**self.visits, node: self.visits.get(node, 0) + 1}, 0, self.attempts, self.texts, self.last_outcome,
            self.last_status, self.last_reply, self.last_call_at, None, self.result,
        )  # fmt: skip

    def to_json(self) -> str:
        """Only what differs from a fresh memory."""
        kept = {name: value for name in _SLOTS if (value := getattr(self, name))}
        return orjson.dumps(kept).decode()

    @staticmethod
    def from_json(text: str) -> "Memory":
        """The inverse of `to_json`; raises ValueError or TypeError for what it did not write."""
        return _read(text)

    @staticmethod
    def of(stored: str | None) -> "Memory":
        """As it is stored with the contact's place: nothing before it enters."""
        return _read(stored) if stored else Memory()

    def after_call(self, outcome: Outcome, now: datetime) -> "Memory":
        return replace(self, last_outcome=outcome.value, last_call_at=now)


_SLOTS = tuple(Memory.__dataclass_fields__)


@lru_cache(maxsize=1024)  # many contacts stand at the same place with the same past
def _read(text: str) -> Memory:
    kept = orjson.loads(text)
    times = {name: datetime.fromisoformat(kept[name]) for name in _TIMES if name in kept}
    return Memory(**{**kept, **times})
