"""What a page offers can be done by who sees it: each form, and each link, of every page of every role, by the table of rights."""

from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from yarl import URL

from admin import auth
from admin.app import make_app
from admin.rights import right_for
from config.settings import Webhooks
from dialer.domain.hooks import EventKind
from dialer.operations import importing, users
from tests.api.conftest import PASSWORD, Server
from tests.api.test_page_rights import ALLOWED, PUBLIC, lines, served

CSV = b"first_name,phone,plan\nAnn,+4930123456,basic\nBob,+4930123457,gold\nNobody,12,basic\n"
HERE = "http://here"
VERBS = {f"hx-{verb}": verb.upper() for verb in ("get", "post", "put", "patch", "delete")}
# After a form was sent to them, and where there is no telephone to be an agent with.
LEADS_ELSEWHERE = {
    "GET /", "GET /agent", *(f"GET /campaigns/{{campaign}}/{one}" for one in ("publish", "unpublish", "end", "delete")),
}  # fmt: skip


class Offers(HTMLParser):
    """`(method, path)` of what can be pressed on a page: what is disabled can't be."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[tuple[str, str]] = set()
        self._page = page
        self._open: list[tuple[str, bool]] = []  # fieldsets and whether they are disabled
        self._form: tuple[str, str] | None = None
        self._forms: dict[str, tuple[str, str]] = {}
        self._pressed_for: set[str] = set()  # ids of forms with a button elsewhere

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "fieldset":
            self._open.append((tag, "disabled" in given))
        if tag == "form":
            self._form = (given.get("method", "get").upper(), self._path(given.get("action", self._page)))
            if "id" in given:
                self._forms[given["id"]] = self._form
        if "disabled" not in given and not any(disabled for _tag, disabled in self._open):
            self._offer(tag, given)

    def _offer(self, tag: str, given: dict[str, str]) -> None:
        self.found |= {(method, self._path(given[name])) for name, method in VERBS.items() if name in given}
        if tag == "a" and given.get("href", "").startswith("/"):
            self.found.add(("GET", self._path(given["href"])))
        if tag == "button" and given.get("type", "submit") == "submit":
            if "form" in given:
                self._pressed_for.add(given["form"])
            elif self._form is not None:
                self.found.add(self._form)

    def handle_endtag(self, tag: str) -> None:
        if tag == "fieldset":
            self._open.pop()
        if tag == "form":
            self._form = None

    def offered(self) -> set[tuple[str, str]]:
        return self.found | {self._forms[one] for one in self._pressed_for if one in self._forms}

    def _path(self, address: str) -> str:
        return URL(HERE).join(URL(self._page)).join(URL(address)).path


async def filled(server: Server) -> dict[str, str]:
    """Something of everything that pages are about, and the parts of their addresses."""
    section = Webhooks(allowed_hosts=frozenset({"hooks.example"}))
    server.ctx.settings = server.ctx.settings.model_copy(update={"webhooks": section})
    await server.runnable()
    for path in ("sources?name=people.csv", "uploads?name=more.csv"):
        made = await server.ok(
            "POST", f"/campaigns/1/{path}", 202 if path.startswith("sources") else 201, data=CSV,
            headers={"Content-Type": "text/csv"},
        )  # fmt: skip
        if path.startswith("sources"):
            await importing.run(server.ctx, made["id"])
    await server.ok("POST", "/do-not-contact", 201, json={"address": "+4930123499"})
    await server.ok("POST", "/contact-fields", 201, json={"name": "plan", "label": "Plan"})
    hook = {"name": "CRM", "url": "https://hooks.example/", "events": [next(iter(EventKind)).value]}
    await server.ok("POST", "/webhooks", 201, json=hook)
    sms = {
        "kind": "sms",
        "name": "smsc",
        "host": "127.0.0.1",
        "port": 1,
        "system_id": "x",
        "password": "y",
        "sender": "z",
    }
    await server.ok("POST", "/gateways", 201, json=sms)
    return {
        "campaign": "1", "contact": "1", "source": "1", "upload": str(made["id"]), "gateway": "smsc", "kind": "voice",
        "webhook": "1", "name": "plan", "user": "1", "entry": "1", "token": "1",
    }  # fmt: skip


def pages(parts: dict[str, str]) -> Iterator[tuple[str, str]]:
    """`(route, address)` of what is read as a page; streams never end, and the editor's files are not HTML."""
    for route in sorted(set(served()) - PUBLIC):
        method, _, path = route.partition(" ")
        if method == "GET" and "/editor/" not in path and not path.endswith(("/stream", "}/live", "agent/live")):
            yield route, path.format_map(parts)


async def may(app: web.Application, role: str, method: str, path: str) -> bool:
    if path.startswith("/api/"):
        return right_for(method, path) in users.RIGHTS[users.Role(role)]
    found = await app.router.resolve(make_mocked_request(method, path, app=app))
    if found.http_exception is not None or found.route.resource is None:
        return False
    return f"{method} {found.route.resource.canonical}" in lines(*ALLOWED[role]) | PUBLIC


@pytest.mark.req("A2")
@pytest.mark.parametrize("role", users.RIGHTS)
async def test_nobody_is_offered_what_would_be_refused(server: Server, role: str) -> None:
    parts, app = await filled(server), make_app(server.ctx, server.live)
    await users.create_user(server.ctx, "ann", PASSWORD, role)
    cookie = await users.log_in(server.ctx, "ann", PASSWORD)
    wrong, unseen = [], set()
    for route, address in pages(parts):
        if route not in lines(*ALLOWED[role]):
            continue
        headers = {"Cookie": f"{auth.COOKIE}={cookie}"}
        async with server.client.get(address, headers=headers, allow_redirects=False) as response:
            if response.status != 200 or response.content_type != "text/html":
                unseen.add(route)
                continue
            offers = Offers(address)
            offers.feed(await response.text())
        for method, path in sorted(offers.offered()):
            if not await may(app, role, method, path):
                wrong.append((address, method, path))
    assert wrong == []
    assert unseen <= LEADS_ELSEWHERE
