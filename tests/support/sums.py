"""A campaign's report against the rows that it tells of: every table adds up, and the counts that are kept are true."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select

from dialer.domain.outcome import Outcome
from dialer.domain.report import CALL, OPEN, SMS, Report, Results
from dialer.operations import campaign_report
from dialer.operations.context import Context
from dialer.store import tables


async def check(ctx: Context, campaign_id: int) -> Report:
    """Raise AssertionError with everything that does not add up."""
    _, told = await campaign_report.of_campaign(ctx, campaign_id)
    faults = [*_sums(told), *[fault async for fault in _against_rows(ctx, campaign_id, told)]]
    assert not faults, "\n".join(faults)
    return told


def _sums(told: Report) -> Iterator[str]:
    one = told.summary
    if one.loaded != sum(one.states.values()):
        yield f"{one.loaded} loaded, the states are {one.states}"
    placed = told.not_entered + sum(step.waiting + step.done + step.stopped for step in told.steps)
    if one.loaded != placed:
        yield f"{one.loaded} loaded, {placed} at steps and not entered"
    if one.loaded != one.remaining + one.states["done"] + one.states["stopped"]:
        yield f"{one.loaded} loaded, {one.remaining} remain, {one.states}"
    for name, parts in (("hour", [h.results for h in told.hours]), ("step", [s.results for s in told.steps])):
        if _total(parts) != _total([one.results]):
            yield f"by {name} {_total(parts)}, in all {_total([one.results])}"
    if one.reached != sum(row.reached for row in told.tries):
        yield f"{one.reached} reached, by tries {told.tries}"
    if one.dialed != sum(row.contacts for row in told.tries):
        yield f"{one.dialed} dialed, by tries {told.tries}"
    if one.results.attempts != sum(row.calls * row.contacts for row in told.tries):
        yield f"{one.results.attempts} attempts, by tries {told.tries}"


def _total(parts: list[Results]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for part in parts:
        found.update({(CALL, result): number for result, number in part.outcomes.items()})
        found.update({(SMS, result): number for result, number in part.statuses.items()})
    return found


async def _against_rows(ctx: Context, campaign_id: int, told: Report) -> Any:
    attempt, message, enrollment = tables.attempt.c, tables.message.c, tables.enrollment.c
    of = {
        CALL: select(attempt.outcome, attempt.node).where(attempt.campaign_id == campaign_id),
        SMS: select(message.status, message.node).where(message.campaign_id == campaign_id),
    }
    async with ctx.db.read() as tx:
        rows = [(kind, result, node) for kind, query in of.items() for result, node in await tx.execute(query)]
        loaded = await tx.scalar(select(func.count()).where(enrollment.campaign_id == campaign_id))
        answered = select(attempt.enrollment_id).where(attempt.campaign_id == campaign_id)
        reached = set((await tx.execute(answered.where(attempt.outcome == Outcome.ANSWERED))).scalars())
    real = Counter((kind, OPEN if result in {None, "pending"} else result, node) for kind, result, node in rows)
    kept = Counter({
        (kind, result, step.node): number
        for step in told.steps
        for kind, results in ((CALL, step.results.outcomes), (SMS, step.results.statuses))
        for result, number in results.items()
        if number
    })  # fmt: skip
    if real != kept:
        yield f"the rows are {real}, the counts {kept}"
    if told.summary.loaded != loaded:
        yield f"{told.summary.loaded} loaded, {loaded} enrollments"
    if told.summary.reached != len(reached):
        yield f"{told.summary.reached} reached, {len(reached)} by the rows"
