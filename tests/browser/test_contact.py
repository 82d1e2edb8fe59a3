"""One contact in the browser: why it is not called, its call as it goes on, and the whole of it in all campaigns."""

import os
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from tests.browser import accessible
from tests.browser.test_campaign import log_in
from tests.support.rig import call, strategy, text
from tests.support.server import Server

# The part that says why not looks again every few seconds.


async def picture(page: Page, name: str) -> None:
    """A screenshot of what everybody can use (WCAG 2.2 AA)."""
    if "/studio/" not in page.url:  # Node-RED's own pages, which axe takes seconds to walk through
        assert await accessible.faults(page) == [], name
    await screenshot(page, name)


async def screenshot(page: Page, name: str) -> None:
    """To look at, where `TEST_PICTURES` names a folder."""
    if folder := os.environ.get("TEST_PICTURES"):
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True, caret="initial")


@pytest.mark.req("K12", "K13")
async def test_one_click_says_why_not_and_the_page_follows_the_call(
    server: Server, page: Page, login: tuple[str, str], lab: Lab
) -> None:
    await log_in(page, login)
    phones = [number(Callee.BUSY, 810), number(Callee.ANSWER, 811)]
    campaign = await server.campaign(lab, phones, strategy(call("text"), text("delivered")), sms_gateway="smsc")
    first, second = [one["id"] for one in await server.contacts(campaign)]
    await server.ok("PATCH", f"/contacts/{second}", json={"time_zone": "Asia/Tokyo"})
    for agent in lab.agents:
        await lab.pause_agent(agent)
    try:
        await why_before(page, campaign, second)
        await server.ok("POST", f"/campaigns/{campaign}/publish")
        await why_then(page)
    finally:
        for agent in lab.agents:
            await lab.pause_agent(agent, paused=False)
    await follows_the_call(page, phones[1])
    await everywhere(page, campaign, second)
    await shows_the_text(page, campaign, first, phones[0])


async def why_before(page: Page, campaign: int, contact: int) -> None:
    """Before the campaign is published: nothing is asked, then one click; the empty states say what is missing."""
    await page.goto(f"/campaigns/{campaign}/contacts/{contact}")
    await expect(page.locator("#delivery")).to_contain_text("never called")
    await expect(page.locator("[data-reason]")).to_have_count(0)
    await page.evaluate("window.same = true")
    await page.get_by_role("link", name="Why not?").click()
    await expect(page.locator('[data-reason="campaign-unpublished"]')).to_be_visible()
    await picture(page, "why-unpublished")


async def why_then(page: Page) -> None:
    """All agents are paused and another contact is due before it: both are said, and the page looks again by itself."""
    await expect(page.locator('[data-reason="agents-paused"]')).to_contain_text("paused")
    await expect(page.locator('[data-reason="others-first"]')).to_contain_text("1 contact is due before it")
    await expect(page.locator("#trail")).to_contain_text("queued")
    await picture(page, "why-agents")


async def follows_the_call(page: Page, phone: str) -> None:
    """The call and its outcome come by themselves, with the times of both zones."""
    trail = page.locator("#trail")
    for line in (f"Called {phone} through world", "Answered", "An agent has the call", "answered", "Finished"):
        await expect(trail).to_contain_text(line)
    await expect(trail).to_contain_text("JST")
    await expect(page.locator("#contact-state")).to_have_text("done")
    await expect(page.locator("#delivery")).to_contain_text("through world")
    await expect(page.locator('[data-reason="strategy-done"]')).to_be_visible()
    assert await page.evaluate("window.same"), "the page was loaded again"
    await picture(page, "contact-done")


async def everywhere(page: Page, campaign: int, contact: int) -> None:
    await page.get_by_role("link", name="In all campaigns").click()
    await expect(page).to_have_url(f"/contacts/{contact}")
    await expect(page.locator("#trail")).to_contain_text("Came into the system")
    await picture(page, "contact-anywhere")
    await page.get_by_role("link", name="Spring", exact=True).click()
    await expect(page).to_have_url(f"/campaigns/{campaign}/contacts/{contact}")
    await page.goto("/contacts/999")
    await expect(page.get_by_role("main")).to_contain_text("there is no contact with the id")


async def shows_the_text(page: Page, campaign: int, contact: int, phone: str) -> None:
    """Whoever was busy got a text: through which gateway, and its receipt."""
    await page.goto(f"/campaigns/{campaign}/contacts/{contact}?why=1")
    await expect(page.locator("#trail")).to_contain_text(f"Text to {phone} through smsc: delivered")
    delivery = page.locator("#delivery")
    await expect(delivery).to_contain_text("busy")
    await expect(delivery).to_contain_text("through smsc")
    await expect(delivery).to_contain_text("receipt")
    await expect(page.locator('[data-reason="strategy-done"]')).to_be_visible()
    await picture(page, "contact-text")
