"""Every page in a language that nobody speaks: whatever is not in it was forgotten."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import update

from admin.app import make_app
from admin.pages.routes import routes
from config.http import Http
from config.settings import Webhooks
from dialer.store import tables, trail
from tests.api.conftest import PASSWORD, Server
from tests.api.test_pages import Browser, manager, settings
from tests.api.test_tries import tried
from tests.store.test_previews import ANN, page_of
from tests.support import builders, pseudo
from tests.support.context import bench
from tests.support.visible import unmarked

__all__ = ("manager",)

pytestmark = [pytest.mark.req("C1"), pytest.mark.usefixtures("manager")]

#: Streams, what is no page, and moves whose address only leads on; the page of the API is for programmers.
NO_PAGES = re.compile(r".*/(live|stream|publish|unpublish|end|delete)|/static/.*|/favicon.ico|/|/agent|/api.*")
PARTS = {"campaign": "1", "contact": "1", "user": "1", "source": "1", "name": "plan", "webhook": "1"}
#: What is not ours to translate: what the tests called something, addresses, and names that are the same everywhere.
NAMES = (
    r"the-\w+", r"ci-\w+", r"s\d", "Copy of Spring", "Spring", "Ann", "Bob", "basic", "gold", "plan", r"people\.csv",
    r"x\.csv", "carrier", "texter", "cleo", "sales", "support", r"hooks\.example", "Hello", r"smsc\.example", r"PJSIP/\S+",
    r"=cmd\|' /C calc'!A0", r"\d+[smhd]", "DE", "utf-8", r"https://[\w./]+", "custom/sorry", "first_name", "phone", "dialer",
    "UTC", "HANGUP", r"ESME_\w+", r"agent us-federal 2026\.1", r"\d+ h", "CEST", "CET", "Europe/Berlin",
    r"sqlite\+aiosqlite:\S+",
)  # fmt: skip
#: What is worded behind the pages, which stays English (docs/how-to/translate-the-pages.md).
ENGLISH = (": a text", "Extra data", r"\[Errno .*")
ELSEWHERE = re.compile(rf"(?<![\w-])({'|'.join(NAMES)})(?![\w-])|{'|'.join(ENGLISH)}")
#: What is typed in a form or a document as it is called there, or is typed wrong.
CODES = re.compile(r"'12'|: '' attempt\.outcome, |^\S+: (: )?('ц' )?(contact-in\b.*|n[12]|campaign-strategy/1)$")
#: The steps of the strategy that a campaign begins with, in the trail of who came in with it.
FIRST_STEPS = re.compile(r"(contacts in|call|end)( →)?")


@pytest.fixture
def http_settings(tmp_path: Path) -> Http:
    return Http(max_upload_mb=1, language=pseudo.TAG, locale_dir=pseudo.write(tmp_path / "locale"))


def addresses(**parts: str) -> Iterator[str]:
    """All pages that are got, with these for the parts of their addresses."""
    app = web.Application()
    app.add_routes(routes())
    for route in app.router.routes():
        path = route.resource.canonical if route.resource else ""
        if route.method == "GET" and not NO_PAGES.fullmatch(path):
            yield re.sub(r"\{(\w+)\}", lambda found: parts.get(found[1], "-"), path)


def named() -> dict[str, Any]:
    """A strategy in which everything is called as nothing else is."""
    document = builders.call_wait_text()
    names = {node["id"]: f"s{number}" for number, node in enumerate(document["nodes"])}
    for node in document["nodes"]:
        node["id"], node["out"] = names[node["id"]], {port: names[to] for port, to in node["out"].items()}
    document["nodes"][-1]["fields"] = {"result": "s9"}
    return {**document, "name": "s8"}


def english(path: str, page: str) -> list[str]:
    """What of the page was left in English, with its address."""
    left = [ELSEWHERE.sub("", text) for text in unmarked(page)]
    if "/contacts/" in path:
        left = [text for text in left if not FIRST_STEPS.fullmatch(text)]
    return [f"{path}: {text}" for text in left if re.search("[A-Za-z]", text)]


async def walk(server: Server, status: int = 200, **parts: str) -> list[str]:
    found = []
    for path in (*addresses(**parts), f"/studio/{parts.get('campaign', '-')}"):
        if "-" in path.split("/"):
            continue
        response = await server.client.get(path)
        text = await response.text()
        assert response.status == status, (path, text)
        found += english(path, text)
    return found


async def test_pages_with_something_on_them(server: Server) -> None:
    section = Webhooks(allowed_hosts=frozenset({"hooks.example"}))
    server.ctx.settings = server.ctx.settings.model_copy(update={"webhooks": section})
    await tried(server, named())
    hook = {"name": "Вебхук", "url": "https://hooks.example/", "events": ["reply.received"]}
    sent = {"data": "first_name,phone\nЦай,+4930123460\n".encode(), "headers": {"Content-Type": "text/csv"}}
    await server.ok("POST", "/contact-fields", 201, json={"name": "plan", "label": "Тариф", "type": "text"})
    await server.ok("POST", "/webhooks", 201, json=hook)
    await server.ok("POST", "/do-not-contact", 201, json={"address": "+4930123999"})
    upload = (await server.ok("POST", "/campaigns/1/uploads?name=x.csv", 201, **sent))["id"]
    sms = next(one["id"] for one in (await server.ok("GET", "/gateways"))["items"] if one["kind"] == "sms")
    assert await walk(server, **PARTS, kind="voice", gateway="carrier", upload=upload) == []
    assert await walk(server, kind="sms", gateway=sms) == []


#: What calls, texts and steps keep, as it is stored.
STORED = (
    ("step", {"node": "s1", "why": "no_answer, try 2 of 3 after 1h", "port": "busy"}),
    ("step", {"node": "s1", "why": "the attribute s2 holds no date"}),
    ("step", {"node": "s1", "why": "inside 09:00-17:00 Europe/Berlin"}),
    ("step", {"node": "s1", "why": "submitted, waiting until it is delivered"}),
    ("call-ended", {"outcome": "machine", "reason": "an answering machine took the call: it talked for long; the message was played"}),
    ("call-ended", {"outcome": "abandoned", "reason": "answered, but the callee hung up while waiting for an agent (HANGUP)"}),
    ("call-ended", {"outcome": "failed", "reason": "Asterisk refused the call: no reason given", "cause": 21}),
    ("call-refused", {"address": "+49", "reason": "gateway carrier may not dial this prefix"}),
    ("call-withdrawn", {"reason": "the link to Asterisk is down: the connection was lost: closed by Asterisk"}),
    ("sms-status", {"status": "failed", "error": "ESME_RINVDSTADR: destination address is invalid"}),
    ("sms-status", {"status": "lost", "error": "no answer: the SMSC has closed the connection"}),
    ("put-off", {"address": "+49", "channel": "voice", "reason": "outside the calling hours"}),
    ("put-off", {"address": "+49", "channel": "voice",
                 "reason": "2 calls of all campaigns to the number were made within 24 h, and 2 are allowed",
                 "rule": {"rule": "s1", "pack": "s2", "version": "1"}}),
    ("created", {"notes": [("phone: '12' is too short or lacks its area code for +49 (DE); "
                           "write the whole number with + and the country code")]}),
    ("merged", {"notes": ["+4930 is on a do-not-contact list: left out"]}),
    ("preview-withdrawn", {"agent": "s3", "reason": "the agent's telephone could not be called: no answer in 10 s"}),
    ("webhook-failed", {"address": "hooks.example", "reason": "answered 302, and redirects are not followed"}),
)  # fmt: skip


async def test_what_was_stored_in_english(server: Server) -> None:
    """It is recognised where pages show it: with calls, texts and contacts, of a file's rows, and of a receiver of webhooks."""
    path = await tried(server, named())
    told = "the server's disk is full: what was taken so far stays; make room, and load the file again for the rest"
    async with server.ctx.db.write() as tx:
        await trail.write(tx, [trail.Entry(server.clock.now, 1, 1, kind, data) for kind, data in STORED])
        await tx.execute(
            update(tables.attempt).values(reason="the trunk gave no sign of life before the ring time was over")
        )
        await tx.execute(update(tables.message).values(error="not sent: the link is down"))
        await tx.execute(update(tables.source).values(error=told))
    await server.ok("PATCH", path, json={"rule_pack": "us-maryland"})
    rows = {
        "data": 'phone,Ц\n12,1\n+49 30 x,1\n"Ц","1\n\n2","Ц"\n+4930123461,1\n'.encode(),
        "headers": {"Content-Type": "text/csv"},
    }
    upload = (await server.ok("POST", f"{path}/uploads?name=x.csv", 201, **rows))["id"]
    found = []
    for page in (
        f"{path}/contacts/1", "/attempts", "/messages", f"{path}/contacts", f"{path}/sources", f"{path}/settings",
        f"{path}/uploads/{upload}", "/evidence",
    ):  # fmt: skip
        response = await server.client.get(page)
        assert response.status == 200, page
        found += english(page, await response.text())
    assert found == []


