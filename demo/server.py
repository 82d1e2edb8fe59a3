"""The server as its users run it: a process of its own, spoken to over HTTP."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp

from asterisk.lab import ports

READY_S = 20.0
CALL_S = 30.0
DRAIN_S = 10


class DemoError(Exception):
    """The demo can't go on; the message says why and what to do."""


class Server:
    """`dialer serve` on a free port, its output in `folder/server.log`."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.port = ports.free_tcp(int(os.environ.get("DIALER_HTTP__PORT", "8080")))
        self._log = folder / "server.log"
        self._environment = {
            **environment,
            "DIALER_HTTP__PORT": str(self.port),
            "DIALER_CALLS__DRAIN_S": str(DRAIN_S),
            "DIALER_DATABASE__URL": f"sqlite+aiosqlite:///{folder / 'dialer.db'}",
            "DIALER_DATA_DIR": str(folder / "data"),
            "DIALER_NODE": "demo",  # the machine's name may change; what the last run left open is this node's
        }
        self._process: asyncio.subprocess.Process | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def run(self, *command: str) -> str:
        """What another `dialer` command prints."""
        process = await asyncio.create_subprocess_exec(
            *_dialer(*command), env={**os.environ, **self._environment},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, error = await process.communicate()
        if process.returncode:
            raise DemoError(f"dialer {' '.join(command)}: {error.decode().strip()}")
        return out.decode().strip()

    async def start(self) -> None:
        with self._log.open("ab") as log:
            # A session of its own: Ctrl-C in the terminal is the demo's, which then stops the server properly.
            self._process = await asyncio.create_subprocess_exec(
                *_dialer("serve"), env={**os.environ, **self._environment}, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        deadline = asyncio.get_running_loop().time() + READY_S
        async with aiohttp.ClientSession() as http:
            while not await self._answers(http):
                if self._process.returncode is not None or asyncio.get_running_loop().time() > deadline:
                    raise DemoError(f"the server did not start:\n{self.last_words()}")
                await asyncio.sleep(0.05)

    async def _answers(self, http: aiohttp.ClientSession) -> bool:
        try:
            async with http.get(f"{self.address}/readyz", timeout=aiohttp.ClientTimeout(2)) as answer:
                return answer.status == 200  # noqa: PLR2004
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def ended(self) -> int:
        assert self._process is not None  # noqa: S101  (started)
        return await self._process.wait()

    async def stop(self) -> None:
        """Drain and end."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            await self._process.wait()

    def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    def last_words(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-20:])


class Api:
    """The JSON API with a token."""

    def __init__(self, address: str, token: str) -> None:
        self._base = f"{address}/api/v1"
        self._headers = {"Authorization": f"Bearer {token}"}

    async def __call__(self, method: str, path: str, **request: Any) -> Any:
        """The answer's JSON; raises DemoError with the problem's own words."""
        async with (
            aiohttp.ClientSession(headers=self._headers, timeout=aiohttp.ClientTimeout(CALL_S)) as http,
            http.request(method, self._base + path, **request) as answer,
        ):
            if answer.status >= 400:  # noqa: PLR2004
                raise DemoError(f"{method} {path}: {answer.status} {await answer.text()}")
            return await answer.json() if answer.status != 204 else None  # noqa: PLR2004


def _dialer(*command: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "dialer.cli", *command)
