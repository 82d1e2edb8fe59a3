"""The line of calls (or texts) that are due, in the order in which the dialer takes them (`store.claims.claim`)."""

from heapq import heappop, heappush
from typing import NamedTuple

from dialer.domain.campaign import LoadOrder
from dialer.simulation.clock import NOWHERE, Clock
from dialer.simulation.people import Person
from dialer.strategy.effects import RequestCall, RequestSms


class Place(NamedTuple):
    """Smaller ones first; `number` counts all that ever stood in the line, so that no two are the same."""

    priority: int
    due: float
    number: int
    person: Person
    request: RequestCall | RequestSms | None


class Taken(NamedTuple):
    """`later`: those whose own window is closed, each with when it opens. Nobody and `look_at`: nothing goes before."""

    person: Person | None
    later: list[tuple[float, Person]]
    look_at: float | None = None


class Line:
    """Who has no zone of their own, nor numbers that tell one, stands apart: while the campaign's window is closed nobody looks at them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sign = -1.0 if clock.rules.load_order is LoadOrder.NEWEST_FIRST else 1.0
        self._number = 0
        self._common: list[Place] = []
        self._zoned: list[Place] = []

    def __len__(self) -> int:
        return len(self._common) + len(self._zoned)

    def join(self, person: Person, due: float) -> None:
        self._number += 1
        request = person.request
        priority = request.priority if isinstance(request, RequestCall) else 0
        place = Place(-priority, self._sign * due, int(self._sign) * self._number, person, request)
        heappush(self._common if person.zone is None and not person.places else self._zoned, place)

    def take(self, t: float) -> Taken:
        """The first who may be called now."""
        own = self._clock.opening(NOWHERE, t)
        later: list[tuple[float, Person]] = []
        while (line := self._first(is_open=own.is_open)) is not None:
            place = heappop(line)
            person = place.person
            request = person.request
            if request is None or request is not place.request:
                continue  # it went on without: a reply came first
            if line is self._common:
                return Taken(person, later)
            theirs = self._clock.opening(person.where(request.number), t)
            if theirs.is_open:
                return Taken(person, later)
            later.append((theirs.until, person))
        return Taken(None, later, own.until if self._common else None)

    def _first(self, *, is_open: bool) -> list[Place] | None:
        common = self._common if is_open else []
        if common and self._zoned:
            return min(common, self._zoned, key=lambda line: line[0])
        return common or self._zoned or None

    def give_up(self) -> list[Person]:
        """Everybody without a zone of their own: the campaign's window never opens again."""
        left, self._common = [place.person for place in self._common], []
        return left
