"""Agents who sit in several queues are promised once: decisions of the queues together never exceed the agents there are."""

from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.agents import Agents
from dialer.domain.telephony import LiveState, MemberState, MemberStatus, WaitingCaller
from dialer.pacing.progressive import QueueState, decide

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
QUEUES = ("sales", "support", "vip")


def agents_of(seats: dict[str, set[str]], waiting: dict[str, int]) -> Agents:
    """`seats`: the queues of each agent, all of them free; `waiting`: callers by queue."""
    members = [
        MemberState(queue, agent, agent, MemberStatus.NOT_IN_USE, paused=False)
        for agent, queues in seats.items()
        for queue in queues
    ]
    entries = [WaitingCaller(queue, f"{queue}-{i}") for queue, many in waiting.items() for i in range(many)]
    agents = Agents()
    agents.resync(LiveState(members=tuple(members), queues=frozenset(QUEUES), entries=tuple(entries)), NOW)
    return agents


def may_originate(agents: Agents, queue: str, in_flight: dict[str, int]) -> int:
    counts = agents.counts(queue, NOW)
    elsewhere = agents.claimed_elsewhere(queue, in_flight, NOW)
    state = QueueState(counts.known, counts.free, counts.callers_waiting, in_flight.get(queue, 0), elsewhere)
    return decide(state, link_up=True).originate


@pytest.mark.req("D1")
def test_an_agent_in_two_queues_gets_one_call():
    agents = agents_of({"anna": {"sales", "support"}}, {})
    assert may_originate(agents, "sales", {}) == 1
    assert may_originate(agents, "support", {"sales": 1}) == 0


@pytest.mark.req("D1")
def test_a_caller_who_waits_in_another_queue_takes_the_agent_of_both():
    agents = agents_of({"anna": {"sales", "support"}, "bea": {"sales"}}, {"support": 3})
    assert may_originate(agents, "sales", {}) == 1, "bea"


def can_serve(seats: dict[str, set[str]], wanted: list[str]) -> bool:
    """Whether each of these callers can get an agent of its own queue, by trying all ways."""
    agents = list(seats)
    return len(wanted) <= len(agents) and any(
        all(queue in seats[agent] for queue, agent in zip(wanted, chosen, strict=True))
        for chosen in permutations(agents, len(wanted))
    )


@pytest.mark.req("D1")
@given(
    seats=st.dictionaries(st.sampled_from("abcde"), st.sets(st.sampled_from(QUEUES), min_size=1), max_size=5),
    order=st.lists(st.sampled_from(QUEUES), max_size=12),
)
def test_every_call_in_flight_has_an_agent_of_its_own(seats: dict[str, set[str]], order: list[str]):
    """Whichever queue asks when: all calls that were allowed can be served at the same time."""
    agents, in_flight = agents_of(seats, {}), dict.fromkeys(QUEUES, 0)
    for queue in order:
        if may_originate(agents, queue, in_flight) > 0:
            in_flight[queue] += 1
    assert can_serve(seats, [queue for queue, many in in_flight.items() for _ in range(many)])
