"""The dry run itself: the dialer's decisions on a virtual clock, one event after the other.

Contacts go through `strategy.flow.advance`; calls start by `pacing`; windows are those of `domain.windows`. Only people,
agents and the operator are made up, by the assumptions.
"""

from collections.abc import Callable, Sequence
from math import inf

from dialer.domain.outcome import Outcome
from dialer.domain.rate import TokenBucket
from dialer.domain.rules.catalogue import pack
from dialer.domain.suppression import listing
from dialer.pacing.limits import room
from dialer.pacing.progressive import Limit
from dialer.simulation.agenda import Agenda
from dialer.simulation.clock import HOUR, NOWHERE, Clock
from dialer.simulation.counted import allowed_at, count_end, count_start
from dialer.simulation.floor import Floor
from dialer.simulation.job import Job, Rules
from dialer.simulation.line import Line
from dialer.simulation.operator import Operator
from dialer.simulation.people import Person
from dialer.simulation.resume import resumed
from dialer.simulation.tally import Tally
from dialer.strategy.effects import Finish, Hold, RequestCall, RequestSms, RequestWebhook, Stay, Step
from dialer.strategy.events import CallEnded, Due, Entered, Event, WebhookAnswered
from dialer.strategy.fields import OnEdit
from dialer.strategy.flow import advance

DAY = 24 * HOUR
#: Told of each call and text that starts: whose, `call` or `sms`, and when, in seconds from the start.
Watch = Callable[[Person, str, float], None]


