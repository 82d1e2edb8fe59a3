"""The client of docs/examples, run against the server and checked for its types."""

import asyncio
import subprocess
import sys
from contextlib import aclosing
from typing import cast

import pytest

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


def test_it_is_typed() -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "docs/examples/client.py", "docs/examples/receiver.py"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
