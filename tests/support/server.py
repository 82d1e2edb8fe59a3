"""`dialer serve` as its users run it: a process of its own that can be killed, and a small client of its API."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp

from asterisk.lab.ami import AmiAddress
from asterisk.lab.lab import Lab
from asterisk.lab.ports import free_tcp
from config.settings import Settings
from dialer.operations import users
from dialer.operations.context import Context
from dialer.store.migrate import upgrade
from tests.support import forked
from tests.support.databases import made_ready, opened
from tests.support.waiting import until

DIALER = (sys.executable, "-m", "dialer.cli")
READY_S = 90.0
END_S = 90.0
COMMAND_S = 120.0


class Server:
    """`dialer serve` on a free port, with its data in `folder`. `environment` is more of `DIALER_…`.

    `module` does something to the product before its `main`; `command`, if there is one, is a place to run it in.
    """

    def __init__(
        self,
        folder: Path,
        lab: Lab,
        *,
        url: str = "",
        ami: AmiAddress | None = None,
        module: str = "dialer.cli",
        command: Sequence[str] = (),
        **environment: str,
    ) -> None:
        address = ami or lab.pbx.ami
        self._module, self._command = module, command
        self.log = folder / "server.log"
        self.url = url or f"sqlite+aiosqlite:///{folder / 'dialer.db'}"
        port = free_tcp()
        self.address = f"http://127.0.0.1:{port}"
        self._settings = Settings.model_validate({"database": {"url": self.url}, "data_dir": folder / "data"})
        self._environment = {
            "DIALER_AMI__HOST": address.host,
            "DIALER_AMI__PORT": str(address.port),
            "DIALER_AMI__USERNAME": lab.pbx.ami.username,
            "DIALER_AMI__SECRET": lab.pbx.ami.secret,
            "DIALER_HTTP__PORT": str(port),
            "DIALER_DATABASE__URL": self.url,
            "DIALER_DATA_DIR": str(folder / "data"),
            "DIALER_NODE": "test",
            "PYTHONDONTWRITEBYTECODE": "",  # as users have it: a start does not compile everything again
            **environment,
        }
        self._process: asyncio.subprocess.Process | forked.Child | None = None
        self._token = ""

    async def run(self, *command: str, typed: str = "", **environment: str) -> tuple[int, str]:
        """Another `dialer` command, with what is `typed` for it: its exit code, and all that it printed."""
        process = await asyncio.create_subprocess_exec(
            *await self.command_of(), *command, env={**os.environ, **self._environment, **environment},
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await asyncio.wait_for(process.communicate(typed.encode()), COMMAND_S)
        return process.returncode or 0, out.decode()

    async def command_of(self) -> Sequence[str]:
        """What runs another `dialer` command."""
        return DIALER

    # -- the process ----------------------------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def spawn(self, **environment: str) -> None:
        """Returns at once: it may end before it is ever ready."""
        await made_ready(self.url)
        environment = {**os.environ, **self._environment, **environment}
        if not self._command:
            self._process = forked.start(self._module, "serve", environment=environment, output=self.log)
            return
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, "serve", env=environment, stdout=log, stderr=log, start_new_session=True
            )

    async def start(self) -> None:
        """Returns once it is ready: the API answers and the link to Asterisk was tried."""
        await self.spawn()
        self._token = self._token or await self.make_token()
        await until(self._listens, f"the server to listen:\n{self.log}", READY_S)

    async def make_token(self) -> str:
        """A manager's, as `dialer token create` makes it."""
        async with self.context() as ctx:
            return await users.create_token(ctx, "test", users.Role.MANAGER)

    @contextlib.asynccontextmanager
    async def context(self) -> AsyncIterator[Context]:
        """Its database, from here: a command of its own would take two seconds of a processor."""
        async with opened(self.url) as db:
            await upgrade(db)
            yield Context(db, self._settings)

    async def kill(self) -> None:
        """`kill -9`."""
        await self.signal(signal.SIGKILL)
        await self.ended()

    async def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def ended(self, timeout_s: float = END_S) -> int:
        """The exit code; negative for the signal that ended it."""
        process = self._process
        assert process is not None
        await until(lambda: process.returncode is not None, f"the server to end:\n{self.log}", timeout_s)
        return process.returncode or 0

    async def stop(self) -> None:
        """Whatever its state: gone at the end of a test."""
        if self._process is not None and self._process.returncode is None:
            await self.kill()

    def words(self) -> str:
        """All that it has logged."""
        return self.log.read_text(errors="replace")

    async def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.returncode is None, self.words()[-4000:]
        try:
            return (await self.call("GET", "/campaigns"))[0] == 200
        except aiohttp.ClientError:
            return False

    # -- its API --------------------------------------------------------------------------------------------------

    async def call(self, method: str, path: str, **request: Any) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        headers = {"Authorization": f"Bearer {self._token}", **request.pop("headers", {})}
        async with (
            aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(COMMAND_S)) as http,
            http.request(method, f"{self.address}/api/v1{path}", **request) as answer,
        ):
            return answer.status, await answer.json(content_type=None) if answer.status != 204 else None

    async def ok(self, method: str, path: str, **request: Any) -> Any:
        """The JSON of an answer that must be a success."""
        status, body = await self.call(method, path, **request)
        assert status < 300, (method, path, status, body)
        return body

    async def add_gateways(self, lab: Lab, smsc_port: int) -> None:
        """The lab's trunk as `world`, and its SMSC, if there is one, as `smsc`."""
        made = {gateway["name"] for gateway in (await self.ok("GET", "/gateways"))["items"]}
        if "world" not in made:
            await self.ok("POST", "/gateways", json={"kind": "voice", "name": "world", "dial": lab.trunk_dial})
        if smsc_port and "smsc" not in made:
            account = {"kind": "sms", "name": "smsc", "system_id": "dialer", "sender": "Test"}
            await self.ok("POST", "/gateways", json={**account, "host": "127.0.0.1", "port": smsc_port})

    async def campaign(
        self, lab: Lab, numbers: Sequence[str], document: Any, *, smsc_port: int = 0, **fields: Any
    ) -> int:
        """A campaign with the lab's trunk, and contacts from a CSV upload, which stand in its list; unpublished."""
        await self.add_gateways(lab, smsc_port)
        complete = {"title": "Spring", "queue": "support", "voice_gateway": "world"}
        complete |= {"sms_gateway": "smsc"} if smsc_port else {}
        campaign = int((await self.ok("POST", "/campaigns", json={**complete, **fields}))["id"])
        path = f"/campaigns/{campaign}"
        await self.ok("PUT", f"{path}/strategy", json=document)
        rows = "".join(f"P{i},{number}\n" for i, number in enumerate(numbers))
        csv = {"data": f"first_name,phone\n{rows}".encode(), "headers": {"Content-Type": "text/csv"}}
        await self.ok("POST", f"{path}/sources?name=people.csv", **csv)

        async def loaded() -> bool:
            return bool((await self.ok("GET", path))["contacts"]["total"] == len(numbers))

        await until(loaded, "the contacts to be loaded")
        await self.contacts(campaign)
        return campaign

    async def contacts(self, campaign: int) -> list[Any]:
        """The contacts of a campaign, once its list has them all."""
        listed: dict[str, Any] = {}

        async def complete() -> bool:
            listed.update(await self.ok("GET", f"/campaigns/{campaign}/contacts"))
            return listed["unindexed"] == 0

        await until(complete, "all contacts to be listed")
        return list(listed["items"])
