"""Recognises a sentence that was stored in English by the template it was made of, so that it can be said in another language.

What is stored with a call, a text or a contact is an English sentence and nothing else (the API and logs have it as it is).
The texts of a language's catalogue are the templates that are known: no table of them has to be kept.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice

from dialer.domain.said import Said

#: A longer one is no sentence of ours; and how often one may be in another.
LONGEST, DEEPEST = 600, 5
#: Of the ways in which a template can be laid on a sentence, so many are looked at.
MOST_WAYS = 8
#: With fewer letters, as `%(what)s: %(why)s` or `%(first)s and %(second)s`, it only puts together what is known for the most part.
FEWEST_LETTERS = 8
#: Places for a word of ours, such as the state of a link.
CODES = frozenset({"state"})
_PLACE = re.compile(r"%\((\w+)\)s")
_WORD = re.compile(r"(?<!\S)[A-Za-z']{2,}(?!\S)")


@dataclass(frozen=True)
class Template:
    """`fixed` is what stands before, between and behind its places, `names` are those of the places."""

    text: str
    fixed: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "Template":
        parts = _PLACE.split(text)
        return cls(text, tuple(part.replace("%%", "%") for part in parts[::2]), tuple(parts[1::2]))

    @cached_property
    def letters(self) -> int:
        """The more of a sentence it explains, the surer it is."""
        return _letters("".join(self.fixed))

    @cached_property
    def is_sure(self) -> bool:
        return self.letters >= (FEWEST_LETTERS if len(self.names) > 1 else 3)

    @cached_property
    def is_bare(self) -> bool:
        """Nothing but spaces: it has a meaning only with what stands last, as in `%(written)s %(reason)s`."""
        return not "".join(self.fixed).strip()

    @property
    def key(self) -> str:
        """A word that a sentence has if it was made of this; empty where there is none."""
        words = {word for at, part in enumerate(self.fixed) for word in _WORD.findall(self._bounded(at, part))}
        return max(sorted(words), key=len, default="")

    def _bounded(self, at: int, part: str) -> str:
        """A value that stands right beside a word may belong to it."""
        return ("·" if at else "") + part + ("·" if at < len(self.names) else "")

    def ways(self, sentence: str) -> Iterator[tuple[str, ...]]:
        """The values that make it this sentence; none of them is empty."""
        first, last = self.fixed[0], self.fixed[-1]
        if sentence.startswith(first) and sentence.endswith(last) and len(sentence) > len(first) + len(last):
            yield from islice(_split(sentence[len(first) : len(sentence) - len(last)], self.fixed[1:-1]), MOST_WAYS)


@dataclass(frozen=True, slots=True, eq=False)
class Templates:
    """Of one language; compared by identity, as they are looked up with each text of a page."""

    whole: Mapping[str, Said] = field(default_factory=dict)
    by_key: Mapping[str, Sequence[Template]] = field(default_factory=dict)

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Templates":
        """`texts` as in a catalogue, with `%(name)s` for a value, and `%%` for a percent sign if they have any."""
        whole: dict[str, Said] = {}
        by_key: dict[str, dict[tuple[str, ...], Template]] = defaultdict(dict)
        for text in texts:
            if _PLACE.search(text):
                template = Template.of(text)
                by_key[template.key if template.is_sure else ""].setdefault(template.fixed, template)
            elif "%" not in text.replace("%%", ""):
                said = Said(text)
                whole[str.__str__(said)] = said
        return cls(whole, {key: tuple(some.values()) for key, some in by_key.items()})

    def recognised(self, sentence: str) -> str:
        """As it was `Said`; one that nothing here explains comes back as it is."""
        is_known = self.whole and len(sentence) <= LONGEST
        return _best(self, sentence, 0)[1] if is_known else sentence

    def fitting(self, sentence: str) -> Iterator[Template]:
        """Those that say the least come last."""
        for word in dict.fromkeys([*sentence.split(), ""]):
            yield from self.by_key.get(word, ())


@lru_cache(maxsize=8192)
def _best(known: Templates, sentence: str, depth: int, *, is_code: bool = False) -> tuple[int, str]:
    """How many letters are explained, and the sentence as it was said. A single word in another sentence may be a name."""
    if depth and " " not in sentence and not is_code:
        return 0, sentence
    if sentence in known.whole:
        return _letters(sentence), known.whole[sentence]
    found = (0, sentence)
    for template in known.fitting(sentence):
        deeper = depth + (1 if template.is_sure else 2)
        for values in template.ways(sentence) if deeper < DEEPEST else ():
            if template.is_bare and not _best(known, values[-1], deeper)[0]:
                continue
            named = zip(template.names, values, strict=True)
            parts = [_best(known, value, deeper, is_code=name in CODES) for name, value in named]
            letters = template.letters + sum(explained for explained, _part in parts)
            if letters > found[0] and (template.is_sure or letters > max(template.letters, _letters(sentence) // 2)):
                told = dict(zip(template.names, (part for _explained, part in parts), strict=True))
                found = letters, Said(template.text, **told)
    # A value that comes twice was the same in both places, or this is another sentence.
    return found if found[1] == sentence else (0, sentence)


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def _split(text: str, between: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """All ways to cut a text at these, in this order."""
    if not between:
        yield (text,)
        return
    at = text.find(between[0], 1)
    while at > 0:
        yield from ((text[:at], *rest) for rest in _split(text[at + len(between[0]) :], between[1:]) if rest[0])
        at = text.find(between[0], at + 1)
