"""A contact's place, told by nothing but its trail; the property over random lives is in tests/store."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dialer.domain.transitions import EnrollmentState, StopReason
from dialer.strategy.check import check
from dialer.strategy.memory import Memory
from dialer.strategy.model import Strategy
from dialer.strategy.replay import Place, attributes, replay
from tests.support import builders

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
pytestmark = pytest.mark.req("S3", "S4")


def strategy(_version: int) -> Strategy:
    made = check(builders.call_wait_text(tries=2)).strategy
    assert made is not None
    return made


def told(*entries: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry a minute, from noon."""
    return [{"at": NOON + timedelta(minutes=n), "kind": kind, "data": data} for n, (kind, data) in enumerate(entries)]


ENTERED: list[tuple[str, dict[str, Any]]] = [
    ("enrolled", {"source": 1}),
    ("step", {"node": "in", "version": 1, "port": "next", "why": "enters"}),
    ("call-queued", {"node": "call", "version": 1, "address": "+1", "try_no": 1, "due_at": "", "request": 7}),
]
NOT_REACHED: list[tuple[str, dict[str, Any]]] = [
    ("call-dialed", {"node": "call", "request": 7}),
    ("call-ended", {"node": "call", "request": 7, "outcome": "no_answer"}),
]


def test_a_contact_that_is_called() -> None:
    memory = Memory(node="call", visits={"in": 1, "call": 1}, try_no=1, attempts=1)
    place = replay(told(*ENTERED), strategy).place
    assert place == Place(EnrollmentState.PENDING, version=1, memory=memory, request=7)


def test_an_outcome_counts_where_a_step_answers_it() -> None:
    step = {"node": "call", "version": 1, "port": "no_answer", "why": "no_answer", "outcome": "no_answer"}
    due = "2026-05-04T13:05:00+00:00"
    waiting = ("waiting", {"node": "wait", "version": 1, "due_at": due})
    place = replay(told(*ENTERED, *NOT_REACHED, ("step", step), waiting), strategy).place
    assert place is not None
    assert (place.state, place.due_at, place.calls) == (EnrollmentState.WAITING, datetime.fromisoformat(due), 1)
    assert (place.memory.last_outcome, place.memory.last_call_at) == ("no_answer", NOON + timedelta(minutes=5))
    assert (place.memory.node, place.memory.visits, place.request) == ("wait", {"in": 1, "call": 1, "wait": 1}, None)


def test_a_call_that_was_spared_leaves_the_contact_at_its_try() -> None:
    spared = ("call-spared", {"node": "call", "request": 8, "replaces": 7})
    place = replay(told(*ENTERED, *NOT_REACHED, spared), strategy).place
    assert place is not None
    assert (place.state, place.request, place.calls) == (EnrollmentState.PENDING, 8, 1)
    assert place.memory == Memory(node="call", visits={"in": 1, "call": 1}, try_no=1, attempts=1)


def test_the_end_of_a_call_that_nobody_waits_for_changes_nothing() -> None:
    late = ("call-ended", {"node": "call", "request": 6, "outcome": "answered"})
    again = {"node": "call", "version": 1, "port": "", "why": "again"}
    place = replay(told(*ENTERED, late, ("step", again)), strategy).place
    assert place is not None
    assert place.memory.last_outcome == ""


def test_a_move_that_no_wire_allows_is_named() -> None:
    step = {"node": "call", "version": 1, "port": "no_answer", "why": "no_answer"}
    finished = [("step", {"node": "end", "version": 1, "port": "", "why": "the end"}), ("finished", {"result": "done"})]
    replayed = replay(told(*ENTERED, ("step", step), *finished), strategy)
    assert replayed.astray == "no_answer of call in version 1 does not lead to end"


def test_stopped_and_taken_up_again() -> None:
    stopped = told(*ENTERED, ("stopped", {"reason": "campaign-unpublished"}))
    place = replay(stopped, strategy).place
    assert place is not None
    assert (place.state, place.stop_reason) == (EnrollmentState.STOPPED, StopReason.CAMPAIGN_UNPUBLISHED)
    again = told(*ENTERED, ("stopped", {"reason": "campaign-unpublished"}), ("requeued", {"request": 8, "replaces": 7}))
    place = replay(again, strategy).place
    assert place is not None
    assert (place.state, place.stop_reason, place.request) == (EnrollmentState.PENDING, None, 8)


def test_who_left_the_campaign_has_no_place() -> None:
    assert replay(told(*ENTERED, ("left", {"source": 1})), strategy).place is None


def test_a_place_comes_back_as_the_trail_keeps_it() -> None:
    memory = Memory(node="wait", visits={"wait": 2}, due_at=NOON, last_call_at=NOON)
    place = Place(EnrollmentState.STOPPED, StopReason.CAMPAIGN_ENDED, None, 3, memory, 9, NOON, 4)
    assert Place.from_data(place.to_data()) == place


def test_attributes_are_what_was_said_last() -> None:
    def change(new: str | None) -> dict[str, Any]:
        return {"changes": [{"field": "attributes.plan", "old": None, "new": new}]}

    assert attributes(told(("attributes-set", change("a")), ("edited", change("b")))) == {"plan": "b"}
    assert attributes(told(("attributes-set", change("a")), ("edited", change(None)))) == {"plan": None}
    assert attributes(told(("attributes-set", change("a")), ("joined", {}))) == {}