async def test_pages_with_nothing_on_them(server: Server) -> None:
    assert await walk(server, user="1") == []
    await server.campaign()
    await server.ok("PUT", "/campaigns/1/strategy", json=named())
    assert await walk(server, campaign="1") == []
    await server.ok("POST", "/campaigns/1/end")
    assert await walk(server, campaign="1") == []


async def test_pages_of_who_may_only_look(server: Server, manager: Browser) -> None:
    await tried(server, named())
    await manager.log_in("the-viewer")
    managed = re.compile(r"/(check|audit|users|tokens|webhooks|evidence).*|.*/sources/key")
    found = []
    for path in addresses(campaign="1", contact="1", source="1", kind="voice", gateway="carrier"):
        if "-" not in path.split("/") and not managed.fullmatch(path):
            found += english(path, await manager.get(path))
    assert found == []


async def test_what_people_are_told_when_something_is_wrong(server: Server, manager: Browser) -> None:
    """Of what the pages themselves look at."""
    await server.campaign()
    await server.ok("PUT", "/campaigns/1/strategy", json=named())
    found = []
    for path, status, typed in (
        ("/campaigns", 422, {"title": ""}),
        ("/account/password", 422, {"old": PASSWORD, "new": "a", "again": "b"}),
        ("/do-not-contact", 422, {"addresses": ""}),
        ("/tokens", 422, {"name": "Токен", "until": "soon"}),
        ("/campaigns/1/strategy", 422, {"document": "{}}"}),
        ("/campaigns/1/strategy/steps", 200, {"do": "add:call"}),
    ):
        found += english(path, await manager.post(path, status, typed))
    assert found == []
    assert english("/campaigns/9", await manager.get("/campaigns/9", 404)) == []


