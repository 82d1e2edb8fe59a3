"""What a session tells its owner."""

from dataclasses import dataclass

from dialer.domain.record import record
from sms.commands import DeliverSm
from sms.status import Status


@dataclass(frozen=True, slots=True)
class Bound:
    system_id: str


@dataclass(frozen=True, slots=True)
class BindRefused:
    status: Status
    hopeless: bool


@record
class Answered:
    """The SMSC's answer to the submission `ref`. `late`: after it had been reported as Unanswered."""

    ref: str
    status: Status
    message_id: str
    late: bool = False


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nobody knows what became of the submission `ref`: it must not be sent again."""

    ref: str
    reason: str


@record
class Delivered:
    """A receipt or a reply; it waits for `Session.acknowledge(sequence)`."""

    sequence: int
    deliver: DeliverSm


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something unreadable or unexpected that does no harm."""

    reason: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The session is over; nothing follows. `clean`: by unbind."""

    reason: str
    clean: bool = False


Event = Bound | BindRefused | Answered | Unanswered | Delivered | Ignored | Closed
