"""Calls that create something, by their Idempotency-Key: created once, answered the same, whoever repeats them."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from admin.api.routes import operations
from config.settings import Webhooks
from dialer.operations import campaigns, users
from dialer.store import tables
from tests.api.conftest import PASSWORD, Server, fields_of
from tests.api.test_gateways import SMS
from tests.api.test_sources import load
from tests.api.test_users import caller, token

KEY = {"Idempotency-Key": "3c6e0b8a-9c15"}
HOOK = {"name": "CRM", "url": "https://hooks.example/in", "events": ["campaign.status"]}
CALLS: list[tuple[str, dict[str, Any], Any]] = [
    ("/campaigns", {"title": "Spring"}, tables.campaign),
    ("/gateways", SMS, tables.gateway),
    ("/contact-fields", {"name": "plan"}, tables.contact_field),
    ("/do-not-contact", {"address": "+4930123456"}, tables.do_not_contact),
    ("/webhooks", HOOK, tables.webhook_endpoint),
]
pytestmark = pytest.mark.req("A1")


@pytest.fixture(autouse=True)
def allowed(server: Server) -> None:
    section = Webhooks(allowed_hosts=frozenset({"hooks.example"}))
    server.ctx.settings = server.ctx.settings.model_copy(update={"webhooks": section})


async def count(server: Server, table: Any) -> int:
    async with server.ctx.db.read() as tx:
        return int(await tx.scalar(select(func.count()).select_from(table)) or 0)


@pytest.mark.parametrize(("path", "body", "table"), CALLS, ids=[path for path, _, _ in CALLS])
async def test_the_same_call_again_is_answered_the_same_and_another_is_refused(
    server: Server, path: str, body: dict[str, Any], table: Any
) -> None:
    first = await server.call("POST", path, json=body, headers=KEY)
    assert first.status == 201, await first.text()
    again = await server.call("POST", path, json=body, headers=KEY)
    assert (again.status, await again.json()) == (201, await first.json())
    for name in ("Location", "ETag"):
        assert again.headers.get(name) == first.headers.get(name)
    assert await count(server, table) == 1
    changed = {
        **body,
        **({"reason": "x"} if "address" in body else {"label": "x"} if path == "/contact-fields" else {}),
    }
    changed |= {name: f"{body[name]} 2" for name in ("title", "name") if name in body and path != "/contact-fields"}
    assert fields_of(await server.refused("POST", path, 422, json=changed, headers=KEY)) == {"Idempotency-Key"}
    assert await count(server, table) == 1


async def test_calls_at_the_same_moment_create_one(server: Server) -> None:
    calls = (server.call("POST", "/gateways", json=SMS, headers=KEY) for _ in range(5))
    answers = await asyncio.gather(*calls)
    assert {response.status for response in answers} == {201}
    assert len({await response.text() for response in answers}) == 1
    assert await count(server, tables.gateway) == 1


async def test_a_key_is_its_callers_own_and_forgotten_after_a_day(server: Server) -> None:
    body = {"title": "Spring"}
    made = await server.ok("POST", "/campaigns", 201, json=body, headers=KEY)
    await server.ok("POST", "/campaigns", 201, json=body, headers={"Idempotency-Key": "another"})
    assert await count(server, tables.campaign) == 2
    await users.create_user(server.ctx, "other", PASSWORD, "manager")
    seen = {made["id"]}
    for headers in (await token(server, name="other", role="manager"), (await caller(server, "other"))[1]):
        # Two callers of one name, a program and a person.
        one = await server.ok("POST", "/campaigns", 201, role=None, json=body, headers={**headers, **KEY})
        assert one["id"] not in seen
        seen.add(one["id"])
    server.clock.now += timedelta(hours=25)
    assert (await server.ok("POST", "/campaigns", 201, json=body, headers=KEY))["id"] != made["id"]
    too_long = {"Idempotency-Key": "x" * 201}
    assert fields_of(await server.refused("POST", "/campaigns", 422, json=body, headers=too_long)) == {
        "Idempotency-Key"
    }


async def test_what_could_not_be_created_keeps_no_answer(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_arguments: Any, **_more: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(campaigns.audit, "write", broken)
        await server.refused("POST", "/campaigns", 500, json={"title": "Spring"}, headers=KEY)
    await server.refused("POST", "/campaigns", 422, json={"title": "Spring", "queue": "none"}, headers=KEY)
    await server.ok("POST", "/campaigns", 201, json={"title": "Spring"}, headers=KEY)
    assert await count(server, tables.campaign) == 1


# Whatever takes If-Match, with a body that it would take. A tag that is none is refused by each, before anything is done.
VERSIONED: dict[tuple[str, str], Any] = {
    ("PATCH", "/campaigns/{campaign_id}"): {"title": "x"},
    ("DELETE", "/campaigns/{campaign_id}"): None,
    ("POST", "/campaigns/{campaign_id}/publish"): None,
    ("PUT", "/campaigns/{campaign_id}/strategy"): {
        "format": "campaign-strategy/1",
        "nodes": [{"id": "in", "type": "contact-in"}],
    },
    ("PUT", "/campaigns/{campaign_id}/strategy/flow"): [],
    ("PUT", "/campaigns/{campaign_id}/strategy/text"): "",
    ("PUT", "/campaigns/{campaign_id}/strategy/draft"): [],
    ("DELETE", "/campaigns/{campaign_id}/strategy/draft"): None,
    ("PATCH", "/contacts/{contact_id}"): {"first_name": "x"},
    ("DELETE", "/contacts/{contact_id}"): None,
    ("PATCH", "/contact-fields/{name}"): {"label": "x"},
    ("DELETE", "/contact-fields/{name}"): None,
    ("PATCH", "/gateways/{gateway_id}"): {"max_calls": 1},
    ("DELETE", "/gateways/{gateway_id}"): None,
    ("PATCH", "/webhooks/{webhook_id}"): {"enabled": False},
    ("DELETE", "/webhooks/{webhook_id}"): None,
    ("POST", "/webhooks/{webhook_id}/secret"): None,
    ("PATCH", "/users/{name}"): {"role": "viewer"},
    ("DELETE", "/users/{name}"): None,
}


async def test_whatever_is_said_to_take_a_tag_looks_at_it(server: Server) -> None:
    declared = {(one.method, one.path) for one in operations() if one.versioned or "If-Match" in one.headers}
    assert declared == set(VERSIONED)
    await server.runnable()
    await load(server, "/campaigns/1")
    await server.ok("POST", "/contact-fields", 201, json={"name": "ann"})
    await server.ok("POST", "/webhooks", 201, json=HOOK)
    await users.create_user(server.ctx, "ann", PASSWORD, "manager")
    there = {"campaign_id": 1, "contact_id": 1, "gateway_id": "carrier", "webhook_id": 1, "name": "ann"}
    for (method, path), body in VERSIONED.items():
        sent = {"data": body, "headers": {"Content-Type": "text/plain"}} if isinstance(body, str) else {"json": body}
        headers = {**sent.pop("headers", {}), "If-Match": "3"}
        answer = await server.call(method, path.format(**there), headers=headers, **sent)
        assert answer.status == 400, (method, path, answer.status, await answer.text())
        assert "If-Match" in (await answer.json())["detail"]


async def test_a_user_whom_somebody_else_has_changed_is_not_edited_or_deleted(server: Server) -> None:
    body = {"name": "ann", "role": "supervisor", "password": PASSWORD}
    made = await server.call("POST", "/users", json=body)
    stale = {"If-Match": made.headers["ETag"]}
    assert stale["If-Match"] == '"1"'
    changed = await server.call("PATCH", "/users/ann", json={"role": "viewer"}, headers=stale)
    assert (changed.status, changed.headers["ETag"], (await changed.json())["revision"]) == (200, '"2"', 2)
    for method, what in (("PATCH", {"role": "agent"}), ("DELETE", None)):
        assert "somebody else" in (await server.refused(method, "/users/ann", 409, json=what, headers=stale))["detail"]
    await server.ok("DELETE", "/users/ann", 204, headers={"If-Match": '"2"'})


@pytest.mark.req("C4", "C5")
async def test_publishing_and_deleting_mind_the_revision_that_was_read(server: Server) -> None:
    campaign = await server.runnable()
    path, stale = f"/campaigns/{campaign['id']}", {"If-Match": '"7"'}
    await server.refused("POST", f"{path}/publish", 409, headers=stale)
    await server.refused("DELETE", path, 409, headers=stale)
    await server.refused("DELETE", "/gateways/carrier", 409, headers=stale)
    await server.ok("POST", "/contact-fields", 201, json={"name": "plan"})
    await server.refused("DELETE", "/contact-fields/plan", 409, headers=stale)
    await server.ok("POST", f"{path}/publish", headers={"If-Match": '"1"'})
    response = await server.call("POST", f"{path}/unpublish")
    await server.ok("DELETE", path, 204, headers={"If-Match": response.headers["ETag"]})
