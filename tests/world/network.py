"""Connections within the loop: real bytes between a client's protocol and a server's, with delays, stalls and breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context, copy_context
from types import SimpleNamespace
from typing import Any

LATENCY_S = 0.0004
FIRST_PORT = 5038


class Wire(asyncio.Transport):
    """One end. Bytes arrive in order, none before those that were written before them."""

    def __init__(self, network: Network, protocol: Any, life: Any) -> None:
        super().__init__()
        self._network, self.protocol, self.life = network, protocol, life
        self.context: Context = copy_context()
        self.other: Wire | None = None
        self.over = False
        self._free_at = 0.0  # when the last bytes on their way arrive at the other end

    def write(self, data: Any) -> None:
        if self.over or self.other is None:
            return
        self._network.tap(self, bytes(data))
        for piece in self._network.pieces(bytes(data)):
            self._later(self.other, self.other.take, piece)

    def take(self, data: bytes) -> None:
        if not self.over:
            self.protocol.data_received(data)

    def close(self) -> None:
        """Both ends hear of it, the other one after what is on its way."""
        if self.over or self.other is None:
            return
        self.over = True
        self._network.loop.call_soon(self.protocol.connection_lost, None, context=self.context)
        self._later(self.other, self.other.lose)

    abort = close

    def lose(self) -> None:
        if not self.over:
            self.over = True
            self._network.ends.pop(self, None)
            self.protocol.connection_lost(None)

    def die(self) -> None:
        """Its process is gone: only the other end hears of it."""
        if not self.over and self.other is not None:
            self.over = True
            self._later(self.other, self.other.lose)

    def _later(self, end: Wire, then: Callable[..., None], *args: Any) -> None:
        # One after the other: timers of the same moment ring in any order.
        self._free_at = max(self._free_at + 1e-7, self._network.arrival(end))
        self._network.loop.call_at(self._free_at, then, *args, context=end.context)

    def is_closing(self) -> bool:
        return self.over

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, _name: str, default: Any = None) -> Any:
        return default

    def pause_reading(self) -> None:
        pass


class Network:
    """`on_write(life, data)` is told what a server's process writes, at the moment when it does."""

    def __init__(self, loop: Any) -> None:
        self.loop = loop
        self.on_write: Callable[[Any, bytes], None] = lambda _life, _data: None
        self.cut_at: Callable[[bytes], int] = lambda _data: 0  # into pieces, as TCP may
        self.stalled_until = 0.0  # nothing arrives at the server's process before
        self.ends: dict[Wire, None] = {}
        self._listening: dict[int, Callable[[], Any]] = {}

    def listen(self, factory: Callable[[], Any], port: int) -> Any:
        port = port or FIRST_PORT + len(self._listening)
        self._listening[port] = factory
        sock = SimpleNamespace(getsockname=lambda: ("127.0.0.1", port))
        return SimpleNamespace(sockets=[sock], close=lambda: self._listening.pop(port, None))

    async def connect(self, factory: Callable[[], Any], port: int, life: Any) -> tuple[Wire, Any]:
        await asyncio.sleep(2 * LATENCY_S)
        if port not in self._listening:
            raise ConnectionRefusedError(111, "Connection refused")
        client, server = Wire(self, factory(), life), Wire(self, self._listening[port](), None)
        server.context = Context()  # the world outside: no life
        client.other, server.other = server, client
        self.ends[client] = self.ends[server] = None
        server.context.run(server.protocol.connection_made, server)
        client.protocol.connection_made(client)
        return client, client.protocol

    def forget(self, life: Any) -> None:
        for end in [end for end in self.ends if end.life is life]:
            end.die()
            del self.ends[end]

    def tap(self, end: Wire, data: bytes) -> None:
        if end.life is not None:
            self.on_write(end.life, data)

    def pieces(self, data: bytes) -> list[bytes]:
        cut = self.cut_at(data)
        return [data[:cut], data[cut:]] if 0 < cut < len(data) else [data]

    def arrival(self, end: Wire) -> float:
        now: float = self.loop.time() + LATENCY_S
        return max(now, self.stalled_until) if end.life is not None else now
