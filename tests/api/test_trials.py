"""Test messages over the API and on the gateway's page."""

from typing import Any

import pytest

from tests.api.conftest import Server, fields_of
from tests.api.test_gateway_status import told
from tests.api.test_gateways import SMS, VOICE
from tests.api.test_pages import Browser, manager

__all__ = ("manager",)
HELLO = {"number": "0170 1234567", "text": "Hello"}
pytestmark = pytest.mark.req("M1", "A1")


@pytest.fixture(autouse=True)
async def gateways(server: Server) -> None:
    server.texts["texts"] = told()
    await server.ok("POST", "/gateways", 201, json=SMS)
    await server.ok("POST", "/gateways", 201, json=VOICE)


async def test_it_is_asked_for_and_followed(server: Server) -> None:
    response = await server.call("POST", "/gateways/texts/test", json=HELLO)
    assert response.status == 202
    made = await response.json()
    assert (made["address"], made["status"], made["asked_by"]) == ("+491701234567", "pending", "ci-manager")
    where = response.headers["Location"].removeprefix("/api/v1")
    assert await server.ok("GET", where, role="viewer") == made
    assert (await server.ok("GET", "/gateways/texts/tests?filter=status:eq:pending"))["items"] == [made]
    await server.refused("GET", "/gateways/main-trunk/tests/1", 404)
    assert ("trial", made["id"]) in server.engine.told


@pytest.mark.req("M2")
async def test_how_a_text_would_go_out_is_told_and_nothing_is_sent(server: Server) -> None:
    async def told(text: str) -> tuple[str, int]:
        cut = await server.ok("POST", "/gateways/texts/test/look", json={"text": text})
        return cut["encoding"], cut["segments"]

    assert [await told("x" * 160), await told("x" * 161), await told("ж" * 71)] == [
        ("gsm7", 1),
        ("gsm7", 2),
        ("ucs2", 2),
    ]
    await server.refused("POST", "/gateways/main-trunk/test/look", 409, json={"text": "Hello"})
    await server.refused("POST", "/gateways/none/test/look", 404, json={"text": "Hello"})
    assert fields_of(await server.refused("POST", "/gateways/texts/test/look", 422, json={"text": "x" * 5000})) == {
        "text"
    }
    assert (await server.ok("GET", "/gateways/texts/tests"))["items"] == []


@pytest.mark.req("D7", "A2")
async def test_refusals_say_why(server: Server) -> None:
    async def refused(status: int, gateway: str = "texts", **more: Any) -> str:
        return str((await server.refused("POST", f"/gateways/{gateway}/test", status, json=HELLO | more))["detail"])

    assert (await refused(422, number="abc")).startswith("number: ")
    await server.ok("POST", "/do-not-contact", 201, json={"address": "+491701234567"})
    assert await refused(422) == "number: '+491701234567' is on the do-not-contact list: take another number"
    assert "voice gateway" in await refused(409, "main-trunk", number="+491701234568")
    server.engine.no_text["texts"] = "is down: refused"
    assert await refused(409, number="+491701234568") == (
        "the gateway 'texts' is down: refused: send the test message when it is bound"
    )
    server.engine.no_text.clear()
    for _ in range(10):
        await server.ok("POST", "/gateways/texts/test", 202, json=HELLO | {"number": "+491701234568"})
    response = await server.call("POST", "/gateways/texts/test", json=HELLO | {"number": "+491701234568"})
    assert (response.status, response.headers["Retry-After"]) == (429, "60")
    for role in ("viewer", "supervisor", "agent"):
        await server.refused("POST", "/gateways/texts/test", 403, role=role, json=HELLO)


@pytest.mark.req("A3", "M2")
async def test_the_page_sends_one_and_tells_what_became_of_it(server: Server, manager: Browser) -> None:
    assert "No test message has been sent yet." in await manager.get("/gateways/texts")
    assert "Test message" not in await manager.get("/gateways/main-trunk")
    assert await manager.post("/gateways/texts/test", 303, HELLO) == "/gateways/texts#tests"
    shown = await manager.get("/gateways/texts")
    for told_there in ("+491701234567", "the-manager", "pending"):
        assert told_there in shown
    assert ("trial", 1) in server.engine.told
    await manager.log_in("the-viewer")
    shown = await manager.get("/gateways/texts")
    assert "+491701234567" in shown
    assert 'action="/gateways/texts/test"' not in shown


@pytest.mark.req("A3", "D7")
async def test_the_page_keeps_what_was_typed_and_says_what_is_wrong(server: Server, manager: Browser) -> None:
    await server.ok("POST", "/do-not-contact", 201, json={"address": "+491701234567"})
    text = await manager.post("/gateways/texts/test", 422, HELLO | {"text": "<b>Hi"})
    assert "is on the do-not-contact list: take another number" in text
    assert "&lt;b&gt;Hi" in text
    server.engine.no_text["texts"] = "is down: refused"
    text = await manager.post("/gateways/texts/test", 409, HELLO)
    assert "Nothing was sent: the gateway &#39;texts&#39; is down" in text


@pytest.mark.req("A3", "M2")
async def test_while_typing_the_page_shows_segments_price_and_near_characters(server: Server, manager: Browser) -> None:
    await server.ok("PATCH", "/gateways/texts", json={"transliterate": True, "segment_price": 0.07, "currency": "EUR"})

    async def look(text: str) -> str:
        return await manager.post("/gateways/texts/test/look", 200, {"number": "", "text": text})

    assert "GSM-7, 2 segments, 0.14 EUR; goes out as" in await look("\u201c" + "x" * 160)
    assert "UCS-2, 1 segment, 0.07 EUR</div>" in await look("\N{SNOWMAN}")
    assert "at most 1000 are sent" in await look("x" * 1_001)
    assert "segment" not in await look("  ")
    assert not [one for one in server.engine.told if one[0] == "trial"], "nothing is sent"
