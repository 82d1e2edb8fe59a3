"""Random strategies and random events: whatever happens, no contact leaves the graph and no budget is overdrawn."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dialer.domain.outcome import Outcome
from dialer.strategy.alike import advance_together
from dialer.strategy.catalogue import STEP_TYPES
from dialer.strategy.check import check
from dialer.strategy.duration import LONGEST, format_duration, parse_duration
from dialer.strategy.effects import Finish, Hold, RequestCall, RequestSms, RequestWebhook, Step
from dialer.strategy.events import (
    CallEnded,
    ContactFacts,
    Due,
    Entered,
    Event,
    MessageChanged,
    Replied,
    RequestKey,
    WebhookAnswered,
)
from dialer.strategy.flow import advance
from dialer.strategy.memory import Memory
from dialer.strategy.model import Strategy, digest, to_document
from tests.support.soak import examples
from tests.support.wired import contacts, graphs

START = datetime(2026, 3, 20, 12, tzinfo=UTC)
STATUSES = ("pending", "submitted", "delivered", "undelivered", "expired", "rejected", "failed", "lost", "?")


def draw_event(data: st.DataObject, memory: Memory) -> Event:
    """Mostly events that fit, sometimes ones that are late, early or foreign."""
    key = memory.key if data.draw(st.integers(0, 4)) else RequestKey("n0", 1, data.draw(st.integers(0, 2)))
    return data.draw(
        st.one_of(
            st.builds(CallEnded, st.just(key), st.sampled_from(Outcome)),
            st.builds(MessageChanged, st.just(key), st.sampled_from(STATUSES)),
            st.builds(WebhookAnswered, st.just(key), st.booleans(), st.text(max_size=3)),
            st.builds(Replied, st.text(max_size=3)),
            st.just(Due()),
            st.just(Entered()),
        )
    )


def assert_sound(
    strategy: Strategy, before: Memory, step: Step, keys: set[RequestKey], webhooks: list[RequestKey], now: datetime
) -> None:
    """What must hold after every step."""
    limits, memory, effect = strategy.limits, step.memory, step.effect
    assert memory.node in {"", *strategy.by_id}
    assert memory.attempts <= limits.max_attempts
    assert all(count <= limits.max_visits + 1 for count in memory.visits.values())
    assert (memory.result is not None) == (isinstance(effect, Finish) or before.result is not None)
    assert all(hop.port in {"", *strategy.by_id[hop.node].ports} and hop.why for hop in step.hops)
    if isinstance(effect, RequestCall | RequestSms | RequestWebhook):
        assert effect.key not in keys
        assert effect.key == memory.key
        assert effect.due_at >= now
        keys.add(effect.key)
        webhooks.extend([effect.key] if isinstance(effect, RequestWebhook) else [])
    if isinstance(effect, Hold):
        assert effect.due_at > now
        assert memory.due_at == effect.due_at


@pytest.mark.soak
@pytest.mark.req("S4", "D3", "D4")
@settings(max_examples=examples(300), deadline=None)
@given(strategy=graphs(), contact=contacts, data=st.data())
def test_no_event_takes_a_contact_out_of_bounds(strategy: Strategy, contact: ContactFacts, data: st.DataObject):
    now, keys, webhooks = START, set[RequestKey](), list[RequestKey]()
    step = advance(strategy, Memory(), Entered(), contact, now)
    assert_sound(strategy, Memory(), step, keys, webhooks, now)
    for _ in range(data.draw(st.integers(0, 25))):
        before = step.memory
        now += timedelta(minutes=data.draw(st.sampled_from([0, 1, 60, 3000])))
        event = draw_event(data, before)
        step = advance(strategy, before, event, contact, now)
        # A restart between any two events changes nothing.
        assert advance(strategy, Memory.from_json(before.to_json()), event, contact, now) == step
        assert_sound(strategy, before, step, keys, webhooks, now)
        # Many at once, if they can: with the same answer as each of them alone.
        assert advance_together(strategy, before, event, contact.time_zone, now) in (None, step)
        for name, value in step.changes:
            contact = contact.with_attribute(name, value)
        repeated = advance(strategy, step.memory, event, contact, now)
        if isinstance(event, CallEnded):
            assert repeated.memory == step.memory, "the same event twice is the same as once"
            assert not repeated.hops
    assert len(keys) - len(webhooks) == step.memory.attempts + step.memory.texts


@pytest.mark.soak
@pytest.mark.req("S4")
@settings(max_examples=examples(150), deadline=None)
@given(strategy=graphs(), contact=contacts, data=st.data())
def test_a_contact_whose_events_all_come_is_done_in_the_end(
    strategy: Strategy, contact: ContactFacts, data: st.DataObject
):
    now = START
    step = advance(strategy, Memory(), Entered(), contact, now)
    for _ in range(len(strategy.nodes) * 5 * 8):
        if step.memory.result is not None:
            return
        event: Event
        if isinstance(step.effect, RequestCall):
            event = CallEnded(step.effect.key, data.draw(st.sampled_from(Outcome)))
        elif isinstance(step.effect, RequestSms):
            event = MessageChanged(step.effect.key, data.draw(st.sampled_from(["submitted", "failed"])))
        elif isinstance(step.effect, RequestWebhook):
            event = WebhookAnswered(step.effect.key, data.draw(st.booleans()), "1")
        else:
            assert step.memory.due_at is not None, "a contact that is not done is due or has a request open"
            now, event = step.memory.due_at, Due()
        step = advance(strategy, step.memory, event, contact, now)
    pytest.fail("the contact never came to an end")


@pytest.mark.soak
@pytest.mark.req("S3", "S6")
@settings(max_examples=examples(150), deadline=None)
@given(strategy=graphs())
def test_documents_come_back_as_they_went(strategy: Strategy):
    checked = check(json.loads(json.dumps(to_document(strategy))))
    assert checked.strategy == strategy
    assert digest(strategy) == digest(checked.strategy)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[]), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
field_names = sorted({name for t in STEP_TYPES.values() for name in t.fields.model_json_schema()["properties"]})
wild_nodes = st.fixed_dictionaries(
    {"id": st.sampled_from(["a", "b", "in"]) | json_values, "type": st.sampled_from(sorted(STEP_TYPES)) | json_values},
    optional={
        "fields": st.dictionaries(st.sampled_from(field_names), json_values, max_size=5) | json_values,
        "out": st.dictionaries(st.sampled_from(["next", "answered", "rule1", "x"]), st.sampled_from(["a", "b", "in"]))
        | json_values,
        "x": json_values,
        "name": json_values,
    },
)
documents = json_values | st.fixed_dictionaries(
    {"format": st.just("campaign-strategy/1"), "nodes": st.lists(wild_nodes | json_values, max_size=4) | json_values},
    optional={"name": json_values, "more": json_values},
)


@pytest.mark.soak
@pytest.mark.req("S2")
@settings(max_examples=examples(500), deadline=None)
@given(document=documents)
@example(document={"nodes": [{"id": "a", "type": "call", "fields": {"ring_s": 10**5000}}]})
def test_the_check_never_raises(document: object):
    checked = check(document)
    assert (checked.strategy is None) == bool(checked.faults)


@given(st.integers(0, int(LONGEST.total_seconds())).filter(lambda s: s < 10**9))
def test_durations_come_back_as_they_went(seconds: int):
    duration = timedelta(seconds=seconds)
    assert parse_duration(format_duration(duration)) == duration
