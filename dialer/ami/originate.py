"""What may be said to Asterisk: an outbound call as an Originate action, and the check that every value passes.

AMI has no quoting. A value with CR LF would begin a second action, so nothing with a control character is ever sent,
and what the dialplan will read is held to the narrowest form that works.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dialer.domain.agent_leg import agent_channel_id
from dialer.domain.sound import SOUND_FILE
from dialer.domain.telephony import channel_id

MAX_LINE = 1024  # bytes of an AMI line, its end included
CONTEXT = "dialer"
_NUMBER = re.compile(r"\+?[0-9]{3,15}")
_ATTEMPT_ID = re.compile(r"[0-9A-Z]{26}")
_QUEUE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PREFIX = re.compile(r"[0-9*#+]{0,16}")
_INTERFACE = re.compile(r"[A-Za-z]{2,16}/[A-Za-z0-9_.@:+/-]{1,100}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NUMBER_FIELD = "{number}"
_SOUND = re.compile(SOUND_FILE)
_AMD = re.compile(r"[0-9]{1,6}(-[0-9]{1,6}){8}")
#: What Asterisk may need from the end of the wait to the beginning of the message: 1 to 10 ms, 100 ms on an overloaded machine.
TO_BEGIN_S = 0.25
SHORTEST_LIMIT_S = 0.2

Action = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Accepted:
    """Asterisk has taken the action on."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Asterisk said no: nothing was dialed. `temporary` when that says nothing of the call: it may be made again."""

    reason: str
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class NotSent:
    """Not one byte was written: nothing was dialed, and the attempt may be made again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Written, but never acknowledged: whether it was dialed is for events and the next resync to tell."""

    reason: str


STOPPING, NO_RIGHT = "shutting down", "permission denied"


def says_nothing_of_the_call(refusal: str) -> bool:
    """Asterisk is about to stop, or its user lacks `write = originate`: every other call would be refused as well."""
    return any(words in refusal.lower() for words in (STOPPING, NO_RIGHT))


Answer = Accepted | Refused | NotSent | Unknown


