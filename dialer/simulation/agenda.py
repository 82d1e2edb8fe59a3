"""What is going to happen, in order: a heap. What is pushed first happens first among those of the same moment."""

from collections.abc import Callable
from heapq import heappop, heappush
from math import inf
from typing import Any

Handler = Callable[[Any, Any], None]
_LEAST_S = 0.001  # two floats of a late moment may be the same


class Agenda:
    """`now` is in seconds from the start; it moves with what happens and never back."""

    def __init__(self) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, Handler, Any, Any, bool]] = []
        self._pushed = 0
        self._wakes: set[float] = set()

    def push(self, t: float, handler: Handler, about: Any, data: Any = None, *, ending: bool = False) -> None:
        """`handler(about, data)` happens at `t`. An `ending` belongs to a call or text that is under way by then."""
        self._pushed += 1
        heappush(self._heap, (max(t, self.now), self._pushed, handler, about, data, ending))

    def wake(self, t: float) -> None:
        """Something may be possible at `t`, for which nobody else has the time in mind."""
        t = max(t, self.now + _LEAST_S)
        if t not in self._wakes:
            self._wakes.add(t)
            self.push(t, self._woken, t)

    def _woken(self, t: float, _data: None) -> None:
        self._wakes.discard(t)

    @property
    def next_at(self) -> float:
        return self._heap[0][0] if self._heap else inf

    def happen(self, t: float) -> None:
        """All that is to happen until `t`."""
        self.now = t
        while self._heap and self._heap[0][0] <= t:
            _, _, handler, about, data, _ = heappop(self._heap)
            handler(about, data)

    def end(self) -> None:
        """What is under way comes to its end; all else is dropped."""
        while self._heap:
            t, _, handler, about, data, ending = heappop(self._heap)
            if ending:
                self.now = t
                handler(about, data)
