"""The pages in the language that a browser asks for."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from admin import auth
from config.http import Http
from dialer.operations import users
from tests.api.conftest import PASSWORD, Server
from tests.support import pseudo

OTHER = {"Accept-Language": f"{pseudo.TAG}-XX,en;q=0.5"}


@pytest.fixture
def http_settings(tmp_path: Path) -> Http:
    return Http(locale_dir=pseudo.write(tmp_path / "locale"))


async def cookie(server: Server) -> dict[str, str]:
    await users.create_user(server.ctx, "ann", PASSWORD, "manager")
    return {"Cookie": f"{auth.COOKIE}={await users.log_in(server.ctx, 'ann', PASSWORD)}"}


@pytest.mark.req("C1")
async def test_a_page_is_in_the_language_that_the_browser_asks_for(server: Server) -> None:
    mine = await cookie(server)
    async with server.client.get("/campaigns", headers=mine | OTHER) as response:
        other, varies = await response.text(), response.headers["Vary"]
    async with server.client.get("/campaigns", headers=mine) as response:
        english = await response.text()
    assert f'<html lang="{pseudo.TAG}">' in other
    assert "⟦No campaigns yet⟧" in other
    assert "Accept-Language" in varies
    assert '<html lang="en">' in english
    assert "No campaigns yet" in english
    assert "⟦" not in english


@pytest.mark.req("A1")
async def test_programs_are_answered_in_english(server: Server) -> None:
    async with server.client.get("/api/v1/campaigns/9", headers=OTHER) as response:
        assert "⟦" not in await response.text()
    await server.campaign()
    found = await server.ok("GET", "/campaigns", headers=OTHER)
    assert found["items"][0]["title"] == "Spring"


@pytest.mark.req("A3")
async def test_readers_of_two_languages_follow_two_drawings(server: Server) -> None:
    """At the same time: the second one gets a picture of its own, and not that of the first."""
    mine = await cookie(server)
    async with AsyncExitStack() as open_:
        for asked, text in (({}, ">Gateways<"), (OTHER, ">⟦Gateways⟧<"), ({}, ">Gateways<")):
            response = await open_.enter_async_context(server.client.get("/live/stream", headers=mine | asked))
            frame = (await response.content.readuntil(b"\n\n")).decode()
            assert text in frame
