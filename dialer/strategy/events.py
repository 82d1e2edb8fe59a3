"""What goes into a step of the strategy: what happened, and what is known of the contact."""

from collections.abc import Mapping
from dataclasses import field
from typing import NamedTuple

from dialer.domain.outcome import Outcome
from dialer.domain.record import record
from dialer.domain.said import Said, marked


class RequestKey(NamedTuple):
    """Names one request of an enrollment for ever: the node, its how-manieth visit, the try within the visit (from 1)."""

    node: str
    visit: int
    try_no: int


_NO_NUMBER = {
    "voice": marked("the contact has no number %(number)s for calls"),
    "sms": marked("the contact has no number %(number)s for texts"),
}


@record
class Entered:
    """The contact enters the strategy."""


@record
class CallEnded:
    """The call of that request reached its outcome."""

    key: RequestKey
    outcome: Outcome


@record
class MessageChanged:
    """The text of that request reached a status of the interface: submitted, delivered, expired and so on."""

    key: RequestKey
    status: str


@record
class WebhookAnswered:
    """The receiver of that request answered with success, and `text` is the response; or not, and `text` is the reason."""

    key: RequestKey
    ok: bool
    text: str


@record
class Replied:
    """The contact sent a text. It belongs to no request: the last text that was sent is taken to be meant.

    `answers` is False while the text of the step at which the contact stands has not been sent: it was another that is meant.
    """

    text: str
    answers: bool = True


@record
class Due:
    """The time of a wait, a window or a timeout has come (`Memory.due_at`)."""


Event = Entered | CallEnded | MessageChanged | WebhookAnswered | Replied | Due


@record
class ContactFacts:
    """What decisions and texts may use of a contact.

    `addresses`: (channel, address) in the contact's order, channel `voice`, `sms` or `email`; `names`: first_name,
    last_name, name; `time_zone`: the contact's own or the campaign's, resolved by the caller; `barred`: those of the
    addresses that are on a do-not-contact list.
    """

    addresses: tuple[tuple[str, str], ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    time_zone: str = "UTC"
    barred: frozenset[str] = frozenset()

    def address(self, channel: str, number: int) -> str | None:
        """The contact's address number 1, 2, … of that channel."""
        for kind, address in self.addresses:
            if kind == channel:
                number -= 1
                if not number:
                    return address
        return None

    def barrier(self, channel: str, number: int) -> str | None:
        """Why the address number 1, 2, … of that channel can't be used; None if it can."""
        address = self.address(channel, number)
        if address is None:
            return Said(_NO_NUMBER[channel], number=number)
        return Said("%(address)s is on the do-not-contact list", address=address) if address in self.barred else None

    @property
    def values(self) -> dict[str, str]:
        """What placeholders and branches can name; an attribute goes before a name of the same word."""
        return {**self.names, **self.attributes}

    def all_barred(self) -> "ContactFacts":
        everything = frozenset(address for _, address in self.addresses)
        return ContactFacts(self.addresses, self.attributes, self.names, self.time_zone, everything)

    def with_attribute(self, name: str, value: str) -> "ContactFacts":
        attributes = {**self.attributes, name: value}
        return ContactFacts(self.addresses, attributes, self.names, self.time_zone, self.barred)
