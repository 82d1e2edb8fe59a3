"""What may be said to Asterisk: an outbound call as an Originate action, and the check that every value passes.

AMI has no quoting. A value with CR LF would begin a second action, so nothing with a control character is ever sent,
and what the dialplan will read is held to the narrowest form that works.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dialer.domain.telephony import channel_id

MAX_LINE = 1024  # bytes of an AMI line, its end included
CONTEXT = "dialer"
_NUMBER = re.compile(r"\+?[0-9]{3,15}")
_ATTEMPT_ID = re.compile(r"[0-9A-Z]{26}")
_QUEUE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PREFIX = re.compile(r"[0-9*#+]{0,16}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NUMBER_FIELD = "{number}"

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

    def __post_init__(self) -> None:
        _match("attempt_id", _ATTEMPT_ID, self.attempt_id)
        _match("number", _NUMBER, self.number)
        _match("queue", _QUEUE, self.queue)
        _match("context", _QUEUE, self.context)
        _match("prefix", _PREFIX, self.prefix)
        if self.dial.count(_NUMBER_FIELD) != 1:
            raise ValueError(f"dial: {self.dial!r} must contain {_NUMBER_FIELD} once")
        if not 1 <= self.ring_s <= 600:  # noqa: PLR2004 (ten minutes: nobody lets a phone ring longer)
            raise ValueError(f"ring_s: {self.ring_s} is not between 1 and 600 seconds")
        if not 1 <= self.queue_wait_s <= 3600:  # noqa: PLR2004 (an hour)
            raise ValueError(f"queue_wait_s: {self.queue_wait_s} is not between 1 and 3600 seconds")
        check(self.headers())

    def headers(self) -> dict[str, str | Sequence[str]]:
        """The action. EarlyMedia stays off: with it a 183 would count as an answer."""
        action: dict[str, str | Sequence[str]] = {
            "Action": "Originate",
            "ActionID": self.attempt_id,
            "ChannelId": channel_id(self.attempt_id),
            "Channel": self.dial.replace(_NUMBER_FIELD, self._dialed_number()),
            "Context": self.context,
            "Exten": f"q-{self.queue}",
            "Priority": "1",
            "Timeout": str(self.ring_s * 1000),
            "Async": "true",
            "Account": self.attempt_id,
            # Only our own opaque id and a number: a comma here would set another variable, a name could be a function.
            "Variable": (f"__DIAL_ATTEMPT={self.attempt_id}", f"__DIAL_QUEUE_WAIT={self.queue_wait_s}"),
        }
        if self.caller_id:
            action["CallerID"] = self.caller_id
        return action

    def _dialed_number(self) -> str:
        return self.prefix + (self.number.removeprefix("+") if self.strip_plus else self.number)


def check(action: Action) -> None:
    """Raise ValueError, naming the field, unless every line of the action is safe to write."""
    for name, value in action.items():
        for line in (value,) if isinstance(value, str) else value:
            if _CONTROL.search(line) or _CONTROL.search(name):
                raise ValueError(f"{name}: control characters and line ends are not allowed")
            if len(f"{name}: {line}\r\n".encode()) > MAX_LINE:
                raise ValueError(f"{name}: the line is longer than {MAX_LINE} bytes")


def _match(name: str, pattern: re.Pattern[str], value: str) -> None:
    if not pattern.fullmatch(value):
        raise ValueError(f"{name}: {value!r} does not match {pattern.pattern}")
