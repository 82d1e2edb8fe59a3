"""The durable step function: one event in, the new memory and one effect out. Nothing else ever moves a contact."""

from dataclasses import dataclass, field
from datetime import datetime

from dialer.domain.record import replace
from dialer.domain.said import Said, marked
from dialer.domain.suppression import listing
from dialer.strategy import call_step, instant_steps, sms_step, wait_steps, webhook_step
from dialer.strategy.call_fields import CallFields
from dialer.strategy.catalogue import OTHERWISE
from dialer.strategy.effects import (
    DONE,
    ENDLESS_LOOP,
    MAX_VISITS,
    STEP_MISSING,
    Effect,
    Finish,
    Hop,
    Stay,
    Step,
)
from dialer.strategy.events import (
    CallEnded,
    ContactFacts,
    Due,
    Entered,
    Event,
    MessageChanged,
    Replied,
    WebhookAnswered,
)
from dialer.strategy.fields import (
    BranchFields,
    EndFields,
    SetAttributeFields,
    SmsFields,
    TimeWindowFields,
    Until,
    WaitFields,
    WebhookFields,
)
from dialer.strategy.memory import Memory
from dialer.strategy.model import Node, Strategy
from dialer.strategy.turn import Here, Leave, Turn


def advance(
    strategy: Strategy,
    memory: Memory,
    event: Event,
    contact: ContactFacts,
    now: datetime,
    successor: Strategy | None = None,
) -> Step:
    """Answer one event of one contact. `now` is aware.

    With a `successor`, a newer version whose rule is `next_step`, the contact finishes the step it is at as its own version
    has it and leaves it as the successor does, to go on there. If the successor has no such step, it follows the wires of
    its own version until it comes to a step that both have.

    An event that comes late, twice, early or for another node changes nothing: the answer is `Stay` with the same
    memory (only a reply is remembered wherever the contact stands). Never raises for what `check` has accepted.
    """
    if memory.result is not None:
        return Step(memory, Stay(None))
    walk = _Walk(strategy, memory, contact, now, successor)
    if isinstance(event, Entered):
        return Step(memory, Stay(memory.due_at)) if memory.node else walk.enter(strategy.start)
    if isinstance(event, Replied):
        walk.memory = replace(memory, last_reply=event.text[: sms_step.LONGEST_REPLY])
    if not _concerns(memory, event, now):
        return Step(walk.memory, Stay(memory.due_at))
    node = strategy.by_id.get(memory.node)
    if node is None:
        return walk.finish(STEP_MISSING, marked("the strategy has no such step"))
    turn = _react(node, walk.here, event)
    return Step(walk.memory, Stay(memory.due_at)) if turn is None else walk.follow(node, turn)


def _concerns(
    memory: Memory, event: CallEnded | MessageChanged | WebhookAnswered | Replied | Due, now: datetime
) -> bool:
    """Whether the event is about where the contact stands now."""
    if isinstance(event, CallEnded | MessageChanged | WebhookAnswered):
        return event.key == memory.key
    if isinstance(event, Due):
        return memory.due_at is not None and memory.due_at <= now
    return bool(memory.node) and event.answers


def _react(node: Node, here: Here, event: Event) -> Turn | None:
    """The answer of the node at which the contact stands; None when the event means nothing to it."""
    match node.fields, event:
        case CallFields() as call, CallEnded():
            return call_step.ended(here, call, event)
        case SmsFields() as sms, MessageChanged():
            return sms_step.changed(here, sms, event)
        case SmsFields(until=Until.REPLIED), Replied():
            return sms_step.replied(here)
        case SmsFields() as sms, Due():
            return sms_step.due(here, sms)
        case WebhookFields() as webhook, WebhookAnswered():
            return webhook_step.answered(here, webhook, event)
        case WaitFields(), Due():
            return wait_steps.wait_over(here)
        case TimeWindowFields() as window, Due():
            return wait_steps.enter_window(here, window)
        case _:
            return None


