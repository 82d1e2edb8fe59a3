"""Hours of a week, in several ranges: weekdays have others than weekends."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time

from dialer.domain.windows import ExecutionTime


@dataclass(frozen=True, slots=True)
class Week:
    """Open while one of the ranges is."""

    ranges: tuple[ExecutionTime, ...]

    @property
    def edges(self) -> Collection[time]:
        return {edge for one in self.ranges for edge in one.edges}

    def shows_open(self, wall: datetime) -> bool:
        return any(one.shows_open(wall) for one in self.ranges)
