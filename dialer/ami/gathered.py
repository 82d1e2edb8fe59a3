"""Writing to Asterisk: what is said within one round of the loop leaves in one piece, as each write costs a system call."""

import asyncio

#: Bytes waiting to be sent; more than this and Asterisk is not reading.
MAX_UNSENT = 64 * 1024


class Gathered:
    """A transport, as far as the protocol uses one; what was written last leaves at the end of the round."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self._loop = transport, asyncio.get_running_loop()
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self._leave)
        self._parts.append(data)

    @property
    def congested(self) -> bool:
        """Whether Asterisk has stopped reading."""
        return self._transport.get_write_buffer_size() + sum(map(len, self._parts)) > MAX_UNSENT

    def close(self) -> None:
        self._leave()
        self._transport.close()

    def abort(self) -> None:
        self._parts.clear()
        self._transport.abort()

    def _leave(self) -> None:
        if self._parts:
            self._transport.write(b"".join(self._parts))
            self._parts.clear()
