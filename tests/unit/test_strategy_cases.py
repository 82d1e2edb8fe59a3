"""Cases beside a strategy: they hold when the strategy does what they say, and name what differs when it does not."""

from pathlib import Path
from typing import Any

import pytest

from dialer.domain.errors import InvalidInput
from dialer.strategy.cases.read import Case, read_cases
from dialer.strategy.cases.run import play
from dialer.strategy.model import Strategy
from dialer.strategy.text.read import from_text

STRATEGY = """
format: campaign-strategy/1
name: Call, then text
steps:
  in: {type: contact-in, out: {next: call}}
  call: {type: call, tries: 2, retry_after: 15m, retry_on: no_answer, out: {no_answer: morning, otherwise: gone}}
  morning: {type: wait, kind: until_time, at: "10:00", out: {next: text}}
  text: {type: sms, text: "Hello {{first_name}}", until: replied, timeout: 2d, out: {replied: mark, otherwise: gone}}
  mark: {type: set-attribute, attribute: keen, value: "yes", out: {next: again}}
  again: {type: call, number: 2, out: {answered: gone}}
  gone: {type: end}
"""
CONTACT = {"first_name": "Ann", "phone": "+493012345, +493054321", "time_zone": "Europe/Berlin"}
CALL = {"call": "call", "outcome": "no_answer"}
TEXT = {"text": "text", "at": "2026-03-29 10:00", "says": "Hello Ann", "number": "+493012345"}


def strategy() -> Strategy:
    checked = from_text(STRATEGY).check()
    assert checked.strategy is not None
    return checked.strategy


def case(*story: dict[str, Any], start: str = "2026-03-28 17:00", **contact: str) -> Case:
    return Case.model_validate({"name": "n", "contact": {**CONTACT, **contact}, "start": start, "story": story})


HOLDS = [
    case(CALL, {**CALL, "at": "17:15"}, TEXT | {"status": "submitted"}, {"end": "no_answer", "at": "2026-03-31 10:00"}),
    case(CALL | {"after": "5m"}, CALL | {"at": "2026-03-28 17:20"}, {"wait": "morning", "at": "10:00"}, {"text": "text"}),
    case(CALL, {"call": "call", "outcome": "busy"}, {"end": "busy"}),
    case(CALL, CALL, {"wait": "morning"}, TEXT | {"reply": "yes please", "after": "1h"},
         {"call": "again", "at": "11:00", "number": "+493054321", "attributes": {"keen": "yes", "first_name": "Ann"}},
         {"end": "answered"}),
    case(CALL, CALL, TEXT | {"status": "failed"}, {"end": "no_answer"}),
    case({"end": "invalid_number"}, phone=""),
]  # fmt: skip


@pytest.mark.req("S6")
@pytest.mark.parametrize("holds", HOLDS, ids=range(len(HOLDS)))
def test_a_case_that_holds(holds: Case) -> None:
    assert play(strategy(), holds) is None


DIFFERS = [
    (case(CALL, CALL, CALL), "entry 3 (call call): the strategy does something else: text text at 2026-03-29 10:00"),
    (case(CALL, {**CALL, "at": "17:14"}), "entry 2 (call call): is at 2026-03-28 17:15, not at 17:14"),
    (case({**CALL, "number": "+1"}), "entry 1 (call call): goes to +493012345, not to +1"),
    (case(CALL, CALL, TEXT | {"says": "Hi"}), "entry 3 (text text): says 'Hello Ann'"),
    (case({**CALL, "attributes": {"keen": "no"}}), "entry 1 (call call): the attribute keen is '', not 'no'"),
    (case({"wait": "morning"}), "entry 1 (wait morning): the strategy does something else: call call at 2026-03-28 17:00"),
    (case({"call": "call"}, {"end": "done"}),
     "entry 2 (end done): the strategy does something else: end answered at 2026-03-28 17:00"),
    (case({"call": "call"}, {"end": "answered"}, {"end": "answered"}), None),
]  # fmt: skip


@pytest.mark.req("S6")
@pytest.mark.parametrize(("differs", "why"), DIFFERS, ids=range(len(DIFFERS)))
def test_what_differs_is_named(differs: Case, why: str | None) -> None:
    assert play(strategy(), differs) == why


def test_the_demo_does_what_its_cases_say() -> None:
    cases = read_cases(Path("demo/strategy.cases.yaml").read_text(encoding="utf-8"))
    assert len(cases.cases) == 3


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("[", "text"),
        ("[]", "node"),
        ("strategy: x", "cases"),
        ("strategy: x\ncases: [{name: a, start: '2026-05-04 09:00', story: []}]", "cases.0.story"),
        ("strategy: x\ncases: [{name: a, start: soon, story: [{end: x}]}]", "cases.0"),
        ("strategy: x\ncases: [{name: a, start: 2026-05-04, contact: {time_zone: x}, story: [{end: x}]}]", "cases.0"),
        ("strategy: x\ncases: [{name: a, start: 2026-05-04, story: [{end: x, call: y}]}]", "cases.0.story.0"),
        ("strategy: x\ncases: [{name: a, start: 2026-05-04, story: [{end: x, outcome: busy}]}]", "cases.0.story.0"),
        (
            "strategy: x\ncases: [{name: a, start: 2026-05-04, story: [{call: x, outcome: b}]}]",
            "cases.0.story.0.outcome",
        ),
        ("strategy: x\ncases: [{name: a, start: 2026-05-04, story: [{call: x, at: soon}]}]", "cases.0.story.0.at"),
    ],
)
def test_cases_that_can_not_be_read_are_refused(text: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_cases(text)
    assert field in {fault.field for fault in refused.value.faults}
