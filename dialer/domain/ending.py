"""From the facts of an ended call to its outcome: the tables, and the order in which they are asked.

Sources: ITU-T Q.850 for causes, Asterisk's `hangup_sip2cause` for how SIP codes become causes, and what Asterisk 22 was
seen to send. DialEnd says NOANSWER for 403 and 404 too, and OriginateResponse says 0 for nearly everything, so neither
decides where there is a cause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from dialer.domain.outcome import Outcome
from dialer.domain.record import record
from dialer.domain.said import Said, marked


class Message(StrEnum):
    """What became of the message to a callee without an agent, or to a machine."""

    PLAYED = "played"
    CUT_SHORT = "cut_short"  # begun, and the callee hung up or pressed a key before its end
    FAILED = "failed"  # Asterisk could not play the file


@record
class CallResult:
    """What came of a call. `cause` is Q.850, `agent` the member's interface, `reason` a sentence for people."""

    outcome: Outcome
    cause: int | None
    tech_cause: str | None
    agent: str | None
    ringing_at: datetime | None
    answered_at: datetime | None
    connected_at: datetime | None
    ended_at: datetime | None
    reason: str
    amd_status: str | None = None
    amd_cause: str | None = None
    message: Message | None = None
    key: str | None = None  # pressed while the message played, or just after


@record
class Ending:
    """The facts that decide. `originate_reason` is None unless OriginateResponse said Failure."""

    lost: str | None = None
    refused: str | None = None
    machine: bool = False
    amd_cause: str = ""
    message: Message | None = None
    rang: bool = False
    answered: bool = False
    joined: bool = False
    connected: bool = False
    queue_status: str | None = None
    dial_status: str = ""
    hung_up: bool = False
    channel: bool = False
    cause: int = 0
    tech_cause: str = ""
    originate_reason: int | None = None


_BY_CAUSE: dict[int, tuple[Outcome, str]] = {
    1: (Outcome.INVALID_NUMBER, "the number does not exist"),
    2: (Outcome.INVALID_NUMBER, "no route to the number's network"),
    3: (Outcome.INVALID_NUMBER, "no route to the number"),
    16: (Outcome.FAILED, "hung up on our side before an answer"),
    17: (Outcome.BUSY, "the line was busy"),
    18: (Outcome.NO_ANSWER, "nobody responded"),
    19: (Outcome.NO_ANSWER, "nobody answered"),
    20: (Outcome.NO_ANSWER, "the subscriber was absent"),
    21: (Outcome.REJECTED, "the call was rejected"),
    22: (Outcome.INVALID_NUMBER, "the number has changed"),
    27: (Outcome.FAILED, "the destination was out of order"),
    28: (Outcome.INVALID_NUMBER, "the number is incomplete or malformed"),
    29: (Outcome.REJECTED, "the facility was rejected"),
    34: (Outcome.CONGESTION, "no circuit was free"),
    38: (Outcome.CONGESTION, "the network was out of order"),
    41: (Outcome.CONGESTION, "a temporary failure of the network"),
    42: (Outcome.CONGESTION, "the network's switch was congested"),
    44: (Outcome.CONGESTION, "the requested circuit was not available"),
    47: (Outcome.CONGESTION, "the network had no resources"),
    50: (Outcome.REJECTED, "the facility is not subscribed to"),
    52: (Outcome.REJECTED, "outgoing calls are barred"),
    55: (Outcome.REJECTED, "incoming calls are barred"),
    57: (Outcome.REJECTED, "the bearer is not authorized"),
}

#: SIP codes that `hangup_sip2cause` does not know, so that they arrive as cause 0 or 127 (interworking).
_BY_SIP_CODE: dict[int, tuple[Outcome, str]] = {
    404: _BY_CAUSE[1],
    408: _BY_CAUSE[18],
    410: _BY_CAUSE[22],
    480: _BY_CAUSE[19],
    484: _BY_CAUSE[28],
    486: _BY_CAUSE[17],
    600: _BY_CAUSE[17],
    403: _BY_CAUSE[21],
    433: _BY_CAUSE[21],
    603: _BY_CAUSE[21],
    604: _BY_CAUSE[1],
    607: (Outcome.REJECTED, "rejected as unwanted"),
    608: (Outcome.REJECTED, "rejected by an intermediary"),
    503: _BY_CAUSE[34],
}

#: `Reason` of OriginateResponse is a control frame's number; it counts only where Asterisk gave no cause (Local channels).
_BY_REASON: dict[int, tuple[Outcome, str]] = {
    3: _BY_CAUSE[19],
    5: _BY_CAUSE[17],
    8: _BY_CAUSE[34],
}

