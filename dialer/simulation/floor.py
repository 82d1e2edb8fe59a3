"""Calls after they were dialed: they ring, meet an agent or a machine, and end; or somebody waits, and gives up."""

from collections.abc import Callable

from dialer.domain.outcome import Outcome
from dialer.domain.rules.catalogue import pack, ringing_s, waiting_s
from dialer.simulation.agenda import Agenda
from dialer.simulation.assumptions import Assumptions
from dialer.simulation.desk import Desk
from dialer.simulation.job import Job
from dialer.simulation.mode import Mode
from dialer.simulation.people import Behaviour, Person
from dialer.simulation.tally import Tally
from dialer.strategy.call_fields import Machines
from dialer.strategy.effects import RequestCall

#: Until AMD() has told a person from a machine, and until an agent who hears a machine hangs up.
DETECT_S, NOTICE_S = 2.5, 8.0


class Floor:
    """`ended` is told of each call that is over."""

    def __init__(self, job: Job, agenda: Agenda, tally: Tally, ended: Callable[[Person, Outcome], None]) -> None:
        self.desk, self.mode = Desk(), Mode(job.rules)
        self._agenda, self._tally, self._ended = agenda, tally, ended
        self._assumed: Assumptions = job.assumptions
        self._behaviour = Behaviour(job.assumptions)
        self._rules, self._preview = pack(job.rules.rule_pack), job.rules.preview
        self._wait_s = waiting_s(self._rules, round(job.assumptions.queue_wait_s), power=job.rules.power)

    def look(self, person: Person, then: Callable[[Person, RequestCall], None], request: RequestCall) -> None:
        """An agent is offered the contact, looks at it, and accepts (preview); `then` starts the call, or gives the agent back."""
        self.desk.held += 1
        looks_s = self._behaviour.look_s(person)
        self._tally.busy(self._agenda.now, looks_s)
        self._agenda.push(self._agenda.now + looks_s, then, person, request)

    def dial(self, person: Person, request: RequestCall, hour: int) -> None:
        """`hour` is that of the person's day."""
        self.desk.in_flight += not self._preview
        person.calls += 1
        self._tally.call(self._agenda.now)
        ring_s = ringing_s(self._rules, request.ring_s)
        outcome, after = self._behaviour.call(person, request.number, ring_s, hour)
        person.machine = outcome is Outcome.MACHINE
        if outcome in {Outcome.ANSWERED, Outcome.MACHINE}:
            if request.amd is Machines.OFF or self._preview:
                outcome = Outcome.ANSWERED  # it has an agent, who will hear
            else:
                after += DETECT_S
        self._agenda.push(self._agenda.now + after, self._rung, person, (outcome, after), ending=True)

    def give_back(self) -> None:
        """An agent whom a preview held is free again."""
        self.desk.held -= 1
        self._serve()

    def staff(self, agents: int) -> None:
        self.desk.agents = agents
        self._serve()

    def _rung(self, person: Person, news: tuple[Outcome, float]) -> None:
        outcome, after = news
        self.mode.rang(self._agenda.now, after, answered=outcome is Outcome.ANSWERED)
        if self._preview:
            self.desk.held -= 1
        else:
            self.desk.in_flight -= 1
        if outcome is not Outcome.ANSWERED:
            self._end(person, outcome)
        elif self.desk.free or self._preview:
            self._connect(person)
        else:  # an agent went home meanwhile, or more rang than were free
            self.desk.wait(person)
            self._agenda.push(self._agenda.now + self._wait_s, self._give_up, person, person.calls, ending=True)

    def _connect(self, person: Person) -> None:
        self.desk.talking += 1
        talk_s = NOTICE_S if person.machine else self._behaviour.talk_s(person)
        person.reached |= not person.machine
        busy_s = talk_s + self._assumed.wrap_up_s
        self.mode.met(self._agenda.now, person)
        self._tally.connect(self._agenda.now, busy_s)
        self._agenda.push(self._agenda.now + talk_s, self._hung_up, person, busy_s, ending=True)

    def _hung_up(self, person: Person, busy_s: float) -> None:
        self.mode.kept(self._agenda.now, person, busy_s)
        self.desk.talking -= 1
        self.desk.wrapping += 1
        self._agenda.push(self._agenda.now + self._assumed.wrap_up_s, self._freed, None, ending=True)
        self._end(person, Outcome.ANSWERED)

    def _freed(self, _about: None, _data: None) -> None:
        self.desk.wrapping -= 1
        self._serve()

    def _serve(self) -> None:
        """Who has waited longest comes first."""
        while (caller := self.desk.next_caller()) is not None:
            self._connect(caller)

    def _give_up(self, person: Person, call: int) -> None:
        if person.calls == call and self.desk.leave(person):
            self.mode.abandoned()
            self._end(person, Outcome.ABANDONED)

    def _end(self, person: Person, outcome: Outcome) -> None:
        self._tally.ended(outcome, self._agenda.now)
        self._ended(person, outcome)
