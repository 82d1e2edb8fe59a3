"""A sentence that remembers how it was made, so that a page can say it in another language (docs/how-to/translate-the-pages.md)."""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any, Self


class Said(str):
    """The English sentence, whole; `template` and `values` are what it was made of.

    `Said("there is no %(what)s", what=Said("gateway"))`: a percent sign is written twice, and a value that is itself `Said` is
    translated along. It crosses a process pool, and `str()` of it, or of an error that says it, keeps it. Put into another
    text, or stored, it is English and nothing else.
    """

    __slots__ = ("template", "values")
    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, /, **values: object) -> Self:
        sentence = super().__new__(cls, template % values)
        sentence.template, sentence.values = template, values
        return sentence

    def __str__(self) -> Self:
        return self

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        return (self.template,), self.values


def joined(texts: Sequence[str], most: int, between: str = ", ") -> str:
    """The first `most` of them, and how many more there are."""
    shown = {f"text_{at}": text for at, text in enumerate(texts[:most])}
    found = Said(between.join(f"%({name})s" for name in shown), **shown)
    return (
        found if len(texts) <= most else Said("%(listed)s and %(number)s more", listed=found, number=len(texts) - most)
    )


def chained(pair: str, texts: Iterable[str]) -> str:
    """Several texts by a template that is `marked` for two: `%(first)s and %(second)s`."""
    return reduce(lambda one, other: Said(pair, first=one, second=other), texts)


def at_field(name: str, why: str) -> str:
    """`field: reason`, for `parted`: of a check that looks at several fields, and tells of one."""
    return Said(name + ": %(why)s", why=why)


def parted(text: str) -> tuple[str, str]:
    """Field and reason of what `at_field` made."""
    if isinstance(text, Said):
        name, _colon, template = text.template.partition(": ")
        return name, Said(template, **text.values)
    name, _colon, reason = text.partition(": ")
    return name, reason


def marked(template: str) -> str:
    """Marks a text of a table for the catalogue, which `Said` is made of later."""
    return template


def filled(text: str, values: Mapping[str, object]) -> str:
    """A text with values is a template, `Said`; one without is taken as it stands."""
    return Said(text, **values) if values else text
