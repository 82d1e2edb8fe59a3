"""Who takes and who discards a kept file at the same moment: one of them, and an import keeps its file (K5)."""

import asyncio

import pytest

from dialer.operations import pending
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
