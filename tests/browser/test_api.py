"""The API's pages in the browser: an operation opened, a schema followed, its problems, and all of it on a phone."""

import os
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.test_campaign import administer, log_in
from tests.browser.test_contact import picture
from tests.browser.test_phone import FAULTS, PHONE, fits


async def glimpse(page: Page, name: str) -> None:
    """The beginning of a page that is too long for a picture of all of it."""
    if folder := os.environ.get("TEST_PICTURES"):
        await page.screenshot(path=Path(folder) / f"{name}.png")


@pytest.mark.req("A1", "A3")
async def test_the_api_is_browsed(page: Page, login: tuple[str, str]) -> None:
    await log_in(page, login)
    await administer(page, "API")
    await page.get_by_text("Create a campaign", exact=True).click()
    await expect(page.locator("#curl-campaigns_create")).to_contain_text("-X POST")
    await glimpse(page, "api")
    await page.locator("#campaigns_create").get_by_role("link", name="CampaignIn").click()
    await expect(page.locator("#schema-CampaignIn")).to_be_in_viewport()
    await page.set_viewport_size(PHONE)
    await page.goto("/api")
    await page.get_by_text("Create a campaign", exact=True).click()
    await glimpse(page, "phone-api")
    assert await page.evaluate(FAULTS) == []
    await page.goto("/api/problems#stale-edit")
    await expect(page.get_by_role("heading", name="Stale edit")).to_be_in_viewport()
    await fits(page, "problems")
    await page.set_viewport_size({"width": 1280, "height": 860})
    await picture(page, "problems")
