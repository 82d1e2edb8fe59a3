"""What pydantic finds wrong is told in plain words, with the remedy."""

from typing import Any

import pytest
from pydantic import ValidationError

from admin.api.routes import operations
from admin.document import document
from admin.schemas.campaigns import CampaignIn
from admin.schemas.common import ListQuery
from dialer.domain.gateway import ADAPTER
from dialer.domain.patterns import WORDS
from dialer.domain.unfit import faults_of

pytestmark = pytest.mark.req("A1")
VOICE = {"kind": "voice", "name": "x", "dial": "PJSIP/{number}@c"}
SMS = {"kind": "sms", "name": "x", "host": "h", "port": 1, "system_id": "me"}


def told(check: Any, sent: object) -> str:
    with pytest.raises(ValidationError) as refused:
        check(sent)
    return "; ".join(map(str, faults_of(refused.value)))


@pytest.mark.parametrize("sign", ["\0", "\n", "\u202e", "\u2066"])
def test_a_title_that_cannot_be_shown_says_so(sign: str) -> None:
    found = told(CampaignIn.model_validate, {"title": f"Spr{sign}ing"})
    assert found.startswith("title: has characters that can't be shown"), found


@pytest.mark.parametrize(
    ("check", "sent", "words"),
    [
        (ListQuery.model_validate, {"filter": ["a"] * 300}, "filter: has 300 items: at most 20 are taken"),
        (CampaignIn.model_validate, {"title": "x" * 300}, "title: should have at most 200 characters"),
        (CampaignIn.model_validate, {"title": ""}, "title: is needed"),
        (CampaignIn.model_validate, {"title": 5}, "title: should be text"),
        (CampaignIn.model_validate, {"title": "x", "max_concurrent_calls": "y"}, "should be a whole number"),
        (
            CampaignIn.model_validate,
            {"title": "x", "calls_per_second": 0},
            "calls_per_second: should be greater than 0",
        ),
        (CampaignIn.model_validate, {"title": "x", "load_order": "z"}, "load_order: should be 'oldest_first'"),
        (CampaignIn.model_validate, {"title": "x", "sms_fallbacks": 5}, "sms_fallbacks: should be a list"),
        (
            CampaignIn.model_validate,
            {"title": "x", "execution": {"start": "9:00", "end": "25:00"}},
            "execution.start: should be a time of day, such as 09:00",
        ),
        (ADAPTER.validate_python, {**VOICE, "prefix": "abc"}, "prefix: should be at most 15 digits, * or #"),
        (ADAPTER.validate_python, {**SMS, "currency": "eur"}, "currency: should be three capital letters, such as EUR"),
        (ADAPTER.validate_python, {**SMS, "host": "a b"}, "host: should be a host's name or address, such as"),
        (ADAPTER.validate_python, {"kind": "fax"}, "body: 'kind' should be one of 'voice', 'sms'"),
        (ADAPTER.validate_python, {}, "body: 'kind' is needed"),
    ],
)
def test_what_is_wrong_is_told_in_words(check: Any, sent: object, words: str) -> None:
    found = told(check, sent)
    assert words in found
    assert "pattern" not in found
    assert not any(raw in found for raw in ("Input ", "String ", "Tuple ", "List ", "validation"))


def test_every_pattern_of_the_api_has_words() -> None:
    """A new one that has none would be told as "a form that is not taken here"."""
    assert {*patterns(document(operations()))} <= {*WORDS}


def patterns(schema: Any) -> Any:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for one in schema.values():
            yield from patterns(one)
    elif isinstance(schema, list):
        for one in schema:
            yield from patterns(one)
