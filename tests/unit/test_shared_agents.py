"""Agents who sit in several queues are promised once: decisions of the queues together never exceed the agents there are."""

from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.agents import Agents
from dialer.domain.telephony import (
    AgentCalled,
    AgentConnect,
    AgentRingNoAnswer,
    LiveState,
    MemberState,
    MemberStatus,
    WaitingCaller,
)
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
    unserved = counts.callers_waiting - counts.callers_rung
    state = QueueState(counts.known, counts.free, unserved, in_flight.get(queue, 0), elsewhere)
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


@pytest.mark.req("D1", "D2")
def test_a_caller_for_whom_an_agent_rings_takes_no_second_agent():
    """Or the others would wait, idle, for as long as a telephone rings."""
    agents = agents_of({"anna": {"sales"}, "bea": {"sales"}}, {"sales": 1})
    assert may_originate(agents, "sales", {}) == 1
    agents.apply(AgentCalled("sales", "sales-0", "anna"), NOW)
    assert may_originate(agents, "sales", {}) == 1, "bea, as before"
    agents.apply(AgentRingNoAnswer("sales", "sales-0", "anna"), NOW)
    assert may_originate(agents, "sales", {}) == 1, "one of them is the caller's"
    agents.apply(AgentCalled("sales", "sales-0", "bea"), NOW)
    agents.apply(AgentConnect("sales", "sales-0", "bea", "Bea", 1), NOW)
    assert may_originate(agents, "sales", {}) == 1, "anna"


@pytest.mark.req("D1")
def test_two_callers_for_whom_one_agent_rings_still_need_two():
    agents = agents_of({"anna": {"sales"}, "bea": {"sales"}, "cleo": {"sales"}}, {"sales": 2})
    for caller in ("sales-0", "sales-1"):
        agents.apply(AgentCalled("sales", caller, "anna"), NOW)
    assert may_originate(agents, "sales", {}) == 1


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
