"""Dry runs as tests need them: few people, exact times."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dialer.simulation.assumptions import Assumptions
from dialer.simulation.job import ContactRow, Job, Rules
from dialer.simulation.people import Population
from dialer.simulation.run import Run
from dialer.strategy.check import check
from dialer.strategy.model import Strategy, default_strategy

MONDAY = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
#: Everybody answers after 10 s and talks for 60 s; a number is there, and nothing varies.
EXACT: Mapping[str, Any] = {
    "answer_rate": 1.0, "busy_share": 0.0, "invalid_share": 0.0, "ring_s": 10.0, "talk_s": 60.0, "wrap_up_s": 0.0,
    "variation": 0.0, "agents": 1, "delivery_share": 1.0, "delivery_s": 5.0,
}  # fmt: skip


def checked(document: Mapping[str, Any]) -> Strategy:
    found = check(document)
    assert found.strategy is not None, found.faults
    return found.strategy


def job(
    document: Mapping[str, Any] | None = None, *, start: datetime = MONDAY, rules: Rules | None = None, **assumed: Any
) -> Job:
    """By `EXACT`, but for what is given."""
    strategy = checked(document) if document else default_strategy()
    assumptions = Assumptions.model_validate({**EXACT, **assumed})
    return Job(rules or Rules("UTC"), {1: strategy}, 1, assumptions, start)


def row(number: int, channels: Sequence[str] = ("vs",), zone: str | None = None, **more: Any) -> ContactRow:
    return ContactRow(**{"id": number, "zone": zone, "channels": channels, "values": {}, "version": 1, **more})


def rows(many: int) -> list[ContactRow]:
    return [row(number) for number in range(1, many + 1)]


def finished(given: Job, people: Sequence[ContactRow], watched: list[tuple[int, str, float]] | None = None) -> Run:
    """The run when it is over; calls and texts as `(contact, call or sms, seconds)` in `watched`."""
    population = Population(given.rules.time_zone)
    noted = [] if watched is None else watched
    run = Run(
        given,
        [population.person(one) for one in people],
        watch=lambda person, channel, t: noted.append((person.id, channel, t)),
    )
    run.run()
    return run