def _arrive(node: Node, here: Here) -> Turn:  # noqa: PLR0911 (one return per step type)
    """The answer of a node on being entered."""
    match node.fields:
        case CallFields() as call:
            return call_step.enter(here, call)
        case SmsFields() as sms:
            return sms_step.enter(here, sms)
        case WebhookFields() as webhook:
            return webhook_step.enter(here, webhook)
        case WaitFields() as wait:
            return wait_steps.enter_wait(here, wait)
        case TimeWindowFields() as window:
            return wait_steps.enter_window(here, window)
        case BranchFields() as branch:
            return instant_steps.branch(here, branch)
        case SetAttributeFields() as attribute:
            return instant_steps.set_attribute(here, attribute)
        case EndFields() as end:
            return instant_steps.end(here, end)
        case _:
            return Turn(here.memory, Leave("next", marked("enters"), DONE))


@dataclass(slots=True)
class _Walk:
    """The way from one event to the next effect, through any number of steps that take no time."""

    strategy: Strategy
    memory: Memory
    contact: ContactFacts
    now: datetime
    successor: Strategy | None = None
    moved_after: int | None = None
    hops: list[Hop] = field(default_factory=list)
    changes: dict[str, str] = field(default_factory=dict)
    entered: set[str] = field(default_factory=set)

    @property
    def here(self) -> Here:
        return Here(self.memory, self.contact, self.strategy.limits, self.now)

    def enter(self, node: Node) -> Step:
        return self.follow(node, self._entering(node))

    def follow(self, node: Node, turn: Turn) -> Step:
        """Go from node to node until one of them has an effect. A loop, since a strategy may be a thousand nodes long."""
        while isinstance(turn.move, Leave):
            self._keep(turn)
            target = self._leave(node, turn.move)
            if target is None:
                return self._rest(Finish(turn.move.result))
            node, turn = target, self._entering(target)
        self._keep(turn)
        if turn.why:
            self.hops.append(Hop(node.id, "", turn.why))
        return self._rest(turn.move)

    def finish(self, result: str, why: str) -> Step:
        self.hops.append(Hop(self.memory.node, "", why))
        return self._rest(Finish(result))

    def _entering(self, node: Node) -> Turn:
        """The node's answer to the contact's coming, unless the contact has been there too often."""
        limit = self.strategy.limits.max_visits
        self.memory = self.memory.at(node.id)
        if self.memory.visit > limit:
            return Turn(
                self.memory, Finish(MAX_VISITS), Said("the step was entered %(number)s times already", number=limit)
            )
        if node.id in self.entered:
            return Turn(self.memory, Finish(ENDLESS_LOOP), marked("the way led back here without any time passing"))
        self.entered.add(node.id)
        return _arrive(node, self.here)

    def _keep(self, turn: Turn) -> None:
        self.memory = turn.memory
        if not turn.changes:
            return
        for name, value in turn.changes:
            self.changes[name] = value
            self.contact = self.contact.with_attribute(name, value)
        if listing(dict(turn.changes)) is not None:
            self.contact = self.contact.all_barred()

    def _leave(self, node: Node, leave: Leave) -> Node | None:
        """The node the port leads to, by way of `otherwise` when it is not wired itself; None when neither is."""
        here = node if self.entered else self._in_successor(node) or node  # where it rested, as the successor has it
        strategy = self.strategy if here is node else self.successor or self.strategy
        port = leave.port if leave.port in here.out else OTHERWISE
        target = strategy.by_id.get(here.out.get(port, ""))
        self.hops.append(Hop(node.id, port if target else leave.port, leave.why, leave.result))
        if target is not None and here is node and (same := self._in_successor(target)):
            strategy, target = self.successor or strategy, same
        if strategy is not self.strategy:
            self.strategy, self.successor, self.moved_after = strategy, None, len(self.hops)
        return target

    def _in_successor(self, node: Node) -> Node | None:
        same = self.successor.by_id.get(node.id) if self.successor else None
        return same if same is not None and same.type == node.type else None

    def _rest(self, effect: Effect) -> Step:
        if isinstance(effect, Finish):
            self.memory = replace(self.memory, result=effect.result, due_at=None)
        return Step(self.memory, effect, tuple(self.hops), tuple(self.changes.items()), self.moved_after)
