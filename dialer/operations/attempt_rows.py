"""What the end of a call writes: the closed row of its attempt, its part in the abandonment meter, and the entry of the trail."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from dialer.domain.calls import Call
from dialer.domain.ending import CallResult
from dialer.domain.outcome import Outcome
from dialer.domain.report import CALL, quarter
from dialer.pacing.abandonment import LiveAnswers, counted
from dialer.store.result_counts import Counted, Key
from dialer.store.types import AnyRow

_TIMES = ("ringing_at", "answered_at", "connected_at")


def progress(call: Call) -> dict[str, Any]:
    """What is known of a call that goes on, by the column."""
    times = {name: getattr(call, name) for name in _TIMES}
    return {name: value for name, value in {**times, "agent": call.agent or None}.items() if value is not None}


def closed_row(attempt: AnyRow, result: CallResult, now: datetime) -> dict[str, Any]:
    """The closed row's columns. What a former process had noted stays where this one saw nothing."""
    times = {name: getattr(result, name) or getattr(attempt, name) for name in _TIMES}
    return {
        **times,
        "id": attempt.id,
        "outcome": result.outcome,
        "cause": result.cause,
        "tech_cause": result.tech_cause,
        "agent": result.agent or attempt.agent,
        "reason": result.reason,
        "amd_status": result.amd_status,
        "amd_cause": result.amd_cause,
        "message": result.message,
        "ended_at": result.ended_at or now,
    }


def answered(attempt: AnyRow, result: CallResult, now: datetime) -> tuple[int, datetime, LiveAnswers]:
    """What the call adds to the abandonment meter, and when it was answered."""
    answered_at = result.answered_at or attempt.answered_at
    one = counted(result.outcome, answered_at, result.connected_at or attempt.connected_at)
    return attempt.campaign_id, answered_at or result.ended_at or now, one


def tallied(attempt: AnyRow, closed: Mapping[str, Any]) -> Counted:
    """What the call adds to the counts of its campaign."""
    connected, outcome = closed["connected_at"], closed["outcome"]
    talked = outcome is Outcome.ANSWERED and connected is not None
    talk = max(timedelta(), closed["ended_at"] - connected) if talked else timedelta()
    key = Key(attempt.campaign_id, CALL, quarter(attempt.started_at), attempt.node, attempt.gateway, outcome.value)
    return Counted(key, 1, round(talk.total_seconds() * 1000))


def ending(attempt: AnyRow, result: CallResult) -> dict[str, Any]:
    """What the trail says of it; times in seconds."""
    return {
        "attempt": attempt.id,
        "number": attempt.number,
        "outcome": result.outcome,
        "reason": result.reason,
        "cause": result.cause,
        "tech_cause": result.tech_cause,
        "agent": result.agent or attempt.agent,
        "amd": result.amd_cause or result.amd_status,
        "message": result.message,
        "rang_s": _seconds(result.ringing_at or attempt.ringing_at, result.answered_at or result.ended_at),
        "talked_s": _seconds(result.connected_at or attempt.connected_at, result.ended_at),
    }


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return round((end - start).total_seconds(), 1) if start and end else None
