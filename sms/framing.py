"""Where one PDU ends and the next begins, and what is wrong with one that can't be read or written."""

import struct
from typing import Final

from sms import status

HEADER: Final = 16
# message_payload may carry 64 KiB; with the other fields no honest PDU is longer.
MAX_LENGTH: Final = 70_000
RESPONSE: Final = 0x80000000


class PduError(ValueError):
    """A PDU that cannot be written or read. `status` is what SMPP calls the fault."""

    def __init__(self, reason: str, *, code: int = status.INVALID_COMMAND_LENGTH) -> None:
        super().__init__(reason)
        self.status = code


class FramingError(PduError):
    """The stream is out of step: nothing after this point can be trusted."""


class MalformedPduError(PduError):
    """The header was readable, the body is not."""

    def __init__(self, reason: str, *, sequence: int, command_id: int) -> None:
        super().__init__(reason)
        self.sequence = sequence
        self.command_id = command_id

    @property
    def is_response(self) -> bool:
        return bool(self.command_id & RESPONSE)


class Framer:
    """Cuts a stream into PDUs, however it arrives."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next(self) -> bytes | None:
        """The next whole PDU; None when more must arrive. Raises FramingError for an impossible length."""
        if len(self._buffer) < HEADER:
            return None
        (length,) = struct.unpack_from(">L", self._buffer)
        if not HEADER <= length <= MAX_LENGTH:
            raise FramingError(f"a PDU of {length} octets is announced")
        if len(self._buffer) < length:
            return None
        frame = bytes(self._buffer[:length])
        del self._buffer[:length]
        return frame
