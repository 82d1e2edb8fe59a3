"""Random strategies, rules and people in a dry run: what the dialer promises holds on the virtual clock, too."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.domain.campaign import LoadOrder
from dialer.domain.windows import ExecutionTime, Validity, is_open
from dialer.simulation.assumptions import Assumptions
from dialer.simulation.job import ContactRow, Job, Rules
from dialer.simulation.people import Person, Population
from dialer.simulation.result import result_of
from dialer.simulation.run import Run
from dialer.strategy.model import Strategy
from tests.support.wired import graphs

START = datetime(2026, 3, 27, 7, 13, tzinfo=UTC)  # the clocks of Europe change two days later
ZONES = [None, "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]
SHARES = st.sampled_from([0.0, 0.2, 0.3])
WINDOWS = st.sampled_from(
    [
        None,
        ExecutionTime.read("09:00", "17:30"),
        ExecutionTime.read("22:00", "06:00", ["fri", "sun"]),
        ExecutionTime.read("02:00", "03:00"),
    ]
)
VALIDITIES = st.sampled_from(
    [Validity(), Validity(START + timedelta(hours=5)), Validity(until=START + timedelta(days=1))]
)
RULES = st.builds(
    Rules,
    time_zone=st.sampled_from(["UTC", "Europe/Berlin"]),
    execution=WINDOWS,
    validity=VALIDITIES,
    load_order=st.sampled_from(list(LoadOrder)),
    max_concurrent_calls=st.sampled_from([None, 1, 3]),
    calls_per_second=st.sampled_from([None, 0.1]),
    segments_per_second=st.sampled_from([None, 0.5]),
    power=st.booleans(),
    lines_per_agent=st.sampled_from([1.0, 2.5]),
    preview=st.sampled_from([False, False, True]),
)
ASSUMED = st.builds(
    Assumptions,
    answer_rate=SHARES,
    busy_share=SHARES,
    machine_share=st.sampled_from([0.0, 0.4]),
    invalid_share=SHARES,
    variation=SHARES,
    talk_s=st.sampled_from([1.0, 60.0, 900.0]),
    agents=st.one_of(st.integers(0, 4), st.lists(st.integers(0, 3), min_size=24, max_size=24)),
    reply_share=SHARES,
    delivery_share=st.sampled_from([0.0, 0.5, 1.0]),
    horizon_days=st.integers(1, 6),
    seed=st.integers(0, 1000),
)
PEOPLE = st.lists(
    st.tuples(st.sampled_from(ZONES), st.lists(st.sampled_from(["v", "s", "vs", "VS", "e"]), max_size=3)), max_size=12
)
pytestmark = pytest.mark.req("S7")


class Watched:
    """A run that is looked at with each call and text that starts."""

    def __init__(self, strategy: Strategy, rules: Rules, assumed: Assumptions, people: list[Any]) -> None:
        population = Population(rules.time_zone)
        rows = [ContactRow(n, zone, channels, {"a": str(n % 3)}, 1) for n, (zone, channels) in enumerate(people)]
        self.calls: Counter[int] = Counter()
        self.last_call = -1e9
        self.run = Run(
            Job(rules, {1: strategy}, 1, assumed, START), [population.person(row) for row in rows], watch=self.look
        )
        self.run.run()

    def look(self, person: Person, channel: str, t: float) -> None:
        rules, assumed, desk = self.run.job.rules, self.run.job.assumptions, self.run.floor.desk
        now = self.run.clock.at(t)
        assert is_open(rules.execution, person.zone or rules.time_zone, now)
        assert rules.validity.from_ is None or now >= rules.validity.from_
        assert rules.validity.until is None or now < rules.validity.until
        assert t < assumed.horizon_days * 86_400
        request = person.request
        assert request is not None
        assert request.number not in person.facts.barred
        assert request.due_at <= now
        if channel == "call":
            if rules.preview:
                assert 1 <= desk.held <= max(assumed.agents), "an agent has looked at the contact"
            elif rules.power:
                assert desk.in_flight + 1 <= max(desk.free, rules.lines_per_agent * (desk.free + desk.busy))
            else:
                assert desk.in_flight + 1 <= desk.free, "one call for each agent who is free"
            assert desk.agents == assumed.agents[self.run.clock.hour(None, t)]
            assert desk.going <= (rules.max_concurrent_calls or 1_000) - (not rules.preview)
            if not rules.preview:  # agents take different times to look at what was offered at that rate
                assert rules.calls_per_second is None or t - self.last_call >= 1 / rules.calls_per_second - 1e-6
            self.last_call = t
            self.calls[person.id] += 1


@settings(max_examples=150, deadline=None)
@given(graphs(), RULES, ASSUMED, PEOPLE)
def test_what_the_dialer_promises_holds(
    strategy: Strategy, rules: Rules, assumed: Assumptions, people: list[Any]
) -> None:
    watched = Watched(strategy, rules, assumed, people)
    run, result = watched.run, result_of(watched.run)
    assert sum(one["contacts"] for one in result["results"]) + result["unfinished"] == result["contacts"] == len(people)
    assert result["reached"] + sum(one["contacts"] for one in result["unreached"]) == len(people)
    assert sum(result["outcomes"].values()) == result["calls"] == sum(watched.calls.values())
    assert max(watched.calls.values(), default=0) <= strategy.limits.max_attempts
    assert (result["finishes_at"] is None) == bool(result["unfinished"])
    assert (run.floor.desk.in_flight, run.floor.desk.talking, run.floor.desk.wrapping) == (0, 0, 0)


@settings(max_examples=40, deadline=None)
@given(graphs(), RULES, ASSUMED, PEOPLE)
def test_the_same_seed_gives_the_same_bytes(
    strategy: Strategy, rules: Rules, assumed: Assumptions, people: list[Any]
) -> None:
    first, second = (orjson.dumps(result_of(Watched(strategy, rules, assumed, people).run)) for _ in range(2))
    assert first == second
