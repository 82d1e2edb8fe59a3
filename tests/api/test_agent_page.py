"""The agent page as a form: one click to be ready, and refusals that pass with the next answer."""

import re
from dataclasses import dataclass

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from admin.auth import COOKIE
from dialer.operations import users
from tests.api.conftest import PASSWORD, Server
from tests.api.test_agent import serving
from tests.store.test_previews import ANN, Page


@dataclass
class Browser:
    page: Page
    client: TestClient  # type: ignore[type-arg]
    cookie: str

    async def look(self) -> str:
        return await (await self.client.get("/agent", headers={"Cookie": self.cookie})).text()

    async def post(self, path: str, **form: str) -> ClientResponse:
        token = re.search(r'name="csrf" value="([^"]+)"', await self.look())
        assert token is not None
        data = {"csrf": token[1], **form}
        return await self.client.post(path, data=data, headers={"Cookie": self.cookie}, allow_redirects=False)


async def _browser(server: Server) -> Browser:
    page, client, _ = await serving(server)
    await users.create_user(page.bench.ctx, "ann", PASSWORD, "agent")
    return Browser(page, client, f"{COOKIE}={await users.log_in(page.bench.ctx, 'ann', PASSWORD)}")


@pytest.mark.req("C2")
async def test_a_chosen_telephone_and_ready_are_one_click(server: Server) -> None:
    """Both are in one form: without "Take it" the choice was lost, and asked for again."""
    browser = await _browser(server)
    async with browser.client:
        shown = await browser.look()
        assert re.search(
            r'<form[^>]*action="/agent"(?:(?!</form>).)*name="agent"(?:(?!</form>).)*name="ready"', shown, re.DOTALL
        )
        assert (await browser.post("/agent", agent=ANN, ready="yes")).status == 303
        desk = await browser.page.previews.desks.of("ann")
        assert (desk.agent, desk.ready) == (ANN, True)


@pytest.mark.req("C2")
async def test_what_is_refused_is_told_on_the_page_until_the_next_answer(server: Server) -> None:
    browser = await _browser(server)
    async with browser.client:
        assert (await browser.post("/agent", agent="", ready="yes")).status == 303
        assert "Choose your telephone first." in await browser.look()
        await browser.post("/agent", agent=ANN, ready="yes")
        assert "Choose your telephone first." not in await browser.look()
        held = await browser.page.offered(await browser.page.previews.desks.of("ann"))
        moved = await browser.post("/agent", agent="PJSIP/bob")
        assert moved.status == 303, "not an error page: the offer would be out of sight"
        assert "Answer what is offered to you first." in await browser.look()
        await browser.post(f"/agent/{held.offer.id}/skip")
        assert "Answer what is offered" not in await browser.look()
        assert (await browser.post(f"/agent/{held.offer.id}/accept")).status == 303
        assert "The offer is over: skipped." in await browser.look()