async def test_what_the_rules_behind_the_pages_refuse(server: Server, manager: Browser) -> None:
    """Field errors, and why something can't be done as things stand now."""
    await tried(server, named())
    await server.campaign(title="Ц")
    await server.ok("PUT", "/campaigns/2/strategy", json=named())
    campaign = "/campaigns/1"
    wrong = {"time_zone": "Ц", "execution.start": "9", "execution.end": "10:00", "calls_per_second": "0", "caller_id": "ц",
             "dialing_modes": "predictive", "sms_gateway": "ц", "queue": "ц"}  # fmt: skip
    gateway = {"kind": "voice", "name": "ц", "dial": "ц", "prefixes": "49", "calls_per_second": "0"}
    found = []
    for path, status, typed in (
        (f"{campaign}/settings", 422, settings(**wrong)),
        ("/users", 422, {"name": "ц ц", "role": "ц", "password": "1"}),
        ("/users", 422, {"name": "the-viewer", "role": "viewer", "password": PASSWORD}),
        ("/users/1", 409, {"role": "viewer", "agent": ""}),
        ("/gateways/new/voice", 422, gateway),
        ("/contact-fields", 422, {"name": "phone", "label": "", "type": "choice", "choices": ""}),
        ("/webhooks/new", 422, {"name": "ц", "url": "http://192.0.2.1", "events": ""}),
        ("/do-not-contact", 422, {"addresses": "12\n+49 30 x\nц@"}),
        ("/tokens", 422, {"name": "ц", "role": "viewer", "until": "2020-01-01", "right": "write"}),
        ("/contacts/1/edit", 422, {"first_name": "ц" * 999, "time_zone": "ц", "address": "12", "serves": "voice", "new_name": "phone",
                                   "new_value": "1"}),
        ("/account/password", 422, {"old": "1", "new": "1", "again": "1"}),
        ("/account/time-zone", 422, {"time_zone": "ц"}),
        (f"{campaign}/publish", 409, {}),
        ("/campaigns/2/publish", 422, {}),
        (f"{campaign}/strategy", 422, {"document": '{"nodes": [{"id": "n1", "type": "ц"}, {"id": "n2", "type": "wait"}]}'}),
    ):  # fmt: skip
        found += english(path, await manager.post(path, status, typed))
    assert [text for text in found if not CODES.search(text)] == []
    assert english("/contacts", await manager.get("/contacts?filter=id:eq:x&filter=ц:eq:1", 422)) == [
        "/contacts: filter: 'x'"
    ]


async def test_the_login_is_in_the_language_of_the_browser(server: Server) -> None:
    server.client.session.cookie_jar.clear()
    assert english("/login", await (await server.client.get("/login")).text()) == []
    response = await server.client.post("/login", data={"name": "the-viewer", "password": "wrong"})
    assert english("/login", await response.text()) == []


async def test_the_page_of_agents(server: Server) -> None:
    """Not ready, and ready."""
    desk = await page_of(bench(server.ctx.db, server.ctx.settings.data_dir))
    desk.bench.ctx.settings = server.ctx.settings
    async with TestClient(TestServer(make_app(desk.bench.ctx, server.live, desk.previews))) as client:
        agent = Browser(replace(server, client=client))
        await agent.log_in("the-manager")
        found = english("/agent", await agent.get("/agent"))
        await agent.post("/agent", 303, {"agent": ANN, "ready": "yes"})
        assert found + english("/agent", await agent.get("/agent")) == []
