"""How many calls there are of each kind, kept with every change: a decision costs the same with ten calls as with thousands."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from dialer.domain.calls import Call


@dataclass(slots=True)
class Tracked:
    """One call that has not been recorded as ended. `sent` is False until its Originate was answered (or given up)."""

    call: Call
    campaign_id: int
    contact_id: int
    number: str
    queue: str
    gateway: str
    sent: bool = False
    request_id: int = 0
    told: bool = False  # what it says of its trunk was told
    spared: bool = False  # it failed in a storm of its trunk: its contact's turn comes again
    barred: bool = False  # its number has come onto a do-not-contact list: not to be sent

    @property
    def goes_on(self) -> bool:
        return self.call.ended_at is None

    @property
    def waits_for_agent(self) -> bool:
        """On its way to the queue: it has a claim on a free agent that the queue itself does not show yet.

        None any more once it was taken for a machine, or the queue refused it: then it only hears a message. And none of
        one that an agent accepted: that agent's own telephone is in use.
        """
        call = self.call
        on_its_way = call.joined_at is None and call.connected_at is None and not call.agent
        return self.goes_on and on_its_way and not call.beyond_queue


@dataclass(slots=True)
class Tally:
    """Calls that go on, by campaign, gateway and number; by queue those that wait for an agent; and those about to finish."""

    in_flight: Counter[str] = field(default_factory=Counter)
    calling: Counter[tuple[str, int]] = field(default_factory=Counter)  # the same by queue and campaign
    campaigns: Counter[int] = field(default_factory=Counter)
    gateways: Counter[str] = field(default_factory=Counter)
    numbers: Counter[str] = field(default_factory=Counter)
    finishing: dict[str, Tracked] = field(default_factory=dict)

    def add(self, one: Tracked) -> None:
        self._count(one, 1)
        if one.call.finish_due() is not None:
            self.finishing[one.call.attempt_id] = one

    def remove(self, one: Tracked) -> None:
        self._count(one, -1)
        self.finishing.pop(one.call.attempt_id, None)

    def change(self, one: Tracked, call: Call) -> bool:
        """The call is this one now; whether that changed what is counted: most news do not."""
        waited, went_on, one.call = one.waits_for_agent, one.goes_on, call
        if call.finish_due() is None:
            self.finishing.pop(call.attempt_id, None)
        else:
            self.finishing[call.attempt_id] = one
        if (waits := one.waits_for_agent) != waited:
            self._count_waiting(one, waits - waited)
        if (goes_on := one.goes_on) != went_on:
            self._count_going(one, goes_on - went_on)
        return (waits, goes_on) != (waited, went_on)

    def _count(self, one: Tracked, step: int) -> None:
        if one.waits_for_agent:
            self._count_waiting(one, step)
        if one.goes_on:
            self._count_going(one, step)

    def _count_waiting(self, one: Tracked, step: int) -> None:
        self.in_flight[one.queue] += step
        _step(self.calling, (one.queue, one.campaign_id), step)

    def _count_going(self, one: Tracked, step: int) -> None:
        self.campaigns[one.campaign_id] += step
        self.gateways[one.gateway] += step
        _step(self.numbers, one.number, step)


def _step(counter: Counter[Any], key: Any, step: int) -> None:
    """What comes to nothing is forgotten."""
    counter[key] += step
    if not counter[key]:
        del counter[key]
