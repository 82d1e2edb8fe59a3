"""What each kind of event says of a call, as facts to be added to those that are known (calls.py)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from dialer.domain import telephony as t


class Known(Protocol):
    """What is known of a call already and counts more than a later word of the same kind."""

    @property
    def response_at(self) -> datetime | None: ...
    @property
    def hangup_at(self) -> datetime | None: ...


def facts_of(event: t.Event, at: datetime, of: Known) -> dict[str, Any]:
    """Names of `Call`'s fields with their values, as the event has them; nothing if it says no more than that the channel exists."""
    said = _SAYS.get(type(event))
    return said(event, at, of) if said else {}


def _new_channel(_event: t.NewChannel, _at: datetime, _of: Known) -> dict[str, Any]:
    # A resync between the Originate's acknowledgement and its channel missed it too early; its Hangup is yet to come.
    return {"lost": None, "lost_at": None}


def _new_state(event: t.NewState, at: datetime, _of: Known) -> dict[str, Any]:
    if event.state is t.ChannelState.UP:
        return {"answered_at": at}
    return {"ringing_at": at} if event.state is t.ChannelState.RINGING else {}


def _dial_state(event: t.DialState, at: datetime, _of: Known) -> dict[str, Any]:
    # 183 with media shows as PROGRESS, without a Newstate: the far end has been reached all the same.
    return {"ringing_at": at} if event.status in {"RINGING", "PROGRESS"} else {}


def _dial_end(event: t.DialEnd, at: datetime, _of: Known) -> dict[str, Any]:
    answered = {"answered_at": at} if event.status == "ANSWER" else {}
    return {"dial_status": event.status, **answered}


def _originate_response(event: t.OriginateResponse, at: datetime, of: Known) -> dict[str, Any]:
    if of.response_at is not None:
        return {}
    answered = {"answered_at": at} if event.success else {}
    return {"response_at": at, "response_success": event.success, "response_reason": event.reason, **answered}


def _hangup(event: t.Hangup, at: datetime, of: Known) -> dict[str, Any]:
    if of.hangup_at is not None:
        return {}
    return {"hangup_at": at, "cause": event.cause, "tech_cause": event.tech_cause}


def _queue_caller_join(_event: t.QueueCallerJoin, at: datetime, _of: Known) -> dict[str, Any]:
    return {"joined_at": at}


def _queue_caller_abandon(_event: t.QueueCallerAbandon, at: datetime, _of: Known) -> dict[str, Any]:
    return {"joined_at": at, "left_at": at}


def _agent_connect(event: t.AgentConnect, at: datetime, _of: Known) -> dict[str, Any]:
    return {"joined_at": at, "connected_at": at, "agent": event.interface}


def _agent_complete(event: t.AgentComplete, at: datetime, _of: Known) -> dict[str, Any]:
    return {"answered_at": at, "connected_at": at, "agent": event.interface}


def _queue_ended(event: t.QueueEnded, at: datetime, _of: Known) -> dict[str, Any]:
    # CONNECTED comes from the `h` extension, once an agent had answered.
    connected = {"connected_at": at} if event.status == "CONNECTED" else {}
    return {"answered_at": at, "queue_status": event.status, **connected}


def _machine_detected(event: t.MachineDetected, at: datetime, _of: Known) -> dict[str, Any]:
    return {"answered_at": at, "amd_status": event.status, "amd_cause": event.cause}


def _message_played(event: t.MessagePlayed, at: datetime, _of: Known) -> dict[str, Any]:
    if event.status == "KEY":
        return {"answered_at": at, "message_at": at, "key": event.key}
    ended = {} if event.status == "BEGUN" else {"message_end": event.status}
    return {"answered_at": at, "message_at": at, **ended}


_SAYS: dict[type[t.Event], Callable[[Any, datetime, Known], dict[str, Any]]] = {
    t.NewChannel: _new_channel,
    t.NewState: _new_state,
    t.DialState: _dial_state,
    t.DialEnd: _dial_end,
    t.OriginateResponse: _originate_response,
    t.Hangup: _hangup,
    t.QueueCallerJoin: _queue_caller_join,
    t.QueueCallerAbandon: _queue_caller_abandon,
    t.AgentConnect: _agent_connect,
    t.AgentComplete: _agent_complete,
    t.QueueEnded: _queue_ended,
    t.MachineDetected: _machine_detected,
    t.MessagePlayed: _message_played,
}
