"""Calls after they were dialed: they ring, meet an agent, and end; or somebody waits, and gives up."""

from collections.abc import Callable

from dialer.domain.outcome import Outcome
from dialer.simulation.agenda import Agenda
from dialer.simulation.assumptions import Assumptions
from dialer.simulation.desk import Desk
from dialer.simulation.people import Behaviour, Person
from dialer.simulation.tally import Tally


class Floor:
    """`ended` is told of each call that is over."""

    def __init__(
        self, assumed: Assumptions, agenda: Agenda, tally: Tally, ended: Callable[[Person, Outcome], None]
    ) -> None:
        self.desk = Desk()
        self._assumed, self._agenda, self._tally, self._ended = assumed, agenda, tally, ended
        self._behaviour = Behaviour(assumed)

    def dial(self, person: Person, number: str, ring_s: float, hour: int) -> None:
        """`hour` is that of the person's day."""
        self.desk.in_flight += 1
        person.calls += 1
        self._tally.call(self._agenda.now)
        outcome, after = self._behaviour.call(person, number, ring_s, hour)
        self._agenda.push(self._agenda.now + after, self._rung, person, outcome, ending=True)

    def staff(self, agents: int) -> None:
        self.desk.agents = agents
        self._serve()

    def _rung(self, person: Person, outcome: Outcome) -> None:
        self.desk.in_flight -= 1
        if outcome is not Outcome.ANSWERED:
            self._end(person, outcome)
        elif self.desk.free:
            self._connect(person)
        else:  # an agent went home meanwhile
            self.desk.wait(person)
            gives_up = self._agenda.now + self._assumed.queue_wait_s
            self._agenda.push(gives_up, self._give_up, person, person.calls, ending=True)

    def _connect(self, person: Person) -> None:
        self.desk.talking += 1
        person.reached = True
        talk_s = self._behaviour.talk_s(person)
        self._tally.connect(self._agenda.now, talk_s + self._assumed.wrap_up_s)
        self._agenda.push(self._agenda.now + talk_s, self._hung_up, person, ending=True)

    def _hung_up(self, person: Person, _data: None) -> None:
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
            self._end(person, Outcome.ABANDONED)

    def _end(self, person: Person, outcome: Outcome) -> None:
        self._tally.ended(outcome, self._agenda.now)
        self._ended(person, outcome)
