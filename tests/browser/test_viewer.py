"""Who may only look: every page can be read, and no page offers what would be refused."""

import pytest
from playwright.async_api import Page, expect

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from tests.browser.test_campaign import log_in
from tests.browser.test_contact import picture
from tests.support.rig import call, strategy
from tests.support.server import Server
from tests.support.waiting import until

EVERYWHERE = (
    "/campaigns", "/contacts", "/contacts/1", "/live", "/attempts", "/messages", "/contact-fields", "/contact-fields/plan",
    "/do-not-contact", "/queues", "/gateways", "/gateways/world", "/gateways/smsc", "/api", "/account",
)  # fmt: skip
OF_A_CAMPAIGN = (
    "", "/settings", "/contacts", "/contacts/1", "/sources", "/strategy", "/strategy/steps", "/attempts",
    "/messages", "/replies", "/report", "/dry-run",
)  # fmt: skip
# What could change something, if it is not of the reader's own account: forms that are sent, and buttons that open one.
OFFERED = """() => {
  const own = '[action="/logout"], [action^="/account/"]';
  const some = [...document.querySelectorAll('form[method="post"] :is(button, input, textarea), [data-opens]')];
  return some.filter((one) => one.checkVisibility() && !one.matches(':disabled, [readonly]') && !one.closest(own))
    .map((one) => one.outerHTML.slice(0, 120));
}"""
LINKS = "() => [...document.querySelectorAll('a[href]')].map((one) => new URL(one.href)).map((one) => one.origin + one.pathname)"


@pytest.mark.req("A2", "A3")
async def test_a_viewer_sees_every_page_and_is_offered_nothing_that_is_refused(
    server: Server, page: Page, lab: Lab
) -> None:
    await server.ok("POST", "/users", json={"name": "vic", "role": "viewer", "password": "look but do not touch"})
    plan = {"name": "plan", "label": "Tariff", "type": "choice", "choices": ["Basic", "Gold"]}
    await server.ok("POST", "/contact-fields", json=plan)
    await server.ok("POST", "/do-not-contact", json={"address": "+12025550123"})
    campaign = await server.campaign(lab, [number(Callee.BUSY, 8900)], strategy(call()))
    await server.ok("POST", f"/campaigns/{campaign}/publish")

    async def called() -> bool:
        return bool((await server.ok("GET", f"/campaigns/{campaign}"))["contacts"].get("done"))

    await until(called, "the call")
    await log_in(page, ("vic", "look but do not touch"))
    offered: dict[str, list[str]] = {}
    links: set[str] = set()
    for address in (*EVERYWHERE, *(f"/campaigns/{campaign}{way}" for way in OF_A_CAMPAIGN)):
        answer = await page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        await expect(page.locator("h1").first).to_be_visible()
        if found := await page.evaluate(OFFERED):
            offered[address] = found
        links.update(await page.evaluate(LINKS))
    assert offered == {}
    led = {link: (await page.request.get(link)).status for link in sorted(links)}
    assert {link: status for link, status in led.items() if status != 200} == {}
    for address in (
        f"/campaigns/{campaign}/settings",
        f"/campaigns/{campaign}/sources",
        "/gateways/smsc",
        "/contact-fields/plan",
    ):
        await page.goto(address)
        await picture(page, f"viewer{address.replace('/', '-')}")
    for address in ("/users", "/webhooks/new"):
        answer = await page.goto(address)
        assert answer is not None
        assert answer.status == 403, address
    await picture(page, "viewer-refused")
