"""Contacts that are in the system already, as a source."""

from pydantic import Field

from admin.schemas.common import In, Out
from dialer.domain.patterns import LINE
from dialer.operations.selections import MAX_CONDITIONS


class SelectionIn(In):
    """Contacts that are in the system already: conditions and a search as the list of contacts takes them."""

    filter: list[str] = Field(default=[], max_length=MAX_CONDITIONS, description="`FIELD:OP:VALUE` each; all must fit.")
    q: str | None = Field(default=None, max_length=200, description="Text to search for.")
    name: str | None = Field(default=None, min_length=1, max_length=255, pattern=LINE, description="The source's name.")


class SelectionOut(Out):
    """How many contacts fit, and how many of them are in the campaign (null where there is no telling)."""

    total: int
    already: int | None
