"""Several campaigns on the same agents: shares by weight within one call, priorities, and nobody who starves."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.pacing.sharing import Contender, Turns, connected

weights = st.lists(st.integers(1, 100), min_size=1, max_size=8)
EPS = 1e-6


def equals(weights: list[int]) -> list[Contender]:
    return [Contender(number, 5, weight) for number, weight in enumerate(weights, 1)]


@pytest.mark.req("D1")
@settings(deadline=None)
@given(weights, st.integers(1, 400))
def test_nobody_is_ever_a_whole_call_ahead_or_behind(weights: list[int], calls: int) -> None:
    turns, contenders, got = Turns(), equals(weights), Counter[int]()
    for number in range(1, calls + 1):
        winner = turns.first(contenders)
        turns.served(winner, contenders)
        got[winner.id] += 1
        for one in contenders:
            share = number * one.weight / sum(weights)
            assert abs(got[one.id] - share) < 1 + EPS, (one, got[one.id], share)


@pytest.mark.req("D1")
@settings(deadline=None)
@given(weights, st.integers(0, 200), st.integers(1, 200))
def test_over_any_stretch_of_a_run_shares_hold_within_two_calls(weights: list[int], skipped: int, calls: int) -> None:
    """A stretch may begin when somebody is nearly a call ahead and end when it is nearly one behind."""
    turns, contenders, got = Turns(), equals(weights), Counter[int]()
    for number in range(skipped + calls):
        winner = turns.first(contenders)
        turns.served(winner, contenders)
        got[winner.id] += number >= skipped
    assert all(abs(got[one.id] - calls * one.weight / sum(weights)) < 2 + EPS for one in contenders)


@pytest.mark.req("D1")
@settings(deadline=None)
@given(weights, st.lists(st.sets(st.integers(1, 8), min_size=1), max_size=300))
def test_whoever_contends_now_and_then_is_not_forgotten(weights: list[int], rounds: list[set[int]]) -> None:
    """Any of them at any time: what somebody is owed for the turns it took part in stays below a few calls."""
    turns, all_, owed = Turns(), equals(weights), Counter[int]()
    for present in rounds:
        contenders = [one for one in all_ if one.id in present]
        if contenders:
            winner = turns.first(contenders)
            turns.served(winner, contenders)
            total = sum(one.weight for one in contenders)
            for one in contenders:
                owed[one.id] += one.weight / total  # type: ignore[assignment]
            owed[winner.id] -= 1
    assert all(abs(lag) <= len(all_) + EPS for lag in owed.values()), owed


@pytest.mark.req("D1")
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(0, 12)), min_size=1, max_size=6))
def test_a_higher_priority_takes_all_it_can_use_and_then_the_next(made: list[tuple[int, int, int]]) -> None:
    contenders = [Contender(number, priority, weight) for number, (priority, weight, _) in enumerate(made, 1)]
    left = {one.id: made[one.id - 1][2] for one in contenders}
    turns, order = Turns(), list[int]()
    while contenders:
        winner = turns.first(contenders)
        if left[winner.id]:
            left[winner.id] -= 1
            turns.served(winner, contenders)
            order.append(winner.priority)
        else:
            turns.passed(winner, contenders)
            contenders.remove(winner)
    assert order == sorted(order, reverse=True)
    assert len(order) == sum(calls for *_, calls in made)


@pytest.mark.req("D1")
@settings(deadline=None)
@given(weights, st.integers(1, 60))
def test_who_never_uses_its_turns_costs_the_others_nothing_and_saves_nothing_up(weights: list[int], calls: int) -> None:
    """Its gateway is closed, say: it is asked, passes, and may not make up for it in a burst later."""
    turns, all_ = Turns(), [*equals(weights), Contender(99, 5, 7)]
    got = Counter[int]()
    for _ in range(calls):
        contenders = list(all_)
        while (winner := turns.first(contenders)).id == 99 and len(contenders) > 1:
            turns.passed(winner, contenders)
            contenders.remove(winner)
        turns.served(winner, contenders)
        got[winner.id] += 1
    assert got[99] == 0
    assert all(abs(got[one.id] - calls * one.weight / sum(weights)) < 2 + EPS for one in all_[:-1])
    assert turns.lags.get(99, 0.0) < 1 + EPS


@settings(deadline=None)
@given(weights, st.integers(1, 5), st.lists(st.integers(0, 9), min_size=8, max_size=8))
def test_what_is_foreseen_is_what_happens(weights: list[int], nth: int, wanted: list[int]) -> None:
    turns, contenders = Turns(), equals(weights)
    mine, *others = contenders
    demands = {one: wanted[one.id - 1] for one in others}
    told, left, got = turns.before(mine, nth, demands), {**demands, mine: nth}, Counter[int]()
    while left[mine]:
        present = [one for one, calls in left.items() if calls]
        winner = turns.first(present)
        turns.served(winner, present)
        left[winner] -= 1
        got[winner.id] += winner != mine
    assert told == {who: calls for who, calls in got.items() if calls}


def test_a_campaign_that_is_gone_is_forgotten() -> None:
    turns = Turns({1: 0.5, 2: -0.5})
    turns.keep([2, 3])
    assert turns.lags == {2: -0.5}


@given(st.dictionaries(st.sampled_from("abcdef"), st.frozensets(st.integers(1, 8).map(str), max_size=3)))
def test_queues_with_agents_in_common_compete(members: dict[str, frozenset[str]]) -> None:
    numbers = connected(members)
    assert set(numbers) == set(members)
    reachable = {queue: {queue} for queue in members}
    for _ in members:
        for queue in members:
            near = {other for one in reachable[queue] for other in members if members[one] & members[other]}
            reachable[queue] |= near
    for one in members:
        for other in members:
            assert (numbers[one] == numbers[other]) == (other in reachable[one])
