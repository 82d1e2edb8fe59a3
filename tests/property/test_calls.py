"""Whatever the order and however often the events come, a call comes out the same, and never goes back."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain import telephony as t
from dialer.domain.transitions import ATTEMPT as TABLE
from tests.unit.test_calls import INTENDED, ROWS, T0, at, events

kinds = st.sampled_from(sorted(ROWS))


@st.composite
def shuffled(draw: st.DrawFn) -> tuple[str, list[t.Event]]:
    """A call's events in any order, some of them twice."""
    kind = draw(kinds)
    once = events(kind)
    again = draw(st.lists(st.sampled_from(once), max_size=5))
    return kind, draw(st.permutations([*once, *again]))


@pytest.mark.req("D4")
@given(shuffled())
def test_any_order_and_any_duplicates_give_the_same_outcome(case: tuple[str, list[t.Event]]) -> None:
    kind, found = case
    call = INTENDED
    for second, event in enumerate(found):
        call = call.apply(event, at(second))
    assert call.result().outcome is ROWS[kind]
    assert call.finished(at(len(found)) + timedelta(seconds=10))
    assert call.result().agent == ("PJSIP/anna" if kind == "answered" else None)


@given(shuffled())
def test_the_state_moves_only_as_the_table_allows(case: tuple[str, list[t.Event]]) -> None:
    call = INTENDED
    for second, event in enumerate(case[1]):
        before, call = call.state, call.apply(event, at(second))
        if call.state is not before:
            TABLE.check(before, call.state)


@given(shuffled())
def test_the_first_time_of_each_fact_counts(case: tuple[str, list[t.Event]]) -> None:
    call = INTENDED
    for second, event in enumerate(case[1]):
        call = call.apply(event, at(second))
    again = call
    for event in case[1]:
        again = again.apply(event, T0 + timedelta(days=1))
    assert again.result() == call.result()
