"""How calls meet agents in a dry run, by the dialer's own rules: one for each who is free, or more under the abandonment limit."""

from dialer.pacing.abandonment import AbandonmentMeter
from dialer.pacing.power import Power, decide_power, throttle
from dialer.pacing.progressive import PacingDecision
from dialer.pacing.recent import Recent
from dialer.simulation.desk import Desk
from dialer.simulation.job import Rules
from dialer.simulation.people import Person


class Mode:
    """Told of each call, as `engine.paces` is. The meter counts from the start of the dry run."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._recent = Recent()
        self._throttle = throttle(rules.most_abandoned_percent)
        self._meter = AbandonmentMeter(limit_percent=rules.most_abandoned_percent)

    def decide(self, desk: Desk, now: float) -> PacingDecision:
        power = None
        if self._rules.power:
            known = self._recent.pace(now), self._throttle, self._meter.allowance
            power = Power(desk.talking + desk.wrapping, *known, self._rules.lines_per_agent)
        return decide_power(desk.state, power, link_up=True)

    def rang(self, now: float, seconds: float, *, answered: bool) -> None:
        """A call is on its way no more."""
        if self._rules.power:
            self._recent.rang(now, seconds, answered=answered)

    def met(self, now: float, person: Person) -> None:
        """Somebody has an agent."""
        if self._rules.power:
            self._recent.took(now, id(person))
            self._answered(abandoned=False)

    def kept(self, now: float, person: Person, busy_s: float) -> None:
        """The talk is over; it keeps the agent for so long in all, wrap-up included."""
        if self._rules.power:
            self._recent.kept(now, id(person), busy_s)

    def abandoned(self) -> None:
        if self._rules.power:
            self._answered(abandoned=True)

    def _answered(self, *, abandoned: bool) -> None:
        self._throttle = self._throttle.after(abandoned=abandoned)
        self._meter = self._meter.after(answered=1, abandoned=int(abandoned))
