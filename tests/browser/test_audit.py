"""The audit log in the browser: found, filtered, taken along; on a telephone too."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.test_campaign import administer, log_in
from tests.browser.test_contact import picture
from tests.browser.test_phone import PHONE, fits
from tests.support.server import Server


@pytest.mark.req("A2")
async def test_changes_are_told_field_by_field(server: Server, page: Page, login: tuple[str, str]) -> None:
    await server.ok("POST", "/campaigns", json={"title": "Spring"})
    await server.ok("PATCH", "/campaigns/1", json={"title": "Summer", "calls_per_second": 2})
    await server.ok("PATCH", "/gateways/smsc", json={"password": "another"})
    await log_in(page, login)
    await administer(page, "Audit log")
    edited = page.get_by_role("row").filter(has_text="Edit campaign").first
    await expect(edited.get_by_role("row", name="title Spring Summer")).to_be_visible()
    masked = page.get_by_role("row").filter(has_text="Edit gateway").first
    await expect(masked).to_contain_text("(set)")
    await expect(page.get_by_text("another")).to_have_count(0)
    await picture(page, "audit")
    await page.get_by_label("What was changed").select_option("Campaign")
    await expect(page.get_by_text("2 entries")).to_be_visible()
    await page.get_by_label("From this day (UTC)").fill("2100-01-01")
    await expect(page.get_by_text("No entry fits")).to_be_visible()
    await picture(page, "audit-none")
    await page.get_by_role("link", name="Show all").click()
    await page.get_by_role("link", name=login[0], exact=True).first.click()
    await expect(page.get_by_role("link", name=f"Only {login[0]}")).to_be_visible()
    async with page.expect_download() as started:
        await page.get_by_role("link", name="Download as CSV").click()
    text = Path(await (await started.value).path()).read_text(encoding="utf-8")
    assert "log in" in text
    assert "Spring" not in text
    await page.set_viewport_size(PHONE)
    await fits(page, "audit")
