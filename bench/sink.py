"""An SMSC that takes all it is sent, in a process of its own: `python -m bench.sink RECEIPTS`; prints its port.

It reads no more of a submit_sm than its header, and answers in one write what came in one read, so that it costs next to
nothing beside what is measured. RECEIPTS is 1 for a delivery receipt after each response. When the link ends it prints how many
segments came.
"""

import asyncio
import struct
import sys

_HEADER = struct.Struct(">LLLL")
_BIND, _SUBMIT, _UNBIND, _ENQUIRE, _DELIVER = 0x09, 0x04, 0x06, 0x15, 0x05
_RESPONSE = 0x80000000


class Sink(asyncio.Protocol):
    def __init__(self, *, receipts: bool) -> None:
        self.receipts, self.taken, self.held = receipts, 0, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def connection_lost(self, _exc: Exception | None) -> None:
        print(self.taken, flush=True)

    def data_received(self, data: bytes) -> None:
        data, at, out = self.held + data, 0, bytearray()
        while len(data) - at >= _HEADER.size:
            length, command, _, sequence = _HEADER.unpack_from(data, at)
            if len(data) - at < length:
                break
            at += length
            self._answer(command, sequence, out)
        self.held = data[at:]
        if out:
            self.transport.write(bytes(out))  # type: ignore[attr-defined]

    def _answer(self, command: int, sequence: int, out: bytearray) -> None:
        if command == _SUBMIT:
            self.taken += 1
            name = f"{self.taken:x}".encode() + b"\0"
            out += _HEADER.pack(_HEADER.size + len(name), command | _RESPONSE, 0, sequence) + name
            if self.receipts:
                out += _receipt(self.taken)
        elif command in {_BIND, _UNBIND, _ENQUIRE}:
            body = b"sink\0" if command == _BIND else b""
            out += _HEADER.pack(_HEADER.size + len(body), command | _RESPONSE, 0, sequence) + body


def _receipt(number: int) -> bytes:
    text = f"id:{number:x} sub:001 dlvrd:001 submit date:2605041200 done date:2605041200 stat:DELIVRD err:000 text:".encode()
    body = b"\0\x01\x0112125550100\0\0\0Bench\0\4\0\0\0\0\0\0\0\0" + bytes([len(text)]) + text
    return _HEADER.pack(_HEADER.size + len(body), _DELIVER, 0, number) + body


async def main() -> None:
    receipts = sys.argv[1] == "1"
    server = await asyncio.get_running_loop().create_server(lambda: Sink(receipts=receipts), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
