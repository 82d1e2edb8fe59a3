"""The reference on a real Asterisk: a loop without a store that writes Originates, and counts what becomes of its calls."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, Self

from ulid import ULID

from asterisk.lab.ami import AmiAddress, compose
from dialer.ami.originate import CONTEXT, OriginateCall

_END = b"\r\n\r\n"


@dataclass(slots=True)
class BareAmi:
    """`async with BareAmi(address, dial, queue) as bare`, then `offer` or `serve`. `ended` are the calls hung up so far."""

    address: AmiAddress
    dial: str
    queue: str
    digits: str = "%07d"  # as in `bench.million.fill`
    context: str = CONTEXT
    sent: int = 0
    ended: int = 0
    connected: int = 0
    _reader: asyncio.StreamReader = field(init=False)
    _writer: asyncio.StreamWriter = field(init=False)

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self.address.host, self.address.port)
        login = {"Username": self.address.username, "Secret": self.address.secret, "Events": "on"}
        self._writer.write(compose("Login", login))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def offer(self, rate: float, seconds: float, *, most: int) -> None:
        """Dial so many calls a second, no more than `most` at once; returns when the last has ended."""
        reading = asyncio.ensure_future(self._read(lambda _name, _message: None))
        began = time.monotonic()
        try:
            while (passed := time.monotonic() - began) < seconds:
                for _ in range(min(int(rate * passed) - self.sent, most - (self.sent - self.ended))):
                    self._call()
                await asyncio.sleep(0.002)
            while self.ended < self.sent:
                await asyncio.sleep(0.01)
        finally:
            reading.cancel()

    async def serve(self, agents: int) -> None:
        """Dial for each agent, and again as soon as one is free, until cancelled. Agents have no wrap-up."""

        def note(name: bytes, message: bytes) -> None:
            if name == b"AgentConnect":
                self.connected += 1
            elif name == b"QueueMemberStatus" and b"\r\nStatus: 1\r\n" in message:
                self._call()

        for _ in range(agents):
            self._call()
        await self._read(note)

    async def _read(self, note: Any) -> None:
        rest = b""
        while data := await self._reader.read(65_536):
            *messages, rest = (rest + data).split(_END)
            for message in messages:
                name = message[7 : message.find(b"\r\n")]
                if name == b"Hangup" and b"\r\nUniqueid: a-" in message and b";2\r\n" not in message:
                    self.ended += 1
                note(name, message)

    def _call(self) -> None:
        self.sent += 1
        number = "+1212" + self.digits % self.sent
        call = OriginateCall(str(ULID()), number, self.dial, self.queue, 25, 20, context=self.context)
        headers: dict[str, Any] = dict(call.headers())
        self._writer.write(compose(headers.pop("Action"), headers, headers.pop("Variable")))
