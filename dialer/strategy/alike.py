"""A step for many contacts at once: what is decided without a look at any of them is decided for all of them."""

from datetime import datetime

from dialer.strategy.effects import Finish, Hold, Step
from dialer.strategy.events import ContactFacts, Event
from dialer.strategy.flow import advance
from dialer.strategy.memory import Memory
from dialer.strategy.model import Strategy


class ContactNeededError(Exception):
    """A step asked for something of the contact, whom nobody has looked up."""


class _OnlyZone(ContactFacts):
    """Whoever asks for more of the contact than its time zone is told that it is needed."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> object:
        if name != "time_zone":
            raise ContactNeededError(name)
        return super().__getattribute__(name)


def advance_together(
    strategy: Strategy,
    memory: Memory,
    event: Event,
    time_zone: str,
    now: datetime,
    successor: Strategy | None = None,
) -> Step | None:
    """The step of everybody with this memory and this time zone, as `advance` takes it for each; it holds or ends them.

    None: the step depends on the contact (a number, an attribute), or what follows depends on where the contact stood.
    """
    try:
        step = advance(strategy, memory, event, _OnlyZone(time_zone=time_zone), now, successor)
    except ContactNeededError:
        return None
    return step if isinstance(step.effect, Finish | Hold) and not step.changes else None
