"""Files that come slowly, and many of them at once: none holds a connection and a file for ever."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import FormData

from admin.api import uploads as received
from tests.api.conftest import Server
from tests.api.test_sources import CSV, kept_files
from tests.support.waiting import until


@pytest.fixture
async def path(server: Server) -> str:
    return f"/campaigns/{(await server.campaign())['id']}"


async def trickle(rest: asyncio.Event) -> AsyncIterator[bytes]:
    """A file that goes on coming, byte by byte, until somebody says that it is enough."""
    yield b"phone\n"
    while not rest.is_set():
        yield b"1"
        await asyncio.sleep(0.01)


@pytest.fixture
def hurried(server: Server) -> None:
    http = server.ctx.settings.http.model_copy(update={"upload_minutes": 0.2 / 60})
    server.ctx.settings = server.ctx.settings.model_copy(update={"http": http})


@pytest.mark.req("A4", "K5")
@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("place", ["sources", "sources/preview", "uploads"])
@pytest.mark.parametrize("in_form", [False, True])
async def test_a_file_that_comes_and_comes_is_not_waited_for(
    server: Server, path: str, place: str, in_form: bool
) -> None:
    rest = asyncio.Event()
    data: Any = trickle(rest)
    if in_form:
        data = FormData()
        data.add_field("file", trickle(rest), filename="slow.csv")
    problem = await server.refused("POST", f"{path}/{place}", 408, data=data, headers={} if in_form else CSV)
    rest.set()
    assert (problem["title"], "the file did not come within" in problem["detail"]) == ("Too slow", True)
    assert kept_files(server) == []
    assert (await server.ok("GET", f"{path}/sources"))["items"] == []


@pytest.mark.req("A4", "K5")
async def test_so_many_files_come_at_once_and_one_more_is_told_to_come_later(server: Server, path: str) -> None:
    rest = asyncio.Event()
    coming = [
        asyncio.ensure_future(server.call("POST", f"{path}/uploads", data=trickle(rest), headers=CSV))
        for _ in range(received.AT_ONCE)
    ]
    await until(lambda: len(kept_files(server)) == received.AT_ONCE, "the files to come")
    problem = await server.refused("POST", f"{path}/uploads", 429, data=b"phone\n+4930123456\n", headers=CSV)
    assert (problem["title"], len(kept_files(server))) == ("Too many wait", received.AT_ONCE)
    rest.set()
    await asyncio.gather(*coming)
    await server.ok("POST", f"{path}/uploads", 201, data=b"phone\n+4930123456\n", headers=CSV)  # a place is free again
