"""The people of a dry run: where each stands in the strategy, and how they and their telephones behave."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dialer.domain.outcome import Outcome
from dialer.domain.rules.counted import Tried
from dialer.simulation.assumptions import Assumptions
from dialer.simulation.chance import For, draw, spread
from dialer.simulation.clock import Where
from dialer.simulation.job import ContactRow
from dialer.strategy.effects import RequestCall, RequestSms
from dialer.strategy.events import ContactFacts
from dialer.strategy.local_time import find_zone
from dialer.strategy.memory import Memory

#: Until the network says that a number is busy or does not exist.
REFUSED_S = 3.0
#: Until the operator has accepted a text.
SUBMIT_S = 0.5

_CHANNELS = {"v": "voice", "s": "sms", "e": "email"}
_NAMES = ("first_name", "last_name", "name")


@dataclass(slots=True, eq=False)
class Person:
    """One contact. `request` is the call or text that it waits for, due at `due_at` if it stood in the strategy before.

    `places`: for each address the zones in which it may be, if that matters. `stuck`: its window never opens again.
    """

    id: int
    zone: str | None
    facts: ContactFacts
    version: int
    memory: Memory
    due_at: datetime | None = None
    places: tuple[tuple[str, ...], ...] = ()
    request: RequestCall | RequestSms | None = None
    calls: int = 0
    texts: int = 0
    reached: bool = False
    machine: bool = False  # took the last call
    stuck: bool = False
    tried: dict[str, list[Tried]] | None = None  # by number, if rules count calls

    @property
    def wheres(self) -> "Iterator[Where]":
        """Every place whose clocks may matter."""
        return ((self.zone, places) for places in (self.places or ((),)))

    def where(self, number: str) -> "Where":
        """Whose clocks say whether it may be called at this number (a place among its addresses, from 1)."""
        return self.zone, self.places[int(number) - 1] if self.places else ()


@dataclass
class Population:
    """Makes people of rows. Those of whom the same is known share it: a hundred thousand are mostly of a few kinds."""

    time_zone: str
    _facts: dict[object, ContactFacts] = field(default_factory=dict)
    _places: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)

    def person(self, row: ContactRow) -> Person:
        zone = row.zone if row.zone and find_zone(row.zone) else None
        memory = Memory.from_json(row.memory) if row.memory else _NEW
        due_at = datetime.fromisoformat(row.due_at) if row.due_at else None
        places = tuple(map(self._shared, row.places)) if zone is None else ()
        return Person(row.id, zone, self._known(row, zone), row.version, memory, due_at, places)

    def _shared(self, zones: Sequence[str]) -> tuple[str, ...]:
        return self._places.setdefault(tuple(zones), tuple(zones))

    def _known(self, row: ContactRow, zone: str | None) -> ContactFacts:
        key = (zone, tuple(row.channels), tuple(row.values.items()))
        if key not in self._facts:
            self._facts[key] = _facts(row, zone or self.time_zone)
        return self._facts[key]


_NEW = Memory()


def _facts(row: ContactRow, time_zone: str) -> ContactFacts:
    """An address is its place among the contact's: which number it is matters to nobody here."""
    addresses = tuple(
        (_CHANNELS[letter.lower()], str(place))
        for place, letters in enumerate(row.channels, start=1)
        for letter in letters
    )
    names: Mapping[str, str] = {name: row.values[name] for name in _NAMES if name in row.values}
    return ContactFacts(
        addresses=addresses,
        attributes={name: value for name, value in row.values.items() if name not in names},
        names=names,
        time_zone=time_zone,
        barred=frozenset(str(place) for place, letters in enumerate(row.channels, start=1) if letters.isupper()),
    )


class Behaviour:
    """How people take calls and texts, by the assumptions. The same person does the same for the same seed."""

    def __init__(self, assumptions: Assumptions) -> None:
        self._assumed = assumptions
        self._seed = assumptions.seed

    def call(self, person: Person, number: str, ring_s: float, hour: int) -> tuple[Outcome, float]:
        """What becomes of a call, and how many seconds it takes until that is known; answered in `hour` of its day."""
        assumed = self._assumed
        if self._draw(person, For.EXISTS, int(number)) < assumed.invalid_share:
            return Outcome.INVALID_NUMBER, REFUSED_S
        drawn, rate = self._draw(person, For.ANSWERS, person.calls), assumed.answer_rate[hour]
        if drawn < rate:
            rung = self._time(person, For.RINGS, person.calls, assumed.ring_s)
            return Outcome.ANSWERED, min(rung, ring_s)
        if drawn < rate + assumed.busy_share:
            return Outcome.BUSY, REFUSED_S
        if drawn < rate + assumed.busy_share + assumed.machine_share:
            return Outcome.MACHINE, min(self._time(person, For.RINGS, person.calls, assumed.ring_s), ring_s)
        return Outcome.NO_ANSWER, ring_s

    def talk_s(self, person: Person) -> float:
        return self._time(person, For.TALKS, person.calls, self._assumed.talk_s)

    def look_s(self, person: Person) -> float:
        return self._time(person, For.LOOKS, person.calls, self._assumed.preview_s)

    def delivery_s(self, person: Person) -> float | None:
        """How long a text is on its way; None if it is not delivered."""
        if self._draw(person, For.DELIVERED, person.texts) >= self._assumed.delivery_share:
            return None
        return self._time(person, For.TRAVELS, person.texts, self._assumed.delivery_s)

    def reply_s(self, person: Person) -> float | None:
        """How long somebody thinks about a reply; None if there is none."""
        if self._draw(person, For.REPLIES, person.texts) >= self._assumed.reply_share:
            return None
        return self._time(person, For.THINKS, person.texts, self._assumed.reply_s)

    def _time(self, person: Person, what: For, number: int, mean: float) -> float:
        return spread(mean, self._assumed.variation, self._draw(person, what, number))

    def _draw(self, person: Person, what: For, number: int) -> float:
        return draw(self._seed, person.id, what, number)
