"""Who takes and who discards a kept file at the same moment: one of them, and an import keeps its file (K5)."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from dialer.operations import pending, uploads
from dialer.operations.pending import Gone
from tests.api.conftest import Server
from tests.api.test_sources import CSV
from tests.api.test_uploads import imported

PEOPLE = "phone\n+4930123456\n"


@pytest.fixture
async def path(server: Server) -> str:
    return f"/campaigns/{(await server.campaign())['id']}"


@pytest.mark.req("K5")
async def test_what_was_taken_is_not_discarded_by_who_looked_before(server: Server, path: str) -> None:
    kept = await server.ok("POST", f"{path}/uploads", 201, data=PEOPLE.encode(), headers=CSV)
    looked = await pending.get(server.ctx, 1, kept["id"])
    source = await server.ok("POST", f"{path}/sources?upload={kept['id']}", 202)
    with pytest.raises(Gone):
        await pending.discard(server.ctx, looked)
    assert (await imported(server, path, source["id"]))["created"] == 1


@pytest.mark.req("K5")
async def test_who_looks_at_what_is_being_discarded_is_told_that_it_is_gone(server: Server, path: str) -> None:
    kept = await server.ok("POST", f"{path}/uploads", 201, data=PEOPLE.encode(), headers=CSV)
    looked = await pending.get(server.ctx, 1, kept["id"])
    await pending.discard(server.ctx, looked)
    with pytest.raises(Gone):
        await pending.preview(server.ctx, looked, None, remember=True)
    results = await asyncio.gather(*(pending.discard(server.ctx, looked) for _ in range(2)), return_exceptions=True)
    assert [type(result) for result in results] == [Gone, Gone]
    assert (await server.ok("GET", f"{path}/uploads"))["items"] == []


@pytest.mark.req("K5", "D3")
async def test_a_file_that_a_killed_server_was_looking_through_waits_again(server: Server, path: str) -> None:
    """A large one takes a while between the button Import and its source."""
    one, two, three = [
        await server.ok("POST", f"{path}/uploads", 201, data=PEOPLE.encode(), headers=CSV) for _ in range(3)
    ]
    for kept in (one, two):
        looked = await pending.get(server.ctx, 1, kept["id"])
        await pending._claim(server.ctx, looked)
        if kept is two:
            await uploads.take(server.ctx, 1, looked.upload)  # and no more: what is left of the claim stays
    assert [item["id"] for item in (await server.ok("GET", f"{path}/uploads"))["items"]] == [three["id"]]
    other = replace(server.ctx, settings=server.ctx.settings.model_copy(update={"node": "other"}))
    assert await pending.put_back(other) == 0, "another node may be at it"
    assert await pending.put_back(server.ctx) == 1
    waiting = {item["id"] for item in (await server.ok("GET", f"{path}/uploads"))["items"]}
    assert waiting == {one["id"], three["id"]}
    source = await server.ok("POST", f"{path}/sources?upload={one['id']}", 202)
    assert (await imported(server, path, source["id"]))["created"] == 1
    assert await pending.put_back(server.ctx) == 0


@pytest.mark.req("K5")
async def test_a_slow_look_does_not_bring_back_what_was_said_before_the_last_word(server: Server, path: str) -> None:
    """Two choices in quick succession, and the first takes the server longer."""
    kept = await server.ok("POST", f"{path}/uploads", 201, data=PEOPLE.encode(), headers=CSV)
    looked = await pending.get(server.ctx, 1, kept["id"])
    told = looked.upload.told
    now = server.ctx.clock()
    later = iter((now + timedelta(seconds=2), now + timedelta(seconds=1)))
    slow = replace(server.ctx, clock=lambda: next(later))
    await pending.preview(slow, looked, replace(told, region="DE"), remember=True)
    await pending.preview(slow, looked, replace(told, region="FR"), remember=True)  # began earlier
    assert (await pending.get(server.ctx, 1, kept["id"])).upload.told.region == "DE"
