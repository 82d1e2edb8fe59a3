"""The agent's own place, over HTTP: who may use it, and what it answers."""

import pytest
from aiohttp.test_utils import TestClient, TestServer

from admin.app import make_app
from admin.auth import COOKIE
from dialer.operations import users
from tests.api.conftest import PASSWORD, Server
from tests.store.test_previews import ANN, Page, page_of
from tests.support.context import bench

AGENT = "/api/v1/agent/preview"


@pytest.mark.req("A2", "C2")
async def test_an_offer_is_seen_accepted_once_and_over_then(server: Server) -> None:
    page, client, headers = await serving(server)
    async with client:
        seen = await client.put(AGENT, json={"agent": "PJSIP/nobody"}, headers=headers)
        assert seen.status == 422
        seen = await client.put(AGENT, json={"agent": ANN, "ready": True}, headers=headers)
        assert (await seen.json())["offer"] is None
        desk = await page.previews.desks.of("token:agent-1")
        held = await page.offered(desk)
        told = await (await client.get(AGENT, headers=headers)).json()
        assert (told["offer"]["id"], told["offer"]["number"]) == (held.offer.id, held.request.address)
        assert told["offer"]["trail"][-1]["kind"] == "preview-offered"
        for _ in range(2):
            accepted = await client.post(f"{AGENT}/{held.offer.id}/accept", headers=headers)
            assert accepted.status == 200
            assert (await accepted.json())["offer"]["stage"] == "ringing"
        over = await client.post(f"{AGENT}/{held.offer.id}/skip", json={}, headers=headers)
        assert (over.status, (await over.json())["detail"]) == (409, "the offer is over: accepted")
        gone = await client.post(f"{AGENT}/{'0' * 26}/reject", json={"reason": "x"}, headers=headers)
        assert gone.status == 404


@pytest.mark.req("A2")
async def test_an_agent_sees_the_agent_page_and_nothing_else(server: Server) -> None:
    page, client, _ = await serving(server)
    ctx = page.bench.ctx
    await users.create_user(ctx, "ann", PASSWORD, "agent")
    cookie = await users.log_in(ctx, "ann", PASSWORD)
    headers = {"Cookie": f"{COOKIE}={cookie}"}
    async with client:
        home = await client.get("/", headers=headers, allow_redirects=False)
        assert home.headers["Location"] == "/agent"
        shown = await client.get("/agent", headers=headers)
        text = await shown.text()
        assert shown.status == 200
        assert ANN in text
        assert 'href="/campaigns"' not in text
        for path in ("/campaigns", "/contacts", "/live", "/api/v1/campaigns"):
            assert (await client.get(path, headers=headers)).status == 403
        assert (await client.post("/agent", headers=headers, data={"ready": "yes"})).status == 403  # no CSRF token


async def test_without_an_engine_it_says_so(server: Server) -> None:
    await server.refused("GET", "/agent/preview", 409)


async def serving(server: Server) -> tuple[Page, TestClient, dict[str, str]]:  # type: ignore[type-arg]
    """The server's store, with a campaign in preview mode, a loop, and an agent's token."""
    page = await page_of(bench(server.ctx.db, server.ctx.settings.data_dir))
    token = await users.create_token(page.bench.ctx, "agent-1", "agent")
    client = TestClient(TestServer(make_app(page.bench.ctx, server.live, page.previews)))
    return page, client, {"Authorization": f"Bearer {token}"}
