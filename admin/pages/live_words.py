"""The live picture in groups and words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: What an agent does, in the order of the board: how it is called there, and its colour.
DOINGS = {
    "free": ("Free", "green"),
    "ringing": ("Ringing", "yellow"),
    "in_use": ("In a call", "blue"),
    "wrap_up": ("In wrap-up", "azure"),
    "preview": ("Has a contact on the agent page", "purple"),
    "paused": ("Paused", "orange"),
    "not_answering": ("Left calls ringing", "red"),
    "unavailable": ("Phone can't be reached", "red"),
    "not_logged_in": ("Not logged in", "secondary"),
}


@dataclass(frozen=True, slots=True)
class Group:
    """Agents that do the same, who does so longest first."""

    code: str
    label: str
    colour: str
    members: Sequence[Mapping[str, Any]]


def doings(members: Iterable[Mapping[str, Any]]) -> list[Group]:
    """`members` as of `Live.snapshot`; groups of nobody are left out."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for member in members:
        found.setdefault(member["doing"], []).append(member)
    for some in found.values():
        some.sort(key=lambda one: (one["since"] or "", one["name"]))
    return [Group(code, *DOINGS[code], found[code]) for code in DOINGS if code in found]
