"""Sentences that were stored in English, said again in the language of whoever looks."""

import re
from random import Random

import pytest
from babel.messages.pofile import read_po

from admin import language
from admin.language import retold, said
from admin.pages.trail_words import worded
from admin.recognising import LONGEST, Template, Templates
from dialer.domain.said import Said
from tests.support import pseudo

pytestmark = [pytest.mark.req("C1"), pytest.mark.usefixtures("spoken")]

NAMES = ("carrier", "'0 12 3'", "+4930123456", "12", "1,234", "Europe/Berlin", "PJSIP/100", "09:05 UTC", "%")


def templates() -> list[str]:
    """All texts of the domain."""
    with pseudo.POT.open("rb") as file:
        texts = [text for text in read_po(file) if isinstance(text.id, str)]
    return [str(text.id) for text in texts if any(path.startswith(("dialer/", "sms/")) for path, _ in text.locations)]


@pytest.mark.parametrize("seed", range(3))
def test_whatever_the_domain_says_is_recognised(seed: int) -> None:
    """With any values, and several templates that make the same sentence count as one."""
    chance, found = Random(seed), []
    for text in templates():
        some = [name for name in NAMES if " " not in name or ")s %(" not in text]  # or who knows where one ends
        values = {name: chance.choice(some) for name in re.findall(r"%\((\w+)\)s", text)}
        told = Said(text, **values) if values else text
        if (not values or Template.of(text).is_sure) and retold("".join(told)) != said(told):
            found.append((text, retold("".join(told))))
    assert found == []


def test_a_sentence_in_a_sentence_is_recognised() -> None:
    down = Said("the link to Asterisk is down, or its answers are late")
    inner = Said("%(what)s: %(why)s", what=Said("the SMS gateway %(name)s is not bound", name="two words"), why=down)
    assert retold("".join(inner)) == said(inner)
    assert "⟦two words⟧" not in retold("".join(inner))


def test_what_is_known_best_wins() -> None:
    known = Templates.of(
        ["%(name)s is down", "the trunk %(name)s is down", "%(first)s and %(second)s", "nobody answered"]
    )
    found = known.recognised("the trunk a is down and the trunk b is down")
    assert isinstance(found, Said)
    assert found.template == "%(first)s and %(second)s"
    assert {name: one.template for name, one in found.values.items()} == dict.fromkeys(
        ("first", "second"), "the trunk %(name)s is down"
    )


@pytest.mark.parametrize(
    "text",
    ["", "x", "somebody else's words: and more of them, or less", "a and b", "one and much of it is more", "Anna %(name)s",
     "50 % off", "a" * (LONGEST + 1),
     "nobody answered " * 30],
)  # fmt: skip
def test_whatever_else_stays_as_it_is(text: str) -> None:
    assert retold(text) == text


def test_a_name_is_no_sentence() -> None:
    """What is called as a word of the pages keeps its name."""
    assert retold("the SMS gateway call is not bound") == "⟦the SMS gateway ⟧call⟦ is not bound⟧"
    assert Templates.of(["%(x)s was %(x)s twice"]).recognised("a was b twice") == "a was b twice"


def test_steps_say_outcomes_in_words() -> None:
    assert worded("no_answer, try 2 of 3 after 1h") == "⟦no answer⟧⟦, try ⟧2⟦ of ⟧3⟦ after ⟧1h"
    assert worded("busy") == "⟦busy⟧"
    assert worded("the wait is over") == "⟦the wait is over⟧"


def test_nothing_is_looked_for_in_english() -> None:
    language.spoken.set(language.ENGLISH)
    assert retold("the SMS gateway x is not bound") == "the SMS gateway x is not bound"
    assert worded("no_answer, 3 of 3 tries") == "no answer, 3 of 3 tries"
