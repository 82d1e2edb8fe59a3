"""A contact's place in a campaign, made again from nothing but its trail: that the two agree proves that the trail is whole."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from dialer.domain.outcome import Outcome
from dialer.domain.transitions import EnrollmentState, MessageStatus, StopReason
from dialer.strategy.catalogue import CALL, SMS
from dialer.strategy.memory import Memory
from dialer.strategy.model import Node, Strategy
from dialer.strategy.sms_step import LONGEST_REPLY

Row = Mapping[str, Any]
Versions = Callable[[int], Strategy]

_ATTRIBUTE = "attributes."
_NO_STATUS = frozenset({"replied", "timeout"})  # results of a text step that are no status of the text


@dataclass(frozen=True, slots=True)
class Place:
    """What an enrollment's row says of a contact; `due_at` is the end of its wait, `calls` those that were committed."""

    state: EnrollmentState = EnrollmentState.PENDING
    stop_reason: StopReason | None = None
    result: str | None = None
    version: int | None = None
    memory: Memory = field(default_factory=Memory)
    request: int | None = None
    due_at: datetime | None = None
    calls: int = 0

    def to_data(self) -> dict[str, Any]:
        """As the trail keeps it."""
        due_at = self.due_at.isoformat() if self.due_at else None
        return {
            "state": self.state, "stop_reason": self.stop_reason, "result": self.result, "version": self.version,
            "memory": self.memory.to_json(), "request": self.request, "due_at": due_at, "calls": self.calls,
        }  # fmt: skip

    @staticmethod
    def from_data(data: Row) -> "Place":
        """The inverse of `to_data`."""
        reason = data["stop_reason"]
        return Place(
            EnrollmentState(data["state"]), StopReason(reason) if reason else None, data["result"], data["version"],
            Memory.from_json(data["memory"]), data["request"], _moment(data["due_at"]), data["calls"],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Replayed:
    """`place` is None if the contact is not in the campaign; `astray` names the first move that no wire allows."""

    place: Place | None
    astray: str | None = None


def replay(trail: Iterable[Row], versions: Versions) -> Replayed:
    """Fold a contact's trail entries `{at, kind, data}` of one campaign, oldest first. Never raises for what steps wrote.

    `versions` gives the strategy of each version that the trail names.
    """
    folded = _Fold(versions)
    for entry in trail:
        folded.take(entry)
    return Replayed(folded.place, folded.astray)


def attributes(trail: Iterable[Row]) -> dict[str, str | None]:
    """What the trail of a contact, of all campaigns, says that attributes were last set to; None: taken away.

    Of two contacts that were joined nothing is said before that: their entries stand in one trail.
    """
    told: dict[str, str | None] = {}
    for entry in trail:
        if entry["kind"] == "joined":
            told.clear()
        for change in entry["data"].get("changes", ()):
            if change["field"].startswith(_ATTRIBUTE):
                told[change["field"].removeprefix(_ATTRIBUTE)] = change["new"]
    return told


@dataclass
class _Fold:
    """`leaving`: the step that was left and its version, while the next entry has yet to say where the contact came.

    `outcome` and `status` are news of the request that the contact waits for, until a step answers them.
    """

    versions: Versions
    place: Place | None = None
    astray: str | None = None
    leaving: tuple[Node, str, int] | None = None
    outcome: Outcome | None = None
    status: str | None = None

    def take(self, entry: Row) -> None:
        kind, data, place = entry["kind"], entry["data"], self.place
        if kind == "enrolled":
            self._stand(Place())
        elif kind == "left":
            self._stand(None)
        elif kind == "place-kept":
            self._stand(Place.from_data(data))
        elif place is not None:
            self._take(place, kind, data, entry["at"])

    def _stand(self, place: Place | None) -> None:
        self.place, self.astray, self.leaving, self.outcome, self.status = place, None, None, None, None

    def _take(self, place: Place, kind: str, data: Row, at: datetime) -> None:
        if kind in _MOVES:
            self.place = _MOVES[kind](self, self._arrived(place, data, at), data)
        elif kind in _UNDER_WAY:
            self._under_way(place, kind, data)
        elif kind in _ENDS:
            if data.get("request", place.request) == place.request:
                self._ended(kind, data)
        elif kind == "call-spared":
            self.place, self.outcome = _spared(place, data), None
        elif kind in _FLAGS:
            self.place = _FLAGS[kind](place, data)

    def _arrived(self, place: Place, data: Row, at: datetime) -> Place:
        """With the news that the step answered, at the step where the entry says it is, in its version."""
        memory = place.memory
        if self.outcome is not None:
            memory = memory.after_call(self.outcome, at)
        self.outcome = None
        node, version = data.get("node", memory.node), data.get("version", place.version)
        if self.leaving is not None and "node" in data:
            self._follow(*self.leaving, node, version)
            memory, self.leaving = memory.at(node), None
        elif node != memory.node:
            self.astray = self.astray or (f"it came from {memory.node} to {node} by no way" if memory.node else None)
            memory = memory.at(node)
        return replace(place, version=version, memory=memory)

    def _follow(self, left: Node, port: str, version: int, node: str, later: int) -> None:
        """A contact leaves a step as its own version has it, or as the version it goes over to."""
        ways = [left, self.versions(later).by_id.get(left.id, left)]
        if node not in {way.out.get(port) for way in ways}:
            self.astray = self.astray or f"{port} of {left.id} in version {version} does not lead to {node}"

    def step(self, place: Place, data: Row) -> Place:
        """It left the step by `port`, or stays there for another while."""
        version, port, memory = data["version"], data["port"], place.memory
        node = self.versions(version).by_id.get(data["node"])
        outcome = data.get("outcome")
        if port and node is not None:
            self.leaving = (node, port, version)
            if outcome and node.type == CALL.name:
                memory = replace(memory, last_outcome=outcome)
            elif outcome and node.type == SMS.name and outcome not in _NO_STATUS:
                memory = replace(memory, last_status=outcome)
        elif self.status is not None:
            memory = replace(memory, last_status=self.status)
        if "due_at" in data:
            memory = replace(memory, due_at=_moment(data["due_at"]))
        self.status = None
        return replace(place, memory=memory)

    def queued(self, place: Place, data: Row, **used: Any) -> Place:
        memory = replace(place.memory, try_no=data["try_no"], **used)
        return replace(place, state=EnrollmentState.PENDING, memory=memory, request=data["request"], due_at=None)

    def call_queued(self, place: Place, data: Row) -> Place:
        return self.queued(place, data, attempts=place.memory.attempts + 1)

    def sms_queued(self, place: Place, data: Row) -> Place:
        return self.queued(place, data, texts=place.memory.texts + 1, last_status="")

    def waiting(self, place: Place, data: Row) -> Place:
        due_at = _moment(data["due_at"])
        memory = replace(place.memory, due_at=due_at)
        return replace(place, state=EnrollmentState.WAITING, memory=memory, request=None, due_at=due_at)

    def finished(self, place: Place, data: Row) -> Place:
        memory, self.leaving = replace(place.memory, result=data["result"], due_at=None), None
        done = replace(place, state=EnrollmentState.DONE, memory=memory, request=None, due_at=None)
        return replace(done, result=data["result"])

    def _under_way(self, place: Place, kind: str, data: Row) -> None:
        """It was committed, or proven never to have left."""
        calls = place.calls + {"call-dialed": 1, "call-withdrawn": -1}.get(kind, 0)
        self.place = place = replace(place, calls=calls)
        if not kind.endswith("withdrawn"):
            self.place = replace(place, state=EnrollmentState.IN_PROGRESS)
        elif data.get("request", place.request) == place.request and place.state is EnrollmentState.IN_PROGRESS:
            self.place = replace(place, state=EnrollmentState.PENDING)

    def _ended(self, kind: str, data: Row) -> None:
        if kind == "call-ended":
            self.outcome = Outcome(data["outcome"])
        elif kind == "call-refused" or (kind == "refused" and data["channel"] == "call"):
            self.outcome = Outcome.INVALID_NUMBER
        else:
            self.status = data.get("status", MessageStatus.FAILED.value)


def _stopped(place: Place, data: Row) -> Place:
    return replace(place, state=EnrollmentState.STOPPED, stop_reason=StopReason(data["reason"]), due_at=None)


def _requeued(place: Place, data: Row) -> Place:
    """At the step where it stood, in a new request if it waited for one."""
    again = replace(place, state=EnrollmentState.PENDING, stop_reason=None, result=None)
    if "request" in data:
        return replace(again, request=data["request"])
    if not place.memory.node:
        return again
    return replace(again, state=EnrollmentState.WAITING, due_at=place.memory.due_at)


def _spared(place: Place, data: Row) -> Place:
    """The outcome takes no step: it waits for another request of the same try."""
    return replace(place, state=EnrollmentState.PENDING, request=data["request"], due_at=None)


def _replied(place: Place, data: Row) -> Place:
    """Whoever is through remembers nothing any more."""
    if place.memory.result is not None:
        return place
    return replace(place, memory=replace(place.memory, last_reply=data["text"][:LONGEST_REPLY]))


def _readdressed(place: Place, data: Row) -> Place:
    return replace(place, request=data["request"]) if data["replaces"] == place.request else place


def _moment(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None


_MOVES: Mapping[str, Callable[[_Fold, Place, Row], Place]] = {
    "step": _Fold.step,
    "call-queued": _Fold.call_queued,
    "sms-queued": _Fold.sms_queued,
    "webhook-queued": _Fold.queued,
    "waiting": _Fold.waiting,
    "finished": _Fold.finished,
}
_FLAGS: Mapping[str, Callable[[Place, Row], Place]] = {
    "stopped": _stopped,
    "requeued": _requeued,
    "readdressed": _readdressed,
    "replied": _replied,
}
_UNDER_WAY = frozenset({
    "call-dialed", "call-withdrawn", "sms-sending", "sms-withdrawn", "webhook-sending", "webhook-withdrawn",
})  # fmt: skip
_ENDS = frozenset({"call-ended", "call-refused", "refused", "sms-status", "sms-refused"})
