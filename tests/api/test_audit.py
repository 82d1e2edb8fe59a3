"""The audit log over the API: every call that changes something leaves an entry, without secrets and personal data."""

import csv
import io
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from admin.api.routes import operations
from admin.app import make_app
from config.settings import Webhooks
from dialer.operations import audit, users
from dialer.store.listing import Query
from tests.api.conftest import PASSWORD, Server
from tests.api.test_agent import ANN, serving
from tests.api.test_flows import FLOW

SECRET, PHONE, NAME = "hushhush", "+4915123456789", "Zacharias"
SMS = {"kind": "sms", "name": "texts", "host": "smsc.example", "port": 2775, "system_id": "me", "password": SECRET}
VOICE = {"kind": "voice", "name": "carrier", "dial": "PJSIP/{number}@c"}
STRATEGY = {
    "format": "campaign-strategy/1", "name": "x", "nodes": [
        {"id": "in", "type": "contact-in", "x": 0, "y": 0, "fields": {}, "out": {"next": "end"}},
        {"id": "end", "type": "end", "x": 0, "y": 0, "fields": {"result": "done"}, "out": {}},
    ],
}  # fmt: skip
ONE, CSV = "/campaigns/{campaign_id}", {"Content-Type": "text/csv"}
Step = tuple[str, str, str, dict[str, Any]]

#: Calls that store nothing which lasts, or tell it where it belongs: in a contact's trail.
SAVES_NOTHING = {
    ("POST", f"{ONE}/strategy/check"), ("POST", f"{ONE}/strategy/flow/check"), ("POST", f"{ONE}/strategy/text/check"),
    ("POST", f"{ONE}/simulate"), ("POST", f"{ONE}/sources/preview"), ("POST", f"{ONE}/sources/filter/preview"),
    ("POST", f"{ONE}/uploads"), ("POST", f"{ONE}/uploads/{{upload_id}}/preview"),  # kept for an hour, for its import
    ("DELETE", f"{ONE}/uploads/{{upload_id}}"), ("POST", "/gateways/{gateway_id}/test/look"),
    ("POST", "/agent/preview/{offer_id}/accept"), ("POST", "/agent/preview/{offer_id}/skip"),
    ("POST", "/agent/preview/{offer_id}/reject"),
}  # fmt: skip
#: A person's own, see test_account.
OWN = {("PUT", "/account/time-zone"), ("PUT", "/account/password"), ("DELETE", "/account/sessions")}
#: Need an engine: the test below.
TELEPHONES = {("PUT", "/users/{name}/agent"), ("PUT", "/agent/preview")}


