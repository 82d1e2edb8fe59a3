"""A wire between the dialer and the PBX that can be cut, frozen, slowed down, and lost so that neither side notices."""

import asyncio
import contextlib
import time
from types import TracebackType
from typing import Self

from asterisk.lab.ami import AmiAddress

CHUNK = 65_536


class Proxy:
    """`async with Proxy(address) as proxy`: connect to `proxy.address`; break the wire in one of four ways, and `mend` it."""

    def __init__(self, target: AmiAddress) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._pairs: set[asyncio.StreamWriter] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self._fast = asyncio.Event()
        self._fast.set()
        self._lost: set[asyncio.StreamWriter] = set()
        self._refuses = False
        self.mended_at = 0.0  # time.monotonic()

    @property
    def address(self) -> AmiAddress:
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return AmiAddress("127.0.0.1", port, self._target.username, self._target.secret)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Both sides see the end of the connection; a new one is refused."""
        self._refuses = True
        for writer in self._pairs:
            writer.transport.abort()

    def freeze(self) -> None:
        """Connections stay and nothing comes through, as when packets are dropped."""
        self._flows.clear()

    def slow(self) -> None:
        """One byte a second, each way."""
        self._fast.clear()

    def lose(self) -> None:
        """Half-open TCP: the other side has forgotten these connections, and nobody is told. A new one is refused."""
        self._refuses = True
        self._lost |= self._pairs

    def mend(self) -> None:
        """As before; what was written to a frozen wire comes through now, as TCP would send it again."""
        self._refuses = False
        self._fast.set()
        self.mended_at = time.monotonic()
        self._flows.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(self._target.host, self._target.port)
        self._pairs |= {writer, far_writer}
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        finally:
            self._pairs -= {writer, far_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._flows.wait()
                if writer not in self._lost:
                    await self._write(writer, data)
        writer.transport.abort()

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        while data and not self._fast.is_set():
            writer.write(data[:1])
            data = data[1:]
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._fast.wait(), 1.0)
        writer.write(data)
        await writer.drain()
