"""Why contacts are not reached in a dry run, and what people should know about its result."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from dialer.domain.outcome import Outcome
from dialer.pacing.progressive import Limit
from dialer.simulation.people import Person
from dialer.simulation.run import Run
from dialer.strategy.call_fields import CallFields
from dialer.strategy.catalogue import CALL, SMS
from dialer.strategy.effects import MAX_ATTEMPTS
from dialer.strategy.fields import SmsFields, Until
from dialer.strategy.model import Strategy

#: Every reason, most telling first, and how it reads.
REASONS: Mapping[str, str] = {
    "no-address": "no number for any call or text of the strategy",
    "do-not-contact": "every number it could use is on a do-not-contact list",
    "window-never-opens": "the execution time never comes again within the validity period, in its own zone",
    "validity-period-expired": "the validity period ended before its turn was over",
    "not-in-time": "not through when the dry run's last day was over",
    "invalid-number": "its number does not exist",
    "max-attempts": "all calls that the strategy allows were made",
    "machine": "only machines took its calls",
    "not-answered": "nobody answered, and the strategy tries no further",
    "not-delivered": "its text was not delivered",
    "not-tried": "the strategy's way led past every call and text",
}
IDLE, CROWDED, ABANDONED, HELD = 0.2, 0.95, 0.03, 0.25


def unreached(run: Run) -> Counter[str]:
    """Contacts that were not reached, by reason."""
    late = "validity-period-expired" if run.clock.ends <= run.ends else "not-in-time"
    channels = {version: _channels(strategy) for version, strategy in run.job.strategies.items()}
    return Counter(
        _reason(person, channels[person.version], late, run.job.strategies[person.version].limits.max_attempts)
        for person in run.people
        if not person.reached
    )


def _reason(person: Person, channels: Sequence[str], late: str, most: int) -> str:
    if person.stuck:
        return "window-never-opens"
    if person.memory.result is None:
        return late
    if not person.calls and not person.texts:
        usable = {address for channel, address in person.facts.addresses if channel in channels}
        if not usable:
            return "no-address" if channels else "not-tried"
        return "do-not-contact" if usable <= person.facts.barred else "not-tried"
    if person.memory.last_outcome == Outcome.INVALID_NUMBER and not person.texts:
        return "invalid-number"
    if person.memory.result == MAX_ATTEMPTS or person.memory.attempts >= most:
        return "max-attempts"
    if person.machine:
        return "machine"
    return "not-answered" if person.calls else "not-delivered"


def _channels(strategy: Strategy) -> tuple[str, ...]:
    kinds = {node.type for node in strategy.nodes}
    return tuple(channel for channel, kind in (("voice", CALL.name), ("sms", SMS.name)) if kind in kinds)


def warnings(run: Run, utilisation: float | None, missed: Mapping[str, int]) -> Iterator[str]:
    """What stands out, in sentences."""
    assumed, tally = run.job.assumptions, run.tally
    calls = sum(tally.calls)
    if not run.people:
        yield "The campaign has no contacts that are not through already: there was nothing to simulate."
        return
    if missed.get("window-never-opens"):
        yield f"For {missed['window-never-opens']:,} contacts the execution time never comes within the validity period."
    if run.unfinished and "not-in-time" in missed:
        yield f"It is not finished within {assumed.horizon_days} days."
    if not any(assumed.agents):
        yield "There is no agent at any hour, so nobody can be called."
    if utilisation is not None and calls and utilisation < IDLE:
        yield f"Agents are busy {utilisation:.0%} of the time: fewer would do, or a higher limit of calls."
    if utilisation is not None and utilisation > CROWDED:
        yield f"Agents are busy {utilisation:.0%} of the time: more of them would finish sooner."
    answered = tally.outcomes[Outcome.ANSWERED] + tally.outcomes[Outcome.ABANDONED]
    if answered and tally.outcomes[Outcome.ABANDONED] / answered > ABANDONED:
        why = (
            "more lines rang than agents were free" if run.job.rules.power else "agents go home in the middle of calls"
        )
        yield f"{tally.outcomes[Outcome.ABANDONED]:,} people answered and got no agent, where {why}."
    yield from _of_limits(run)
    yield from _of_strategies(run)


def _of_limits(run: Run) -> Iterator[str]:
    names = {
        Limit.CALLS_PER_SECOND: "calls per second",
        Limit.MAX_CONCURRENT_CALLS: "calls at the same time",
    }
    took = max(run.tally.last, 1.0)
    for limit, name in names.items():
        share = run.tally.held_s[limit] / took
        if share > HELD:
            yield f"For {min(share, 1.0):.0%} of the time the limit of {name} kept calls waiting."


def _of_strategies(run: Run) -> Iterator[str]:
    fields = [node.fields for strategy in run.job.strategies.values() for node in strategy.nodes]
    if any(isinstance(one, CallFields) and one.queue is not None for one in fields):
        yield "Steps name queues of their own; the dry run takes all agents for one group."
    if not run.job.assumptions.reply_share and any(
        isinstance(one, SmsFields) and one.until is Until.REPLIED for one in fields
    ):
        yield "The strategy waits for replies, but nobody is assumed to reply."