def steps() -> list[Step]:
    """`(method, path as documented, path as called, the rest)`, in an order in which each finds what it needs."""
    strategy = f"{ONE}/strategy"

    def of(method: str, path: str, body: Any = None, /, **values: Any) -> Step:
        called = path.format(**{"campaign_id": 1, **values})
        return method, path, called, {} if body is None else {"json": body}

    upload = ("POST", f"{ONE}/sources", "/campaigns/1/sources?name=people.csv",
              {"data": f"first_name,phone\n{NAME},{PHONE}\n".encode(), "headers": CSV})  # fmt: skip
    return [
        of("POST", "/gateways", VOICE),
        of("POST", "/gateways", SMS),
        of("PATCH", "/gateways/{gateway_id}", {"password": "another"}, gateway_id="texts"),
        of("POST", "/gateways/{gateway_id}/test", {"number": PHONE, "text": f"Hello {NAME}"}, gateway_id="texts"),
        of("DELETE", "/gateways/{gateway_id}", gateway_id="texts"),
        of("POST", "/campaigns", {"title": "Spring", "queue": "sales", "voice_gateway": "carrier"}),
        of("PATCH", "/campaigns/{campaign_id}", {"title": "Summer"}),
        of("PUT", strategy, STRATEGY),
        of("PUT", f"{strategy}/draft", FLOW),
        of("DELETE", f"{strategy}/draft"),
        of("PUT", f"{strategy}/flow", FLOW),
        ("PUT", f"{strategy}/text", "/campaigns/1/strategy/text", {}),
        of("POST", f"{ONE}/key"),
        of("POST", f"{ONE}/contacts", [{"phone": PHONE, "first_name": NAME, "city": NAME}]),
        of("PATCH", "/contacts/{contact_id}", {"last_name": NAME, "addresses": [{"channel": "sms", "address": f"{PHONE}0"}]}, contact_id=1),
        of("POST", "/contacts/bulk", {"ids": [1], "set": {"attributes": {"city": f"{NAME}s"}}}),
        upload,
        of("POST", f"{ONE}/sources/{{source_id}}/cancel", source_id=2),
        of("DELETE", f"{ONE}/sources/{{source_id}}", source_id=2),
        of("POST", f"{ONE}/sources/filter", {"filter": [f"first_name:eq:{NAME}"], "q": NAME}),
        of("DELETE", "/contacts/{contact_id}", contact_id=1),
        of("POST", "/contact-fields", {"name": "plan", "label": "Tariff"}),
        of("PATCH", "/contact-fields/{name}", {"label": "Plan"}, name="plan"),
        of("DELETE", "/contact-fields/{name}", name="plan"),
        of("POST", "/do-not-contact", {"address": PHONE, "reason": f"{NAME} asked"}),
        of("DELETE", "/do-not-contact/{entry_id}", entry_id=1),
        of("POST", "/do-not-contact", [{"address": PHONE}, {"address": PHONE, "campaign_id": 1}]),
        ("DELETE", "/do-not-contact", "/do-not-contact", {"params": {"address": PHONE}}),
        of("POST", "/users", {"name": "eve", "role": "viewer", "password": PASSWORD}),
        of("PATCH", "/users/{name}", {"password": f"{PASSWORD}!"}, name="eve"),
        of("DELETE", "/users/{name}", name="eve"),
        of("POST", "/tokens", {"name": "pusher", "role": "manager", "rights": ["write"], "campaign_id": 1}),
        of("DELETE", "/tokens/{token_id}", token_id=5),
        of("POST", "/webhooks", {"name": "crm", "url": "https://crm.example/x", "events": ["campaign.status"]}),
        of("POST", "/webhooks/{webhook_id}/test", webhook_id=1),
        of("POST", "/webhooks/{webhook_id}/deliveries/{delivery_id}/resend", webhook_id=1, delivery_id=1),
        of("POST", "/webhooks/{webhook_id}/secret", webhook_id=1),
        of("PATCH", "/webhooks/{webhook_id}", {"name": "other"}, webhook_id=1),
        of("DELETE", "/webhooks/{webhook_id}", webhook_id=1),
        of("POST", f"{ONE}/publish"),
        of("POST", f"{ONE}/unpublish"),
        of("POST", f"{ONE}/end"),
        of("DELETE", ONE),
    ]  # fmt: skip


async def entries(server: Server) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await server.ok("GET", "/audit?limit=100"))["items"]
    return found


@pytest.mark.req("A2", "A1")
async def test_every_call_that_changes_something_leaves_an_entry(server: Server) -> None:
    allowed = Webhooks(allowed_hosts=frozenset({"crm.example"}))
    server.ctx.settings = server.ctx.settings.model_copy(update={"webhooks": allowed})
    before = 0
    for method, path, called, more in steps():
        sent = more
        if path.endswith("/strategy/text"):
            text = await (await server.call("GET", called)).text()
            sent = {"data": text.replace("Spring", "Autumn"), "headers": {"Content-Type": "text/plain"}}
        response = await server.call(method, called, **sent)
        assert response.status < 300, (method, path, await response.text())
        found = await entries(server)
        assert len(found) > before, f"{method} {path} left no entry"
        assert (found[0]["who"], found[0]["kind"], found[0]["address"]) == ("ci-manager", "token", "127.0.0.1")
        before = len(found)
    unsafe = {(one.method, one.path) for one in operations() if one.method != "GET"}
    assert {(method, path) for method, path, _, _ in steps()} == unsafe - SAVES_NOTHING - TELEPHONES - OWN
    kept = str(found)
    assert not [hidden for hidden in (SECRET, "another", PASSWORD, "argon2", PHONE, PHONE[3:], NAME) if hidden in kept]


