"""The members of one queue sorted by what holds them back, so that counting the free ones costs nothing."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush


@dataclass(slots=True)
class Pool:
    """Each member is free, in wrap-up alone, or in neither set: blocked by something an event will end."""

    callers: set[str] = field(default_factory=set)  # Uniqueids of those who wait
    _free: set[str] = field(default_factory=set)  # interfaces
    _coming: set[str] = field(default_factory=set)  # in a call, and back in this queue alone when it is over
    _wrapping: dict[str, datetime] = field(default_factory=dict)
    _ends: list[tuple[datetime, str]] = field(
        default_factory=list
    )  # a heap; entries that _wrapping contradicts are void

    def place(self, interface: str, *, blocked: bool, until: datetime | None, coming: bool = False) -> None:
        """Sort a member in, `until` being the end of its wrap-up, past or future; `coming` back here when a call ends."""
        self._free.discard(interface)
        self._coming.discard(interface)
        before = self._wrapping.pop(interface, None)
        if coming:
            self._coming.add(interface)
        if blocked:
            return
        if until is None:
            self._free.add(interface)
            return
        self._wrapping[interface] = until
        if before != until:
            heappush(self._ends, (until, interface))

    def free(self, now: datetime) -> int:
        self._release(now)
        return len(self._free)

    def busy(self, now: datetime) -> int:
        """How many are in a call or in wrap-up and come back to this queue alone."""
        self._release(now)
        return len(self._coming)

    def free_members(self, now: datetime) -> frozenset[str]:
        self._release(now)
        return frozenset(self._free)

    def shared_free(self, other: Pool, now: datetime) -> int:
        """How many are free in both."""
        self._release(now)
        other._release(now)
        return len(self._free & other._free)

    def unblocked(self) -> frozenset[str]:
        """Those who are free, or will be when their wrap-up is over."""
        return frozenset(self._free | self._wrapping.keys())

    def next_wrap_up_end(self, now: datetime) -> datetime | None:
        self._release(now)
        return self._ends[0][0] if self._ends else None

    def _release(self, now: datetime) -> None:
        """Move those whose wrap-up is over; drop void entries. Each entry is looked at once in its life."""
        while self._ends:
            until, interface = self._ends[0]
            valid = self._wrapping.get(interface) == until
            if valid and until > now:
                return
            heappop(self._ends)
            if valid:
                del self._wrapping[interface]
                self._coming.discard(interface)
                self._free.add(interface)


@dataclass(slots=True)
class Remembered:
    """The last names that were added, so many at most."""

    most: int
    _names: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def add(self, name: str) -> None:
        self._names[name] = None
        if len(self._names) > self.most:
            self._names.popitem(last=False)

    def __contains__(self, name: str) -> bool:
        return name in self._names
