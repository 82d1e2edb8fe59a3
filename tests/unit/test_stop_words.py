"""Which replies ask for peace."""

import pytest
from pydantic import ValidationError

from config.settings import STOP_WORDS, Replies
from dialer.domain.replies import asks_to_stop

pytestmark = pytest.mark.req("M5")


@pytest.mark.parametrize(
    "text",
    ["STOP", "stop", " Stop! ", "Stop.", "opt-out", "Opt out", "\N{FULLWIDTH LATIN CAPITAL LETTER S}TOP",
     "Please stop!!", "Unsubscribe", "don't call me", "DON\N{RIGHT SINGLE QUOTATION MARK}T CALL ME", "Revoke", "'END'", "quit\n"],
)  # fmt: skip
def test_these_do(text: str) -> None:
    assert asks_to_stop(text, STOP_WORDS)


@pytest.mark.parametrize(
    "text", ["", "!", "We stop at six", "The end of May suits me", "nonstop", "yes", "cancel my appointment"]
)
def test_these_do_not(text: str) -> None:
    assert not asks_to_stop(text, STOP_WORDS)


def test_other_languages_are_settings() -> None:
    words = Replies(stop_words=("ARRÊT", "stopp")).stop_words
    assert asks_to_stop("arrêt", words)
    assert asks_to_stop("Arre\u0302t", words), "composed or not"
    assert asks_to_stop("STOPP!", words)
    assert not asks_to_stop("STOP", words)


@pytest.mark.parametrize("text", ["arret", "Arrêt", "ARRE\u0302T!"])
def test_accents_do_not_matter(text: str) -> None:
    """The settings suggest ARRET; handsets correct it to Arrêt."""
    assert asks_to_stop(text, ["ARRET"])
    assert asks_to_stop(text, ["Arrêt"])


def test_signs_that_make_other_words_do_matter() -> None:
    assert not asks_to_stop("बद", ["बंद"])


@pytest.mark.parametrize("text", ["ST\u200bOP", "\u2068STOP\u2069", "STO\u00adP"])
def test_invisible_characters_do_not_matter(text: str) -> None:
    assert asks_to_stop(text, STOP_WORDS)


@pytest.mark.parametrize("word", ["", "!!"])
def test_a_word_without_letters_is_refused(word: str) -> None:
    with pytest.raises(ValidationError, match="no letter or digit"):
        Replies(stop_words=(word,))


@pytest.mark.parametrize(("text", "most"), [("x" * 161, 160), ("é" * 71, 70), ("[" * 71, 70)])
def test_the_confirmation_is_one_text(text: str, most: int) -> None:
    with pytest.raises(ValidationError, match=f"at most {most}"):
        Replies(stop_confirmation=text)
    assert Replies(stop_confirmation=text[:most]).stop_confirmation
