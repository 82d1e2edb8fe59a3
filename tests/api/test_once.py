"""Calls that create something, by their Idempotency-Key: created once, answered the same, whoever repeats them."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from config.settings import Webhooks
from dialer.operations import campaigns
from dialer.store import tables
from tests.api.conftest import Server, fields_of
from tests.api.test_gateways import SMS

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
