"""Calls and texts in the browser: real ones are listed, filtered while typing, and lead to their contact."""

import pytest
from playwright.async_api import Page, expect

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from tests.browser.test_campaign import administer, log_in
from tests.browser.test_contact import picture
from tests.browser.test_phone import PHONE, fits
from tests.support.rig import call, strategy, text
from tests.support.server import Server
from tests.support.waiting import until


@pytest.mark.req("A3", "A5")
async def test_calls_and_texts_are_listed_filtered_and_taken_along(
    server: Server, page: Page, login: tuple[str, str], lab: Lab
) -> None:
    await log_in(page, login)
    phones = [number(Callee.BUSY, 720), number(Callee.BUSY, 721)]
    campaign = await server.campaign(lab, phones, strategy(call("text"), text()), sms_gateway="smsc")
    path = f"/campaigns/{campaign}/attempts"
    await page.goto(path)
    await expect(page.get_by_text("No call yet")).to_be_visible()
    await picture(page, "calls-none")
    await server.ok("POST", f"/campaigns/{campaign}/publish")

    async def both() -> bool:
        return bool((await server.ok("GET", f"/messages?filter=campaign_id:eq:{campaign}"))["total"] == 2)

    await until(both, "two texts")
    await page.goto(path)
    await expect(page.locator("#total")).to_contain_text("2 calls")
    await picture(page, "calls")
    await page.get_by_label("Number").fill(phones[0])
    await expect(page.locator("#total")).to_contain_text("1 call")
    await page.get_by_label("Outcome").select_option("answered")
    await expect(page.get_by_text("No call fits")).to_be_visible()
    await page.get_by_role("link", name="Show all").click()
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download as CSV").click()
    assert (await download.value).suggested_filename == f"attempts-{campaign}.csv"
    await page.set_viewport_size(PHONE)
    await fits(page, "calls")
    await picture(page, "calls-phone")
    await page.set_viewport_size({"width": 1280, "height": 900})
    await page.get_by_role("link", name="P0").click()
    await expect(page).to_have_url(f"{server.address}/campaigns/{campaign}/contacts/1")
    await administer(page, "Calls")
    await expect(page.locator("#total")).to_contain_text("2 calls")
    await expect(page.get_by_role("link", name="Spring")).to_have_count(2)
    wider = "(one) => one.scrollWidth - one.clientWidth"
    assert await page.locator(".table-responsive").evaluate(wider) == 0, "a column is cut off"
    await picture(page, "calls-of-all")
    await administer(page, "Texts")
    await expect(page.locator("#total")).to_contain_text("2 texts")
    await expect(page.get_by_role("link", name="Spring")).to_have_count(2)
    await picture(page, "texts")
