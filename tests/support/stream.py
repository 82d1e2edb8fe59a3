"""A queue's life read from a recorded AMI stream: who is free, which calls are in flight. Shares no code with the dialer.

A call is in flight from Newchannel a-… until it joins the queue or ends; a caller waits from QueueCallerJoin until an
agent is rung for it, and again if that agent does not answer. An agent is free with member status 0 or 1, not paused, not
being rung, and past its wrap-up, in whole seconds of Asterisk's clock.

Asterisk sends the news of a member and those of a caller by threads of their own (see `queue_model`): that an agent is in use may
come before the caller has left the queue, and that its telephone rings before for whom. Either way it is that caller's agent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ulid import ULID

from asterisk.lab.ami import Event

IDLE = {"0", "1"}
IN_USE, RINGING = "2", "6"
# News of an agent that pauses or vanishes is on its way for as long when a call is decided on, on a busy machine: it comes to the
# recorder and to the dialer by a connection each. (What was decided on before can't be called back, however long it takes to
# become a channel.)
ON_ITS_WAY_S = 0.5


@dataclass
class Member:
    status: str
    paused: bool
    last_call: int
    wrap_up: int
    rung_for: str = ""  # the caller
    vanished_at: float = (
        -1e9
    )  # when it was last free for a call, or rung for one, and became paused, unreachable or busy

    def free(self, now: float) -> bool:
        return self.status in IDLE and not self.paused and not self.rung_for and self.wrapped_up_at() <= now

    def wrapped_up_at(self) -> float:
        return self.last_call + self.wrap_up if self.last_call else 0.0


@dataclass
class Report:
    """`reactions`: seconds from the moment an agent became free for a call to the Newchannel of that call."""

    originated: int
    most_in_flight: int
    overtaken: int  # calls that were on their way when an agent vanished
    violations: list[str]
    reactions: list[float]

    def reaction(self, share: float) -> float:
        ordered = sorted(self.reactions)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    def text(self) -> str:
        p50, p99 = (self.reaction(share) * 1000 for share in (0.5, 0.99))
        return (
            f"{self.originated} calls, most in flight {self.most_in_flight}, overtaken {self.overtaken}, agent free to "
            f"Newchannel p50 {p50:.1f} ms, p99 {p99:.1f} ms of {len(self.reactions)}"
        )


@dataclass
class Stream:
    """`members`: the rows of QueueStatus at the start. `epoch`: what to add to an event's time to get Unix time."""

    queue: str
    rows: Iterable[Mapping[str, str]]
    epoch: float
    members: dict[str, Member] = field(default_factory=dict)
    in_flight: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    _report: Report = field(default_factory=lambda: Report(0, 0, 0, [], []))
    _room_since: float | None = None

    def __post_init__(self) -> None:
        for row in self.rows:
            if row["Event"] == "QueueMember":
                self._member(row)

    def report(self) -> Report:
        return self._report

    def room(self, now: float) -> int:
        """Free agents whom nobody has a claim on."""
        return sum(m.free(now) for m in self.members.values()) - len(self.in_flight) - self.unserved()

    def unserved(self) -> int:
        """Callers who wait, and for whom no agent is being rung or has just answered."""
        members = self.members.values()
        unnamed = sum(m.status == RINGING and not m.rung_for for m in members)
        return max(0, len(self.waiting - {m.rung_for for m in members}) - unnamed)

    def take(self, event: Event) -> None:
        now, fields = event.at + self.epoch, event.fields
        self._wrap_ups(now)
        match event.name:
            case "Newchannel" if fields["Uniqueid"].startswith("a-"):
                self._call(fields["Uniqueid"], now)
            case "QueueCallerJoin" if fields["Queue"] == self.queue and fields["Uniqueid"] not in self.ended:
                self.in_flight.discard(fields["Uniqueid"])
                self.waiting.add(fields["Uniqueid"])
            case "QueueCallerLeave":
                self.waiting.discard(fields["Uniqueid"])
            case "QueueCallerAbandon" | "Hangup":
                self._gone(fields["Uniqueid"], ended=event.name == "Hangup")
            case "AgentCalled" if fields["Uniqueid"] not in self.ended:
                self.members[fields["Interface"]].rung_for = fields["Uniqueid"]
            case "AgentRingNoAnswer":
                self._not_answered(self.members[fields["Interface"]], now)
            case "QueueMemberStatus" | "QueueMemberPause" if fields["Queue"] == self.queue:
                self._changed(fields, now)
        self._note_room(now)

    def _member(self, row: Mapping[str, str]) -> Member:
        name = row.get("Location") or row["Interface"]
        member = Member(row["Status"], row["Paused"] == "1", int(row["LastCall"]), int(row["Wrapuptime"]))
        self.members[name] = member
        return member

    def _gone(self, caller: str, *, ended: bool) -> None:
        self.waiting.discard(caller)
        for member in self.members.values():
            if member.rung_for == caller:
                member.rung_for = ""
        if ended:
            self.ended.add(caller)
            self.in_flight.discard(caller)

    def _not_answered(self, member: Member, now: float) -> None:
        member.rung_for = ""
        if member.paused or member.status not in IDLE | {RINGING}:
            member.vanished_at = now  # for the caller, who needs another one

    def _changed(self, fields: Mapping[str, str], now: float) -> None:
        before, unserved = self.members[fields["Interface"]], self.unserved()
        after = self._member(fields)
        after.vanished_at = before.vanished_at
        if fields["Event"] == "QueueMemberPause" or after.status not in IDLE:
            after.rung_for = before.rung_for
        serves = after.status == RINGING and unserved > 0 and not after.paused
        gone = after.paused or after.status not in IDLE
        # Rung in vain, and then not free for the caller, who needs another one.
        in_vain = before.status == RINGING and not before.rung_for and after.status not in {RINGING, IN_USE}
        if gone and ((before.free(now) and not serves) or in_vain):
            after.vanished_at = now

    def _call(self, channel: str, now: float) -> None:
        report = self._report
        report.originated += 1
        if self._room_since is not None:
            report.reactions.append(now - self._room_since)
        self.in_flight.add(channel)
        report.most_in_flight = max(report.most_in_flight, len(self.in_flight) + self.unserved())
        missing = -self.room(now)
        if missing > 0:
            decided = _decided_at(channel)
            vanished = sum(m.vanished_at > decided - ON_ITS_WAY_S for m in self.members.values())
            if missing <= vanished:
                report.overtaken += 1
            else:
                report.violations.append(
                    f"{channel}, decided at {decided:.3f}, at {now:.3f}: {missing} too many; {self.members}, in flight {self.in_flight}, "
                    f"waiting {self.waiting}"
                )
        self._room_since = None

    def _wrap_ups(self, now: float) -> None:
        """Asterisk says nothing when a wrap-up ends: the moment lies between two events."""
        ends = [m.wrapped_up_at() for m in self.members.values() if m.wrapped_up_at() <= now]
        latest = max(ends, default=0.0)
        if self._room_since is None and self.room(now) > 0 and self.room(latest - 1e-6) <= 0:
            self._room_since = latest

    def _note_room(self, now: float) -> None:
        if self.room(now) <= 0:
            self._room_since = None
        elif self._room_since is None:
            self._room_since = now


def _decided_at(channel: str) -> float:
    """When the dialer decided on this call, in Unix time: its channel is named by an ULID."""
    return ULID.from_str(channel.removeprefix("a-")).timestamp
