"""No page without an empty state, a loading state and an error state: with nothing there, and with an answer that does not come."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, Route, expect

from admin.pages.render import TEMPLATES
from asterisk.lab.ami import AmiAddress
from asterisk.lab.lab import Lab
from asterisk.lab.ports import free_tcp
from tests.browser.conftest import UNREACHED
from tests.browser.states import NEVER_EMPTY, OF_ALL, OF_ONE, Empty, address, pages
from tests.browser.test_campaign import log_in
from tests.browser.test_contact import picture
from tests.browser.test_phone import both
from tests.support.server import Server
from tests.support.waiting import until

HOOK = {"name": "CRM", "url": "https://hooks.example/", "events": ["reply.received"]}
SMSC = {"kind": "sms", "name": "smsc", "system_id": "dialer", "sender": "Test", "host": "127.0.0.1"}

pytestmark = pytest.mark.req("A1", "A3")


@pytest.fixture
def expected() -> tuple[str, ...]:
    return UNREACHED


@pytest_asyncio.fixture(loop_scope="session")
async def server(tmp_path: Path, lab: Lab) -> AsyncIterator[Server]:
    """A new one: nothing was made on it, and nobody listens where its Asterisk should be."""
    nobody = AmiAddress("127.0.0.1", free_tcp(), "dialer", "")
    started = Server(tmp_path, lab, ami=nobody, DIALER_WEBHOOKS__ALLOWED_HOSTS='["hooks.example"]')
    await started.start()
    yield started
    await started.stop()


async def make_one_of_each(server: Server) -> None:
    """As `PLACES` names them, all of them empty."""
    await server.ok("POST", "/campaigns", json={"title": "Doomed"})
    await server.ok("POST", "/campaigns/1/contacts", json={"phone": "+12025550123", "first_name": "Ada"})
    await server.ok("DELETE", "/campaigns/1")

    async def gone() -> bool:
        return bool((await server.call("GET", "/campaigns/1"))[0] == 404)

    await until(gone, "the campaign to be deleted")
    await server.ok("POST", "/campaigns", json={"title": "Spring"})
    await server.ok("POST", "/webhooks", json=HOOK)
    await server.ok("POST", "/gateways", json={**SMSC, "port": free_tcp()})


async def test_every_page_stands_in_a_table() -> None:
    assert pages() == {*OF_ALL, *OF_ONE, *NEVER_EMPTY}


async def test_a_page_with_nothing_on_it_leads_on(server: Server, page: Page, login: tuple[str, str]) -> None:
    await log_in(page, login)
    for route, empty in OF_ALL.items():
        await it_leads_on(page, route, empty)
    await make_one_of_each(server)
    for route, empty in OF_ONE.items():
        if route == "/tokens":
            async with server.context() as ctx, ctx.db.write() as tx:
                await tx.exec_driver_sql("DELETE FROM api_token")
        await it_leads_on(page, route, empty)


async def it_leads_on(page: Page, route: str, empty: Empty) -> None:
    """In light and dark, on a screen and on a telephone."""
    name = f"empty{route.replace('/', '-').replace('{', '').replace('}', '')}"
    await page.goto(address(route))
    await expect(page.get_by_text(empty.says).first).to_be_visible()
    place = page.locator(".empty").filter(has_text=empty.says).locator(".empty-action")
    ways = (place if await place.count() else page.locator("body")).locator("a, button, label, summary")
    await expect(ways.filter(has_text=empty.leads_on).filter(visible=True).first).to_be_enabled()
    await both(page, name)


# -- what a page fetches by itself, and does not get -------------------------------------------------------------------------


class Late(NamedTuple):
    """A part that comes after its page: where, what it says while it waits and without an answer, and what comes in the end."""

    page: str
    part: str
    waits: str
    missing: str
    comes: str
    opener: str = ""


#: By the id of the element that fetches it.
LATE: Mapping[str, Late] = {
    "found": Late("/check", "/check/found", "Looking at database", "The check could not be fetched", "#found-title"),
    "look": Late("UPLOAD", "/look", "Looking at what is in the file", "could not be fetched. The file itself is kept", "#columns"),
    "uploads": Late("/campaigns/2/sources", "/uploads", "", "Whether files wait", "#uploads h2"),
    "filter-source": Late("/campaigns/2/sources", "/preview", "Counting", "Nobody was counted", "#filter-found .btn", "#filter summary"),
}  # fmt: skip


class Answers:
    """What stands between the page and the server: holds a request until it is told how to fail it, or to let all go on.

    None may be held when its page is left: Playwright would wait for it, and fail a later test.
    """

    def __init__(self) -> None:
        self.fails: asyncio.Queue[Callable[[Route], Awaitable[None]]] = asyncio.Queue()

    async def __call__(self, route: Route) -> None:
        fail = await self.fails.get()
        if fail is Route.continue_:
            self.let_go()
        await fail(route)

    def let_go(self) -> None:
        """This request, and all that follow."""
        self.fails.put_nowait(Route.continue_)


async def a_proxy(route: Route) -> None:
    await route.fulfill(status=502, content_type="text/html", body="<title>502</title><h1>Bad Gateway</h1>")


async def no_network(route: Route) -> None:
    await route.abort()


async def asks(page: Page) -> None:
    await expect(page.locator("body")).to_have_class(re.compile("asking"))


async def test_every_part_that_comes_late_stands_in_the_table() -> None:
    fetching = re.compile(r'<\w+ id="([\w-]+)"[^>]* hx-trigger="[^"]*\bload\b(?! delay)')
    found = [name for file in TEMPLATES.rglob("*.html") for name in fetching.findall(file.read_text("utf-8"))]
    assert sorted(found) == sorted(LATE)


async def test_what_comes_late_says_that_it_waits_and_is_asked_for_again(
    server: Server, page: Page, login: tuple[str, str]
) -> None:
    await make_one_of_each(server)
    await log_in(page, login)
    file = await server.ok("POST", "/campaigns/2/uploads?name=people.csv", data=b"phone\n+12025550124\n")
    for name, late in LATE.items():
        answers = Answers()
        await page.route(f"**{late.part}", answers)
        await page.goto(late.page.replace("UPLOAD", f"/campaigns/2/uploads/{file['id']}"))
        await asks(page)
        if late.opener:
            await page.locator(late.opener).click()
        if late.waits:
            await expect(page.get_by_text(late.waits)).to_be_visible()
            await picture(page, f"late-{name}-waits")
        for fail in (a_proxy, no_network):
            answers.fails.put_nowait(fail)
            told = page.locator("[data-unreached]").filter(has_text=late.missing)
            await expect(told).to_be_visible()
            await expect(page.locator("#toasts")).to_be_empty()
            await picture(page, f"late-{name}-{fail.__name__}")
            await told.get_by_role("button", name="Try again").click()
            await asks(page)
            await expect(told).to_have_count(0)
        answers.let_go()
        await expect(page.locator(late.comes).first).to_be_visible()
        await page.unroute(f"**{late.part}")


async def test_a_list_that_does_not_come_stays_and_is_asked_for_again(
    server: Server, page: Page, login: tuple[str, str]
) -> None:
    """Every one that can be searched; what fits nothing leads back to all."""
    await make_one_of_each(server)
    await log_in(page, login)
    searched = 0
    for route in (*OF_ALL, *OF_ONE, "/audit"):
        await page.goto(address(route))
        search = page.locator("form[role=search][hx-get]")
        if await search.count():
            searched += 1
            await it_is_searched(page, search, await search.get_attribute("hx-get") or "", route)
    assert searched == 11, "lists that can be searched"


async def it_is_searched(page: Page, search: Locator, path: str, route: str) -> None:
    answers, toast = Answers(), page.locator("#toasts")
    before = await page.locator("#rows").inner_html()
    await page.route(f"**{path}?**", answers)
    await search.locator("input[type=search]").first.fill("999")
    await asks(page)
    answers.fails.put_nowait(a_proxy)
    await expect(toast).to_contain_text("The server answered 502")
    assert await page.locator("#rows").inner_html() == before
    if route == "/contacts":
        await both(page, "list-502")
    await toast.get_by_role("button", name="Try again").click()
    answers.fails.put_nowait(no_network)
    await expect(toast).to_contain_text("The server could not be reached")
    answers.let_go()
    await toast.get_by_role("button", name="Try again").click()
    await expect(toast).to_be_empty()
    await expect(page.locator("#rows").get_by_role("link", name="Show all")).to_be_visible()


async def test_a_stream_that_does_not_begin_is_said_and_begins_again(
    server: Server, page: Page, login: tuple[str, str]
) -> None:
    await make_one_of_each(server)
    await log_in(page, login)
    streams = []
    lost = page.get_by_text("The connection was lost")
    for route in (*OF_ALL, *OF_ONE, "/studio/{campaign}"):
        await page.goto(address(route))
        stream = page.locator(r"[hx-sse\:connect]")
        if await stream.count():
            streams.append(path := (await stream.get_attribute("hx-sse:connect") or "").partition("?")[0])
            await page.route(f"**{path}*", no_network)
            await page.reload()
            await expect(lost).to_be_visible()
            await page.unroute(f"**{path}*")
            await expect(lost).to_be_hidden()
    assert sorted(set(streams)) == [
        "/agent/live",
        "/campaigns/2/live",
        "/gateways/smsc/live",
        "/live/stream",
        "/queues/stream",
    ]
