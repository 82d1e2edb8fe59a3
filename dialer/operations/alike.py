"""Contacts who take the same step at the same moment: thousands whose wait ends at nine. Their step is decided once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from dialer.store.enrollments import Enrollment
from dialer.strategy.effects import Step
from dialer.strategy.events import Event
from dialer.strategy.memory import Memory

FEW = 8  # for fewer a statement of their own costs more than it saves

#: Who moves, why, and the version of the strategy that it is on or enters.
Moving = tuple[Enrollment, Event, int]
#: From version, memory, event and time zone: the step, or None if it depends on the contact.
Decide = Callable[[int, Memory, Event, str], Step | None]


@dataclass(frozen=True, slots=True)
class Company:
    """`step` is that of each of `places`, all of them on `version` before."""

    places: list[Enrollment]
    version: int
    step: Step


def gather(
    moving: Iterable[Moving], zones: Mapping[int, str], zone: str, decide: Decide
) -> tuple[list[Company], list[Moving]]:
    """Who can go together, and the others. `zones` are those of contacts, by their id, who have one other than `zone`."""
    groups: dict[tuple[int, str | None, str, Event], list[Moving]] = {}
    for one in moving:
        place, event, version = one
        key = (version, place.memory, zones.get(place.contact_id, zone), event)
        groups.setdefault(key, []).append(one)
    together: list[Company] = []
    others: list[Moving] = []
    for (version, memory, where, event), members in groups.items():
        step = decide(version, Memory.of(memory), event, where) if len(members) >= FEW else None
        if step is None:
            others += members
        else:
            together.append(Company([place for place, _, _ in members], version, step))
    return together, others
