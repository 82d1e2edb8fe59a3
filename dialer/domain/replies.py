"""Whether a reply asks for peace: the words by which a consent is revoked (47 CFR 64.1200(a)(10), CTIA §5.1.3). Pure."""

import unicodedata
from collections.abc import Iterable

# Marks above and below letters have a combining class from here on; the vowels of Indic scripts, which count, have none.
_ACCENTS = 200


def normal(text: str) -> str:
    """What is left when case, punctuation, accents, invisible characters and spacing do not matter."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    said = (one for one in plain if unicodedata.combining(one) < _ACCENTS and unicodedata.category(one) != "Cf")
    return " ".join("".join(one if one.isalnum() else " " for one in said).split())


def asks_to_stop(text: str, words: Iterable[str]) -> bool:
    """Whether the whole text is one of the words: `Stop!` is, `We stop at six` is not."""
    said = normal(text)
    return bool(said) and said in {normal(word) for word in words}
