"""Texts with `{{attribute}}` placeholders: find them, check them, fill them in.

`{{first_name}}`, `{{ First Name }}` and `{{first-name}}` mean the same attribute, by the rule that names CSV columns.
`{{first_name|customer}}` gives words for a contact without that attribute; without them such a contact gets no text
at all rather than one with a hole in it.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping

from dialer.domain.columns import attribute_name
from dialer.domain.errors import Fault, InvalidInput, shown
from dialer.domain.said import Said

MAX_TEMPLATE = 4_000  # characters
MAX_RENDERED = 4_000  # characters, some 26 parts of GSM-7: far beyond any text worth sending
_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})  # control characters, lone surrogates, line separators
_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")


def placeholders(text: str) -> tuple[str, ...]:
    """The attributes a text asks for, each once, in order of appearance."""
    names = (_split(match[1])[0] for match in _PLACEHOLDER.finditer(text))
    return tuple(dict.fromkeys(name for name in names if name))


def check(text: str, field: str = "text", most: int = MAX_TEMPLATE) -> tuple[Fault, ...]:
    """What is wrong with a template as such: too long, empty placeholder, braces that do not pair."""
    if len(text) > most:
        return (Fault(field, "has %(number)s characters; %(most)s are allowed", number=len(text), most=most),)
    faults = []
    if any(not _split(match[1])[0] for match in _PLACEHOLDER.finditer(text)):
        faults.append(Fault(field, Said("has a placeholder without a name; write {{first_name}}")))
    rest = _PLACEHOLDER.sub("", text)
    if at := re.search(r"\{\{|\}\}", rest):
        around = rest[max(0, at.start() - 10) : at.end() + 20]
        faults.append(
            Fault(field, "has braces that do not pair near %(around)s; write {{first_name}}", around=shown(around))
        )
    return tuple(faults)


def render(
    text: str,
    values: Mapping[str, str],
    field: str = "text",
    *,
    spell: Callable[[str], str] = str,
    most: int = MAX_RENDERED,
) -> str:
    """The text with its placeholders filled in; control characters in values become spaces. `spell` writes each value.

    Raises InvalidInput listing every placeholder for which the contact has no value, or a result that is too long.
    Values are put in as they are: a placeholder inside a value stays text.
    """
    missing = []

    def fill(match: re.Match[str]) -> str:
        name, otherwise = _split(match[1])
        value = values.get(name) or otherwise
        if value is None:
            missing.append(name)
            return ""
        return spell(without_controls(value))

    rendered = _PLACEHOLDER.sub(fill, text)
    if missing:
        names = ", ".join(shown(name) for name in dict.fromkeys(missing))
        raise InvalidInput.single(
            field,
            "the contact has no value for %(names)s; fill it in, or give words instead: {{name|words}}",
            names=names,
        )
    if len(rendered) > most:
        raise InvalidInput.single(
            field, "is %(number)s characters long once filled in; %(most)s are allowed", number=len(rendered), most=most
        )
    return rendered


def _split(inner: str) -> tuple[str, str | None]:
    name, bar, otherwise = inner.partition("|")
    return attribute_name(name), otherwise.strip() if bar else None


def without_controls(value: str) -> str:
    # Not str.isprintable(): that would take the joiners out of emoji and of Persian words.
    return "".join(" " if unicodedata.category(c) in _CONTROLS else c for c in value)
