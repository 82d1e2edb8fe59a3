"""What the pages say of states, reasons and history."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from admin.pages import words
from dialer.domain.outcome import Outcome
from dialer.domain.transitions import AttemptState, CampaignStatus, EnrollmentState, MessageStatus, SourceState
from dialer.pacing.limits import Limit

KIND = re.compile(r'"((?:call|sms)-[a-z]+|created|merged|joined|enrolled|requeued|stopped|waiting|finished|step)", ')
OPERATIONS = Path(words.__file__).parents[2] / "dialer" / "operations"


def shown(moment: datetime) -> str:
    return f"{moment:%H:%M}"


@pytest.mark.req("K12")
def test_every_kind_of_entry_that_is_written_is_told_in_words() -> None:
    written = {kind for file in OPERATIONS.glob("*.py") for kind in KIND.findall(file.read_text())}
    assert {"call-ended", "sms-status", "created", "stopped"} <= written
    for kind in written:
        line = words.trail_line(kind, {}, shown)
        assert line.icon != "dot", f"{kind} has no words of its own"
        assert line.text


def test_an_entry_that_nobody_knows_is_told_all_the_same() -> None:
    line = words.trail_line("from-the-future", {"what": "a thing", "none": None}, shown)
    assert (line.text, line.detail) == ("From the future", "what: a thing")


def test_entries_name_what_a_reader_wants_to_know() -> None:
    ended = {"number": "+12", "outcome": "no_answer", "cause": 19, "agent": "PJSIP/a", "reason": "it rang out"}
    told = words.trail_line("call-ended", ended, shown)
    assert (told.text, told.detail) == ("Call to +12: no answer", "it rang out · cause 19 · agent PJSIP/a")
    waiting = words.trail_line("waiting", {"due_at": datetime(2026, 5, 4, 9, 30, tzinfo=UTC).isoformat()}, shown)
    assert waiting.text == "Waiting until 09:30"
    assert words.trail_line("waiting", {"due_at": "soon"}, shown).text == "Waiting"
    merged = {"changes": [{"field": "last_name", "old": "", "new": "Ada"}]}
    assert words.trail_line("merged", merged, shown).detail == "last name: – → Ada"
    retry = words.trail_line("call-queued", {"address": "+12", "try_no": 2}, shown)
    assert retry.text == "Call to +12 queued, try 2"


@pytest.mark.req("D2")
def test_every_limit_of_pacing_has_words() -> None:
    for limit in Limit:
        assert not words.limited_by(limit.value).startswith("Held back by"), limit
    assert words.limited_by(None) == "Calls are started as agents become free."


def test_every_state_has_a_colour() -> None:
    for states in (CampaignStatus, EnrollmentState, AttemptState, MessageStatus, SourceState, Outcome):
        assert {state.value for state in states} <= words.COLOURS.keys(), states.__name__
