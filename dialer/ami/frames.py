"""The AMI's wire format, without a socket: bytes in, messages out.

panoramisk decodes each TCP segment by itself and so loses a character that two segments share, and it parses every
message in full (16-23 µs). Here a message is decoded whole, and only if somebody wants it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import overload

MAX_BUFFER = 1 << 20  # bytes; a message is a few hundred, so more without an end is not AMI
_END = b"\r\n\r\n"
_EVENT = b"Event: "


class NotAmiError(ConnectionError):
    """The peer sends something that is not AMI."""


class Frames:
    """Cuts a byte stream into messages (without the greeting line and the blank line between them)."""

    def __init__(self) -> None:
        self._buffer = b""
        self._greeted = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The messages that `data` completes, in order. NotAmiError when no end comes within MAX_BUFFER."""
        self._buffer += data
        if not self._greeted and not self._greet():
            return
        *messages, self._buffer = self._buffer.split(_END)
        if len(self._buffer) > MAX_BUFFER:
            raise NotAmiError(f"a message of more than {MAX_BUFFER} bytes")
        for message in messages:
            yield message.lstrip(b"\r\n")  # Asterisk sometimes sends one line end too many

    def _greet(self) -> bool:
        """Take off `Asterisk Call Manager/11.0.0`, the only line that is not part of a message."""
        line, found, rest = self._buffer.partition(b"\r\n")
        if not found:
            if len(line) > MAX_BUFFER:
                raise NotAmiError("no greeting")
            return False
        if not line.startswith(b"Asterisk Call Manager/"):
            raise NotAmiError(f"the greeting is {line[:60]!r}, not Asterisk's manager interface")
        self._buffer, self._greeted = rest, True
        return True


def event_name(message: bytes) -> bytes | None:
    """The event's name, None for a response. Asterisk always writes `Event` first."""
    if not message.startswith(_EVENT):
        return None
    end = message.find(b"\r\n")
    return message[len(_EVENT) : end if end >= 0 else None]


def headers(message: bytes) -> dict[str, str]:
    """The headers of a message; of one that comes several times the last. Lines that are no header are left out."""
    parted = [line.partition(":") for line in message.decode("utf-8", "replace").split("\r\n")]
    return {name: value.lstrip(" ") for name, colon, value in parted if colon}


class Fields:
    """The headers of an event, each looked for when it is asked for: of the twenty that come, a few are used."""

    def __init__(self, message: bytes) -> None:
        self._message = b"\r\n" + message + b"\r\n"

    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, default: str, /) -> str: ...
    def get(self, name: str, default: str | None = None, /) -> str | None:
        """The value as in `headers`: the last one, if it comes several times."""
        message, label = self._message, _label(name)
        start = message.rfind(label)
        if start < 0:
            return default
        start += len(label)
        return message[start : message.index(b"\r\n", start)].decode("utf-8", "replace").lstrip(" ")


@cache
def _label(name: str) -> bytes:
    return f"\r\n{name}:".encode()
