"""What a seed makes of a world: its people, agents, campaigns and strategies, and how often what goes wrong."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.peers.ami_pbx import PbxAgent

QUEUES = ("sales", "support")


@dataclass(frozen=True)
class CampaignPlan:
    fields: dict[str, Any]
    document: dict[str, Any]
    numbers: list[str]


@dataclass
class WorldPlan:
    """`faults`: mean seconds between two of a kind, 0 for never. `over_s`: until then people and faults are restless."""

    seed: int
    over_s: float
    agents: list[PbxAgent]
    campaigns: list[CampaignPlan]
    answers: float
    lets_ring: float
    faults: dict[str, float] = field(default_factory=dict)
    races: bool = False


def draw(seed: int, hours: float) -> WorldPlan:
    chance = random.Random(f"plan {seed}")
    agents = list(_agents(chance))
    people = max(12, round(hours * 3600 / 45 * len(agents) * chance.uniform(0.5, 1.2)))
    number = chance.choice([1, 1, 2, 2, 3])
    campaigns = [_campaign(chance, n, people // number) for n in range(number)]
    # A third of the worlds has few faults, so that what goes well is seen as well.
    scale = chance.choice([1.0, 1.0, 6.0])
    faults = {kind: mean_s * scale * chance.uniform(0.5, 2.0) for kind, mean_s in MEAN_S.items()}
    return WorldPlan(
        seed, hours * 3600, agents, campaigns, chance.uniform(0.15, 0.6), chance.choice([0, 0.05, 0.3]), faults
    )


def draw_races(seed: int) -> WorldPlan:
    """Nothing goes wrong, and calls are short: agents come free all the time, and managers pull just then."""
    chance = random.Random(f"races {seed}")
    agents = [PbxAgent(f"PJSIP/agent-{index:02}", QUEUES[:1]) for index in range(8)]
    fields = {"queue": QUEUES[0], "voice_gateway": "world", "time_zone": "UTC"}
    campaigns = [
        CampaignPlan(
            {**fields, "title": f"Campaign {index}"},
            strategy(chance, (5,)),
            [f"+1202{index:03}{n:04}" for n in range(25)],
        )
        for index in range(3)
    ]
    return WorldPlan(seed, 60.0, agents, campaigns, 0.1, 0.0, races=True)


#: Mean seconds between two of a kind.
MEAN_S = {
    "link closed": 240.0,
    "asterisk killed": 500.0,
    "process killed": 240.0,
    "network stalled": 300.0,
    "pings unanswered": 600.0,
    "asterisk stops": 700.0,
    "originates unanswered": 600.0,
    "events twice": 200.0,
    "paused": 90.0,
    "left": 150.0,
    "call from outside": 90.0,
    "unpublished": 180.0,
    "ended": 2500.0,
    "expired": 400.0,
    "limited": 250.0,
    "deployed": 300.0,
}


def _agents(chance: random.Random) -> Iterator[PbxAgent]:
    wrapup_s = chance.choice([0, 5, 20])
    for index in range(chance.choice([1, 2, 3, 5, 8])):
        seats = chance.choice([QUEUES[:1], QUEUES[:1], QUEUES[1:], QUEUES]) if index else QUEUES
        yield PbxAgent(f"PJSIP/agent-{index:02}", seats, wrapup_s)


def _campaign(chance: random.Random, index: int, people: int) -> CampaignPlan:
    fields: dict[str, Any] = {
        "title": f"Campaign {index}",
        "queue": chance.choice(QUEUES),
        "voice_gateway": "world",
        "time_zone": "UTC",
        "priority": chance.choice([5, 5, 3]),
        "weight": chance.choice([1, 3]),
    }
    if chance.random() < 0.3:
        fields["max_concurrent_calls"] = chance.choice([1, 2, 5])
    if chance.random() < 0.2:
        fields["calls_per_second"] = chance.choice([0.2, 1.0])
    # Some numbers stand in several campaigns.
    numbers = [f"+1202555{n:04}" for n in range(index * people // 2, index * people // 2 + people)]
    return CampaignPlan(fields, strategy(chance), numbers)


def strategy(chance: random.Random, rings_s: Sequence[int] = (5, 12, 25)) -> dict[str, Any]:
    """A call, and for some who were not reached a wait and another call."""
    retry_on = chance.choice(["busy, no_answer", "busy, no_answer, lost", "busy, congestion, failed", ""])
    tries = {"tries": chance.choice([1, 2, 3]), "retry_after": chance.choice(["0s", "20s", "2m"])}
    fields = {"ring_s": chance.choice(rings_s), **(tries | {"retry_on": retry_on} if retry_on else {})}
    again = chance.random() < 0.6
    nodes = [
        {"id": "in", "type": "contact-in", "fields": {"max_attempts": 6}, "out": {"next": "call"}},
        _call("call", fields, "wait" if again else "end"),
        {"id": "wait", "type": "wait", "fields": {"duration": chance.choice(["5s", "1m"])}, "out": {"next": "again"}},
        _call("again", {"ring_s": 20}, "end"),
        {"id": "end", "type": "end"},
    ]
    kept = nodes if again else [node for node in nodes if node["id"] not in {"wait", "again"}]
    filled = [{"name": "", "x": 0, "y": 0, "fields": {}, "out": {}, **node} for node in kept]
    return {"format": "campaign-strategy/1", "name": "test", "nodes": filled}


def _call(name: str, fields: dict[str, Any], otherwise: str) -> dict[str, Any]:
    return {"id": name, "type": "call", "fields": fields, "out": {"answered": "end", "otherwise": otherwise}}
