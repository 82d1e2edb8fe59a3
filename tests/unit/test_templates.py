"""Strategies to start from run as they are."""

from datetime import UTC, datetime, timedelta

import pytest

from dialer.domain.errors import InvalidInput
from dialer.domain.outcome import Outcome
from dialer.strategy.check import check
from dialer.strategy.effects import Finish, RequestCall, RequestSms, Step
from dialer.strategy.events import CallEnded, ContactFacts, Due, Entered, MessageChanged, Replied
from dialer.strategy.flow import advance
from dialer.strategy.known import Known
from dialer.strategy.memory import Memory
from dialer.strategy.model import Strategy
from dialer.strategy.templates import TEMPLATES, document_of

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CONTACT = ContactFacts(addresses=(("voice", "+4930111111"), ("sms", "+4930111111")))


def _strategy(name: str) -> Strategy:
    strategy = check(document_of(name)).strategy
    assert strategy is not None
    return strategy


def _request(step: Step) -> RequestCall | RequestSms:
    assert isinstance(step.effect, RequestCall | RequestSms)
    return step.effect


@pytest.mark.req("S1", "S2")
@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_each_can_run_and_no_way_is_left_open(template: object) -> None:
    document = template.document  # type: ignore[attr-defined]
    checked = check(document, Known(attributes=frozenset()))
    assert checked.faults == ()
    assert [w.reason for w in checked.warnings] == []
    ids = {node["id"] for node in document["nodes"]}
    assert all(node["type"] == "end" or node["out"] for node in document["nodes"])
    assert {target for node in document["nodes"] for target in node["out"].values()} == ids - {"in"}
    places = [(node["x"], node["y"]) for node in document["nodes"]]
    assert len(set(places)) == len(places)


@pytest.mark.req("S3")
def test_call_three_times_waits_longer_each_time() -> None:
    strategy, now, gaps = _strategy("call-three-times"), NOW, []
    step = advance(strategy, Memory(), Entered(), CONTACT, now)
    for _ in range(2):
        request = _request(step)
        step = advance(strategy, step.memory, CallEnded(request.key, Outcome.NO_ANSWER), CONTACT, now)
        gaps.append(_request(step).due_at - now)
        now = _request(step).due_at
    last = advance(strategy, step.memory, CallEnded(_request(step).key, Outcome.NO_ANSWER), CONTACT, now)
    assert gaps == [timedelta(minutes=15), timedelta(days=1)]
    assert last.effect == Finish("no_answer")


@pytest.mark.req("S3")
def test_who_does_not_answer_gets_a_text() -> None:
    strategy = _strategy("call-then-text")
    step = advance(strategy, Memory(), Entered(), CONTACT, NOW)
    for _ in range(2):
        step = advance(strategy, step.memory, CallEnded(_request(step).key, Outcome.NO_ANSWER), CONTACT, NOW)
    text = _request(step)
    assert isinstance(text, RequestSms)
    assert text.text.startswith("Hello there, we tried to call you.")


@pytest.mark.req("S3")
@pytest.mark.parametrize("replies", [True, False])
def test_who_does_not_reply_is_called(*, replies: bool) -> None:
    strategy = _strategy("text-then-call")
    step = advance(strategy, Memory(), Entered(), CONTACT, NOW)
    step = advance(strategy, step.memory, MessageChanged(_request(step).key, "submitted"), CONTACT, NOW)
    event, later = (Replied("at 5"), NOW) if replies else (Due(), NOW + timedelta(days=1))
    step = advance(strategy, step.memory, event, CONTACT, later)
    assert step.effect == Finish("replied") if replies else isinstance(step.effect, RequestCall)


@pytest.mark.req("S3")
@pytest.mark.parametrize(("reply", "rating"), [("1", "low"), (" 2 ", "low"), ("5", "high"), ("what?", None)])
def test_a_survey_sorts_replies(reply: str, rating: str | None) -> None:
    strategy = _strategy("survey-by-reply")
    step = advance(strategy, Memory(), Entered(), CONTACT, NOW)
    step = advance(strategy, step.memory, MessageChanged(_request(step).key, "submitted"), CONTACT, NOW)
    step = advance(strategy, step.memory, Replied(reply), CONTACT, NOW)
    assert dict(step.changes).get("rating") == rating
    assert isinstance(step.effect, {"low": RequestCall, "high": RequestSms, None: Finish}[rating])


def test_an_unknown_name_is_told_with_those_there_are() -> None:
    with pytest.raises(InvalidInput, match="there is no 'call-twice'; there are: call-once, "):
        document_of("call-twice")
