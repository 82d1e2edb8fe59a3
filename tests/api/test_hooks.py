"""Event webhooks over the API and on their pages: kept, tried, listed; the secret is told once."""

from typing import Any

import pytest

from config.settings import Webhooks
from tests.api.conftest import Server, fields_of
from tests.api.test_pages import Browser, manager

__all__ = ("manager",)
CRM: dict[str, Any] = {"name": "CRM", "url": "https://hooks.example/in", "events": ["campaign.status"]}
FORM = {
    "name": "CRM",
    "url": "https://hooks.example/in",
    "events": "campaign.status",
    "campaign_id": "",
    "enabled": "yes",
}
pytestmark = pytest.mark.req("A5", "A1")


@pytest.fixture(autouse=True)
def allowed(server: Server) -> None:
    section = Webhooks(allowed_hosts=frozenset({"hooks.example"}))
    server.ctx.settings = server.ctx.settings.model_copy(update={"webhooks": section})


async def test_its_secret_is_told_once(server: Server) -> None:
    response = await server.call("POST", "/webhooks", json=CRM)
    assert response.status == 201
    made = await response.json()
    assert len(made["secret"]) >= 40
    path = response.headers["Location"].removeprefix("/api/v1")
    shown = await server.ok("GET", path)
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert shown["secret_hint"] == f"…{made['secret'][-4:]}"
    assert (await server.ok("GET", "/webhooks"))["items"] == [shown]
    renewed = await server.ok("POST", f"{path}/secret")
    assert renewed["secret"] != made["secret"]
    own = await server.ok("POST", "/webhooks", 201, json={**CRM, "secret": "sixteen characters"})
    assert own["secret"] == "sixteen characters"


async def test_edits_and_removals_mind_the_revision(server: Server) -> None:
    await server.ok("POST", "/webhooks", 201, json=CRM)
    stale = {"If-Match": '"7"'}
    for method, more in (("PATCH", {"json": {"name": "x"}}), ("DELETE", {})):
        await server.refused(method, "/webhooks/1", 409, headers=stale, **more)
    changed = await server.ok("PATCH", "/webhooks/1", headers={"If-Match": '"1"'}, json={"enabled": False})
    assert (changed["enabled"], changed["revision"]) == (False, 2)
    await server.refused("POST", "/webhooks/1/test", 409)
    await server.ok("DELETE", "/webhooks/1", 204, headers={"If-Match": '"2"'})
    await server.refused("GET", "/webhooks/1", 404)
    (deleted, edited, created) = (await server.ok("GET", "/audit"))["items"]
    assert [one["action"] for one in (deleted, edited, created)] == ["delete", "edit", "create"]
    assert edited["after"] == {"enabled": False}
    assert "secret" not in str(created)


async def test_what_is_wrong_is_named(server: Server) -> None:
    for wrong, field in (
        ({"url": "https://elsewhere.example/"}, "url"), ({"url": "ftp://hooks.example"}, "url"),
        ({"url": "https://a:b@hooks.example"}, "url"), ({"campaign_id": 9}, "campaign_id"), ({"secret": "short"}, "secret"),
        ({"name": " "}, "name"), ({"events": []}, "events"), ({"events": ["x"]}, "events.0"),
    ):  # fmt: skip
        assert fields_of(await server.refused("POST", "/webhooks", 422, json=CRM | wrong)) >= {field}


async def test_a_test_event_stands_in_the_list_and_is_sent_again(server: Server) -> None:
    await server.ok("POST", "/webhooks", 201, json=CRM)
    response = await server.call("POST", "/webhooks/1/test")
    assert response.status == 202
    made = await response.json()
    assert await server.ok("GET", response.headers["Location"].removeprefix("/api/v1")) == made
    assert (made["kind"], made["state"]) == ("test", "pending")
    assert made["payload"]["data"] == {"asked_by": "ci-manager"}
    await server.ok("POST", f"/webhooks/1/deliveries/{made['id']}/resend", 202)
    await server.refused("POST", "/webhooks/1/deliveries/77/resend", 404)
    assert (await server.ok("GET", "/webhooks/1/deliveries?filter=state:eq:pending"))["total"] == 1
    assert (await server.ok("GET", "/webhooks/1/deliveries?filter=state:eq:delivered"))["total"] == 0
    await server.refused("GET", "/webhooks/2/deliveries", 404)


async def test_publishing_is_told(server: Server) -> None:
    await server.ok("POST", "/webhooks", 201, json=CRM)
    campaign = await server.runnable()
    await server.ok("POST", f"/campaigns/{campaign['id']}/publish")
    (one,) = (await server.ok("GET", "/webhooks/1/deliveries"))["items"]
    assert one["payload"]["type"] == "campaign.status"
    assert one["payload"]["data"]["to"] == "published"


@pytest.mark.req("A2", "A3")
async def test_the_page_makes_one_and_shows_its_secret_once(manager: Browser) -> None:
    assert "Nobody is told" in await manager.get("/webhooks")
    text = await manager.post("/webhooks/new", 422, {**FORM, "url": "https://elsewhere.example"})
    assert "add it to the setting webhooks.allowed_hosts" in text
    assert await manager.post("/webhooks/new", 303, FORM) == "/webhooks/1"
    assert "it is not shown again" not in await manager.get("/webhooks/1", **{"HX-Request": "true"}), "another window"
    assert "it is not shown again" in await manager.get("/webhooks/1")
    assert "it is not shown again" not in await manager.get("/webhooks/1")
    assert "CRM" in await manager.get("/webhooks")
    assert await manager.post("/webhooks/1/test", 303) == "/webhooks/1#deliveries"
    shown = await manager.get("/webhooks/1?filter=state:eq:pending")
    assert "asked_by" in shown
    assert "1 delivery" in shown
    assert "No delivery fits" in await manager.get("/webhooks/1?filter=state:eq:given_up")
    assert await manager.post("/webhooks/1/deliveries/1/resend", 303) == "/webhooks/1#deliveries"
    assert await manager.post("/webhooks/1/secret", 303) == "/webhooks/1"
    assert "it is not shown again" in await manager.get("/webhooks/1")
    assert "changed by somebody else" in await manager.post("/webhooks/1", 409, {**FORM, "revision": "1"})
    assert await manager.post("/webhooks/1", 303, {**FORM, "enabled": "", "revision": "2"}) == "/webhooks/1?saved=1"
    assert "enable it, then send to it" in await manager.post("/webhooks/1/test", 409)
    assert await manager.post("/webhooks/1/delete", 303) == "/webhooks"


@pytest.mark.req("A2")
async def test_only_managers_see_who_is_told(server: Server, manager: Browser) -> None:
    await server.ok("POST", "/webhooks", 201, json=CRM)
    for role in ("viewer", "supervisor", "agent"):
        await server.refused("GET", "/webhooks/1/deliveries", 403, role=role)
        await manager.log_in(f"the-{role}") if role != "agent" else None
        if role != "agent":
            assert "/webhooks" not in await manager.get("/campaigns")
            await manager.get("/webhooks", 403)
