"""What a seed makes of a world: its people, agents, campaigns and strategies, and how often what goes wrong."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from dialer.domain.windows import ExecutionTime
from tests.peers.ami_pbx import PbxAgent
from tests.world.law import AREAS, PACKS, TURNS
from tests.world.scripts import strategy

QUEUES = ("sales", "support")
#: Monday morning.
MONDAY = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
#: What a world is about, and how often.
THEMES = {"plain": 6, "law": 3, "window": 2, "power": 3, "preview": 3, "texts": 2}


@dataclass(frozen=True)
class CampaignPlan:
    fields: dict[str, Any]
    document: dict[str, Any]
    numbers: list[str]
    text: str = ""  # what the strategy sends to everybody first

    @property
    def power(self) -> bool:
        return "power" in self.fields.get("dialing_modes", ())


@dataclass
class WorldPlan:
    """`faults`: mean seconds between two of a kind, 0 for never. `over_s`: until then people and faults are restless.

    `rings_s` and `talks_s` are the longest.
    """

    seed: int
    over_s: float
    agents: list[PbxAgent]
    campaigns: list[CampaignPlan]
    answers: float
    lets_ring: float
    faults: dict[str, float] = field(default_factory=dict)
    races: bool = False
    theme: str = "plain"
    begins: datetime = MONDAY
    rings_s: float = 20.0
    talks_s: float = 90.0


def draw(seed: int, hours: float) -> WorldPlan:
    chance = random.Random(f"plan {seed}")
    theme, over_s = chance.choices(list(THEMES), list(THEMES.values()))[0], hours * 3600
    # A third of the worlds has few faults, so that what goes well is seen as well; in short ones they come thick and fast.
    scale = chance.choice([1.0, 1.0, 6.0]) * min(1.0, max(0.3, over_s / 720))
    faults = {kind: mean_s * scale * chance.uniform(0.5, 2.0) for kind, mean_s in MEAN_S.items()}
    answers, lets_ring = chance.uniform(0.15, 0.6), chance.choice([0, 0.05, 0.3])
    begins = _before_a_turn(chance, over_s) if theme == "law" else MONDAY
    if theme == "power":
        return _power(chance, WorldPlan(seed, over_s, [], [], answers, lets_ring, faults))
    agents = list(_agents(chance))
    people = max(12, round(over_s / 45 * len(agents) * chance.uniform(0.5, 1.2)))
    number = chance.choice([1, 1, 2, 2, 3])
    campaigns = [_campaign(chance, n, people // number, theme, over_s) for n in range(number)]
    return WorldPlan(seed, over_s, agents, campaigns, answers, lets_ring, faults, theme=theme, begins=begins)


def draw_large(seed: int, agents: int = 300, minutes: float = 2.0) -> WorldPlan:
    """Hundreds of agents, and ten people to call for each; everything that goes wrong hits all of them."""
    chance = random.Random(f"large {seed}")
    people = [PbxAgent(f"PJSIP/agent-{index:03}", QUEUES[index % 2 : index % 2 + 1], 5) for index in range(agents)]
    each = round(agents * 10 / 4)
    campaigns = [
        CampaignPlan(
            {**_fields(n), "queue": QUEUES[n % 2], "priority": chance.choice([5, 5, 3]), "weight": n + 1},
            strategy(chance),
            [f"+1202{n}{number:06}" for number in range(each)],
        )
        for n in range(4)
    ]
    faults = {kind: mean_s / 2 for kind, mean_s in MEAN_S.items()}
    return WorldPlan(seed, minutes * 60, people, campaigns, 0.4, 0.02, faults, theme="large")


def draw_races(seed: int) -> WorldPlan:
    """Nothing goes wrong, and calls are short: agents come free all the time, and managers pull just then."""
    chance = random.Random(f"races {seed}")
    agents = [PbxAgent(f"PJSIP/agent-{index:02}", QUEUES[:1]) for index in range(8)]
    campaigns = [
        CampaignPlan(
            {**_fields(index), "queue": QUEUES[0]},
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
    "ended": 900.0,
    "expired": 400.0,
    "limited": 250.0,
    "deployed": 300.0,
    "listed": 200.0,
    "texts cut": 120.0,
}


def _agents(chance: random.Random) -> Iterator[PbxAgent]:
    wrapup_s = chance.choice([0, 5, 20])
    for index in range(chance.choice([1, 2, 3, 5, 8])):
        seats = chance.choice([QUEUES[:1], QUEUES[:1], QUEUES[1:], QUEUES]) if index else QUEUES
        yield PbxAgent(f"PJSIP/agent-{index:02}", seats, wrapup_s)


def _fields(index: int) -> dict[str, Any]:
    return {"title": f"Campaign {index}", "voice_gateway": "world", "time_zone": "UTC"}


def _campaign(chance: random.Random, index: int, people: int, theme: str, over_s: float) -> CampaignPlan:
    fields: dict[str, Any] = {
        **_fields(index),
        "queue": chance.choice(QUEUES),
        "priority": chance.choice([5, 5, 3]),
        "weight": chance.choice([1, 3]),
    }
    if chance.random() < 0.3:
        fields["max_concurrent_calls"] = chance.choice([1, 2, 5])
    if chance.random() < 0.2:
        fields["calls_per_second"] = chance.choice([0.2, 1.0])
    if theme == "preview" and (index == 0 or chance.random() < 0.5):
        fields["dialing_modes"] = chance.choice([("preview",), ("preview",), ("progressive", "preview")])
    if theme == "window":
        fields["execution"] = _hours(chance, over_s)
    # Some numbers stand in several campaigns.
    first = index * people // 2
    numbers = [f"+1202555{n:04}" for n in range(first, first + people)]
    if theme == "law":
        fields["rule_pack"] = chance.choice(list(PACKS))
        numbers = [f"+1{list(AREAS)[n % len(AREAS)]}555{n:04}" for n in range(first, first + people)]
    if theme == "texts":
        fields["sms_gateway"] = "texts"
    text = f"{index} to {{{{first_name}}}}" if theme == "texts" else ""
    return CampaignPlan(fields, strategy(chance, text=text), numbers, text)


def _power(chance: random.Random, world: WorldPlan) -> WorldPlan:
    """More lines than agents, once 50 calls have ended: so many agents and short calls, and a process that mostly lives."""
    world.theme, world.rings_s, world.talks_s = "power", 6.0, 40.0
    world.answers = chance.uniform(0.4, 0.8)
    world.faults |= {"process killed": 3600.0, "asterisk killed": 3600.0}
    wrapup_s = chance.choice([0, 5])
    world.agents = [PbxAgent(f"PJSIP/agent-{n:02}", QUEUES[:1], wrapup_s) for n in range(chance.choice([8, 10]))]
    people = round(world.over_s / 16 * len(world.agents))
    power = {
        "dialing_modes": ("power",),
        "queue": QUEUES[0],
        "lines_per_agent": chance.choice([1.5, 3.0]),
        "abandonment_limit_percent": chance.choice([3.0, 10.0, 30.0]),
        "abandoned_message": "sorry",
    }
    numbers = [f"+1202555{n:04}" for n in range(people)]
    world.campaigns = [CampaignPlan({**_fields(0), **power}, strategy(chance, (12,)), numbers)]
    if chance.random() < 0.4:  # beside one that was promised an agent for each call
        queue = chance.choice(QUEUES)
        world.agents += [PbxAgent(f"PJSIP/other-{n}", QUEUES[1:], 5) for n in range(3)]
        others = [f"+1202556{n:04}" for n in range(people // 8)]
        world.campaigns.append(CampaignPlan({**_fields(1), "queue": queue}, strategy(chance, (12,)), others))
    return world


def _before_a_turn(chance: random.Random, over_s: float) -> datetime:
    """So that the hours open or close somewhere in the country while the world is restless."""
    turn = MONDAY.replace(hour=0) + timedelta(days=1, hours=chance.choice(TURNS))
    return turn - timedelta(seconds=round(chance.uniform(0, min(over_s, 3600))))


def _hours(chance: random.Random, over_s: float) -> ExecutionTime:
    """Open for a part of the restless time."""
    opens = MONDAY + timedelta(seconds=chance.uniform(-over_s / 3, over_s / 2))
    closes = opens + timedelta(seconds=max(20.0, over_s * chance.uniform(0.2, 0.6)))
    return ExecutionTime.read(f"{opens:%H:%M:%S}", f"{closes:%H:%M:%S}")
