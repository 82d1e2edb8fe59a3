"""Random strategies, edited while contacts are in them: whoever goes over to the new version stays within both."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.strategy.edits import next_step_changes
from dialer.strategy.effects import RequestCall, RequestSms, Step
from dialer.strategy.events import ContactFacts, Entered, RequestKey
from dialer.strategy.flow import advance
from dialer.strategy.memory import Memory
from dialer.strategy.model import Strategy
from tests.property.test_strategy_flow import START, draw_event
from tests.support.wired import contacts, graphs


@pytest.mark.req("S3", "D3")
@settings(max_examples=200, deadline=None)
@given(old=graphs(), new=graphs(), contact=contacts, data=st.data())
def test_whoever_goes_over_stays_in_bounds(old: Strategy, new: Strategy, contact: ContactFacts, data: st.DataObject):
    now, keys, strategy, moved = START, set[RequestKey](), old, False
    step = advance(old, Memory(), Entered(), contact, now)
    _note(step, keys)
    edited_at = data.draw(st.integers(0, 10))
    for n in range(data.draw(st.integers(0, 20))):
        successor = new if n >= edited_at and not moved else None
        now += timedelta(minutes=data.draw(st.sampled_from([0, 60, 3000])))
        event, before = draw_event(data, step.memory), step.memory
        step = advance(strategy, before, event, contact, now, successor)
        assert advance(strategy, Memory.from_json(before.to_json()), event, contact, now, successor) == step
        stayed = step.moved_after is None
        assert stayed or successor is not None
        if not stayed:
            assert 0 < (step.moved_after or 0) <= len(step.hops)
            strategy, moved = new, True
        assert step.memory.node in {"", *strategy.by_id}
        assert step.memory.attempts <= max(old.limits.max_attempts, new.limits.max_attempts)
        _note(step, keys)
        for name, value in step.changes:
            contact = contact.with_attribute(name, value)


def _note(step: Step, keys: set[RequestKey]) -> None:
    if isinstance(step.effect, RequestCall | RequestSms):
        assert step.effect.key not in keys
        keys.add(step.effect.key)


@pytest.mark.req("S3")
@settings(max_examples=100, deadline=None)
@given(strategy=graphs())
def test_the_same_strategy_changes_nobodys_next_step(strategy: Strategy):
    assert not any(next_step_changes(strategy, strategy, node.id) for node in strategy.nodes)
