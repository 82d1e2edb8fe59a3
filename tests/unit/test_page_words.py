"""What the pages say of states, reasons and history."""

from datetime import UTC, datetime

import pytest

from admin.pages import gateways, words
from admin.pages.trail_words import trail_line, worded
from dialer.domain.outcome import Outcome
from dialer.domain.story import KINDS
from dialer.domain.transitions import AttemptState, CampaignStatus, EnrollmentState, MessageStatus, SourceState
from dialer.pacing.limits import Limit
from dialer.store import conditions
from dialer.strategy.fields import Op


def shown(moment: datetime) -> str:
    return f"{moment:%H:%M}"


@pytest.mark.req("K12")
def test_every_kind_of_entry_is_told_in_words() -> None:
    for kind in KINDS:
        line = trail_line(kind, {}, shown)
        assert line.icon != "dot", f"{kind} has no words of its own"
        assert line.text


def test_an_entry_that_nobody_knows_is_told_all_the_same() -> None:
    line = trail_line("from-the-future", {"what": "a thing", "none": None}, shown)
    assert (line.text, line.detail) == ("From the future", "what: a thing")


def test_entries_name_what_a_reader_wants_to_know() -> None:
    ended = {"number": "+12", "outcome": "no_answer", "cause": 19, "agent": "PJSIP/a", "reason": "it rang out"}
    told = trail_line("call-ended", ended, shown)
    assert (told.text, told.detail) == ("Call to +12: no answer", "it rang out · cause 19 · agent PJSIP/a")
    waiting = trail_line("waiting", {"due_at": datetime(2026, 5, 4, 9, 30, tzinfo=UTC).isoformat()}, shown)
    assert waiting.text == "Waiting until 09:30"
    assert trail_line("waiting", {"due_at": "soon"}, shown).text == "Waiting"
    merged = {"changes": [{"field": "last_name", "old": "", "new": "Ada"}]}
    assert trail_line("merged", merged, shown).detail == "last name: – → Ada"
    assert trail_line("enrolled", {"source": "people.csv", "notes": ["x"]}, shown).detail == "source people.csv · x"
    changes = [
        {"field": "attributes.pay_plan", "label": "Pay_plan (2026)", "old": "a", "new": "b"},
        {"field": "attributes.zip_code", "old": None, "new": "53111"},
        {"field": "addresses.a-b@example.com", "old": "email", "new": None},
        {"field": "addresses.+12", "old": None, "new": "voice+sms"},
    ]
    assert trail_line("edited", {"changes": changes}, shown).detail.split("; ") == [
        "Pay_plan (2026): a → b", "zip code: – → 53111", "a-b@example.com: e-mail → –", "+12: – → calls and texts",
    ]  # fmt: skip
    retry = trail_line("call-queued", {"address": "+12", "try_no": 2}, shown)
    assert retry.text == "Call to +12 queued, try 2"
    step = trail_line(
        "step", {"node": "Ring", "version": 2, "port": "no_answer", "why": "no_answer, 2 of 2 tries"}, shown
    )
    assert (step.text, step.detail) == (
        "Step “Ring” → no answer",
        "no answer, 2 of 2 tries · version 2 of the strategy",
    )
    sent = {"status": "delivered", "address": "+12", "gateway": "smsc", "parts": 2}
    told = trail_line("sms-status", sent, shown)
    assert (told.text, told.detail) == ("Text to +12 through smsc: delivered", "all 2 parts")
    part = trail_line("sms-part", {"part": 1, "parts": 2, "status": "expired", "error": "EXPIRED 000"}, shown)
    assert (part.text, part.detail) == ("Part 1 of 2: expired", "EXPIRED 000")
    edited = trail_line("edited", {"by": "ann", "changes": [{"field": "last_name", "old": "A", "new": "B"}]}, shown)
    assert (edited.text, edited.detail) == ("Edited by ann", "last name: A → B")
    barred = trail_line("refused", {"channel": "sms", "address": "+12", "reason": "do-not-contact"}, shown)
    sending = trail_line("webhook-sending", {"method": "POST", "url": "https://x.example/a", "key": "7"}, shown)
    assert (sending.text, sending.detail) == ("Webhook sent", "POST https://x.example/a")
    answered = trail_line("webhook-answered", {"address": "x.example", "status": 200}, shown)
    assert answered.text == "Webhook: x.example answered 200"
    failed = trail_line("webhook-failed", {"address": "x.example", "status": 500, "reason": "answered 500"}, shown)
    assert (failed.text, failed.detail) == ("Webhook to x.example failed", "answered 500")
    assert (barred.text, barred.detail) == ("No text was sent to +12", "it is on a do-not-contact list")


def test_reasons_of_steps_keep_the_names_of_attributes() -> None:
    assert worded("first_name set, no_answer") == "first_name set, no answer"


@pytest.mark.req("D2")
def test_every_limit_of_pacing_has_words() -> None:
    for limit in Limit:
        assert not words.limited_by(limit.value).startswith("Held back by"), limit
    told = words.limited_by("no_agent_free", "no agent is logged in to the queue sales")
    assert told.startswith("No agent is logged in to the queue sales. The next")
    assert words.limited_by(None) == "Calls are started as agents become free."


def test_every_state_has_a_colour() -> None:
    for states in (CampaignStatus, EnrollmentState, AttemptState, MessageStatus, SourceState, Outcome):
        assert {state.value for state in states} <= words.COLOURS.keys(), states.__name__


def test_fields_of_steps_are_worded_where_they_are_codes() -> None:
    assert words.field_value("retry_on", ["no_answer", "busy"]) == "no answer, busy"
    assert words.field_value("kind", "until_time") == "until time"
    assert (
        words.field_value("rules", [{"op": "ge", "value": "3"}, {"op": "empty", "value": ""}])
        == "is at least 3, is empty"
    )
    assert words.field_value("text", "Hi {{first_name}}") == "Hi {{first_name}}"
    assert words.field_value("amd", False) == "no"
    assert {op.value for op in Op} <= words.OPS.keys()


@pytest.mark.req("K10")
def test_conditions_are_told_in_words() -> None:
    assert set(words.OPS) == set(conditions.OPS), "every comparison has its word"
    assert words.condition("first_name:startswith:An:na") == "First name begins with An:na"
    assert words.condition("attributes.city:empty:") == "city is empty"
    assert words.condition("attributes.city:empty:false", {"city": "Home town"}) == "Home town is not empty"
    assert words.condition("source:in:1,3", sources={"1": "people.csv"}) == "Source is one of people.csv, 3"


@pytest.mark.req("K10")
def test_sources_of_one_name_are_told_apart_by_their_time() -> None:
    at = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
    rows = [
        {"id": 3, "name": "a.csv", "created_at": at},
        {"id": 2, "name": "b.csv", "created_at": at},
        {"id": 1, "name": "a.csv", "created_at": at.replace(hour=8)},
    ]
    assert words.source_names(rows, shown) == {"3": "a.csv, 09:30", "2": "b.csv", "1": "a.csv, 08:30"}


@pytest.mark.parametrize("kind", ["voice", "sms"])
def test_the_hints_of_a_gateway_are_plain_and_say_more_than_their_labels(kind: str) -> None:
    for control in gateways._controls(kind, stored=False):
        assert "`" not in control.hint
        assert control.hint.rstrip(".") != control.label
