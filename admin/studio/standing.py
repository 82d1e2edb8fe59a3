"""Who stands where, in a few words under each node: `12 queued · 3 calling · 40 done`."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from admin.language import N_, figure, said
from admin.pages.words import plain
from dialer.domain.transitions import EnrollmentState
from dialer.strategy.catalogue import CALL, CONTACT_IN, SMS
from dialer.strategy.nodered.entry import PREFIX

Status = dict[str, str]
# Node and enrollment state of so many contacts; the node is None for who has not entered.
Counts = Iterable[tuple[str | None, str, int]]

_ORDER = (
    EnrollmentState.PENDING, EnrollmentState.IN_PROGRESS, EnrollmentState.WAITING, EnrollmentState.DONE, EnrollmentState.STOPPED,
)  # fmt: skip
_WORDS: Mapping[str, Mapping[str, str]] = {
    PREFIX + CONTACT_IN.name: {EnrollmentState.PENDING: N_("to come")},
    PREFIX + CALL.name: {EnrollmentState.PENDING: N_("queued"), EnrollmentState.IN_PROGRESS: N_("calling")},
    PREFIX + SMS.name: {EnrollmentState.PENDING: N_("queued"), EnrollmentState.IN_PROGRESS: N_("sent")},
}
_HERE: Mapping[str, str] = {EnrollmentState.PENDING: N_("here"), EnrollmentState.IN_PROGRESS: N_("here")}


@dataclass(frozen=True, slots=True)
class Drawn:
    """The types of the nodes that are drawn, by id, and where contacts enter."""

    types: Mapping[str, str] = field(default_factory=dict)
    start: str | None = None


def drawn(flow: Iterable[Mapping[str, Any]]) -> Drawn:
    types = {str(entry["id"]): str(entry["type"]) for entry in flow}
    return Drawn(types, next((node for node, type_ in types.items() if type_ == PREFIX + CONTACT_IN.name), None))


def statuses(drawn: Drawn, counts: Counts) -> dict[str, Status]:
    """`{fill, shape, text}` for each node at which anybody stands; inside a subflow they count at the subflow's node."""
    numbers: dict[str, Counter[str]] = {}
    for node, state, number in counts:
        at = drawn.start if node is None else node.partition("/")[0]
        if at is not None and at in drawn.types:
            numbers.setdefault(at, Counter())[state] += number
    return {node: _status(drawn.types[node], counted) for node, counted in numbers.items()}


def _status(type_: str, counted: Counter[str]) -> Status:
    words = {**_HERE, **_WORDS.get(type_, {})}
    by_word: dict[str, int] = {}
    for state in _ORDER:
        if counted[state]:
            word = said(words[state]) if state in words else plain(state)
            by_word[word] = by_word.get(word, 0) + counted[state]
    text = " · ".join(f"{figure(some)} {word}" for word, some in by_word.items())
    fill, shape = _look(counted)
    return {"fill": fill, "shape": shape, "text": text}


def _look(counted: Counter[str]) -> tuple[str, str]:
    if counted[EnrollmentState.IN_PROGRESS]:
        return "blue", "dot"
    if counted[EnrollmentState.PENDING] or counted[EnrollmentState.WAITING]:
        return "yellow", "ring"
    return ("green", "dot") if counted[EnrollmentState.DONE] else ("grey", "ring")
