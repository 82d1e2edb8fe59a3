"""Every read of the API over a store in which something of every kind has happened: calls, texts, replies, deliveries, drafts."""

import re
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from admin.api import people as people_api
from config.settings import Webhooks
from dialer.operations import users
from dialer.store import replies
from tests.api.conftest import NOON, PASSWORD, Server
from tests.api.test_drafts import FLOW, NONE
from tests.api.test_gateway_status import told
from tests.api.test_tries import tried
from tests.api.test_uploads import CSV

# A stream without an end, and the place of an agent, which needs an engine (test_agent.py).
LEFT_OUT = {"/api/v1/live", "/api/v1/agent/preview"}
# Where the names of the path and what has to be asked for come from.
QUERIES = {"/api/v1/evidence": "?number=%2B4930123456", "/api/v1/evidence.csv": "?number=%2B4930123456"}
THERE: dict[str, Any] = {
    "table": "steps", "campaign_id": 1, "contact_id": 1, "source_id": 1, "gateway_id": "texter", "name": "plan",
    "test_id": 1, "webhook_id": 1, "delivery_id": 1,
}  # fmt: skip


@pytest.fixture
async def lived(server: Server) -> Server:
    section = Webhooks(allowed_hosts=frozenset({"hooks.example"}))
    server.ctx.settings = server.ctx.settings.model_copy(update={"webhooks": section})
    hook = {"name": "CRM", "url": "https://hooks.example/in", "events": ["campaign.status"]}
    await server.ok("POST", "/webhooks", 201, json=hook)
    await server.ok("POST", "/webhooks/1/test", 202)
    await users.create_user(server.ctx, "ann", PASSWORD, "viewer")
    path = await tried(server)
    server.texts["texter"] = told()
    await server.ok("POST", "/gateways/texter/test", 202, json={"number": "+4930555555", "text": "Hello"})
    await server.ok("POST", "/contact-fields", 201, json={"name": "plan"})
    await server.ok("POST", "/do-not-contact", 201, json={"address": "+4930999999"})
    await server.ok("PUT", f"{path}/strategy/draft", json=FLOW, headers=NONE)
    await server.ok("POST", f"{path}/uploads", 201, data=b"phone\n+4930777777\n", headers=CSV)
    async with server.ctx.db.write() as tx:
        fields = {
            "gateway": "texter", "source": "+4930123456", "destination": "Shop", "text": "Yes", "stop": False,
            "received_at": NOON + timedelta(hours=2), "dialer_node": "one", "campaign_id": 1, "contact_id": 1,
        }  # fmt: skip
        await replies.add(tx, fields)
    return server


@pytest.mark.req("A1")
async def test_everything_that_can_be_read_is_read(lived: Server) -> None:
    document = await lived.ok("GET", "/openapi.json", role=None)
    reads = [path for path, methods in document["paths"].items() if "get" in methods and path not in LEFT_OUT]
    assert len(reads) > 50
    for path in reads:
        where = re.sub(r"\{(\w+)\}", lambda named: str(THERE[named[1]]), path) + QUERIES.get(path, "")
        response = await lived.call("GET", where.removeprefix("/api/v1"))
        assert response.status == 200, (where, await response.text())
        if response.content_type == "application/json" and "items" in (read := await response.json()):
            assert read["items"], f"{where}: nothing of this kind is there, so nothing is tested"


@pytest.mark.req("A1")
async def test_what_is_asked_twice_or_means_nothing_is_refused(server: Server) -> None:
    problem = await server.refused("GET", "/contacts?limit=10&limit=50", 422)
    assert problem["errors"] == [{"field": "limit", "reason": "is given twice: give it once"}]
    await server.ok("GET", "/contacts?filter=id:gt:1&filter=id:lt:9")
    problem = await server.refused("GET", "/contacts?other=1&other=2", 422)
    assert problem["errors"] == [{"field": "other", "reason": "is not a field here"}]
    for path in ("/contacts", "/campaigns", "/attempts"):
        problem = await server.refused("GET", f"{path}?filter=id:empty:maybe", 422)
        assert problem["detail"] == "filter: 'maybe' is not what `empty` takes: say true or false"
    await server.refused("GET", "/contacts?filter=address:empty:maybe", 422)
    for right in ("", "true", "false"):
        await server.ok("GET", f"/contacts?filter=address:empty:{right}")
        await server.ok("GET", f"/campaigns?filter=queue:empty:{right}")


@pytest.mark.req("A1", "K12")
async def test_a_contact_that_was_called_and_texted_is_read_and_edited(lived: Server) -> None:
    found = await lived.ok("GET", "/contacts?sort=id")
    attempts, messages = [await lived.ok("GET", f"/{name}?sort=id") for name in ("attempts", "messages")]
    called, texted = attempts["items"][0], messages["items"][0]
    for path in ("/contacts/{}", "/campaigns/1/contacts/{}"):
        details = await lived.ok("GET", path.format(called["contact_id"]), role="viewer")
        voice = next(one for one in details["delivery"] if one["channel"] == "voice")
        assert voice["last_attempt"] == {name: called[name] for name in voice["last_attempt"]}
        details = await lived.ok("GET", path.format(texted["contact_id"]), role="viewer")
        text = next(one for one in details["delivery"] if one["channel"] == "sms")
        assert text["last_text"] == {name: texted[name] for name in text["last_text"]}
    assert len(found["items"]) == 2
    for one in found["items"]:
        edited = await lived.ok("PATCH", f"/contacts/{one['id']}", json={"first_name": "Zoë"})
        assert edited["first_name"] == "Zoë"


@pytest.mark.req("A1")
async def test_a_fault_of_our_own_answer_is_ours_and_is_logged(lived: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can mend what they sent when the answer does not fit; and what was done is done."""

    class Broken:
        @staticmethod
        def of(_item: object) -> None:
            raise ValidationError.from_exception_data(
                "ContactDetailsOut", [{"type": "missing", "loc": ("id",), "input": {}}]
            )

    monkeypatch.setattr(people_api, "ContactDetailsOut", Broken)
    with capture_logs() as logged:
        problem = await lived.refused("PATCH", "/contacts/1", 500, json={"first_name": "Zoë"})
    assert "may be done already" in problem["detail"]
    assert [(line["event"], line["path"]) for line in logged if line["log_level"] == "error"] == [
        ("request failed", "/api/v1/contacts/1")
    ]
    assert (await lived.ok("GET", "/contacts/1"))["first_name"] == "Zoë"
    await lived.refused("PATCH", "/contacts/1", 422, json={"first_name": 5})
