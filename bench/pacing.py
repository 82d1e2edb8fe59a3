"""Pacing on a virtual clock, against exact limits: the dialer's own decisions, people and agents with exponential times.

Progressive: efficiency against the renewal limit U1 = S / (S + Ra + (1 - p) / p * Rn), which holds for any distribution
and any number of agents (with the mean times and the answer rate that were drawn); nobody may be abandoned.
Power: utilisation against the optimum of the constrained Markov decision problem (S = 140 s, R = 18 s, at most 3 %
abandoned, who meets no agent is abandoned at once).
"""

import heapq
import random
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import count

from dialer.pacing.abandonment import AbandonmentMeter
from dialer.pacing.power import Power, decide_power, throttle
from dialer.pacing.progressive import QueueState, decide
from dialer.pacing.recent import Recent

CALLS = 60_000
#: Calls at the start, which do not count: the floor fills.
WARM_UP = 0.2
SEED = 1
#: Of power mode, which differs more from one to the next.
SEEDS = (1, 2, 3)
RING_S, NO_ANSWER_S, BUSY_S = 12.0, 25.0, 140.0
POWER_RING_S = 18.0
LIMIT_PERCENT = 3.0
LINES_PER_AGENT = 3.0
#: Utilisation of the best policy that there is, by answer rate and agents.
OPTIMUM = {
    (0.1, 10): 0.799, (0.1, 50): 0.925, (0.1, 100): 0.953,
    (0.3, 5): 0.780, (0.3, 10): 0.827, (0.3, 20): 0.878, (0.3, 50): 0.929, (0.3, 100): 0.955,
    (0.5, 10): 0.852, (0.5, 50): 0.933, (0.5, 100): 0.956,
}  # fmt: skip


#: When, which one, what ("answer", "no answer", "free"), and how long it took.
Event = tuple[float, int, str, float]


@dataclass
class World:
    """Agents and calls; `answer_s` and `no_answer_s` are the mean times until a call is answered, or is given up."""

    agents: int
    answer_rate: float
    answer_s: float
    no_answer_s: float
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))
    now: float = 0.0
    talking: int = 0
    ringing: int = 0
    ended: int = 0
    answered: int = 0
    abandoned: int = 0
    busy_s: float = 0.0
    since: float = 0.0
    drawn_s: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("answer", "no answer", "free"), 0.0))
    most_over: float = 0.0  # so many more were abandoned, at the worst time, than the limit allowed
    last: "Event" = field(default=(0.0, 0, "", 0.0))  # what happened last
    _events: "list[Event]" = field(default_factory=list)
    _ids: "count[int]" = field(default_factory=count)

    def dial(self, number: int) -> None:
        for _ in range(number):
            self.ringing += 1
            answers = self.chance.random() < self.answer_rate
            mean = self.answer_s if answers else self.no_answer_s
            self._after(mean, "answer" if answers else "no answer")

    def step(self) -> bool | None:
        """The next event. True if a person was answered by an agent, False if by nobody, None for all else."""
        self.last = at, _, what, _ = heapq.heappop(self._events)
        self.busy_s += self.talking * (at - self.now)
        self.now = at
        if what == "free":
            self.talking -= 1
            return None
        self.ringing -= 1
        self.ended += 1
        if what == "no answer":
            return None
        self.answered += 1
        if self.talking == self.agents:
            self.abandoned += 1
            return False
        self.talking += 1
        self._after(BUSY_S, "free", self.last[1])
        return True

    def _after(self, mean: float, what: str, call: int | None = None) -> None:
        takes = self.chance.expovariate(1 / mean)
        self.drawn_s[what] += takes
        heapq.heappush(self._events, (self.now + takes, next(self._ids) if call is None else call, what, takes))

    def forget(self) -> None:
        """Count from here on."""
        self.since, self.busy_s, self.ended, self.answered, self.abandoned = self.now, 0.0, 0, 0, 0
        self.drawn_s = dict.fromkeys(self.drawn_s, 0.0)

    @property
    def utilisation(self) -> float:
        return self.busy_s / ((self.now - self.since) * self.agents)

    @property
    def limit(self) -> float:
        """Of one call for each free agent: what agents are busy, of that and of the time in which a call rings for them."""
        return self.drawn_s["free"] / sum(self.drawn_s.values())


def main() -> None:
    print(f"Pacing on a virtual clock, {CALLS:,} calls each, seed {SEED}:")
    for rate in (0.1, 0.3, 0.5):
        for agents in (1, 5, 20, 100, 500):
            world = World(agents, rate, RING_S, NO_ANSWER_S)
            _progressive(world, calls=max(CALLS, 400 * agents))
            found = f"utilisation {world.utilisation:.4f} of {world.limit:.4f}   ratio {world.utilisation / world.limit:.4f}"
            print(f"  progressive p={rate} {agents:4} agents  {found}   abandoned {world.abandoned}   goal 0.998, 0")
    print(f"Power mode from a cold start, {CALLS:,} calls each, the worst of seeds {', '.join(map(str, SEEDS))}:")
    cases = [(*floor, seed) for floor in OPTIMUM for seed in SEEDS]
    with ProcessPoolExecutor() as pool:
        worlds = dict(zip(cases, pool.map(_powered, cases), strict=True))
    for (rate, agents), best in OPTIMUM.items():
        found = [worlds[rate, agents, seed] for seed in SEEDS]
        used = min(world.utilisation for world in found)
        lost = max(100 * world.abandoned / world.answered for world in found)
        over = max(world.most_over for world in found)
        print(
            f"  power       p={rate} {agents:4} agents  utilisation {used:.4f} of {best:.3f}    ratio {used / best:.4f}"
            f"   abandoned {lost:.2f} %, at no time more than {over:.0f} above the limit   goal 0.97, 3 %"
        )


def _progressive(world: World, calls: int) -> None:
    warm = False
    while world.ended < calls:
        if not warm and world.ended >= WARM_UP * calls:
            warm = True
            world.forget()
        state = QueueState(known=True, free=world.agents - world.talking, callers_waiting=0, in_flight=world.ringing)
        world.dial(decide(state, link_up=True).originate)
        world.step()


def _powered(case: tuple[float, int, int]) -> World:
    """By answer rate, agents and seed. Starts with an empty floor and knowing nothing; nothing is left out."""
    rate, agents, seed = case
    world = World(agents, rate, POWER_RING_S, POWER_RING_S, random.Random(seed))
    allowed, recent, meter = throttle(LIMIT_PERCENT), Recent(), AbandonmentMeter(limit_percent=LIMIT_PERCENT)
    while world.ended < CALLS:
        state = QueueState(known=True, free=agents - world.talking, callers_waiting=0, in_flight=world.ringing)
        power = Power(world.talking, recent.pace(world.now), allowed, meter.allowance, LINES_PER_AGENT)
        world.dial(decide_power(state, power, link_up=True).originate)
        met = world.step()
        at, call, what, took = world.last
        if what == "free":
            recent.kept(at, call, took)
        else:
            recent.rang(at, took, answered=met is not None)
        if met:
            recent.took(at, call)
        if met is not None:
            allowed = allowed.after(abandoned=not met)
            meter = meter.after(answered=1, abandoned=int(not met))
            world.most_over = max(world.most_over, world.abandoned - LIMIT_PERCENT / 100 * world.answered)
    return world
