"""The agent's own place, over HTTP: who may use it, and what it answers."""

import pytest
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from admin.app import make_app
from admin.auth import COOKIE
from dialer.operations import previews, users
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


@pytest.mark.req("A2", "C2")
async def test_a_manager_says_which_telephone_is_whose_and_it_is_noted_who_did_it(server: Server) -> None:
    page, client, agents = await serving(server)
    ctx = page.bench.ctx
    await users.create_user(ctx, "ann", PASSWORD, "agent")
    manager = {"Authorization": f"Bearer {await users.create_token(ctx, 'boss', 'manager')}"}
    viewer = {"Authorization": f"Bearer {await users.create_token(ctx, 'looker', 'viewer')}"}
    async with client:
        with capture_logs() as logs:
            given = await client.put("/api/v1/users/ann/agent", json={"agent": ANN}, headers=manager)
        assert given.status == 200
        listed = (await (await client.get("/api/v1/users", headers=manager)).json())["items"]
        assert [(one["name"], one["role"], one["agent"]) for one in listed] == [("ann", "agent", ANN)]
        (noted,) = [one for one in logs if one["event"] == "telephone_given"]
        assert (noted["user"], noted["agent"], noted["before"], noted["by"]) == ("ann", ANN, "", "boss")
        assert (await page.previews.desks.of("ann")).agent == ANN
        for wrong, status in (({"agent": "PJSIP/nobody"}, 422), ({}, 422)):
            assert (await client.put("/api/v1/users/ann/agent", json=wrong, headers=manager)).status == status
        assert (await client.put("/api/v1/users/zed/agent", json={"agent": ANN}, headers=manager)).status == 404
        for headers in (viewer, agents):
            assert (await client.put("/api/v1/users/ann/agent", json={"agent": ANN}, headers=headers)).status == 403
            assert (await client.get("/api/v1/users", headers=headers)).status == 403
        await client.put("/api/v1/users/ann/agent", json={"agent": None}, headers=manager)
        assert await previews.agent_of(ctx, "ann") is None


async def test_without_an_engine_it_says_so(server: Server) -> None:
    await server.refused("GET", "/agent/preview", 409)


async def serving(server: Server) -> tuple[Page, TestClient, dict[str, str]]:  # type: ignore[type-arg]
    """The server's store, with a campaign in preview mode, a loop, and an agent's token."""
    page = await page_of(bench(server.ctx.db, server.ctx.settings.data_dir))
    token = await users.create_token(page.bench.ctx, "agent-1", "agent")
    client = TestClient(TestServer(make_app(page.bench.ctx, server.live, page.previews)))
    return page, client, {"Authorization": f"Bearer {token}"}
