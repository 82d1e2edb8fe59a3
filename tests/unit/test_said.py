"""Sentences of the domain: English for programs, and for pages in the language of whoever looks."""

import ast
import copy
import pickle
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from admin import language
from admin.extracting import sentences
from dialer.domain.errors import Conflict, Fault, IllegalTransition, NotFound, StaleEdit
from dialer.domain.fields import Field, FieldType, Misfit, check
from dialer.domain.gateway import ADAPTER
from dialer.domain.phone import Unreadable, read_phone
from dialer.domain.said import Said, joined, parted
from dialer.domain.unfit import faults_of
from dialer.strategy.check import check as check_strategy
from tests.support import builders, pseudo

ROOT = Path(__file__).parents[2]
#: Read by programs, in the editor, or on the command line.
UNSAID = (
    "strategy/text/", "strategy/cases/", "store/backup.py", "store/migrate.py", "cli.py", "with_context.py",
)  # fmt: skip
pytestmark = [pytest.mark.req("C1"), pytest.mark.usefixtures("spoken")]


def english(text: str) -> str:
    """What of a text was left in English."""
    left = language.said(text)
    while "⟦" in left:
        before, _, after = left.partition("⟦")
        left = before + after.partition("⟧")[2]
    return left


def test_it_is_english_until_somebody_translates_it() -> None:
    told = Said("there is no %(what)s with the id %(id)s", what=Said("campaign"), id="'7'")
    assert told == "there is no campaign with the id '7'"
    assert language.said(told) == "⟦there is no ⟧⟦campaign⟧⟦ with the id ⟧'7'"
    assert language.said(str(told)) == language.said(told), "whoever makes text of an error keeps it"
    assert language.said(f"{told}.") == f"{told}.", "as a part of another text it is English"


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_it_crosses_a_process_pool(again: Any) -> None:
    for one in (
        Said("%(number)s %%", number=3),
        Fault("x", "at most %(most)s", most=3),
        Conflict("not %(what)s", what=1),
    ):
        found = again(one)
        assert (str(found), type(found)) == (str(one), type(one))
    assert again(Said("%(number)s %%", number=3)).values == {"number": 3}


def test_a_reason_without_values_is_taken_as_it_stands() -> None:
    assert Fault("limit", "50% is too much").reason == "50% is too much"
    assert parted("to: must differ") == ("to", "must differ")
    assert parted(Said("at: %(why)s", why=Said("is late")))[1] == "is late"


def test_a_list_that_is_cut_says_how_much_more_there_is() -> None:
    assert joined(["a", "b"], 2) == "a, b"
    assert joined([], 2) == ""
    assert joined(["1 %", "b", "c"], 2) == "1 %, b and 1 more"
    assert english(joined([Said("is too long"), Said("is too short")], 2, "; ")) == "; "


@pytest.mark.parametrize(
    "error",
    [
        NotFound("campaign", 7), StaleEdit("campaign", 7), IllegalTransition("campaign", "ended", Said("edited")),
        Conflict("answer what is offered to you first"),
    ],
)  # fmt: skip
def test_what_is_refused_can_be_translated(error: Exception) -> None:
    assert english(str(error)) in ("'7'", "")


@pytest.mark.parametrize(
    "written", ["", "12", "0" * 70, "+49 30 x 1 2 3", "4,9E+12", "+999123456789", "1234567 ext 5", "0000000000"]
)
def test_why_a_number_is_none(written: str) -> None:
    found = read_phone(written, "DE")
    assert isinstance(found, Unreadable)
    assert not any(
        sign.isalpha() for sign in english(found.reason).replace("DE", "").replace(written, "").replace("'x'", "")
    )


@pytest.mark.parametrize(
    ("kind", "value"),
    [(FieldType.NUMBER, "ца"), (FieldType.NUMBER, "1,234"), (FieldType.DATE, "1/2/2026"), (FieldType.DATE, "2026-02-31"),
     (FieldType.CHOICE, "ца")],
)  # fmt: skip
def test_why_a_value_does_not_fit(kind: FieldType, value: str) -> None:
    found = check(Field("plan", "Plan", kind, ("1", "2")), value)
    assert isinstance(found, Misfit)
    assert not any("a" <= sign <= "z" for sign in english(found.reason))


def test_what_pydantic_finds() -> None:
    sent = {
        "kind": "sms",
        "name": "",
        "host": "h h",
        "port": 0,
        "calls": 1,
        "system_id": "x" * 99,
        "currency": "euro",
    }
    with pytest.raises(ValidationError) as refused:
        ADAPTER.validate_python(sent)
    faults = faults_of(refused.value)
    assert len(faults) >= 5, faults
    assert [fault for fault in faults if any("a" <= sign <= "z" for sign in english(fault.reason))] == []


def test_what_is_wrong_with_a_strategy() -> None:
    document = builders.call_wait_text()
    document["nodes"][1]["fields"] |= {"ring_s": 0, "retry_after": "soon", "amd": "leave_message"}
    document["nodes"][2]["fields"] = {"kind": "until_time", "at": "9"}
    document["nodes"][2]["out"] = {"x": "nowhere"}
    document["nodes"][3]["type"] = "fly"
    faults = check_strategy({**document, "extra": 1}).faults
    assert len(faults) >= 6, faults
    assert [fault for fault in faults if fault.reason == language.said(fault.reason)] == []


def test_what_is_not_in_the_catalogue_is_found() -> None:
    """By what other tests ask of the reasons that they make (tests/support/pseudo.py)."""
    assert list(pseudo.missing(Said("nobody says %(this)s", this=Said("ever")))) == ["nobody says %(this)s", "ever"]
    assert list(pseudo.missing(Said("the SMS gateway %(name)s is not bound", name="ever"))) == []


def test_nothing_that_is_said_is_put_together_from_words() -> None:
    found = []
    for path in sorted((ROOT / "dialer").rglob("*.py")):
        if not any(part in path.as_posix() for part in UNSAID):
            found += [f"{path}:{one.lineno}" for one in sentences(path.read_text()) if isinstance(one, ast.JoinedStr)]
    assert found == [], "write it as a template with values (dialer/domain/said.py)"
