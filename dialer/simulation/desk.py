"""The agents of a dry run: how many are at work, who talks, and callers who wait for one."""

from collections import deque

from dialer.pacing.progressive import QueueState
from dialer.simulation.people import Person


class Desk:
    """`talking` and `wrapping` agents are not free, nor are those who are `held` by a preview until its call has ended or is theirs.

    `in_flight` calls have neither been answered nor ended yet; those of previews have their agent already.
    """

    def __init__(self) -> None:
        self.held = 0
        self.agents = 0
        self.talking = 0
        self.wrapping = 0
        self.in_flight = 0
        self._waiting: deque[Person] = deque()

    @property
    def free(self) -> int:
        """Agents who went home in the middle of a call end it first."""
        return max(0, self.agents - self.busy)

    @property
    def busy(self) -> int:
        return self.talking + self.wrapping + self.held

    @property
    def going(self) -> int:
        """Calls that count against a limit."""
        return self.in_flight + self.held + len(self._waiting) + self.talking

    @property
    def state(self) -> QueueState:
        return QueueState(known=True, free=self.free, callers_waiting=len(self._waiting), in_flight=self.in_flight)

    def wait(self, person: Person) -> None:
        self._waiting.append(person)

    def leave(self, person: Person) -> bool:
        """Whether the caller was still waiting."""
        if person not in self._waiting:
            return False
        self._waiting.remove(person)
        return True

    def next_caller(self) -> Person | None:
        """The caller who has waited longest, if an agent is free."""
        return self._waiting.popleft() if self._waiting and self.free else None
