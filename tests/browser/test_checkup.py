"""The check of the settings in the browser: over the real links, with what is wrong and how to mend it."""

import asyncio

import pytest
from playwright.async_api import Page, Route, expect

from sms.lab.smsc import Smsc
from tests.browser.test_campaign import administer, log_in
from tests.browser.test_contact import picture


@pytest.mark.req("A4")
@pytest.mark.usefixtures("server")
async def test_a_manager_looks_at_the_installation_and_mends_it(page: Page, login: tuple[str, str], smsc: Smsc) -> None:
    await log_in(page, login)
    await page.goto("/gateways/smsc")
    await expect(page.locator("#sms-gateway")).to_contain_text("transceiver")
    held = asyncio.Event()

    async def hold(route: Route) -> None:
        await held.wait()
        await route.continue_()

    await page.route("**/check/found", hold)
    await administer(page, "Settings check")
    await expect(page.get_by_text("Looking at database, Asterisk and gateways")).to_be_visible()
    await picture(page, "check-loading")
    held.set()
    found = page.get_by_label("All is well")
    await expect(found).to_be_visible()
    for what in ("Database", "AMI", "Queue support", "Dialplan", "Voice gateway world", "SMS gateway smsc"):
        await expect(found.get_by_role("listitem").filter(has_text=what)).to_contain_text("ok")
    settings = page.get_by_label("Settings in force")
    row = settings.get_by_role("row").filter(has_text="ami.secret")
    await expect(row).to_contain_text("••••••")
    await expect(row).to_contain_text("DIALER_AMI__SECRET")
    await picture(page, "check-light")
    await smsc.kill()
    await page.get_by_role("button", name="Check again").click()
    broken = page.get_by_label("1 fault")
    await expect(broken.get_by_role("listitem").filter(has_text="SMS gateway smsc")).to_contain_text("To mend it:")
    await page.set_viewport_size({"width": 390, "height": 844})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await picture(page, "check-phone")


@pytest.mark.req("A4")
@pytest.mark.usefixtures("server")
async def test_a_check_that_does_not_arrive_is_said(page: Page, login: tuple[str, str]) -> None:
    await log_in(page, login)
    await page.route("**/check/found", lambda route: route.abort())
    await page.goto("/check")
    await expect(page.get_by_text("The check could not be fetched.")).to_be_visible()
