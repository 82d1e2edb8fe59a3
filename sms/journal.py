"""What happened at a gateway, for whoever looks after it: the last events, refusals by code, and the present rate. Bounded."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from sms.status import Status

KEPT = 50
#: Codes counted one by one; a peer that makes them up shall not fill the memory.
MOST_CODES = 64
SHORT_S, LONG_S = 10, 60


class Kind(StrEnum):
    BOUND = "bound"
    BIND_REFUSED = "bind_refused"
    CLOSED = "closed"
    REFUSED = "refused"
    HELD = "held"
    UNKNOWN = "unknown"
    LATE = "late"
    UNREADABLE = "unreadable"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Noted:
    """`at`: the clock's time of the last of `times` in a row that were alike."""

    at: float
    kind: Kind
    detail: str
    times: int = 1


@dataclass(frozen=True, slots=True)
class Refusals:
    """Submits that the SMSC refused with this status."""

    status: Status
    number: int


class Journal:
    """`clock` is steady, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._events: deque[Noted] = deque(maxlen=KEPT)
        self._refusals: dict[int, Refusals] = {}
        self._accepted: deque[tuple[int, int]] = deque(maxlen=LONG_S + 1)  # (second, segments)

    def note(self, kind: Kind, detail: str) -> bool:
        """Whether it is another event than the last one: a flood of the same is worth one line in a log."""
        now = self._clock()
        if self._events and (self._events[-1].kind, self._events[-1].detail) == (kind, detail):
            self._events[-1] = replace(self._events[-1], at=now, times=self._events[-1].times + 1)
            return False
        self._events.append(Noted(now, kind, detail))
        return True

    def refused(self, status: Status) -> None:
        known = self._refusals.get(status.code)
        if known is not None or len(self._refusals) < MOST_CODES:
            self._refusals[status.code] = Refusals(status, known.number + 1 if known else 1)
        self.note(Kind.REFUSED, status.told)

    def accepted(self) -> None:
        second = int(self._clock())
        if self._accepted and self._accepted[-1][0] == second:
            self._accepted[-1] = (second, self._accepted[-1][1] + 1)
        else:
            self._accepted.append((second, 1))

    def rate(self, over_s: int) -> float:
        """Accepted segments per second in the last `over_s` whole seconds, at most LONG_S of them."""
        now = int(self._clock())
        return sum(number for second, number in self._accepted if now - over_s <= second < now) / over_s

    @property
    def events(self) -> tuple[Noted, ...]:
        """The newest first."""
        return tuple(reversed(self._events))

    @property
    def refusals(self) -> tuple[Refusals, ...]:
        """The most frequent first."""
        return tuple(sorted(self._refusals.values(), key=lambda one: (-one.number, one.status.code)))
