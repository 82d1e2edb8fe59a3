"""A language that nobody speaks: every text of the pages between `⟦` and `⟧`, and what stands between texts outside of them."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from dialer.domain.said import Said

POT = Path(__file__).parents[2] / "admin/locale/messages.pot"
#: A language without a catalogue of ours; two forms of the plural.
TAG = "eo"
_PLACE = re.compile(r"(%\(\w+\)s|%%)")


def marked(text: str) -> str:
    """`Step %(name)s left` → `⟦Step ⟧%(name)s⟦ left⟧`"""
    parts = _PLACE.split(text)
    return "".join(part if _PLACE.fullmatch(part) or not part else f"⟦{part}⟧" for part in parts)


def missing(text: str) -> Iterator[str]:
    """What of a sentence of the domain is not in the catalogue, its values included if they are sentences themselves."""
    template = text.template if isinstance(text, Said) else text
    if re.search("[A-Za-z]", _PLACE.sub("", template)) and template not in _texts():
        yield template
    if isinstance(text, Said):
        yield from (one for value in text.values.values() if isinstance(value, Said) for one in missing(value))


@cache
def _texts() -> frozenset[str]:
    with POT.open("rb") as file:
        return frozenset(text.id for text in read_po(file) if isinstance(text.id, str))


def write(folder: Path) -> Path:
    """A folder of catalogues with this language in it."""
    with POT.open("rb") as file:
        texts = read_po(file)
    made = Catalog(locale=TAG, charset="utf-8", fuzzy=False)
    for text in texts:
        if text.id:
            said = marked(text.id) if isinstance(text.id, str) else tuple(map(marked, text.id))
            made.add(text.id, said, locations=text.locations, flags=text.flags)
    path = folder / TAG / "LC_MESSAGES/messages.po"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_po(file, made)
    return folder
