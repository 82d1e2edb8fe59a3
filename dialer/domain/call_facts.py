"""What each kind of event says of a call, as facts to be added to those that are known (calls.py)."""

from __future__ import annotations

from datetime import datetime
from functools import singledispatch
from typing import Any

from dialer.domain import telephony as t
from dialer.domain.record import record


@record
class _Known:
    """What is known already and counts more than a later word of the same kind."""

    response_at: datetime | None
    hangup_at: datetime | None


def facts_of(
    event: t.Event, at: datetime, *, response_at: datetime | None, hangup_at: datetime | None
) -> dict[str, Any]:
    """Names of `Call`'s fields with their values, as the event has them."""
    return _facts(event, at, _Known(response_at, hangup_at))


@singledispatch
def _facts(_event: object, _at: datetime, _of: _Known) -> dict[str, Any]:
    """What this kind of event says."""
    return {}  # that the channel exists was all it said


@_facts.register
def _(_event: t.NewChannel, _at: datetime, _of: _Known) -> dict[str, Any]:
    # A resync between the Originate's acknowledgement and its channel missed it too early; its Hangup is yet to come.
    return {"lost": None, "lost_at": None}


@_facts.register
def _(event: t.NewState, at: datetime, _of: _Known) -> dict[str, Any]:
    if event.state is t.ChannelState.UP:
        return {"answered_at": at}
    return {"ringing_at": at} if event.state is t.ChannelState.RINGING else {}


@_facts.register
def _(event: t.DialState, at: datetime, _of: _Known) -> dict[str, Any]:
    # 183 with media shows as PROGRESS, without a Newstate: the far end has been reached all the same.
    return {"ringing_at": at} if event.status in {"RINGING", "PROGRESS"} else {}


@_facts.register
def _(event: t.DialEnd, at: datetime, _of: _Known) -> dict[str, Any]:
    answered = {"answered_at": at} if event.status == "ANSWER" else {}
    return {"dial_status": event.status, **answered}


@_facts.register
def _(event: t.OriginateResponse, at: datetime, of: _Known) -> dict[str, Any]:
    if of.response_at is not None:
        return {}
    answered = {"answered_at": at} if event.success else {}
    return {"response_at": at, "response_success": event.success, "response_reason": event.reason, **answered}


@_facts.register
def _(event: t.Hangup, at: datetime, of: _Known) -> dict[str, Any]:
    if of.hangup_at is not None:
        return {}
    return {"hangup_at": at, "cause": event.cause, "tech_cause": event.tech_cause}


@_facts.register
def _(_event: t.QueueCallerJoin, at: datetime, _of: _Known) -> dict[str, Any]:
    return {"joined_at": at}


@_facts.register
def _(_event: t.QueueCallerAbandon, at: datetime, _of: _Known) -> dict[str, Any]:
    return {"joined_at": at, "left_at": at}


@_facts.register
def _(event: t.AgentConnect, at: datetime, _of: _Known) -> dict[str, Any]:
    return {"joined_at": at, "connected_at": at, "agent": event.interface}


@_facts.register
def _(event: t.AgentComplete, at: datetime, _of: _Known) -> dict[str, Any]:
    return {"answered_at": at, "connected_at": at, "agent": event.interface}


@_facts.register
def _(event: t.QueueEnded, at: datetime, _of: _Known) -> dict[str, Any]:
    # CONNECTED comes from the `h` extension, once an agent had answered.
    connected = {"connected_at": at} if event.status == "CONNECTED" else {}
    return {"answered_at": at, "queue_status": event.status, **connected}


@_facts.register
def _(event: t.MachineDetected, at: datetime, _of: _Known) -> dict[str, Any]:
    return {"answered_at": at, "amd_status": event.status, "amd_cause": event.cause}


@_facts.register
def _(event: t.MessagePlayed, at: datetime, _of: _Known) -> dict[str, Any]:
    if event.status == "KEY":
        return {"answered_at": at, "message_at": at, "key": event.key}
    ended = {} if event.status == "BEGUN" else {"message_end": event.status}
    return {"answered_at": at, "message_at": at, **ended}
