"""AMI headers to typed events. Pure; header names as Asterisk 22 writes them.

Nothing here raises on what Asterisk may send: a number that is none reads as 0, a message that names nobody is None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, overload

from dialer.domain import telephony as t
from dialer.domain.agent_leg import agent_leg_of

Headers = Mapping[str, str]


class Event(Protocol):
    """The headers of one event: a mapping, or `frames.Fields`."""

    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, default: str, /) -> str: ...


def parse(headers: Event) -> t.Event | None:
    """The event, or None for one that nobody uses."""
    build = _BUILDERS.get(headers.get("Event", ""))
    return build(headers) if build else None


def live_state(
    queue_status: Iterable[Headers],
    channels: Iterable[Headers],
    *,
    uptime_s: int,
    clock_offset_s: float | None,
    detects_machines: bool | None = None,
) -> t.LiveState:
    """The picture from the items of QueueStatus and CoreShowChannels."""
    items = list(queue_status)
    rows = [_channel(item) for item in channels if item.get("Event") == "CoreShowChannel"]
    return t.LiveState(
        members=tuple(_member(item) for item in items if item.get("Event") == "QueueMember"),
        queues=frozenset(item["Queue"] for item in items if item.get("Event") == "QueueParams" and "Queue" in item),
        entries=tuple(
            t.WaitingCaller(item.get("Queue", ""), item.get("Uniqueid", ""))
            for item in items
            if item.get("Event") == "QueueEntry"
        ),
        channels={row.uniqueid: row for row in rows},
        uptime_s=uptime_s,
        clock_offset_s=clock_offset_s,
        detects_machines=detects_machines,
    )


def number(text: str | None) -> int:
    """A whole number, 0 for anything else."""
    try:
        return int(text or 0)
    except ValueError:
        return 0


def _fully_booted(h: Event) -> t.FullyBooted:
    return t.FullyBooted(number(h.get("Uptime")))


def _shutdown(h: Event) -> t.Shutdown:
    return t.Shutdown(restart=h.get("Restart") == "True")


def _new_channel(h: Event) -> t.NewChannel:
    return t.NewChannel(h.get("Uniqueid", ""), h.get("Linkedid", ""))


def _new_state(h: Event) -> t.NewState:
    return t.NewState(h.get("Uniqueid", ""), _channel_state(h))


# An originated call has no calling channel: the Dial… events name it as their destination.
def _dial_state(h: Event) -> t.DialState:
    return t.DialState(h.get("DestUniqueid", ""), h.get("DialStatus", ""))


def _dial_end(h: Event) -> t.DialEnd:
    return t.DialEnd(h.get("DestUniqueid", ""), h.get("DialStatus", ""))


def _hangup(h: Event) -> t.Hangup:
    return t.Hangup(h.get("Uniqueid", ""), number(h.get("Cause")), h.get("TechCause", ""))


def _originate_response(h: Event) -> t.OriginateResponse | t.AgentLeg | None:
    attempt_id = h.get("ActionID", "")
    if leg := agent_leg_of(attempt_id):
        return t.AgentLeg(leg, h.get("Response") == "Success")
    if len(attempt_id) != t.ATTEMPT_ID_LENGTH:
        return None  # another program's
    return t.OriginateResponse(attempt_id, h.get("Response") == "Success", number(h.get("Reason")))


def _caller_join(h: Event) -> t.QueueCallerJoin:
    return t.QueueCallerJoin(h.get("Queue", ""), h.get("Uniqueid", ""))


def _caller_leave(h: Event) -> t.QueueCallerLeave:
    return t.QueueCallerLeave(h.get("Queue", ""), h.get("Uniqueid", ""))


def _caller_abandon(h: Event) -> t.QueueCallerAbandon:
    return t.QueueCallerAbandon(h.get("Queue", ""), h.get("Uniqueid", ""), number(h.get("HoldTime")))


def _agent_called(h: Event) -> t.AgentCalled:
    return t.AgentCalled(h.get("Queue", ""), h.get("Uniqueid", ""), h.get("Interface", ""))


def _agent_connect(h: Event) -> t.AgentConnect:
    return t.AgentConnect(
        h.get("Queue", ""),
        h.get("Uniqueid", ""),
        h.get("Interface", ""),
        h.get("MemberName", ""),
        number(h.get("HoldTime")),
    )


def _agent_complete(h: Event) -> t.AgentComplete:
    return t.AgentComplete(
        h.get("Queue", ""),
        h.get("Uniqueid", ""),
        h.get("Interface", ""),
        number(h.get("TalkTime")),
        h.get("Reason", ""),
    )


def _agent_ring_no_answer(h: Event) -> t.AgentRingNoAnswer:
    return t.AgentRingNoAnswer(h.get("Queue", ""), h.get("Uniqueid", ""), h.get("Interface", ""))


def _member(h: Event) -> t.MemberState:
    # The events say Interface and MemberName, QueueStatus says Location and Name.
    return t.MemberState(
        queue=h.get("Queue", ""),
        interface=h.get("Interface") or h.get("Location", ""),
        name=h.get("MemberName") or h.get("Name", ""),
        status=_member_status(h),
        paused=h.get("Paused") == "1",
        paused_reason=h.get("PausedReason", ""),
        last_call=number(h.get("LastCall")),
        wrapup_s=number(h.get("Wrapuptime")),
        in_call=h.get("InCall") == "1",
    )


def _member_removed(h: Event) -> t.MemberRemoved:
    return t.MemberRemoved(h.get("Queue", ""), h.get("Interface", ""))


def _user_event(h: Event) -> t.QueueEnded | t.MachineDetected | t.MessagePlayed | None:
    attempt_id = h.get("Attempt", "")
    if len(attempt_id) != t.ATTEMPT_ID_LENGTH:
        return None
    if h.get("UserEvent") == "DialerQueue":
        return t.QueueEnded(attempt_id, h.get("QueueStatus", ""))
    if h.get("UserEvent") == "DialerAmd":
        return t.MachineDetected(attempt_id, h.get("AMDStatus", ""), h.get("AMDCause", ""))
    if h.get("UserEvent") == "DialerMessage":
        return t.MessagePlayed(attempt_id, h.get("Message", ""), h.get("Key", ""))
    return None


def _channel(h: Event) -> t.LiveChannel:
    return t.LiveChannel(
        uniqueid=h.get("Uniqueid", ""),
        linkedid=h.get("Linkedid", ""),
        name=h.get("Channel", ""),
        state=_channel_state(h),
        account=h.get("AccountCode", ""),
        application=h.get("Application", ""),
        bridge=h.get("BridgeId", ""),
        exten=h.get("Exten", ""),
    )


def _channel_state(h: Event) -> t.ChannelState:
    return _CHANNEL_STATE.get(h.get("ChannelState", ""), t.ChannelState.DOWN)


def _member_status(h: Event) -> t.MemberStatus:
    # A status that Asterisk may yet invent must not make anybody free.
    return _MEMBER_STATUS.get(h.get("Status", ""), t.MemberStatus.INVALID)


_CHANNEL_STATE = {str(one.value): one for one in t.ChannelState}
_MEMBER_STATUS = {str(one.value): one for one in t.MemberStatus}
_BUILDERS: dict[str, Callable[[Event], t.Event | None]] = {
    "FullyBooted": _fully_booted,
    "Shutdown": _shutdown,
    "Newchannel": _new_channel,
    "Newstate": _new_state,
    "DialState": _dial_state,
    "DialEnd": _dial_end,
    "Hangup": _hangup,
    "OriginateResponse": _originate_response,
    "QueueCallerJoin": _caller_join,
    "QueueCallerLeave": _caller_leave,
    "QueueCallerAbandon": _caller_abandon,
    "AgentCalled": _agent_called,
    "AgentConnect": _agent_connect,
    "AgentComplete": _agent_complete,
    "AgentRingNoAnswer": _agent_ring_no_answer,
    "QueueMemberStatus": _member,
    "QueueMemberAdded": _member,
    "QueueMemberPause": _member,
    "QueueMemberRinginuse": _member,
    "QueueMemberPenalty": _member,
    "QueueMemberRemoved": _member_removed,
    "UserEvent": _user_event,
}
#: The events that are parsed at all, by their names as they stand on the wire, and what makes each of its headers.
USED_EVENTS: dict[bytes | None, Callable[[Event], t.Event | None]] = {
    name.encode(): build for name, build in _BUILDERS.items()
}
