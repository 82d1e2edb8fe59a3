"""Which contacts take their step together: those of whom nothing but the time zone is asked."""

from datetime import timedelta
from typing import Any

import pytest

from dialer.domain.transitions import EnrollmentState
from dialer.operations.alike import FEW, Company, gather
from dialer.store.enrollments import Enrollment
from dialer.strategy.alike import advance_together
from dialer.strategy.check import check
from dialer.strategy.effects import Finish, Hold, Step
from dialer.strategy.events import Due, Entered, Event
from dialer.strategy.memory import Memory
from tests.support import builders
from tests.support.context import MONDAY

HOUR = timedelta(hours=1)
WAITING = Memory("wait", {"in": 1, "wait": 1}, due_at=MONDAY)


def _step(then: dict[str, Any], event: Event, memory: Memory, zone: str = "UTC") -> Step | None:
    """At nine o'clock UTC, of contacts who waited an hour before `then`."""
    wait = {"id": "wait", "type": "wait", "fields": {"duration": "1h"}, "out": {"next": "then"}}
    strategy = check(builders.strategy(wait, {"id": "then", **then})).strategy
    assert strategy is not None
    return advance_together(strategy, memory, event, zone, MONDAY)


@pytest.mark.req("S4")
def test_waits_windows_and_ends_ask_nothing_of_a_contact():
    window = {"type": "time-window", "fields": {"from": "09:00", "to": "17:00"}, "out": {"open": "wait"}}
    for then, event, memory, zone, effect in [
        ({"type": "end"}, Entered(), Memory(), "UTC", Hold("wait", MONDAY + HOUR)),
        ({"type": "end"}, Due(), WAITING, "UTC", Finish("done")),
        (window, Due(), WAITING, "UTC", Hold("wait", MONDAY + HOUR)),
        (window, Due(), WAITING, "America/New_York", Hold("then", MONDAY + 4 * HOUR)),
    ]:
        step = _step(then, event, memory, zone)
        assert step is not None
        assert step.effect == effect


@pytest.mark.req("S4")
@pytest.mark.parametrize(
    "then",
    [
        {"type": "call"},
        {"type": "sms", "fields": {"text": "Hello"}},
        {"type": "branch", "fields": {"on": "plan", "rules": [{"op": "eq", "value": "gold"}]}},
        {"type": "set-attribute", "fields": {"attribute": "a", "value": "1"}},
        {"type": "webhook", "fields": {"url": "https://x.example/{{id}}"}},
    ],
)
def test_a_step_that_asks_for_the_contact_is_taken_by_each_alone(then: dict[str, Any]):
    assert _step(then, Due(), WAITING) is None


def test_an_event_that_changes_nothing_is_no_step_together():
    """What follows depends on where each of them stands."""
    assert _step({"type": "end"}, Due(), WAITING.at("wait")) is None


def _place(n: int, memory: str | None) -> Enrollment:
    return Enrollment(n, 1, 100 + n, EnrollmentState.WAITING, 1, "wait", memory, None, MONDAY, None, 0, 1)


def test_those_of_one_past_and_one_zone_go_together_if_they_are_many():
    asked: list[str] = []

    def decide(_version: int, _memory: Memory, _event: Event, zone: str) -> Step | None:
        asked.append(zone)
        return Step(Memory(), Finish("done")) if zone == "UTC" else None

    here, there, few = range(FEW), range(FEW, 2 * FEW), range(2 * FEW, 3 * FEW - 1)
    places = [_place(n, '{"attempts":1}' if n in few else None) for n in [*here, *there, *few]]
    zones = {100 + n: "Asia/Tokyo" for n in there}
    together, others = gather([(place, Due(), 1) for place in places], zones, "UTC", decide)
    assert together == [Company([places[n] for n in here], 1, Step(Memory(), Finish("done")))]
    assert [place.id for place, _, _ in others] == [*there, *few]
    assert asked == ["UTC", "Asia/Tokyo"], "each kind once, and the few not at all"
