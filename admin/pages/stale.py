"""What a form says when somebody else has saved the same thing since it was opened: who, what, and how to go on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from admin.keys import CONTEXT
from admin.pages import words
from admin.pages.audit import changes
from dialer.operations import audit
from dialer.store.listing import Query

# What is done with a thing and leaves it as it is.
_NO_CHANGE = frozenset({"test", "resend"})
LOOKED_AT = 10


@dataclass(frozen=True, slots=True)
class Stale:
    """`revision` is the present one, which a save over it names; `again` is the address of the form as it is stored now."""

    name: str
    revision: int
    again: str
    last: Mapping[str, Any] | None
    changes: Sequence[tuple[str, str, str]]  # field, before, after; both empty: not known


async def told(request: web.Request, thing: str, ident: object, *, name: str, revision: int, again: str) -> Stale:
    """With the last change that the audit log has of it."""
    of_it = (f"thing:eq:{thing}", f"thing_id:eq:{ident}")
    found = (await audit.page(request.app[CONTEXT], Query(limit=LOOKED_AT, sort="-id", filters=of_it))).items
    last = next((one for one in found if one["action"] not in _NO_CHANGE), None)
    return Stale(name, revision, again, last, _changes(last) if last else ())


def _changes(last: Mapping[str, Any]) -> Sequence[tuple[str, str, str]]:
    """Of a contact, whose values are not in the audit log, its fields alone."""
    named = (last["after"] or {}).get("fields") if last["thing"] == "contact" else None
    return [(words.contact_field(str(one)), "", "") for one in named] if named else changes(last)