_QUEUE_STATUS = {
    "TIMEOUT": "no agent took the call within the queue's time",
    "FULL": "the queue was full",
    "JOINEMPTY": "the queue had no agent to join for",
    "LEAVEEMPTY": "the queue's last agent left",
    "JOINUNAVAIL": "the queue's agents were unavailable",
    "LEAVEUNAVAIL": "the queue's agents became unavailable",
    "HANGUP": "the callee hung up while waiting for an agent",
    "EARLYHANGUP": "the callee hung up while it was being found out whether a machine had answered",
}
_INTERWORKING = 127


def outcome_of(ending: Ending) -> tuple[Outcome, str]:
    """The outcome and the reason, in words."""
    if ending.refused is not None:
        return Outcome.FAILED, Said("Asterisk refused the call: %(why)s", why=ending.refused)
    if ending.connected:
        return Outcome.ANSWERED, marked("talked with an agent")
    if ending.lost is not None and not ending.hung_up and ending.originate_reason not in _BY_REASON:
        return Outcome.LOST, ending.lost
    if ending.machine:
        return Outcome.MACHINE, _told(_by_machine(ending.amd_cause), ending)
    if ending.answered:
        return Outcome.ABANDONED, _told(_why_abandoned(ending), ending)
    return _unanswered(ending)


_MESSAGE = {
    Message.PLAYED: "the message was played",
    Message.CUT_SHORT: "the message was begun and not heard to its end",
    Message.FAILED: "the message could not be played",
}
#: AMDCAUSE without its figures.
_AMD_CAUSE = {
    "INITIALSILENCE": "nobody spoke",
    "LONGGREETING": "it talked for long",
    "MAXWORDS": "it said many words",
    "MAXWORDLENGTH": "a word was too long",
}


def _told(reason: str, ending: Ending) -> str:
    if not ending.message:
        return reason
    return Said("%(what)s; %(message)s", what=reason, message=Said(_MESSAGE[ending.message]))


def _by_machine(amd_cause: str) -> str:
    why = _AMD_CAUSE.get(amd_cause.partition("-")[0])
    told = Said("an answering machine took the call")
    return Said("%(what)s: %(why)s", what=told, why=Said(why)) if why else told


def _why_abandoned(ending: Ending) -> str:
    if ending.queue_status:
        why = Said(_QUEUE_STATUS.get(ending.queue_status, marked("the queue ended without an agent")))
        return Said("answered, but %(why)s (%(code)s)", why=why, code=ending.queue_status)
    if ending.joined:
        return Said("answered, but the call ended while waiting for an agent")
    return Said("answered, but the call never reached the queue")


def _unanswered(ending: Ending) -> tuple[Outcome, str]:
    outcome, reason = _by_tables(ending)
    if outcome is Outcome.NO_ANSWER and not _far_end_spoke(ending):
        # A trunk that does not reply looks like an unanswered phone (19 / 480): only the ringing is missing.
        return Outcome.FAILED, marked("the trunk gave no sign of life before the ring time was over")
    return outcome, reason


def _by_tables(ending: Ending) -> tuple[Outcome, str]:
    sip_code = _first_number(ending.tech_cause)
    if ending.cause in _BY_CAUSE:
        return _BY_CAUSE[ending.cause]
    if ending.cause in {0, _INTERWORKING} and sip_code in _BY_SIP_CODE:
        return _BY_SIP_CODE[sip_code]
    if ending.cause == 0 and ending.originate_reason in _BY_REASON:
        return _BY_REASON[ending.originate_reason]
    if not ending.channel and ending.originate_reason is not None:
        return Outcome.FAILED, marked("Asterisk could not make the channel: is the trunk's endpoint configured?")
    if not ending.hung_up:  # the link went between the response and the Hangup
        return Outcome.FAILED, marked("the call failed, and Asterisk's reason was not heard")
    return Outcome.FAILED, Said("the call failed (cause %(cause)s)", cause=ending.cause)


def _far_end_spoke(ending: Ending) -> bool:
    """Ringing, or a final answer of the far end: DialEnd NOANSWER with 480 is a phone that is switched off.

    A request that timed out inside our own SIP stack is 408, and its DialEnd is NOANSWER as well: not a sign of life.
    """
    if ending.rang:
        return True
    replied = _first_number(ending.tech_cause) != 408  # noqa: PLR2004 (a SIP code, RFC 3261 §21.4.9)
    return bool(ending.dial_status) and ending.cause != 18 and replied  # noqa: PLR2004 (Q.850 cause, the same timeout)


def _first_number(text: str) -> int:
    found = re.search(r"\d+", text)
    return int(found[0]) if found else 0


def texts() -> Iterator[str]:
    """What the tables say, for the catalogue of the pages."""
    yield from (told for _outcome, told in (*_BY_CAUSE.values(), *_BY_SIP_CODE.values()))
    yield from (*_QUEUE_STATUS.values(), *_MESSAGE.values(), *_AMD_CAUSE.values())
