"""This node's memory of who wants to be told of what, so that an event that nobody wants costs nothing."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dialer.domain.hooks import Endpoint, by_kind

# An event is noted before its transaction is committed: so long the outbox is looked at again and again.
COMMITTED_WITHIN_S = 2.0


@dataclass
class Subscribed:
    """Read by the writer's thread, changed by the loop: whole values are put in the place of others."""

    endpoints: tuple[Endpoint, ...] = ()
    wanting: Mapping[str, tuple[Endpoint, ...]] = field(default_factory=dict)  # by kind, those that have room
    full: frozenset[int] = frozenset()  # endpoints for which so much waits that no more is kept
    waiting: int = 0  # events that are to be sent, to all, as of a few seconds ago
    dropped: Counter[int] = field(default_factory=Counter)  # events not kept, by endpoint, not yet in the store
    written_at: float = float("-inf")  # when an event was last written, on the monotonic clock

    def set(self, endpoints: Iterable[Endpoint]) -> None:
        self.endpoints = tuple(endpoints)
        self.wanting = by_kind(self.endpoints)

    def has_written(self) -> None:
        self.written_at = time.monotonic()

    @property
    def is_fresh(self) -> bool:
        """Whether something may just have been committed."""
        return time.monotonic() - self.written_at < COMMITTED_WITHIN_S

    def drop(self, endpoint_id: int) -> None:
        self.dropped[endpoint_id] += 1

    def take_dropped(self) -> dict[int, int]:
        taken, self.dropped = self.dropped, Counter()
        return dict(taken)
