"""Two tabs with the same campaign's settings: the slower one is told what the other has saved, and goes over it."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.patience import patient
from tests.browser.test_campaign import log_in
from tests.browser.test_contact import picture
from tests.support.server import Server


@pytest.mark.req("C2")
async def test_the_slower_of_two_tabs(server: Server, page: Page, login: tuple[str, str]) -> None:
    await server.ok("POST", "/campaigns", json={"title": "Spring"})
    await log_in(page, login)
    await page.goto("/campaigns/1/settings")
    other = await patient(await page.context.new_page())
    await other.goto("/campaigns/1/settings")
    await other.locator("#title").fill("Summer")
    await other.get_by_role("button", name="Save", exact=True).click()
    await expect(other).to_have_url("/campaigns/1/settings?saved=1")

    told = page.locator("#stale")
    await page.locator("#title").fill("Autumn")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(told).to_contain_text("title: Spring → Summer")
    await picture(page, "stale-settings")
    await page.locator("#title").press("Enter")  # as before: a plain save, which is refused again
    await expect(told).to_be_visible()
    await expect(page.locator("#title")).to_have_value("Autumn")
    assert (await server.ok("GET", "/campaigns/1"))["title"] == "Summer"
    await page.get_by_role("button", name="Save mine over it").click()
    await expect(page).to_have_url("/campaigns/1/settings?saved=1")
    assert (await server.ok("GET", "/campaigns/1"))["title"] == "Autumn"

    await other.locator("#title").fill("Winter")
    await other.get_by_role("button", name="Save", exact=True).click()
    await other.get_by_role("link", name="Read it again").click()
    await expect(other.locator("#title")).to_have_value("Autumn")
