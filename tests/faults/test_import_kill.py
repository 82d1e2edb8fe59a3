"""`kill -9` of the server while it imports a file: nobody is lost, nobody is there twice, and the counts are exact."""

import asyncio
import io
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from asterisk.lab.lab import Lab
from dialer.store.tables import channel_address, contact, enrollment
from tests.support.databases import opened
from tests.support.invariants import check
from tests.support.server import Server
from tests.support.waiting import until

KILLS = 6
PEOPLE, AGAIN, WRONG = 60_000, 600, 100


@pytest.fixture
async def server(tmp_path: Path, lab: Lab) -> AsyncIterator[Server]:
    made = Server(tmp_path, lab)
    await made.start()
    yield made
    await made.stop()


def _file(chance: random.Random) -> io.BytesIO:
    """Everybody once, some of them again under their number, and rows that are no contacts, in no order."""
    rows = [f"+1202{2_000_000 + n},P{n}" for n in range(PEOPLE)]
    rows += [f"+1202{2_000_000 + n},Again" for n in chance.sample(range(PEOPLE), AGAIN)]
    rows += [f"nonsense {n},X" for n in range(WRONG)]
    chance.shuffle(rows)
    return io.BytesIO("\n".join(["phone,first_name", *rows, ""]).encode())


@pytest.mark.req("K5", "K6")
async def test_killed_at_random_rows_an_import_loses_and_doubles_nobody(server: Server) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # noqa: T201  (pytest shows it when the test fails)
    chance = random.Random(seed)
    campaign = (await server.ok("POST", "/campaigns", json={"title": "Import"}))["id"]
    source = await server.ok(
        "POST",
        f"/campaigns/{campaign}/sources?name=people.csv",
        data=_file(chance),
        headers={"Content-Type": "text/csv"},
    )
    path, seen = f"/campaigns/{campaign}/sources/{source['id']}", [0]

    async def further() -> bool:
        now = await server.ok("GET", path)
        return bool(now["rows"] > seen[-1] or now["state"] == "done")

    for turn in range(KILLS):
        if turn % 2:  # while rows take their places
            await until(further, "the import to go on", every_s=0.005)
            await asyncio.sleep(chance.random() * 0.1)
        else:  # while the file is read, or its contacts are landing
            await asyncio.sleep(chance.random() * 2.5)
        seen.append((await server.ok("GET", path))["rows"])
        await server.kill()
        await server.start()
    async with asyncio.timeout(120):
        while (now := await server.ok("GET", path))["state"] != "done":
            await asyncio.sleep(0.2)
    total = PEOPLE + AGAIN + WRONG
    assert [now[name] for name in ("rows", "created", "merged", "refused")] == [total, PEOPLE, AGAIN, WRONG]
    assert sum(0 < rows < total for rows in seen) >= 1, f"no kill was in the middle: {seen}"
    async with opened(server.url) as db:
        async with db.read() as tx:
            numbers = [
                await tx.scalar(select(func.count()).select_from(t)) for t in (contact, channel_address, enrollment)
            ]
        assert numbers == [PEOPLE] * 3
        await check(db)
