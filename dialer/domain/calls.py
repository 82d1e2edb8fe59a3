"""One outbound call, as facts that may arrive in any order, and what they amount to.

Around the answer Asterisk sends its events in any order, and after a resync some come twice. So a `Call` only collects
facts; state and outcome are read off the collection. Facts are never taken back, hence neither is a state; only a
loss may be, which is a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, cast

from dialer.domain import telephony as t
from dialer.domain.call_facts import facts_of
from dialer.domain.ending import CallResult, Ending, Message, outcome_of
from dialer.domain.outcome import Outcome
from dialer.domain.record import record, replace
from dialer.domain.transitions import AttemptState

#: Hangup and OriginateResponse come together, in either order; wait this long for the second one.
GRACE = timedelta(seconds=2)
#: A missing endpoint makes no channel, so no Hangup ever comes: OriginateResponse alone has to do.
NO_CHANNEL_GRACE = timedelta(milliseconds=500)
#: AgentConnect of a very short call may come after its Hangup.
CONNECT_GRACE = timedelta(milliseconds=250)
#: A channel that a resync misses may have ended just before; its Hangup is then among the events that follow.
LOST_GRACE = timedelta(milliseconds=250)

#: Where our dialplan sends machines, and callees without an agent: what a resync tells them by.
MACHINE_EXTEN, ABANDONED_EXTEN = "machine", "abandoned"

_IN_QUEUE = frozenset({t.QueueCallerJoin, t.QueueCallerLeave, t.QueueCallerAbandon, t.AgentCalled, t.AgentConnect})


def attempt_of(event: t.Event) -> str | None:
    """The attempt that an event is about, or None: not about a call of ours."""
    kind = type(event)
    if kind in _BY_ATTEMPT:
        return cast("t.OriginateResponse", event).attempt_id
    return None if kind in _OF_NO_CALL else t.attempt_id_of(cast("t.Hangup", event).uniqueid)


#: Events that tell of a call of ours and of nobody else, agents and callers in queues included: most of what is heard.
PROGRESS = frozenset({
    t.NewChannel, t.NewState, t.DialState, t.DialEnd, t.OriginateResponse, t.QueueEnded, t.MachineDetected,
    t.MessagePlayed,
})  # fmt: skip
_BY_ATTEMPT = frozenset({t.OriginateResponse, t.QueueEnded, t.MachineDetected, t.MessagePlayed})
_OF_NO_CALL = frozenset({t.AgentLeg, t.MemberState, t.MemberRemoved, t.FullyBooted, t.Shutdown})


@record
class Call:
    """What is known of one attempt. All times are when *we* learned it (aware UTC), the first time counts."""

    attempt_id: str
    intended_at: datetime
    dialing_at: datetime | None = None
    channel_at: datetime | None = None
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    joined_at: datetime | None = None
    left_at: datetime | None = None
    connected_at: datetime | None = None
    agent: str = ""
    queue_status: str | None = None
    amd_status: str = ""
    amd_cause: str = ""
    message_at: datetime | None = None
    message_end: str = ""
    key: str = ""
    dial_status: str = ""
    response_at: datetime | None = None
    response_success: bool = False
    response_reason: int = 0
    hangup_at: datetime | None = None
    cause: int = 0
    tech_cause: str = ""
    refused: str | None = None
    refused_at: datetime | None = None
    lost: str | None = None
    lost_at: datetime | None = None

    # -- taking facts in ------------------------------------------------------------------------------------------

    def apply(self, event: t.Event, at: datetime) -> Call:
        """The call with the event's facts added; events about other channels change nothing."""
        return self.told(event, at) if attempt_of(event) == self.attempt_id else self

    def told(self, event: t.Event, at: datetime) -> Call:
        """`apply` for an event that is known to be about this call."""
        facts, kind = facts_of(event, at, self), type(event)
        if self.dialing_at is None:
            facts["dialing_at"] = at
        if self.channel_at is None and kind is not t.OriginateResponse:
            facts["channel_at"] = at
        if self.answered_at is None and kind in _IN_QUEUE:  # only an answered channel runs the dialplan
            facts["answered_at"] = at
        return _with(self, facts) if facts else self

    def accept(self, at: datetime) -> Call:
        """Asterisk took the Originate on (its Response: Success); the channel comes next."""
        return _with(self, {"dialing_at": at})

    def refuse(self, reason: str, at: datetime) -> Call:
        """Asterisk refused the Originate: there is no call."""
        return self if self.refused is not None else replace(self, refused=reason, refused_at=at)

    def shifted(self, by: timedelta) -> Call:
        """With all times moved, as the clock was set."""
        facts = ((one.name, getattr(self, one.name)) for one in fields(self))
        moved: dict[str, Any] = {name: fact + by for name, fact in facts if isinstance(fact, datetime)}
        return replace(self, **moved)

    def lose(self, reason: str, at: datetime) -> Call:
        """Nobody can tell any more how it ended. Should its Hangup come after all, the Hangup counts."""
        return self if self.lost is not None or self.ended_at is not None else replace(self, lost=reason, lost_at=at)

    def reconcile(self, live: t.LiveState, now: datetime) -> Call:
        """The call after a resync: what its channel shows now, or `lost` when the channel is gone.

        Only for attempts whose Originate was written; an attempt still being sent has no channel to be missed.
        """
        channel = live.channels.get(t.channel_id(self.attempt_id))
        if channel is None:
            return self.lose("the channel was gone when the link to Asterisk came back", now)
        facts: dict[str, Any] = {"dialing_at": now, "channel_at": now}
        if channel.state is t.ChannelState.RINGING:
            facts["ringing_at"] = now
        if channel.state is t.ChannelState.UP:
            facts["answered_at"] = now
        if channel.exten == MACHINE_EXTEN:
            facts |= {"answered_at": now, "amd_status": "MACHINE"}
        elif channel.exten == ABANDONED_EXTEN:
            facts |= {"answered_at": now, "message_at": now}
        elif any(entry.uniqueid == channel.uniqueid for entry in live.entries):
            facts["joined_at"] = now
        elif channel.bridge:
            facts |= {"answered_at": now, "connected_at": now, "agent": _bridged_with(channel, live)}
        return _with(self, facts)

    @classmethod
    def adopt(cls, attempt_id: str, intended_at: datetime, live: t.LiveState, now: datetime) -> Call:
        """A call that a former process started, from the live channels; `lost` when it is not among them."""
        return cls(attempt_id, intended_at).reconcile(live, now)

    # -- reading it off -------------------------------------------------------------------------------------------

    @property
    def state(self) -> AttemptState:
        """The furthest state that a fact proves; the moves that this can make are those of `transitions.ATTEMPT`."""
        if self.ended_at is not None:
            return AttemptState.ENDED
        if self.connected_at is not None:
            return AttemptState.CONNECTED
        if self.answered_at is not None:
            return AttemptState.ANSWERED
        if self.ringing_at is not None:
            return AttemptState.RINGING
        return AttemptState.INTENDED if self.dialing_at is None else AttemptState.DIALING

    @property
    def ended_at(self) -> datetime | None:
        """When the end was learned: Hangup, refusal or loss, or a failure without any channel."""
        failed_at = self.response_at if self.response_at and not self.response_success else None
        return self.hangup_at or self.refused_at or failed_at or self.lost_at

    @property
    def rang_at(self) -> datetime | None:
        """When it began to ring; news of that may come after that of the answer."""
        if self.ringing_at is None or self.answered_at is None:
            return self.ringing_at
        return min(self.ringing_at, self.answered_at)

    def finished(self, now: datetime) -> bool:
        """Whether nothing that could still come would change the result."""
        due = self.finish_due()
        return due is not None and due <= now

    def finish_due(self) -> datetime | None:
        """When the result may be taken, at the latest; None while the call goes on."""
        if self.refused_at is not None:
            return self.refused_at
        if self.hangup_at is not None:
            return self.hangup_at + self._after_hangup()
        if self.response_at is not None and not self.response_success:
            return self.response_at + (GRACE if self.channel_at else NO_CHANNEL_GRACE)
        return None if self.lost_at is None else self.lost_at + LOST_GRACE

    def result(self) -> CallResult:
        """What came of it. Asked before the end, it says what would be recorded now."""
        outcome, reason = outcome_of(self._ending())
        reached = outcome is Outcome.ANSWERED
        return CallResult(
            outcome=outcome,
            cause=self.cause or None,
            tech_cause=self.tech_cause or None,
            agent=self.agent or None if reached else None,
            ringing_at=self.rang_at,
            answered_at=self.answered_at,
            connected_at=self.connected_at,
            ended_at=self.ended_at,
            reason=reason,
            amd_status=self.amd_status or None,
            amd_cause=self.amd_cause or None,
            message=self._message,
            key=self.key or None,
        )

    @property
    def beyond_queue(self) -> bool:
        """No agent will have it any more: a machine, or a person who only hears the message."""
        return self.machine or self.queue_status is not None or self.message_at is not None

    @property
    def machine(self) -> bool:
        """AMD() took it for an answering machine."""
        return self.amd_status == "MACHINE"

    @property
    def _message(self) -> Message | None:
        if self.message_end:
            return Message.PLAYED if self.message_end == "PLAYED" else Message.FAILED
        return Message.CUT_SHORT if self.message_at is not None else None

    def _after_hangup(self) -> timedelta:
        if self.connected_at or self.machine:
            return timedelta(0)
        if self.answered_at:
            explained = self.left_at is not None or self.queue_status is not None
            return timedelta(0) if explained else CONNECT_GRACE
        return timedelta(0) if self.response_at else GRACE

    def _ending(self) -> Ending:
        return Ending(
            lost=self.lost,
            refused=self.refused,
            machine=self.machine,
            amd_cause=self.amd_cause,
            message=self._message,
            rang=self.ringing_at is not None,
            answered=self.answered_at is not None,
            joined=self.joined_at is not None,
            connected=self.connected_at is not None,
            queue_status=self.queue_status,
            dial_status=self.dial_status,
            hung_up=self.hangup_at is not None,
            channel=self.channel_at is not None,
            cause=self.cause,
            tech_cause=self.tech_cause,
            originate_reason=None if self.response_at is None or self.response_success else self.response_reason,
        )


def _with(call: Call, facts: Mapping[str, Any]) -> Call:
    """The call with these facts, or the very same one if they are no news; of those in _FIRST the first sign counts."""
    new = {}
    for name, fact in facts.items():
        known = getattr(call, name)
        if not known if name in _FIRST else known != fact:
            new[name] = fact
    return replace(call, **new) if new else call


_FIRST = frozenset({
    "dialing_at", "channel_at", "ringing_at", "answered_at", "joined_at", "left_at", "connected_at", "agent",
    "amd_status", "amd_cause", "message_at", "message_end", "key",
})  # fmt: skip


def _bridged_with(channel: t.LiveChannel, live: t.LiveState) -> str:
    """The interface at the other end of the bridge: `PJSIP/anna-0000001c` belongs to `PJSIP/anna`; "" if none is."""
    for other in live.channels.values():
        if other.bridge == channel.bridge and other.uniqueid != channel.uniqueid:
            return other.name.rpartition("-")[0] or other.name
    return ""
