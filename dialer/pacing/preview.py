"""Which agent is offered a contact of which campaign: pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ready:
    """An agent who is on the agent page, proven free in these queues, and waits since then."""

    agent: str
    queues: frozenset[str]
    since: datetime


@dataclass(frozen=True, slots=True)
class Offering:
    """A campaign in preview mode with so many requests at hand; `offered_at` is when it had its last turn."""

    campaign_id: int
    queue: str
    priority: int
    at_hand: int
    offered_at: datetime | None = None


def offers(agents: Iterable[Ready], campaigns: Sequence[Offering]) -> list[tuple[str, int]]:
    """`(agent, campaign)`: who has waited longest comes first, and gets one of the highest priority.

    Among equals the campaign whose last turn is longest ago comes first.
    """
    left = {one.campaign_id: one.at_hand for one in campaigns}
    turns = sorted(campaigns, key=lambda one: (-one.priority, one.offered_at or _NEVER, one.campaign_id))
    made: list[tuple[str, int]] = []
    for agent in sorted(agents, key=lambda one: (one.since, one.agent)):
        chosen = next((one for one in turns if one.queue in agent.queues and left[one.campaign_id] > 0), None)
        if chosen is not None:
            left[chosen.campaign_id] -= 1
            made.append((agent.agent, chosen.campaign_id))
            turns.sort(key=lambda one: (-one.priority, one is chosen))  # stable: to the end of its equals
    return made
