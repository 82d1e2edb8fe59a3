"""One turn at one node: what a step type sees, and what it answers."""

from datetime import UTC, datetime, tzinfo

from dialer.domain.record import record
from dialer.strategy.effects import Effect
from dialer.strategy.events import ContactFacts
from dialer.strategy.fields import ContactInFields
from dialer.strategy.local_time import find_zone
from dialer.strategy.memory import Memory


@record
class Here:
    """What a step type may look at; `memory` already stands at the node."""

    memory: Memory
    contact: ContactFacts
    limits: ContactInFields
    now: datetime

    @property
    def zone(self) -> tzinfo:
        """The contact's zone; UTC for a name that no machine knows, so that one bad row stops nobody."""
        return find_zone(self.contact.time_zone) or UTC


@record
class Leave:
    """Leave the node by `port`; if nothing is wired there, the contact ends with `result`."""

    port: str
    why: str
    result: str


@record
class Turn:
    """The new memory, the move, for an effect at the node the reason for the trail, and changed attributes."""

    memory: Memory
    move: Effect | Leave
    why: str = ""
    changes: tuple[tuple[str, str], ...] = ()
