"""What people do all day by the keyboard alone; the second click; and a server that fails or is gone for a while."""

import asyncio

import pytest
from playwright.async_api import Page, Route, expect

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from tests.browser.conftest import UNREACHED
from tests.browser.test_campaign import log_in
from tests.browser.test_contact import picture
from tests.support.rig import call, strategy
from tests.support.server import Server


@pytest.fixture
def expected() -> tuple[str, ...]:
    return UNREACHED


# What has the focus: its words, and whether it is to be seen (WCAG 2.2, 2.4.7 and 2.4.11).
FOCUSED = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect();
  const words = one.getAttribute('aria-label') ?? (one.labels?.[0]?.textContent || one.textContent);
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const seen = one === document.body || [one, ...one.labels ?? []].some((part) => part.contains(document.elementFromPoint(x, y)));
  return [words.trim().replace(/\\s+/g, ' '), seen];
}"""


async def tab_to(page: Page, words: str, key: str = "Tab") -> None:
    """Press `key` until that has the focus; whatever has it on the way can be seen."""
    passed: list[str] = []
    for _ in range(80):
        await page.keyboard.press(key)
        found, seen = await page.evaluate(FOCUSED)
        if not seen:  # not yet: pages scroll smoothly
            await page.wait_for_function(f"() => ({FOCUSED})()[1]")
        if found == words:
            return
        passed.append(found)
    pytest.fail(f"“{words}” is not reached by {key}: {passed}")


@pytest.mark.req("C1", "C3", "C5", "C12")
async def test_a_campaign_is_made_run_and_ended_by_the_keyboard_alone(
    server: Server, page: Page, login: tuple[str, str], lab: Lab
) -> None:
    await page.goto("/login")
    await page.keyboard.type(login[0])  # the name has the focus
    await page.keyboard.press("Tab")
    await page.keyboard.type(login[1])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Campaigns")).to_be_visible()
    await tab_to(page, "New campaign")
    await page.keyboard.press("Enter")
    await expect(page.locator("#title")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="New campaign").first).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.type("Spring")
    await picture(page, "keys-create")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url("/campaigns/1/settings")
    await tab_to(page, "Queue")  # of what is still missing: it leads to its field
    await page.keyboard.press("Enter")
    await expect(page.locator("#queue")).to_be_focused()
    await page.keyboard.type("support")
    await tab_to(page, "Voice gateway")
    await page.keyboard.type("world")
    await tab_to(page, "Save")
    await picture(page, "keys-settings")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Saved.")).to_be_visible()
    await expect(page.locator("#readiness")).to_contain_text("Ready to be published")
    await tab_to(page, "Publish")
    await page.keyboard.press("Enter")
    await expect(page.locator("#state")).to_have_text("published")
    await tab_to(page, "End")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="End", exact=True)).to_be_focused()
    await page.keyboard.press("Enter")
    await tab_to(page, "End the campaign")
    await page.keyboard.press("Enter")
    await expect(page.locator("#state")).to_have_text("ended")
    await page.goto("/campaigns/1/settings")
    await expect(page.get_by_text("This campaign has ended for good")).to_be_visible()
    await picture(page, "settings-ended")
    await the_focus_stays(server, page, lab)


async def the_focus_stays(server: Server, page: Page, lab: Lab) -> None:
    """Where a part of the page is replaced, the keys go on from there."""
    campaign = await server.campaign(lab, [number(Callee.ANSWER, 8700)], strategy(call()))
    await page.goto(f"/campaigns/{campaign}/contacts/1")
    await page.get_by_role("link", name="Why not?").press("Enter")
    await expect(page.get_by_role("link", name="Look again")).to_be_focused()
    await page.goto(f"/campaigns/{campaign}/sources")
    await page.get_by_text("From another program, over REST").press("Enter")
    await page.get_by_role("button", name="Show the key").press("Enter")
    await expect(page.locator("#rest-key")).to_be_focused()
    await tab_to(page, "Copy the key")
    await page.get_by_text("From contacts that are here already").press("Enter")
    more = page.locator("#filter").get_by_role("button", name="Add a condition")
    await more.press("Enter")
    await expect(page.get_by_label("Field of condition 2")).to_be_visible()
    await expect(more).to_be_focused()
    await page.goto(f"/campaigns/{campaign}/dry-run")
    await page.get_by_role("button", name="Simulate").press("Enter")
    await expect(page.locator("#result")).to_be_visible()
    await expect(page.get_by_role("button", name="Simulate")).to_be_focused()
    await picture(page, "dry-run-focus")


@pytest.mark.req("A1", "A3", "C3")
async def test_a_second_click_and_a_server_that_fails(server: Server, page: Page, login: tuple[str, str]) -> None:
    await log_in(page, login)

    posted: list[str] = []

    async def late(route: Route) -> None:
        if route.request.method == "POST":
            posted.append(route.request.url)
        await asyncio.sleep(0.5)
        await route.continue_()

    await page.route("**/campaigns", late)
    await page.get_by_role("button", name="New campaign").first.click()
    await page.locator("#title").fill("Twice")
    await page.get_by_label("Open after creating").uncheck()
    await page.evaluate("""() => { const button = document.querySelector('#new-campaign .btn-primary');
      button.click(); setTimeout(() => button.click(), 100); }""")  # once the first is on its way
    await expect(page.get_by_text("1 campaign", exact=True)).to_be_visible()
    await page.unroute("**/campaigns")
    assert len(posted) == (await server.ok("GET", "/campaigns"))["total"] == 1

    broken = "<html><title>502 Bad Gateway</title><body><h1>Bad Gateway</h1></body></html>"
    toast = page.locator("#toasts")
    await page.route("**/campaigns?**", lambda route: route.fulfill(status=502, content_type="text/html", body=broken))
    await page.get_by_label("Search titles").fill("Twi")
    await expect(toast).to_contain_text("The server answered 502")
    await expect(page.get_by_role("cell", name="Twice", exact=True)).to_be_visible()
    await picture(page, "toast-502")
    await toast.get_by_role("button", name="Close").click()
    await page.unroute("**/campaigns?**")
    await page.goto("/campaigns/1/settings")
    await page.route("**/settings/check", lambda route: route.fulfill(status=502, body="oops"))
    await page.locator("#description").fill("typed")
    await expect(toast).to_contain_text("The server answered 502")
    await expect(page.locator("#description")).to_have_value("typed")
    await page.unroute("**/settings/check")

    async def slow(route: Route) -> None:
        await asyncio.sleep(1)
        await route.continue_()

    await page.route("**/htmx-sse.js*", slow)  # the stream begins also if what reads it comes late
    await page.route("**/campaigns/1/live", lambda route: route.abort())
    await page.goto("/campaigns/1")
    lost = page.get_by_text("The connection was lost")
    await expect(lost).to_be_visible()  # it never began
    await page.unroute("**/htmx-sse.js*")
    await page.unroute("**/campaigns/1/live")
    await expect(lost).to_be_hidden()
    await server.stop()
    await expect(lost).to_be_visible()
    await picture(page, "connection-lost")
    assert await page.evaluate("htmx.config.sse.reconnectMaxDelay") == 5000  # ms: who waits for the server to be back
    await server.start()
    await expect(lost).to_be_hidden()
