"""What a search asks for. Words are looked for as beginnings, all of them; numbers however they are written."""

import re
import unicodedata
from dataclasses import dataclass

MOST_TERMS = 20
SHORTEST_NUMBER = 4  # digits: fewer are a word only

# Digits with what people put between them: `+49 (30) 12-34`, `0049.30.1234`.
_NUMBER = re.compile(r"(?<![^\W_])[+(]{0,2}[0-9][0-9 ()./-]*[0-9](?![^\W_])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Term:
    """Fits if all `words` begin words of the contact (`is_whole`: are words of it).

    Or if a number of it begins or ends with the digits `number`.
    """

    words: tuple[str, ...]
    number: str | None = None


def terms(q: str) -> list[Term]:
    """At most 20, of which all must fit; none for a text without letters and digits.

    >>> terms("Ann +49 (30) 1234")
    [Term(words=('ann',), number=None), Term(words=('49', '30', '1234'), number='49301234')]
    """
    text, found, at = unicodedata.normalize("NFKC", q), list[Term](), 0
    for match in _NUMBER.finditer(text):
        found += [Term((word,)) for word in words(text[at : match.start()])]
        found += _of_number(match.group())
        at = match.end()
    found += [Term((word,)) for word in words(text[at:])]
    return found[:MOST_TERMS]


def is_whole(word: str) -> bool:
    """Whether a word fits only as it is: a digit or three would begin the numbers of half the world."""
    return len(word) < SHORTEST_NUMBER and word.isdigit()


def words(text: str) -> list[str]:
    """Runs of letters and digits, in lower case and without accents, as both databases keep them."""
    plain = "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
    # Letters that came into Unicode later than the databases' own tables are none for them.
    known = (char if unicodedata.ucd_3_2_0.category(char)[0] in "LN" else " " for char in plain.lower())
    return "".join(known).split()


def _of_number(text: str) -> list[Term]:
    digits = re.sub(r"[^0-9]", "", text)
    significant = digits.lstrip("0")  # without 0 for a long-distance call, and 00 for one abroad
    parts = tuple(words(text))
    if len(significant) < SHORTEST_NUMBER:
        return [Term((part,)) for part in parts]
    return [Term(parts, significant)]