class Run:
    """One dry run: call `run` once, then look at `tally` and the people."""

    def __init__(self, job: Job, people: Sequence[Person], *, watch: Watch | None = None) -> None:
        self.job, self.people, self._watch = job, people, watch
        self.clock, self.agenda = Clock(job.rules, job.start), Agenda()
        self.tally = Tally(base=self.clock.next_hour(0.0) - HOUR)
        self.floor = Floor(job, self.agenda, self.tally, self._ended)
        self.operator = Operator(job.assumptions, self.agenda, self.tally, self._take)
        self.ends = min(job.assumptions.horizon_days * DAY, self.clock.ends)
        self._newest = job.strategies[job.version]
        self._moves = self._newest.limits.on_edit is OnEdit.NEXT_STEP
        self._active = len(people)
        self._calls, self._texts = Line(self.clock), Line(self.clock)
        self._limits = _limits(job.rules)
        self._segments = _bucket(job.rules.segments_per_second)
        self._held: Limit | None = None
        self._entered: dict[tuple[int, int], Step] = {}
        self._wheres = {where for person in people for where in person.wheres} | {NOWHERE}
        self._rules = pack(job.rules.rule_pack)
        self._on_duty = 0.0, 0  # since when how many agents could have had a call

    @property
    def unfinished(self) -> int:
        return len(self.people) - self.tally.results.total()

    def run(self) -> None:
        self.agenda.push(0.0, self._tick, None)
        self.agenda.push(self.clock.begins, self._enter, None)
        while self._active and (t := self.agenda.next_at) < self.ends:
            self.tally.hold(self._held, t - self.agenda.now)
            self.agenda.happen(t)
            self._held = self._dispatch_calls()
            self._dispatch_texts()
        self._off_duty(self.ends if self._active else self.tally.last)
        self._calls = self._texts = Line(self.clock)  # nothing starts any more
        self.agenda.end()

    def _tick(self, _about: None, _data: None) -> None:
        """Each hour, and whenever a window opens or closes: how many agents are at work, and may have calls."""
        now = self.agenda.now
        agents = self.job.assumptions.agents[self.clock.hour(None, now)]
        openings = [self.clock.opening(where, now) for where in self._wheres]
        self._off_duty(now)
        self._on_duty = now, agents if any(opening.is_open for opening in openings) else 0
        self.floor.staff(agents)
        self.agenda.push(min(self.clock.next_hour(now), *(opening.until for opening in openings)), self._tick, None)

    def _off_duty(self, t: float) -> None:
        since, agents = self._on_duty
        self.tally.staff(since, t, agents)

    # -- the strategy ---------------------------------------------------------------------------------------------

    def _enter(self, _about: None, _data: None) -> None:
        for person in self.people:
            if person.memory.node:
                self._resume(person)
                continue
            key = (person.version, id(person.facts))  # all of a kind enter in the same way
            if key not in self._entered:
                self._entered[key] = self._advance(person, Entered())
            self._apply(person, self._entered[key])

    def _resume(self, person: Person) -> None:
        now = self.clock.at(self.agenda.now)
        found = resumed(self.job.strategies[person.version], person, max(person.due_at or now, now))
        if isinstance(found, RequestCall | RequestSms):
            self._request(person, found)
        elif found is not None:
            self._take(person, found)
        elif person.memory.due_at is not None:
            self.agenda.push(self.clock.seconds(person.memory.due_at), self._due, person)

    def _advance(self, person: Person, event: Event) -> Step:
        strategy = self.job.strategies[person.version]
        successor = self._newest if self._moves and person.version != self.job.version else None
        return advance(strategy, person.memory, event, person.facts, self.clock.at(self.agenda.now), successor)

    def _take(self, person: Person, event: Event) -> None:
        if person.memory.result is None:
            self._apply(person, self._advance(person, event))

    def _apply(self, person: Person, step: Step) -> None:
        person.memory = step.memory
        if step.moved_after is not None:
            person.version = self.job.version
        for name, value in step.changes:
            person.facts = person.facts.with_attribute(name, value)
        if step.changes and listing(dict(step.changes)) is not None:
            person.facts = person.facts.all_barred()
        effect = step.effect
        if isinstance(effect, Finish):
            self._active -= not person.stuck
            person.request, person.stuck = None, False
            self.tally.finish(effect.result, self.agenda.now)
        elif isinstance(effect, RequestCall | RequestSms):
            self._request(person, effect)
        elif isinstance(effect, RequestWebhook):
            person.request = None
            self.agenda.push(self.agenda.now, self._take, person, WebhookAnswered(effect.key, True, ""))
        elif isinstance(effect, Hold):
            person.request = None
            self.agenda.push(self.clock.seconds(effect.due_at), self._due, person)
        elif isinstance(effect, Stay) and effect.due_at is not None:
            self.agenda.push(self.clock.seconds(effect.due_at), self._due, person)

    def _due(self, person: Person, _data: None) -> None:
        self._take(person, Due())

    def _request(self, person: Person, request: RequestCall | RequestSms) -> None:
        person.request = request
        self.agenda.push(self.clock.seconds(request.due_at), self._line_up, person, request)

    def _line_up(self, person: Person, request: RequestCall | RequestSms) -> None:
        if person.request is request:
            line = self._calls if isinstance(request, RequestCall) else self._texts
            line.join(person, self.agenda.now)

    def _ended(self, person: Person, outcome: Outcome) -> None:
        if person.tried is not None:
            count_end(person, outcome, self.clock.at(self.agenda.now))
        self._take(person, CallEnded(person.memory.key, outcome))

    # -- the dialer -----------------------------------------------------------------------------------------------

    def _dispatch_calls(self) -> Limit | None:
        """Start what may start; what keeps the others waiting."""
        while len(self._calls):
            decision = self.floor.mode.decide(self.floor.desk, self.agenda.now)
            if decision.originate <= 0:
                return decision.limited_by
            if (limit := self._limit()) is not None:
                return limit
            person = self._next(self._calls)
            if person is None:
                return Limit.OUTSIDE_WINDOW if len(self._calls) else None
            if self._put_off(person) or not isinstance(person.request, RequestCall):
                continue
            self._spend()
            if self.job.rules.preview:
                self.floor.look(person, self._accepted, person.request)
            else:
                self._call(person, person.request)
        return None

    def _put_off(self, person: Person) -> bool:
        """Whether a rule that counts calls does not allow this one yet; its turn comes again."""
        until = allowed_at(self._rules, person, self.clock.at(self.agenda.now))
        if until is not None:
            self.agenda.push(self.clock.seconds(until), self._line_up, person, person.request)
        return until is not None

    def _limit(self) -> Limit | None:
        now = self.agenda.now
        for most, bucket in self._limits:
            found = room(most, self.floor.desk.going, bucket.available(now) if bucket else None)
            if found.calls <= 0:
                if bucket is not None and found.limited_by is Limit.CALLS_PER_SECOND:
                    self.agenda.wake(bucket.next_at(now))
                return found.limited_by
        return None

    def _next(self, line: Line) -> Person | None:
        """The first who may be called or texted now; those whose windows are closed are put off until they open."""
        taken = line.take(self.agenda.now)
        for opens, person in taken.later:
            if opens == inf:
                self._stick(person)
            else:
                self.agenda.push(opens, self._line_up, person, person.request)
        if taken.look_at == inf:
            for person in line.give_up():
                self._stick(person)
        elif taken.look_at is not None:
            self.agenda.wake(taken.look_at)
        return taken.person

    def _stick(self, person: Person) -> None:
        """Its window never opens again."""
        person.stuck = True
        self._active -= 1

    def _spend(self) -> None:
        for _, bucket in self._limits:
            if bucket is not None:
                bucket.take(1, self.agenda.now)

    def _accepted(self, person: Person, request: RequestCall) -> None:
        """An agent wants to call whom it was offered: what may have changed meanwhile is asked again."""
        if person.request is not request:  # a reply came first
            self.floor.give_back()
        elif self.clock.opening(person.where(request.number), self.agenda.now).is_open:
            self._call(person, request)
        else:
            self.floor.give_back()
            self._line_up(person, request)

    def _call(self, person: Person, request: RequestCall) -> None:
        now = self.agenda.now
        if self._watch is not None:
            self._watch(person, "call", now)
        count_start(self._rules, person, request.number, self.clock.at(now))
        self.floor.dial(person, request, self.clock.hour(person.zone, now))

    def _dispatch_texts(self) -> None:
        now, bucket = self.agenda.now, self._segments
        while len(self._texts):
            if bucket is not None and not bucket.available(now):
                self.agenda.wake(bucket.next_at(now))
                return
            person = self._next(self._texts)
            if person is None:
                return
            if self._watch is not None:
                self._watch(person, "sms", now)
            request, person.request = person.request, None
            if isinstance(request, RequestSms):
                sent = self.operator.send(person, request)
                if bucket is not None:
                    bucket.take(sent, now)


def _bucket(rate: float | None) -> TokenBucket | None:
    return TokenBucket(rate) if rate else None


def _limits(rules: Rules) -> list[tuple[int | None, TokenBucket | None]]:
    """How many calls at once, and how fast: of the campaign, and of its gateway."""
    return [
        (rules.max_concurrent_calls, _bucket(rules.calls_per_second)),
        (rules.gateway_max_calls, _bucket(rules.gateway_calls_per_second)),
    ]
