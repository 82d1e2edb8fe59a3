"""What Asterisk tells us, as values: one frozen class per kind of event, with only the fields that are used.

`dialer/ami/parse.py` builds these from AMI headers; `agents.py` and `calls.py` fold them into state. They carry no
times: whoever folds them says when they were received.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from dialer.domain.record import record

#: Our channels are called `a-<attempt id>`: the one name by which events, channels and attempts find each other.
CHANNEL_PREFIX = "a-"
ATTEMPT_ID_LENGTH = 26  # a ULID


def channel_id(attempt_id: str) -> str:
    """The Uniqueid that the attempt's channel is given (`ChannelId` of Originate)."""
    return CHANNEL_PREFIX + attempt_id


def attempt_id_of(uniqueid: str) -> str | None:
    """The attempt behind a Uniqueid, or None for anybody else's channel."""
    if uniqueid.startswith(CHANNEL_PREFIX) and len(uniqueid) == len(CHANNEL_PREFIX) + ATTEMPT_ID_LENGTH:
        return uniqueid[len(CHANNEL_PREFIX) :]
    return None


class MemberStatus(IntEnum):
    """A queue member's device state, as numbered in QueueMemberStatus."""

    UNKNOWN = 0
    NOT_IN_USE = 1
    IN_USE = 2
    BUSY = 3
    INVALID = 4
    UNAVAILABLE = 5
    RINGING = 6
    RINGING_IN_USE = 7
    ON_HOLD = 8


class ChannelState(IntEnum):
    """`ChannelState` of Newstate and CoreShowChannel."""

    DOWN = 0
    RESERVED = 1
    OFF_HOOK = 2
    DIALING = 3
    RING = 4
    RINGING = 5
    UP = 6
    BUSY = 7
    DIALING_OFF_HOOK = 8
    PRE_RING = 9


@record
class FullyBooted:
    """Sent after a login, at the end of a start, and by `core reload`. An uptime near 0 means a restart."""

    uptime_s: int


@record
class Shutdown:
    restart: bool


@record
class NewChannel:
    uniqueid: str
    linkedid: str


@record
class NewState:
    uniqueid: str
    state: ChannelState


@record
class DialState:
    """`status` is RINGING, PROGRESS or PROCEEDING; `uniqueid` the channel that is being dialed."""

    uniqueid: str
    status: str


@record
class DialEnd:
    """`status` is ANSWER, BUSY, NOANSWER, CONGESTION, CANCEL …; NOANSWER also stands for 403 and 404."""

    uniqueid: str
    status: str


@record
class Hangup:
    """`cause` is Q.850 (0 when unknown), `tech_cause` what the channel's technology said, e.g. a SIP code."""

    uniqueid: str
    cause: int
    tech_cause: str


@record
class OriginateResponse:
    """Matched by ActionID: its Uniqueid may be `<unknown>`. `reason`: 3 no answer, 4 answered, 5 busy, 8 congestion."""

    attempt_id: str
    success: bool
    reason: int


@record
class QueueCallerJoin:
    queue: str
    uniqueid: str


@record
class QueueCallerLeave:
    queue: str
    uniqueid: str


@record
class QueueCallerAbandon:
    """The caller hung up **or the queue timed out**: only QueueEnded tells which."""

    queue: str
    uniqueid: str
    hold_s: int


@record
class AgentCalled:
    queue: str
    uniqueid: str  # the caller's channel
    interface: str


@record
class AgentConnect:
    queue: str
    uniqueid: str
    interface: str
    member: str  # the member's name
    hold_s: int


@record
class AgentComplete:
    queue: str
    uniqueid: str
    interface: str
    talk_s: int
    reason: str  # agent, caller, transfer


@record
class AgentRingNoAnswer:
    queue: str
    uniqueid: str
    interface: str


@record
class MemberState:
    """A queue member as every QueueMember… event and QueueStatus report it."""

    queue: str
    interface: str
    name: str
    status: MemberStatus
    paused: bool
    paused_reason: str = ""
    last_call: int = 0  # epoch seconds by Asterisk's clock, 0 = never
    wrapup_s: int = 0  # the member's own; the queue's shows as 0
    in_call: bool = False


@record
class MemberRemoved:
    queue: str
    interface: str


@record
class QueueEnded:
    """Our dialplan after Queue(): `status` is QUEUESTATUS (TIMEOUT, FULL, JOINEMPTY …), CONNECTED, HANGUP or EARLYHANGUP."""

    attempt_id: str
    status: str


#: What our dialplan says in place of AMDSTATUS where Asterisk has no application AMD().
UNAVAILABLE = "UNAVAILABLE"


@record
class MachineDetected:
    """Our dialplan after AMD(): `status` is AMDSTATUS (MACHINE, HUMAN, NOTSURE, HANGUP), or UNAVAILABLE without app_amd.

    `cause` is AMDCAUSE with its figures, e.g. `MAXWORDS-4-3`.
    """

    attempt_id: str
    status: str
    cause: str = ""


@record
class MessagePlayed:
    """Our dialplan plays a message, to a callee without an agent or to a machine: BEGUN, then PLAYED or FAILED.

    KEY is a `key` that the callee pressed meanwhile, or in the three seconds after.
    """

    attempt_id: str
    status: str
    key: str = ""


@record
class AgentLeg:
    """OriginateResponse for the telephone of an agent who accepted an offer: `up`, or it was not answered."""

    attempt_id: str
    up: bool


CallEvent = (
    NewChannel
    | NewState
    | DialState
    | DialEnd
    | Hangup
    | OriginateResponse
    | QueueCallerJoin
    | QueueCallerLeave
    | QueueCallerAbandon
    | AgentCalled
    | AgentConnect
    | AgentComplete
    | AgentRingNoAnswer
    | QueueEnded
    | MachineDetected
    | MessagePlayed
)
Event = CallEvent | AgentLeg | MemberState | MemberRemoved | FullyBooted | Shutdown


@dataclass(frozen=True, slots=True)
class LiveChannel:
    """One row of CoreShowChannels."""

    uniqueid: str
    linkedid: str
    name: str
    state: ChannelState
    account: str = ""
    application: str = ""
    bridge: str = ""  # the bridge's id, "" when alone
    exten: str = ""  # where it is in the dialplan


@dataclass(frozen=True, slots=True)
class WaitingCaller:
    """One QueueEntry: a caller, ours or inbound, whom no agent has yet."""

    queue: str
    uniqueid: str


@dataclass(frozen=True, slots=True)
class LiveState:
    """The whole picture after a resync. `clock_offset_s` is Asterisk's clock minus ours, None when it is unknown."""

    members: tuple[MemberState, ...] = ()
    queues: frozenset[str] = frozenset()
    entries: tuple[WaitingCaller, ...] = ()
    channels: Mapping[str, LiveChannel] = field(default_factory=dict)  # by Uniqueid
    uptime_s: int = 0
    clock_offset_s: float | None = None
    detects_machines: bool | None = None  # whether app_amd is loaded; None: Asterisk does not say
