"""Replies: the list, a campaign's page, the file to take along, and the trail of a contact."""

from datetime import timedelta

import pytest

from dialer.store import replies, trail
from tests.api.conftest import NOON, Server
from tests.api.test_pages import Browser, campaign_with_contacts, manager

__all__ = ("manager",)


@pytest.mark.req("M5", "A1")
async def test_replies_are_listed_by_number_stop_and_time(server: Server) -> None:
    async with server.ctx.db.write() as tx:
        for number, (text, stop) in enumerate((("Yes", False), ("STOP", True), ("=1+1", False))):
            fields = {
                "gateway": "smsc", "source": f"+4930000{number}", "destination": "Shop", "text": text, "stop": stop,
                "received_at": NOON + timedelta(minutes=number), "dialer_node": "one",
            }  # fmt: skip
            await replies.add(tx, fields)
    found = await server.ok("GET", "/replies", role="viewer")
    assert [one["text"] for one in found["items"]] == ["=1+1", "STOP", "Yes"]
    assert found["total"] == 3
    for asked, texts in (
        ("filter=stop:eq:true", ["STOP"]),
        ("filter=source:eq:%2B49300000", ["Yes"]),
        (f"filter=received_at:ge:{NOON:%Y-%m-%dT%H}:01:00Z", ["=1+1", "STOP"]),
        ("q=yes", ["Yes"]),
        ("sort=received_at", ["Yes", "STOP", "=1+1"]),
    ):
        assert [one["text"] for one in (await server.ok("GET", f"/replies?{asked}"))["items"]] == texts, asked


async def add(server: Server, text: str, *, minute: int = 0, stop: bool = False, **more: object) -> None:
    fields = {
        "gateway": "smsc", "source": "+4930123456", "destination": "Shop", "text": text, "stop": stop,
        "received_at": NOON + timedelta(minutes=minute), "dialer_node": "one", "campaign_id": 1, "contact_id": 1,
    }  # fmt: skip
    async with server.ctx.db.write() as tx:
        await replies.add(tx, fields | more)


@pytest.mark.req("M5", "A3")
async def test_a_campaign_shows_its_replies(server: Server, manager: Browser) -> None:
    path = f"{await campaign_with_contacts(server)}/replies"
    assert "Nobody has replied yet" in await manager.get(path)
    await add(server, "<b>Yes</b>")
    await add(server, "STOP", minute=1, stop=True)
    await add(server, "of nobody's campaign", campaign_id=None)
    shown = await manager.get(path)
    assert "2 replies" in shown
    assert "&lt;b&gt;Yes&lt;/b&gt;" in shown
    assert shown.index("STOP") < shown.index("Yes"), "the newest first"
    assert "of nobody" not in shown
    assert f'href="{path.removesuffix("/replies")}/contacts/1">Ann</a>' in shown
    stops = await manager.get(f"{path}?filter=stop:eq:true")
    assert "1 reply" in stops
    assert "Yes" not in stops
    assert "Yes" in await manager.get(f"{path}?filter=&q=yes"), "all that fit"
    assert "No reply fits" in await manager.get(f"{path}?q=perhaps")
    await manager.get("/campaigns/99/replies", 404)
    await manager.log_in("the-viewer")
    assert "2 replies" in await manager.get(path)


@pytest.mark.req("M5", "A1")
async def test_replies_are_taken_along_and_run_as_no_formula(server: Server) -> None:
    path = await campaign_with_contacts(server)
    for number in range(120):
        await add(server, f"=cmd|{number}", minute=number, stop=number == 0)
    await add(server, "elsewhere", campaign_id=None, contact_id=None)
    answer = await server.call("GET", f"{path}/replies/export.csv?sort=received_at", role="viewer")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="replies-1.csv"'
    head, first, *rest = (await answer.text()).splitlines()
    assert head.startswith("id,received_at,source,first_name,last_name,text,stop,answered")
    assert first == f"1,{NOON.isoformat()},+4930123456,Ann,,'=cmd|0,yes,,Shop,smsc,1,1,"
    assert len(rest) == 119
    stops = await (await server.call("GET", f"{path}/replies/export.csv?filter=stop:eq:true")).text()
    assert len(stops.splitlines()) == 2
    assert "elsewhere" in await (await server.call("GET", "/replies/export.csv")).text()
    await server.refused("GET", "/campaigns/99/replies/export.csv", 404)
    await server.refused("GET", "/replies/export.csv?filter=text:eq:x", 422)


@pytest.mark.req("M5", "K12")
async def test_the_trail_of_a_contact_tells_a_reply_with_the_text_it_answers(server: Server, manager: Browser) -> None:
    path = await campaign_with_contacts(server)
    told = {"address": "+4930123456", "gateway": "smsc", "message": "01A"}
    async with server.ctx.db.write() as tx:
        await trail.write(tx, [
            trail.Entry(NOON, 1, 1, "sms-sending", {**told, "text": "Are you happy?", "parts": 1}),
            trail.Entry(NOON, 1, 1, "replied", {**told, "text": "Very", "stop": False}),
            trail.Entry(NOON, 1, 1, "replied", {**told, "text": "stop", "stop": True, "message": None}),
        ])  # fmt: skip
    for page in (f"{path}/contacts/1", "/contacts/1"):
        shown = await manager.get(page)
        assert "Reply from +4930123456 through smsc" in shown
        assert "\u201cVery\u201d · to the text \u201cAre you happy?\u201d" in shown
        assert "on the do-not-contact list of everybody. \u201cstop\u201d</div>" in shown
