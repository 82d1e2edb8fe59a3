"""What the dialer sees of one call, text or webhook that is to be made: snapshots, handed to `eligibility`, that know a little future."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from dialer.domain.gateway import VoiceGateway
from dialer.domain.members import Member, NotFree
from dialer.pacing.breaker import Breaker
from dialer.pacing.caps import Cap
from dialer.pacing.gates import text_room
from dialer.pacing.limits import Allowance
from dialer.pacing.power import Power, decide_power
from dialer.pacing.progressive import UNLIMITED, PacingDecision, QueueState
from dialer.pacing.sharing import Contender, Turns


@dataclass(frozen=True, slots=True)
class Rival:
    """Another `queue` that `wants` so many agents, of these who sit in both and are held back by no more than wrap-up."""

    queue: str
    wants: int
    shared: frozenset[str]  # interfaces


@dataclass(frozen=True, slots=True)
class QueueView:
    """A queue: `unserved` callers for whom nobody is being rung, and calls of ours `in_flight` to it."""

    name: str
    known: bool
    members: tuple[Member, ...] = ()
    unserved: int = 0
    in_flight: int = 0
    rivals: tuple[Rival, ...] = ()

    def left(self, power: Power | None, now: datetime, taken: Mapping[str, int]) -> int:
        """How many calls may start when so many more, by queue, have; below 0 if they are too many."""
        rivals = tuple(replace(one, wants=one.wants + taken.get(one.queue, 0)) for one in self.rivals)
        decision = decide_power(replace(self, rivals=rivals).state(now), power, link_up=True)
        return decision.originate - taken.get(self.name, 0)

    def free(self, now: datetime) -> frozenset[str]:
        """The interfaces of those who are free at that time, if nothing but time passes."""
        return frozenset(member.interface for member in self.members if not held_back(member, now))

    def state(self, now: datetime) -> QueueState:
        free = self.free(now)
        elsewhere = sum(min(rival.wants, len(rival.shared & free)) for rival in self.rivals)
        return QueueState(self.known, len(free), self.unserved, self.in_flight, elsewhere)

    def wrap_up_ends(self) -> Iterator[datetime]:
        ends = (end for member in self.members for end in (member.wrap_up_until, member.rests_until))
        return (end for end in ends if end is not None)


def held_back(member: Member, now: datetime) -> tuple[NotFree, ...]:
    """Why a member is not free at that time: what held it back when it was looked at, but a wrap-up and a rest pass."""
    ends = {NotFree.WRAP_UP: member.wrap_up_until, NotFree.NOT_ANSWERING: member.rests_until}
    return tuple(reason for reason in member.reasons if (end := ends.get(reason)) is None or end > now)


@dataclass(frozen=True, slots=True)
class Other:
    """Another campaign that could use the same agents, and how many calls to its queue it has ready."""

    contender: Contender
    title: str
    queue: str
    ready: int


@dataclass(frozen=True, slots=True)
class CallOutlook:
    """`queues`: the campaign's, and the step's own if it is another; `runs`: this process runs the campaign.

    `starting`: the call was decided on already. `before`: how many stand before it in the hopper and, unless it is in the
    hopper itself, are claimed already. `others` compete with the campaign (`contender`) for agents, in the order of `turns`.
    `automatic`: its calls start by themselves; it `offers` them to agents on the agent page, of whom so many are `ready`.
    `power` counts in the campaign's `own_queue`.
    """

    runs: bool
    automatic: bool
    draining: bool
    link_up: bool
    link_reason: str
    queues: tuple[QueueView, ...]
    campaign: Allowance
    gateway_name: str
    gateway: VoiceGateway | None
    gateway_limit: Allowance
    in_another_call: bool = False
    breaker: Breaker = field(default_factory=lambda: Breaker(0))
    starting: bool = False
    before: int = 0
    cap: Cap | None = None
    contender: Contender | None = None
    others: tuple[Other, ...] = ()
    turns: Turns = field(default_factory=Turns)
    power: Power | None = None
    own_queue: str = ""
    offers: bool = False
    ready: int = 0

    def overtaken_by(self, before: int) -> list[tuple[Other, int]]:
        """Whose calls, and how many, come before one that has so many of its own campaign `before` it."""
        if self.contender is None or not self.others:
            return []
        demands = {one.contender: one.ready for one in self.others}
        got = self.turns.before(self.contender, before + 1, demands)
        return [(one, got[one.contender.id]) for one in self.others if one.contender.id in got]

    def left_by(self, others: Iterable[tuple[Other, int]], now: datetime) -> int:
        """How many calls to these queues may start when so many of others have."""
        taken = Counter[str]()
        for one, calls in others:
            taken[one.queue] += calls
        return min((queue.left(self.power_in(queue), now, taken) for queue in self.queues), default=UNLIMITED)

    def agents(self, now: datetime) -> int:
        """How many calls to these queues may start."""
        return min(self.decision(queue, now).originate for queue in self.queues or (None,))

    def decision(self, queue: QueueView | None, now: datetime) -> PacingDecision:
        state = queue.state(now) if queue else None
        return decide_power(state, self.power_in(queue), link_up=self.link_up, draining=self.draining)

    def power_in(self, queue: QueueView | None) -> Power | None:
        return self.power if queue is not None and queue.name == self.own_queue else None

    def room(self, now: datetime) -> int:
        """How many calls of the campaign to these queues may start."""
        return min(self.agents(now), self.campaign.room(now).calls)

    def instants(self) -> Iterator[datetime]:
        """When time alone may change something."""
        for queue in self.queues:
            yield from queue.wrap_up_ends()
        timed = (self.campaign.token_at, self.gateway_limit.token_at, self.breaker.probe_at)
        yield from (at for at in timed if at is not None)
        if self.cap is not None:
            yield self.cap.resets_at


@dataclass(frozen=True, slots=True)
class SmsGatewayView:
    """An SMS gateway as it stands now; throttled: bound, but the SMSC asked for a pause."""

    name: str
    exists: bool
    bound: bool = False
    throttled: bool = False
    reason: str = ""
    window: int = 0


@dataclass(frozen=True, slots=True)
class TextOutlook:
    """`campaign` is the campaign's own gateway, by which it is paced; `gateway` the one that the text would leave by."""

    runs: bool
    draining: bool
    campaign: SmsGatewayView | None
    gateway: SmsGatewayView
    busy: int = 0
    starting: bool = False
    before: int = 0

    def room(self, _now: datetime | None = None) -> int:
        """How many texts of the campaign may be begun."""
        if self.campaign is None:
            return text_room(None, self.busy, bound=True)
        return text_room(self.campaign.window, self.busy, bound=self.campaign.bound)

    def instants(self) -> Iterator[datetime]:
        """Time alone changes nothing here."""
        return iter(())


@dataclass(frozen=True, slots=True)
class WebhookOutlook:
    """`busy` of the campaign's webhooks are under way, of `most` that may be."""

    runs: bool
    draining: bool
    busy: int
    most: int
    starting: bool = False
    before: int = 0

    def room(self, _now: datetime | None = None) -> int:
        return self.most - self.busy

    def instants(self) -> Iterator[datetime]:
        """Time alone changes nothing here."""
        return iter(())


Outlook = CallOutlook | TextOutlook | WebhookOutlook
