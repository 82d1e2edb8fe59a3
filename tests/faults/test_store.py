"""A store that can't be written to while the server dials: locked by another process, and on a full disk."""

import asyncio
import contextlib
import shutil
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee
from sms.lab.smsc import Smsc
from tests.support.rig import call, strategy, text
from tests.support.server import DIALER, Server
from tests.support.truth import assert_called_and_texted, done, people
from tests.support.waiting import until

CONTACTS = 60
MIX = (Callee.BUSY, Callee.ANSWER, Callee.REJECTED)
LOCKED_S = 32.0  # longer than SQLite's own patience with the lock
ROOM_MB = 60


async def dials(server: Server, lab: Lab, smsc: Smsc) -> int:
    """A campaign of which twelve are called, or were."""
    numbers = people(CONTACTS, MIX)
    campaign = await server.campaign(lab, numbers, strategy(call("text"), text()), smsc_port=smsc.port)
    await server.ok("POST", f"/campaigns/{campaign}/publish")
    await until(lambda: len(lab.ledger()) >= 12 and len(smsc.ledger()) >= 3, "twelve calls and three texts")
    return campaign


async def database(server: Server) -> dict[str, Any]:
    """What `/readyz` says of it."""
    async with aiohttp.ClientSession() as http, http.get(f"{server.address}/readyz") as answer:
        return dict((await answer.json())["checks"]["database"])


async def told(server: Server, words: str) -> None:
    async def says() -> bool:
        found = await database(server)
        return not found["ready"] and words in found["reason"]

    await until(says, f"/readyz to say {words!r}")


async def assert_nothing_leaves(lab: Lab, smsc: Smsc, seconds: float) -> None:
    before = len(lab.ledger()), len(smsc.ledger())
    await asyncio.sleep(seconds)
    assert (len(lab.ledger()), len(smsc.ledger())) == before


@pytest.mark.req("D1", "D3", "A4")
async def test_locked_for_half_a_minute_nothing_leaves_and_then_it_goes_on(
    lab: Lab, smsc: Smsc, tmp_path: Path
) -> None:
    """What was decided before the lock and waits behind it is decided anew: its agents have gone meanwhile."""
    server = Server(tmp_path, lab)
    try:
        await server.start()
        campaign = await dials(server, lab, smsc)
        with closing(sqlite3.connect(tmp_path / "dialer.db", isolation_level=None, timeout=30)) as other:
            other.execute("BEGIN EXCLUSIVE")
            locked = time.monotonic()
            await told(server, "write lock")
            for agent in lab.agents:
                await lab.pause_agent(agent)
            await assert_nothing_leaves(lab, smsc, LOCKED_S - (time.monotonic() - locked))
            assert (await server.call("GET", f"/campaigns/{campaign}"))[0] == 200, "what is only read is answered"
            other.execute("ROLLBACK")
        opened, called = datetime.now(UTC), len(lab.ledger())
        await until(lambda: "store_goes_on" in server.words(), "it to notice")
        await asyncio.sleep(1.0)
        assert len(lab.ledger()) == called, "nobody is called while no agent is free"
        for agent in lab.agents:
            await lab.pause_agent(agent, paused=False)
        lost = assert_called_and_texted(await done(server, campaign, 150), lab, smsc)
        assert lost == 0
        assert any(p.at > opened for p in lab.ledger())
        assert (await database(server))["ready"]
        assert "Traceback" not in server.words()
    finally:
        await server.stop()


class Island(Server):
    """A server whose database is on a disk of `ROOM_MB` that only it has mounted, and that can be filled."""

    def __init__(self, folder: Path, lab: Lab) -> None:
        self._disk = folder / "disk"
        self._disk.mkdir()
        mount = f'mount -t tmpfs -o size={ROOM_MB}m none {self._disk} && exec "$@"'
        command = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh", *DIALER)
        super().__init__(folder, lab, url=f"sqlite+aiosqlite:///{self._disk}/dialer.db", command=command)

    @property
    def disk(self) -> Path:
        """From outside. SQLite would not take this way: it follows the link to the folder that is there outside."""
        return Path(f"/proc/{self.pid}/root{self._disk}")

    async def command_of(self) -> Sequence[str]:
        """Other commands run where the disk is."""
        await until((self.disk / "dialer.db").exists, "the database")
        return ("nsenter", "--user", "--mount", "--preserve-credentials", "--target", str(self.pid), *DIALER)

    async def make_token(self) -> str:
        await self.run("migrate")  # or waits until the server, which has only begun, has done so
        code, out = await self.run("token", "create", "--role", "manager", "--name", "test")
        assert code == 0, out
        return out.strip()

    def copied(self) -> None:
        """The database as it is, for those who look at it from outside."""
        for file in self.disk.glob("dialer.db*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, self._disk)

    def fill(self) -> None:
        with (self.disk / "ballast").open("ab", buffering=0) as ballast, contextlib.suppress(OSError):
            while True:
                ballast.write(bytes(4096))

    def make_room(self) -> None:
        (self.disk / "ballast").unlink()


@pytest.mark.req("D3", "A4")
async def test_on_a_full_disk_nothing_leaves_and_with_room_it_goes_on(lab: Lab, smsc: Smsc, tmp_path: Path) -> None:
    server = Island(tmp_path, lab)
    try:
        await server.start()
        campaign = await dials(server, lab, smsc)
        server.fill()
        await told(server, "make room")
        await lab.settled()  # calls under way end, and their outcomes wait
        await assert_nothing_leaves(lab, smsc, 5)
        assert (await server.call("GET", f"/campaigns/{campaign}"))[0] == 200, "what is only read is answered"
        assert (await server.call("PATCH", f"/campaigns/{campaign}", json={"title": "x" * 60}))[0] in {200, 507}
        server.make_room()
        path = f"/campaigns/{campaign}"

        async def over() -> bool:
            return bool((await server.ok("GET", path))["contacts"]["done"] == CONTACTS)

        await until(over, f"every contact to be done; {server.log}", 60, every_s=0.5)
        server.copied()
        lost = assert_called_and_texted(await done(server, campaign, 150), lab, smsc)
        assert lost == 0
        assert (await database(server))["ready"]
        assert "Traceback" not in server.words()
    finally:
        await server.stop()
