"""Plays a case: the real decisions of the strategy, on a clock that jumps to whatever is due next."""

from dataclasses import dataclass, replace
from datetime import datetime

from dialer.domain.errors import shown
from dialer.domain.outcome import Outcome
from dialer.strategy.cases.read import Case, Entry
from dialer.strategy.effects import Effect, Finish, Hold, RequestCall, RequestSms, RequestWebhook, Stay, Step
from dialer.strategy.events import CallEnded, Due, Entered, Event, MessageChanged, Replied, WebhookAnswered
from dialer.strategy.flow import advance
from dialer.strategy.local_time import read_moment
from dialer.strategy.memory import Memory
from dialer.strategy.model import Strategy

_LONGEST = 20_000  # waits in a row; a strategy's own limits are reached before


class Unexpected(Exception):  # noqa: N818 -- named by what happened
    """What the strategy does differs from what the case says."""


def play(strategy: Strategy, case: Case) -> str | None:
    """What differs first, or None if the case holds."""
    player = _Player(strategy, case)
    for number, entry in enumerate(case.story, start=1):
        try:
            player.meet(entry)
        except Unexpected as difference:
            return f"entry {number} ({entry.kind} {entry.named}): {difference}"
    return None


class _Player:
    def __init__(self, strategy: Strategy, case: Case) -> None:
        self.strategy, self.zone = strategy, case.zone
        self.contact, self.now = case.facts, case.starts_at
        self.step = Step(Memory(), Stay(None))
        self.send(Entered())

    def send(self, event: Event) -> None:
        step = advance(self.strategy, self.step.memory, event, self.contact, self.now)
        for name, value in step.changes:
            self.contact = self.contact.with_attribute(name, value)
        # An answer to a reply that changed nothing, and to what comes late, leaves open what was to be done.
        late = isinstance(event, Replied) or not isinstance(self.step.effect, RequestSms | Stay)
        self.step = replace(step, effect=self.step.effect) if isinstance(step.effect, Stay) and late else step

    def meet(self, entry: Entry) -> None:
        """Go on to the next thing that the strategy does, compare it with the entry, and let happen what the entry says."""
        self._pass_time(stop_at_waits=entry.kind == "wait")
        effect = self.step.effect
        found = _Found.of(effect, self.now)
        if (found.kind, found.named) != (entry.kind, entry.named):
            raise Unexpected(f"the strategy does something else: {found.kind} {found.named} at {self._local(found.at)}")
        self.now = found.at
        self._compare(entry, effect, found.at)
        self.now += entry.after
        if isinstance(effect, RequestCall):
            self.send(CallEnded(effect.key, entry.outcome or Outcome.ANSWERED))
        elif isinstance(effect, RequestSms):
            self._text_ends(effect, entry)
        elif isinstance(effect, RequestWebhook):
            self.send(
                WebhookAnswered(effect.key, entry.fails is None, entry.answer if entry.fails is None else entry.fails)
            )
        elif isinstance(effect, Hold):
            self.send(Due())

    def _pass_time(self, *, stop_at_waits: bool) -> None:
        for _ in range(_LONGEST):
            effect = self.step.effect
            due_at = effect.due_at if isinstance(effect, Hold | Stay) else None
            if due_at is None or (stop_at_waits and isinstance(effect, Hold) and due_at > self.now):
                return
            self.now = max(self.now, due_at)
            self.send(Due())

    def _text_ends(self, effect: RequestSms, entry: Entry) -> None:
        status = entry.status or "delivered"
        if status in {"delivered", "undelivered", "expired"} or entry.reply is not None:
            self.send(MessageChanged(effect.key, "submitted"))
        if entry.reply is None or entry.status is not None:
            self.send(MessageChanged(effect.key, status))
        if entry.reply is not None:
            self.send(Replied(entry.reply))

    def _compare(self, entry: Entry, effect: Effect, at: datetime) -> None:
        if entry.at is not None and not self._is(entry.at, at):
            raise Unexpected(f"is at {self._local(at)}, not at {entry.at}")
        if isinstance(effect, RequestCall | RequestSms) and entry.number not in {None, effect.number}:
            raise Unexpected(f"goes to {effect.number}, not to {entry.number}")
        if isinstance(effect, RequestSms) and entry.says not in {None, effect.text}:
            raise Unexpected(f"says {shown(effect.text)}")
        if isinstance(effect, RequestWebhook):
            self._compare_webhook(entry, effect)
        values = self.contact.values
        for name, value in entry.attributes.items():
            if values.get(name, "") != value:
                raise Unexpected(f"the attribute {name} is {shown(values.get(name, ''))}, not {shown(value)}")

    def _compare_webhook(self, entry: Entry, effect: RequestWebhook) -> None:
        if entry.url not in {None, effect.url}:
            raise Unexpected(f"goes to {shown(effect.url)}")
        if entry.says not in {None, effect.body}:
            raise Unexpected(f"says {shown(effect.body)}")

    def _is(self, wanted: str, at: datetime) -> bool:
        """`10:00` is any day; minutes are whole unless seconds are written."""
        local = at.astimezone(self.zone)
        if wanted.count(":") and "-" not in wanted:
            return wanted in {f"{local:%H:%M}", f"{local:%H:%M:%S}"}
        moment = read_moment(wanted, self.zone)
        return at.replace(second=0, microsecond=0) == moment or at == moment

    def _local(self, at: datetime) -> str:
        local = at.astimezone(self.zone)
        return f"{local:%Y-%m-%d %H:%M:%S}" if local.second else f"{local:%Y-%m-%d %H:%M}"


@dataclass(frozen=True, slots=True)
class _Found:
    """What the strategy does: in the words of an entry."""

    kind: str
    named: str
    at: datetime

    @staticmethod
    def of(effect: Effect, now: datetime) -> "_Found":
        match effect:
            case RequestCall(node=node, due_at=due_at):
                return _Found("call", node, max(now, due_at))
            case RequestSms(node=node, due_at=due_at):
                return _Found("text", node, max(now, due_at))
            case RequestWebhook(node=node, due_at=due_at):
                return _Found("webhook", node, max(now, due_at))
            case Hold(node=node, due_at=due_at):
                return _Found("wait", node, due_at)
            case Finish(result=result):
                return _Found("end", result, now)
            case _:
                return _Found("nothing", "more", now)
