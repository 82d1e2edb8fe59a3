"""The client of docs/examples, run against the server and checked for its types."""

import asyncio
import json
import subprocess
import sys
from contextlib import aclosing
from typing import cast

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpClient

from dialer.domain.outcome import Outcome
from docs.examples.client import Client, ProblemError, main
from tests.api.conftest import Server
from tests.support import builders
from tests.support.context import Bench

pytestmark = pytest.mark.req("A1")


async def test_it_loads_publishes_follows_and_reads_the_outcomes(server: Server) -> None:
    await server.runnable()  # and its gateway
    async with Client(str(server.client.make_url("/")), server.tokens["manager"]) as client:
        fields = {"title": "From a program", "queue": "sales", "voice_gateway": "carrier"}
        campaign = await client.create_campaign("one", **fields)
        assert await client.create_campaign("one", **fields) == campaign
        people = [{"phone": f"+4930{n:06d}", "first_name": f"P{n}"} for n in range(23)]
        loaded = await client.load(campaign["id"], people, "two")
        assert (loaded["created"], loaded["refused"]) == (23, 0)
        assert await client.load(campaign["id"], people, "two") == loaded
        published = await client.publish(await client.campaign(campaign["id"]))
        assert published["status"] == "published"
        with pytest.raises(ProblemError) as refused:
            await client.publish(campaign)
        assert (refused.value.status, refused.value.type) == (409, "/api/problems#stale-edit")

        bench = cast("Bench", server)  # as much of one as is asked for
        await builders.settle(bench, campaign["id"])
        await builders.call_all(bench, campaign["id"], Outcome.BUSY)
        async with aclosing(client.follow()) as pictures, asyncio.timeout(60):
            picture = await anext(pictures)
        assert picture["link"]["state"] == "up"
        numbers = [attempt["number"] async for attempt in client.attempts(campaign["id"], page=10)]
        assert sorted(numbers) == [one["phone"] for one in people]


async def test_its_main_goes_through_to_the_end(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    await server.runnable()
    fields = {"title": "From a program", "queue": "sales", "voice_gateway": "carrier"}
    async with asyncio.timeout(60):
        await main(str(server.client.make_url("/")), server.tokens["manager"], fields, [])
    assert capsys.readouterr().out == "0 created, 0 merged, 0 refused\n"
    assert (await server.ok("GET", "/campaigns?q=program"))["items"][0]["status"] == "published"


async def test_it_bears_large_pictures_and_the_words_of_a_proxy(aiohttp_client: AiohttpClient) -> None:
    picture = {"calls": ["x" * 1000] * 2000}

    async def live(_request: web.Request) -> web.Response:
        return web.Response(body=b"data: " + json.dumps(picture).encode() + b"\n\n", content_type="text/event-stream")

    async def busy(_request: web.Request) -> web.Response:
        return web.Response(
            status=503, text="<h1>Bad gateway</h1>", content_type="text/html", headers={"Retry-After": "7"}
        )

    app = web.Application()
    app.router.add_get("/api/v1/live", live)
    app.router.add_get("/api/v1/campaigns/1", busy)
    http = await aiohttp_client(app)
    async with Client(str(http.make_url("/")), "token") as client:
        assert [one async for one in client.follow()] == [picture]
        with pytest.raises(ProblemError, match="503 no answer of the dialer") as refused:
            await client.campaign(1)
    assert (refused.value.type, refused.value.retry_after_s) == ("about:blank", 7)


async def test_it_waits_until_the_last_is_done_also_when_the_stream_ends_before(aiohttp_client: AiohttpClient) -> None:
    done = iter([0, 0, 1, 1, 2])
    asked = 0

    async def live(_request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.Response(body=b"data: {}\n\n", content_type="text/event-stream")

    async def campaign(_request: web.Request) -> web.Response:
        return web.json_response({"contacts": {"done": next(done), "stopped": 0, "total": 2}})

    app = web.Application()
    app.router.add_get("/api/v1/live", live)
    app.router.add_get("/api/v1/campaigns/1", campaign)
    http = await aiohttp_client(app)
    async with Client(str(http.make_url("/")), "token") as client, asyncio.timeout(60):
        await client.wait(1)
    assert (next(done, None), asked) == (None, 2)


def test_it_is_typed() -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "docs/examples/client.py", "docs/examples/receiver.py"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
