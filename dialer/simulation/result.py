"""The result of a dry run, ready for JSON: the same for the same job, byte for byte."""

from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import Any

from dialer.simulation.clock import HOUR
from dialer.simulation.job import ContactRow, Job
from dialer.simulation.people import Population
from dialer.simulation.run import Run
from dialer.simulation.verdict import REASONS, unreached, warnings


def simulate(job: Job, rows: Iterable[ContactRow]) -> dict[str, Any]:
    """Run the job over these contacts; the shape is that of `admin.schemas.simulation.SimulationOut`."""
    population = Population(job.rules.time_zone)
    run = Run(job, [population.person(row) for row in rows])
    run.run()
    return result_of(run)


def result_of(run: Run) -> dict[str, Any]:
    tally, missed = run.tally, unreached(run)
    busy, staffed = sum(tally.busy_s), sum(tally.staffed_s)
    utilisation = round(min(1.0, busy / staffed), 4) if staffed else None
    finishes = None if run.unfinished else run.clock.at(round(tally.last)).astimezone(UTC).isoformat()
    return {
        "start": run.job.start.astimezone(UTC).isoformat(),
        "time_zone": run.job.rules.time_zone,
        "finishes_at": finishes,
        "contacts": len(run.people),
        "unfinished": run.unfinished,
        "reached": sum(person.reached for person in run.people),
        "calls": sum(tally.calls),
        "connected": sum(tally.connected),
        "texts": sum(tally.texts),
        "segments": tally.segments,
        "delivered": tally.delivered,
        "replies": tally.replies,
        "agent_utilisation": utilisation,
        "agent_hours": round(busy / HOUR, 2),
        "outcomes": dict(sorted(tally.outcomes.items())),
        "results": _most_first(tally.results.items()),
        "unreached": [
            {"reason": code, "text": REASONS[code], "contacts": missed[code]} for code in REASONS if missed[code]
        ],
        "hours": _series(run),
        "limited_by": {limit: round(seconds / HOUR, 2) for limit, seconds in sorted(tally.held_s.items())},
        "warnings": list(warnings(run, utilisation, missed)),
        "assumptions": run.job.assumptions.model_dump(mode="json"),
    }


def _most_first(results: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    ordered = sorted(results, key=lambda item: (-item[1], item[0]))
    return [{"result": name, "contacts": number} for name, number in ordered]


def _series(run: Run) -> dict[str, Any]:
    """Hour by hour from the first, on the campaign's clock: of agents how many were busy on average, and the most at work.

    Who is still busy when everybody is through is at work, too.
    """
    tally = run.tally
    length = max(len(series) for series in (tally.calls, tally.connected, tally.texts, tally.busy_s))

    def filled(series: Sequence[float], per: float = 1.0, then: float = 0) -> list[Any]:
        values = [*series[:length], *[then] * (length - len(series))]
        return values if per == 1.0 else [round(value / per, 2) for value in values]

    return {
        "start": run.clock.at(tally.base).astimezone(UTC).isoformat(),
        "calls": filled(tally.calls),
        "connected": filled(tally.connected),
        "texts": filled(tally.texts),
        "busy_agents": filled(tally.busy_s, HOUR),
        "agents": filled(tally.agents, then=tally.agents[-1] if tally.agents else 0),
    }
