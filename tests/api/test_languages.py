"""The pages in the language that a browser asks for."""

import json
import re
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
    german = pseudo.write(tmp_path / "locale") / "de/LC_MESSAGES/messages.po"
    german.parent.mkdir(parents=True)
    german.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Gateways"\nmsgstr "Wege"\n', "utf-8"
    )
    return Http(locale_dir=tmp_path / "locale")


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


@pytest.mark.req("C1")
async def test_scripts_speak_the_language_of_the_page(server: Server) -> None:
    mine = await cookie(server)
    async with server.client.get("/campaigns", headers=mine | OTHER) as response:
        found = re.search(r'src="(/static/texts/\S+)"', await response.text())
    async with server.client.get("/campaigns", headers=mine) as response:
        assert "/static/texts/" not in await response.text(), "English stands in the scripts themselves"
    assert found is not None
    async with server.client.get(found[1]) as response:
        texts = json.loads((await response.text()).removeprefix("globalThis.TEXTS = ").removesuffix(";\n"))
        assert "immutable" in response.headers["Cache-Control"]
    assert texts["Sending %(name)s …"] == "⟦Sending ⟧%(name)s⟦ …⟧"
    assert "No campaigns yet" not in texts, "what only pages say"
    async with server.client.get("/static/texts/xx.js") as response:
        assert response.status == 404


@pytest.mark.req("C1")
async def test_the_editor_speaks_the_language_of_the_page(server: Server) -> None:
    """Ours is what the steps and the studio say; Node-RED has its own words in some languages."""
    mine = await cookie(server)
    await server.campaign()
    editor = "/studio/1/editor"
    async with server.client.get(f"{editor}/nodes", headers=mine | OTHER | {"Accept": "text/html"}) as response:
        dialogs = await response.text()
    for text in ("Name", "Fields", "Ways out", "A note on the drawing. It changes nothing of what happens."):
        assert f">⟦{text}⟧<" in dialogs
    async with server.client.get(f"{editor}/steps.js", headers=mine | OTHER) as response:
        steps = await response.text()
    assert '"title":"⟦Ring⟧"' in steps
    assert '"name":"ring_s"' in steps
    for header, word in (({"Accept-Language": "de"}, "Abbrechen"), (OTHER, "Cancel"), ({}, "Cancel")):
        async with server.client.get(f"{editor}/locales/editor", headers=mine | header) as response:
            assert (await response.json())["common"]["label"]["cancel"] == word
