"""An SMSC that takes what it is sent, in a process of its own: `python -m bench.sink RECEIPTS RATE PORT EXPECTED`; prints its port.

It reads no more of a submit_sm than its header, and answers in one write what came in one read, so that it costs next to
nothing beside what is measured. RECEIPTS: 0 for none, 1 for a delivery receipt after each response, a higher number for that
many receipts kept back, which then all come while others are submitted; later ones follow their response. RATE: so many
segments a second are taken, counted over a second, others are refused with ESME_RTHROTTLED; 0 for all. PORT: 0 for any. EXPECTED:
after so many segments it prints how many seconds have passed since the first; 0 for never.
"""

import asyncio
import struct
import sys
import time

_HEADER = struct.Struct(">LLLL")
_BIND, _SUBMIT, _UNBIND, _ENQUIRE, _DELIVER = 0x09, 0x04, 0x06, 0x15, 0x05
_RESPONSE, _THROTTLED = 0x80000000, 0x58
_UNANSWERED = 500  # receipts that may wait for their answer


class Sink(asyncio.Protocol):
    def __init__(self, receipts: int, rate: int, expected: int) -> None:
        self.receipts, self.rate, self.expected = receipts, rate, expected
        self.taken, self.held = 0, b""
        self.sent, self.unanswered = 0, 0  # of the receipts
        self.tokens, self.filled_at = float(rate), time.monotonic()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        data, at, out = self.held + data, 0, bytearray()
        while len(data) - at >= _HEADER.size:
            length, command, _, sequence = _HEADER.unpack_from(data, at)
            if len(data) - at < length:
                break
            at += length
            self._answer(command, sequence, out)
        self.held = data[at:]
        self._send_receipts(out)
        if out:
            self.transport.write(bytes(out))  # type: ignore[attr-defined]

    def _answer(self, command: int, sequence: int, out: bytearray) -> None:
        if command == _SUBMIT:
            if not self._may_take():
                out += _HEADER.pack(_HEADER.size, command | _RESPONSE, _THROTTLED, sequence)
                return
            self.taken += 1
            if self.taken == 1:
                self.begun_at = time.monotonic()
            if self.taken == self.expected:
                print(time.monotonic() - self.begun_at, flush=True)
            name = f"{self.taken:x}".encode() + b"\0"
            out += _HEADER.pack(_HEADER.size + len(name), command | _RESPONSE, 0, sequence) + name
        elif command == _DELIVER | _RESPONSE:
            self.unanswered -= 1
        elif command in {_BIND, _UNBIND, _ENQUIRE}:
            body = b"sink\0" if command == _BIND else b""
            out += _HEADER.pack(_HEADER.size + len(body), command | _RESPONSE, 0, sequence) + body

    def _may_take(self) -> bool:
        if not self.rate:
            return True
        now = time.monotonic()
        self.tokens = min(float(self.rate), self.tokens + (now - self.filled_at) * self.rate)
        self.filled_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    def _send_receipts(self, out: bytearray) -> None:
        if self.receipts and self.taken >= self.receipts:
            more = min(self.taken - self.sent, _UNANSWERED - self.unanswered)
            for number in range(self.sent + 1, self.sent + more + 1):
                out += _receipt(number)
            self.sent += more
            self.unanswered += more


def _receipt(number: int) -> bytes:
    text = f"id:{number:x} sub:001 dlvrd:001 submit date:2605041200 done date:2605041200 stat:DELIVRD err:000 text:".encode()
    body = b"\0\x01\x0112125550100\0\0\0Bench\0\4\0\0\0\0\0\0\0\0" + bytes([len(text)]) + text
    return _HEADER.pack(_HEADER.size + len(body), _DELIVER, 0, number) + body


async def main() -> None:
    receipts, rate, port, expected = map(int, sys.argv[1:])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Sink(receipts, rate, expected), "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
