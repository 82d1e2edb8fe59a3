"""Calls and texts: their pages with filters, and calls, texts and trails to take along."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from dialer.domain.outcome import Outcome
from dialer.domain.transitions import MessageStatus
from dialer.operations import exports, reports
from tests.api.conftest import Server
from tests.api.test_pages import Browser, campaign_with_contacts, manager
from tests.support import builders
from tests.support.context import Bench, Listener

__all__ = ("manager",)


async def tried(server: Server, strategy: dict[str, Any] | None = None) -> str:
    """The path of a campaign with a busy call, one that was not answered and was followed by a text, and one of `=cmd`."""
    gateway = {
        "kind": "sms",
        "name": "texter",
        "host": "smsc.example",
        "port": 2775,
        "system_id": "me",
        "password": "x",
    }
    await server.ok("POST", "/gateways", 201, json=gateway)
    path = await campaign_with_contacts(server, time_zone="Europe/Berlin", sms_gateway="texter")
    await server.ok("PUT", f"{path}/strategy", json=strategy or builders.call_wait_text())
    await server.ok("POST", f"{path}/publish")
    bench = Bench(server.ctx, server.clock, Listener())
    await builders.settle(bench, 1)
    for request, outcome in zip(await builders.claim(bench, 1), (Outcome.BUSY, Outcome.NO_ANSWER), strict=True):
        attempt_id = await builders.intend_call(bench, request)
        assert attempt_id is not None
        agent = "PJSIP/900" if outcome is Outcome.BUSY else None
        await builders.end_call(bench, attempt_id, outcome, reason="=cmd|' /C calc'!A0", agent=agent)
        server.clock.now += timedelta(minutes=1)
    server.clock.now += timedelta(hours=1)
    await builders.settle(bench, 1)
    for request in await builders.claim(bench, 1, "sms"):
        message_id = await builders.intend_text(bench, request)
        assert message_id is not None
        await builders.answer_text(bench, message_id, MessageStatus.REJECTED)
    return path


@pytest.mark.req("A1", "A3")
async def test_many_are_counted_to_their_end_only_if_that_is_asked_for(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tried(server)
    monkeypatch.setattr(reports, "MOST", 1)
    calls = await server.ok("GET", "/attempts")
    assert (len(calls["items"]), calls["total"], calls["total_is_exact"]) == (2, 1, False)
    calls = await server.ok("GET", "/attempts?count=exact")
    assert (calls["total"], calls["total_is_exact"]) == (2, True)
    texts = await server.ok("GET", "/messages")
    assert (texts["total"], texts["total_is_exact"]) == (1, True)


def rows(text: str) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.req("A3", "A5")
async def test_calls_are_listed_and_filtered(server: Server, manager: Browser) -> None:
    assert "No call yet" in await manager.get("/attempts")
    path = await tried(server)
    local = server.clock.now - timedelta(hours=1, minutes=2) + timedelta(hours=2)  # when the first was begun, in Berlin
    for page in (f"{path}/attempts", "/attempts"):
        shown = await manager.get(page)
        assert "2 calls" in shown
        assert f'href="{path}/contacts/1"' in shown
        assert shown.index("no answer</span>") < shown.rindex("busy</span>"), "the newest first"
    for asked, number in (
        ("result=busy", 1), ("result=open", 0), ("gateway=carrier", 2), ("gateway=other", 0), ("agent=900", 1),
        ("step=call", 2), ("step=text", 0), ("number=0", 2), ("number=%2B1", 0), ("result=&number=", 2),
        (f"from={local:%Y-%m-%dT%H:%M}", 2), (f"to={local:%Y-%m-%dT%H:%M}", 0), ("filter=outcome:eq:busy", 1),
    ):  # fmt: skip
        shown = await manager.get(f"{path}/attempts?{asked}")
        assert ("No call fits" if number == 0 else f"{number} call") in shown, asked
    chosen = await manager.get(f"{path}/attempts?result=busy&from={local:%Y-%m-%dT%H:%M}")
    assert '<option value="busy" selected>' in chosen
    assert f'value="{local:%Y-%m-%dT%H:%M}"' in chosen
    assert "filter=outcome%3Aeq%3Abusy" in chosen, "links keep what was chosen"
    assert "From should be a time like" in await manager.get(f"{path}/attempts?from=soon", 422)
    await manager.get("/campaigns/99/attempts", 404)
    await manager.get(f"{path}/attempts?sort=rubbish", 422)
    await manager.log_in("the-viewer")
    assert "2 calls" in await manager.get("/attempts")


@pytest.mark.req("A3", "A5")
async def test_texts_are_listed_and_filtered(server: Server, manager: Browser) -> None:
    path = await tried(server)
    for page in (f"{path}/messages", "/messages"):
        shown = await manager.get(page)
        assert "1 text" in shown
        assert "rejected</span>" in shown
    assert "1 text" in await manager.get(f"{path}/messages?result=rejected&step=text&gateway=texter&number=0")
    assert "No text fits" in await manager.get(f"{path}/messages?result=delivered")


@pytest.mark.req("A5")
async def test_calls_texts_and_trails_are_taken_along(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PART", 1)
    path = await tried(server)
    for address in (f"{path}/attempts/export.csv", "/attempts/export.csv"):
        answer = await server.call("GET", address, role="viewer")
        found = rows(await answer.text())
        assert [row["outcome"] for row in found] == ["no_answer", "busy"], "the newest first"
        assert {row["reason"] for row in found} == {"'=cmd|' /C calc'!A0"}, "no spreadsheet runs it"
        assert found[1]["agent"] == "PJSIP/900"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="attempts.csv"'
    few = await (await server.call("GET", f"{path}/attempts/export.csv?filter=outcome:eq:busy&sort=id")).text()
    assert [row["outcome"] for row in rows(few)] == ["busy"]
    for address in (f"{path}/messages/export.csv", "/messages/export.csv"):
        (text,) = rows(await (await server.call("GET", address)).text())
        assert text["status"] == "rejected"
    told = rows(await (await server.call("GET", f"{path}/trail/export.csv")).text())
    assert [int(row["id"]) for row in told] == sorted(int(row["id"]) for row in told)
    assert [row["kind"] for row in told].count("call-ended") == 2
    of_one = await (
        await server.call("GET", f"{path}/trail/export.csv?filter=contact_id:eq:1&filter=kind:eq:call-dialed")
    ).text()
    assert [row["first_name"] for row in rows(of_one)] == ["Ann"]
    for noun in ("attempts", "messages", "trail"):
        await server.refused("GET", f"/campaigns/99/{noun}/export.csv", 404)
        await server.refused("GET", f"{path}/{noun}/export.csv?sort=rubbish", 422)


@pytest.mark.req("A5")
async def test_contacts_are_taken_along_without_formulas(server: Server) -> None:
    path = await campaign_with_contacts(server)
    await server.ok("PATCH", "/contacts/1", json={"first_name": "=HYPERLINK(1)", "attributes": {"note": "+SUM(1)"}})
    for address in (f"{path}/contacts/export.csv", "/contacts/export.csv"):
        text = await (await server.call("GET", address)).text()
        first = next(row for row in rows(text) if row["id"] == "1")
        assert first["first_name"] == "'=HYPERLINK(1)"
        assert "=HYPERLINK" not in text.replace("'=HYPERLINK", "")
