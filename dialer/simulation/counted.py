"""The calls that a rule pack counts, in a dry run: by person and number, as each number has one person."""

from dataclasses import replace
from datetime import datetime

from dialer.domain.outcome import Outcome
from dialer.domain.rules.catalogue import RulePack
from dialer.domain.rules.counted import Tried, counts_from, first_allowed, refusals
from dialer.simulation.people import Person
from dialer.strategy.effects import RequestCall

# There is one campaign in a dry run.
_CAMPAIGN = 0


def allowed_at(rules: RulePack, person: Person, now: datetime) -> datetime | None:
    """When the call that the person waits for is allowed; None: now."""
    if person.tried is None or not isinstance(person.request, RequestCall):
        return None
    tried = person.tried.get(person.request.number, ())
    found = first_allowed(list(refusals(rules.counting, _CAMPAIGN, tried, now)))
    return found.until if found else None


def count_start(rules: RulePack, person: Person, number: str, now: datetime) -> None:
    """A call to the number starts; those that count no more are dropped."""
    if not rules.counting:
        return
    person.tried = person.tried or {}
    oldest = counts_from(rules.counting, now)
    kept = [one for one in person.tried.get(number, ()) if one.started_at > oldest]
    person.tried[number] = [*kept, Tried(_CAMPAIGN, now)]


def count_end(person: Person, outcome: Outcome, now: datetime) -> None:
    """The call that the person is in has ended so."""
    for calls in (person.tried or {}).values():
        if calls and calls[-1].outcome is None:
            talked = calls[-1].started_at if outcome is Outcome.ANSWERED else None
            calls[-1] = replace(calls[-1], outcome=outcome, connected_at=talked, ended_at=now)
