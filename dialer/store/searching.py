"""A search in the words of either database."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Text, and_, false, func, literal_column, select, true, union

from dialer.domain.search import Term, is_whole, terms
from dialer.store.conditions import text as checked
from dialer.store.tables import channel_address, contact

# Before the digits of a number that are written backwards, so that its last ones are found as a beginning. Nobody types it.
BACKWARDS = "ⴰ"

_PUNCTUATION = '!"#$%&()*+,-./:;<=>?@[]^_`{|}~\\'
_ACCENTED = "àáâãäåāăąçćčďèéêëēęěğìíîïīñńňòóôõöōőŕřśşšťţùúûüūůűýÿžźż"
_PLAIN = unicodedata.normalize("NFD", _ACCENTED).encode("ascii", "ignore").decode()
_FROM = f"{_ACCENTED}{_ACCENTED.upper()}{_PUNCTUATION}"
_TO = f"{_PLAIN}{_PLAIN}{' ' * len(_PUNCTUATION)}"


def _words(text: str) -> str:
    return f"to_tsvector('simple'::regconfig, translate(lower(left({text}, 100000)), '{_FROM}', '{_TO}'))"


#: PostgreSQL: the words of a contact, and those of an address. Indexed as they stand: change them with the index (revision 0004).
CONTACT_WORDS = _words(
    "contact.first_name || ' ' || contact.last_name || ' ' || coalesce(contact.external_id, '') || ' ' || "
    "jsonb_path_query_array(contact.attributes, '$.*')::text"
)
ADDRESS_WORDS = _words("channel_address.address")


def fts5(asked: Sequence[Term]) -> str:
    """What SQLite's FTS5 is asked; nothing is left in a term that it could read as its own."""
    return " AND ".join(f"({_fts5_term(term)})" for term in asked)


def _fts5_term(term: Term) -> str:
    words = " AND ".join(f'"{word}"' if is_whole(word) else f'"{word}"*' for word in term.words)
    if term.number is None:
        return words
    ways = ([] if term.words == (term.number,) else [f"({words})"]) + [
        f'"{term.number}"*',
        f'"{BACKWARDS}{term.number[::-1]}"*',
    ]
    return " OR ".join(ways)


def on_postgresql(q: str) -> ColumnElement[bool]:
    """True for the contacts that all terms fit. Each looks at contacts and addresses apart, so that every index serves."""
    asked = terms(checked("q", q))
    if not asked:
        return false() if q.strip() else true()
    return and_(*(contact.c.id.in_(_found(term)) for term in asked))


def _found(term: Term) -> CompoundSelect[Any]:
    asked = " & ".join(f"'{word}'" if is_whole(word) else f"'{word}':*" for word in term.words)
    held = select(channel_address.c.contact_id)
    ways = [select(contact.c.id).where(_match(CONTACT_WORDS, asked)), held.where(_match(ADDRESS_WORDS, asked))]
    if term.number is not None:
        ways.append(held.where(_match(ADDRESS_WORDS, f"'{term.number}':*")))
        ways.append(held.where(func.reverse(channel_address.c.address).like(f"{term.number[::-1]}%")))
    return union(*ways)


def _match(indexed: str, asked: str) -> ColumnElement[bool]:
    query = func.to_tsquery(literal_column("'simple'::regconfig"), asked)
    return literal_column(indexed, Text()).op("@@", is_comparison=True)(query)
