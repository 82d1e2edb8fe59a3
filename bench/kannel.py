"""Kannel that runs: its two boxes with a store on the disk, texts handed over HTTP, and an SMSC at a port."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from asterisk.lab.ports import free_tcp
from bench.kannel_package import Kannel
from bench.server import cpu_s

CONNECTIONS = 50  # over which texts are handed to smsbox, one after the other on each
UP_S, STEP_S = 30.0, 0.1
_CONFIG = """\
group = core
admin-port = {admin}
admin-password = bench
smsbox-port = {inner}
store-type = spool
store-location = "{folder}/spool"
log-file = "{folder}/bearerbox.log"
log-level = 2
dlr-storage = internal

group = smsc
smsc = smpp
smsc-id = sink
host = 127.0.0.1
port = {sink}
smsc-username = bench
smsc-password = bench
system-type = ""
transceiver-mode = true
max-pending-submits = {window}
reconnect-delay = 1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {http}
log-file = "{folder}/smsbox.log"
log-level = 2

group = sendsms-user
username = bench
password = bench
"""


@dataclass(frozen=True)
class Boxes:
    """Kannel that runs, and the port of its HTTP interface."""

    http: int
    pids: tuple[int, ...]

    def cpu_s(self) -> float:
        return sum(map(cpu_s, self.pids))

    async def take(self, texts: int, text: str) -> None:
        """Hand it so many texts, each once it has answered for the one before on its connection."""
        numbers = iter(range(texts))

        async def send() -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.http)
            for n in numbers:
                asked = {"username": "bench", "password": "bench", "from": "Bench", "to": f"+1212{n:07d}", "text": text}
                writer.write(f"GET /cgi-bin/sendsms?{urlencode(asked)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
                await _accepted(reader)
            writer.close()

        await asyncio.gather(*(send() for _ in range(CONNECTIONS)))


async def _accepted(reader: asyncio.StreamReader) -> None:
    """Raises RuntimeError for an answer that is not `202 Accepted`."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = next(int(line.split(":")[1]) for line in head.splitlines() if line.startswith("content-length"))
    said = await reader.readexactly(length)
    if " 202 " not in head.splitlines()[0]:
        raise RuntimeError(f"Kannel did not take a text: {said.decode()}")


@asynccontextmanager
async def running(kannel: Kannel, sink: int, window: int) -> AsyncIterator[Boxes]:
    """Both boxes, up. Kannel looks for the SMSC at port `sink` every second until it is there."""
    admin, inner, http = (free_tcp() for _ in range(3))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "spool").mkdir()
        config = folder / "kannel.conf"
        config.write_text(_CONFIG.format(admin=admin, inner=inner, http=http, sink=sink, folder=folder, window=window))
        started: list[asyncio.subprocess.Process] = []
        try:
            for box, port in ((kannel.bearerbox, inner), (kannel.smsbox, http)):
                started.append(
                    await asyncio.create_subprocess_exec(
                        box,
                        str(config),
                        env=kannel.environment,
                        stdout=asyncio.subprocess.DEVNULL,
                        stderr=asyncio.subprocess.DEVNULL,
                    )
                )
                await _listens(port)
            yield Boxes(http, tuple(one.pid for one in started))
        finally:
            for one in reversed(started):
                if one.returncode is None:
                    one.kill()
                await one.wait()


async def _listens(port: int) -> None:
    async with asyncio.timeout(UP_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(STEP_S)
            else:
                writer.close()
                return
