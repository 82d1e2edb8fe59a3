"""Durations, conditions, retry rules and the memory, each by itself."""

from datetime import UTC, datetime, timedelta

import pytest

from dialer.domain.outcome import Outcome
from dialer.strategy.call_fields import CallFields
from dialer.strategy.conditions import holds, look_up
from dialer.strategy.duration import format_duration, parse_duration
from dialer.strategy.events import ContactFacts
from dialer.strategy.fields import Op, Rule
from dialer.strategy.memory import Memory
from dialer.strategy.retry import OUTCOME_PORTS, RetryDecision, decide_retry

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "duration"),
    [("90s", timedelta(seconds=90)), ("15m", HOUR / 4), (" 2h ", 2 * HOUR), ("3d", 72 * HOUR), ("0s", 0 * HOUR)],
)
def test_durations_are_read(text: str, duration: timedelta):
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "5", "5 m", "-5m", "1.5h", "5M", "1w", "h", "٣d", "3651d", "9999999999s"])
def test_other_writings_are_refused(text: str):
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (90, "90s"), (120, "2m"), (5400, "90m"), (7200, "2h"), (86400, "1d"), (90000, "25h")],
)
def test_durations_are_written_in_the_largest_unit_that_fits(seconds: int, text: str):
    assert format_duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("op", "wanted", "value", "expected"),
    [
        ("eq", "gold", " Gold", True),
        ("eq", "10", "10.0", True),
        ("eq", "10", "ten", False),
        ("eq", "nan", "nan", True),
        ("ne", "gold", "silver", True),
        ("ne", "gold", "", True),
        ("ne", "gold", "gold", False),
        ("lt", "10", "9", True),
        ("lt", "b", "a", True),
        ("lt", "10", "", False),
        ("le", "10", "10", True),
        ("gt", "9", "10", True),
        ("gt", "9", "9", False),
        ("ge", "2026-01-01", "2026-01-02", True),
        ("contains", "ol", "gOLd", True),
        ("contains", "x", "gold", False),
        ("startswith", "+49", "+4930", True),
        ("in", "de, AT,ch", "at", True),
        ("in", "1,2", "02", True),
        ("in", "de", "fr", False),
        ("empty", "", " ", True),
        ("empty", "", "x", False),
    ],
)
def test_rules_compare(op: str, wanted: str, value: str, *, expected: bool):
    assert holds(Rule(op=Op(op), value=wanted), value) is expected


@pytest.mark.parametrize(
    ("on", "value"),
    [
        ("last.outcome", "busy"),
        ("last.status", "delivered"),
        ("last.reply", "yes"),
        ("count.attempts", "3"),
        ("count.texts", "2"),
        ("plan", "gold"),
        ("first_name", "Anna"),
        ("none", ""),
    ],
)
def test_what_a_branch_looks_at(on: str, value: str):
    memory = Memory(last_outcome="busy", last_status="delivered", last_reply="yes", attempts=3, texts=2)
    contact = ContactFacts(attributes={"plan": "gold"}, names={"first_name": "Anna"})
    assert look_up(on, memory, contact) == value


@pytest.mark.req("D4")
@pytest.mark.parametrize(
    ("outcome", "tries", "budget", "decision"),
    [
        (Outcome.BUSY, 1, 5, RetryDecision(HOUR, "busy, try 2 of 3 after 1h")),
        (Outcome.BUSY, 2, 5, RetryDecision(2 * HOUR, "busy, try 3 of 3 after 2h")),
        (Outcome.BUSY, 3, 5, RetryDecision(None, "busy, 3 of 3 tries")),
        (Outcome.BUSY, 1, 0, RetryDecision(None, "busy, the contact's calls are used up")),
        (Outcome.LOST, 1, 5, RetryDecision(None, "lost")),
        (Outcome.ANSWERED, 1, 5, RetryDecision(None, "answered")),
    ],
)
def test_retry_rules(outcome: Outcome, tries: int, budget: int, decision: RetryDecision):
    fields = CallFields(tries=3, retry_after=(HOUR, 2 * HOUR))
    assert decide_retry(fields, outcome, tries, budget) == decision


@pytest.mark.req("D4")
def test_every_outcome_has_a_port():
    assert OUTCOME_PORTS.keys() == set(Outcome)


@pytest.mark.req("S4")
def test_the_memory_is_small_and_survives_json():
    memory = Memory(
        "n",
        {"in": 1, "n": 2},
        3,
        4,
        5,
        "busy",
        "lost",
        "hi",
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 2, tzinfo=UTC),
    )
    assert Memory.from_json(memory.to_json()) == memory
    assert Memory().to_json() == "{}"
    assert len(memory.to_json()) < 250


@pytest.mark.parametrize("text", ["", "{", '{"due_at":"soon"}', '{"what":1}'])
def test_a_broken_memory_is_not_read(text: str):
    with pytest.raises((ValueError, TypeError)):
        Memory.from_json(text)