@dataclass(frozen=True, slots=True)
class OriginateCall:
    """One call to one number, to be handed to a queue when it is answered.

    `dial` is the gateway's template, e.g. `PJSIP/{number}@carrier`; `number` E.164; times in whole seconds. The fields
    are checked on creation: ValueError names the one that is wrong.
    """

    attempt_id: str
    number: str
    dial: str
    queue: str
    ring_s: int
    queue_wait_s: int
    caller_id: str = ""
    strip_plus: bool = False
    prefix: str = ""
    context: str = CONTEXT
    message: str = ""  # the sound file for a callee without an agent; empty: Asterisk's own setting
    amd: str = ""  # the options of AMD(), joined by hyphens; empty: machines are not told from people
    amd_silence_ms: int = 0  # of them, how long it listens after a greeting
    machine_message: str = ""  # the sound file to leave on a machine; empty: hang up
    message_silence_ms: int = 2000  # how long a machine must be silent before the message
    to_agent: bool = False  # an agent accepted it: to the channel of that agent, not to the queue
    _headers: dict[str, str | Sequence[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _match("attempt_id", _ATTEMPT_ID, self.attempt_id)
        _match("number", _NUMBER, self.number)
        _match("queue", _QUEUE, self.queue)
        _match("context", _QUEUE, self.context)
        _match("prefix", _PREFIX, self.prefix)
        for name, sound in (("message", self.message), ("machine_message", self.machine_message)):
            if sound:
                _match(name, _SOUND, sound)
        if self.amd:
            _match("amd", _AMD, self.amd)
        if self.dial.count(_NUMBER_FIELD) != 1:
            raise ValueError(f"dial: {self.dial!r} must contain {_NUMBER_FIELD} once")
        if not 1 <= self.ring_s <= 600:  # noqa: PLR2004 (ten minutes: nobody lets a phone ring longer)
            raise ValueError(f"ring_s: {self.ring_s} is not between 1 and 600 seconds")
        if not 1 <= self.queue_wait_s <= 3600:  # noqa: PLR2004 (an hour)
            raise ValueError(f"queue_wait_s: {self.queue_wait_s} is not between 1 and 3600 seconds")
        object.__setattr__(self, "_headers", self._action())
        check(self._headers)

    def headers(self) -> Action:
        """The action. EarlyMedia stays off: with it a 183 would count as an answer."""
        return self._headers

    def _action(self) -> dict[str, str | Sequence[str]]:
        action: dict[str, str | Sequence[str]] = {
            "Action": "Originate",
            "ActionID": self.attempt_id,
            "ChannelId": channel_id(self.attempt_id),
            "Channel": self.dial.replace(_NUMBER_FIELD, self._dialed_number()),
            "Context": self.context,
            "Exten": "preview" if self.to_agent else f"q-{self.queue}",
            "Priority": "1",
            "Timeout": str(self.ring_s * 1000),
            "Async": "true",
            "Account": self.attempt_id,
            # Only ids, numbers and checked file names: a comma would set another variable, a name could be a function.
            "Variable": tuple(f"{name}={value}" for name, value in self._variables().items()),
        }
        if self.caller_id:
            action["CallerID"] = self.caller_id
        return action

    def _variables(self) -> dict[str, str]:
        """What asterisk/extensions_dialer.conf reads."""
        variables = {
            "__DIAL_ATTEMPT": self.attempt_id,
            "__DIAL_QUEUE_WAIT": str(self.queue_wait_s),
            "DIAL_QUEUE_LIMIT": f"{self.queue_limit_s:.3f}",
        }
        if self.to_agent:
            variables["DIAL_AGENT"] = agent_channel_id(self.attempt_id)
        if self.message:
            variables["DIAL_MESSAGE"] = self.message
        if self.amd:
            variables |= {"DIAL_AMD": self.amd, "DIAL_SILENCE": str(self.message_silence_ms)}
        if self.amd and self.machine_message:
            variables["DIAL_MACHINE_MESSAGE"] = self.machine_message
        return variables

    @property
    def queue_limit_s(self) -> float:
        """How long the queue may take, so that the message begins in time.

        The time runs from the end of the greeting: of it AMD() has listened to the silence that told it of a person.
        """
        listened_s = self.amd_silence_ms / 1000 if self.amd else 0.0
        return max(SHORTEST_LIMIT_S, self.queue_wait_s - TO_BEGIN_S - listened_s)

    def _dialed_number(self) -> str:
        return self.prefix + (self.number.removeprefix("+") if self.strip_plus else self.number)


@dataclass(frozen=True, slots=True)
class AgentCall:
    """The telephone of an agent who accepted an offer, which waits for the callee. `agent` is the member's interface.

    ValueError names the field that is wrong.
    """

    attempt_id: str
    agent: str
    ring_s: int
    wait_s: int  # the net behind our own hang-up
    caller_id: str = ""
    context: str = CONTEXT

    def __post_init__(self) -> None:
        _match("attempt_id", _ATTEMPT_ID, self.attempt_id)
        _match("agent", _INTERFACE, self.agent)
        _match("context", _QUEUE, self.context)
        check(self.headers())

    def headers(self) -> dict[str, str | Sequence[str]]:
        """The action. Its answer comes as OriginateResponse with the same ActionID."""
        name = agent_channel_id(self.attempt_id)
        action: dict[str, str | Sequence[str]] = {
            "Action": "Originate",
            "ActionID": name,
            "ChannelId": name,
            "Channel": self.agent,
            "Context": self.context,
            "Exten": "agent",
            "Priority": "1",
            "Timeout": str(self.ring_s * 1000),
            "Async": "true",
            "Variable": (f"DIAL_WAIT={self.wait_s}",),
        }
        if self.caller_id:
            action["CallerID"] = self.caller_id
        return action


def hang_up(attempt_id: str, *, agent: bool = False) -> Action:
    """For the attempt's call, or its agent's own leg."""
    return {"Action": "Hangup", "Channel": agent_channel_id(attempt_id) if agent else channel_id(attempt_id)}


def check(action: Action) -> None:
    """Raise ValueError, naming the field, unless every line of the action is safe to write."""
    lines = [f"{n}: {one}" for n, value in action.items() for one in ((value,) if isinstance(value, str) else value)]
    # Every call is checked twice: first all at once, with no character of more than four bytes.
    if not _CONTROL.search("".join(lines)) and 4 * len(max(lines, key=len, default="")) + 2 <= MAX_LINE:
        return
    for name, value in action.items():
        for line in (value,) if isinstance(value, str) else value:
            if _CONTROL.search(line) or _CONTROL.search(name):
                raise ValueError(f"{name}: control characters and line ends are not allowed")
            if len(f"{name}: {line}\r\n".encode()) > MAX_LINE:
                raise ValueError(f"{name}: the line is longer than {MAX_LINE} bytes")


def _match(name: str, pattern: re.Pattern[str], value: str) -> None:
    if not pattern.fullmatch(value):
        raise ValueError(f"{name}: {value!r} does not match {pattern.pattern}")