@pytest.mark.req("A2")
async def test_whose_telephone_it_is_leaves_an_entry(server: Server) -> None:
    page, client, headers = await serving(server)
    ctx = page.bench.ctx
    await users.create_user(ctx, "ann", PASSWORD, "agent")
    cookie = await users.log_in(ctx, "ann", PASSWORD)
    assert cookie
    caller = await users.of_session(ctx, cookie)
    assert caller
    boss = {"Authorization": f"Bearer {await users.create_token(ctx, 'boss', 'manager')}"}
    async with client:
        assert (await client.put("/api/v1/users/ann/agent", json={"agent": ANN}, headers=boss)).status == 200
        own = {"Cookie": f"dialer_session={cookie}", "X-CSRF-Token": str(caller.csrf)}
        assert (await client.put("/api/v1/agent/preview", json={"agent": ""}, headers=own)).status == 200
        assert (await client.put("/api/v1/agent/preview", json={"agent": ANN}, headers=headers)).status == 200
    found = [(one["who"], one["before"], one["after"]) for one in (await audit.page(ctx, Query())).items]
    none, hers = {"telephone": None}, {"telephone": ANN}
    assert found == [("ann", hers, none), ("boss", none, hers), ("ann", None, None)]


@pytest.mark.req("A2")
async def test_logins_and_logouts_are_told_without_what_was_typed(server: Server) -> None:
    await users.create_user(server.ctx, "ann", PASSWORD, "viewer")
    async with TestClient(TestServer(make_app(server.ctx, server.live))) as client:
        for name, password in (("ann", "wrong password"), ("my secret pass", "ann"), ("ann", PASSWORD)):
            await client.post("/login", data={"name": name, "password": password}, allow_redirects=False)
        caller = await users.of_session(
            server.ctx, client.session.cookie_jar.filter_cookies(client.make_url("/"))["dialer_session"].value
        )
        assert caller
        await client.post("/logout", data={"csrf": caller.csrf}, allow_redirects=False)
    found = await entries(server)
    assert [(one["action"], one["who"], one["kind"]) for one in found] == [
        ("log out", "ann", "person"),
        ("log in", "ann", "person"),
        ("refuse login", "(unknown name)", "person"),
        ("refuse login", "ann", "person"),
    ]
    assert {one["address"] for one in found} == {"127.0.0.1"}
    assert not [secret for secret in ("wrong password", "my secret pass", PASSWORD) if secret in str(found)]


@pytest.mark.req("A2", "K7")
async def test_a_campaigns_key_is_told_as_such(server: Server) -> None:
    path = f"/campaigns/{(await server.campaign())['id']}"
    key = (await server.ok("GET", f"{path}/key"))["key"]
    headers = {"Authorization": f"Bearer {key}"}
    await server.ok("POST", f"{path}/contacts", 200, role=None, headers=headers, json=[{"phone": PHONE}])
    (first, _) = await entries(server)
    assert (first["kind"], first["who"]) == ("campaign key", "the REST source of campaign 1")


@pytest.mark.req("A2", "A5")
async def test_it_is_filtered_and_taken_along(server: Server) -> None:
    for title in ("One", "=cmd()", "Three"):
        await server.campaign(title=title)
    found = await server.ok("GET", "/audit?filter=thing:eq:campaign&filter=thing_id:eq:2&filter=who:eq:ci-manager")
    assert [one["name"] for one in found["items"]] == ["=cmd()"]
    assert (await server.ok("GET", "/audit?filter=at:gt:2026-05-05T00:00:00Z"))["total"] == 0
    await server.refused("GET", "/audit?filter=password:eq:x", 422)
    await server.refused("GET", "/audit/export.csv?filter=password:eq:x", 422)
    text = await (await server.call("GET", "/audit/export.csv?filter=thing:eq:campaign&sort=id")).text()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["name"] for row in rows] == ["One", "'=cmd()", "Three"]
    assert rows[0]["after"].startswith('{"title":"One"')
