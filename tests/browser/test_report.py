"""A campaign's report in the browser: figures, the chart of the hours with its table, and the files."""

import pytest
from playwright.async_api import Page, expect

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from tests.browser.test_campaign import log_in
from tests.browser.test_contact import picture
from tests.browser.test_phone import PHONE, fits
from tests.support.rig import call, strategy
from tests.support.server import Server
from tests.support.waiting import until


@pytest.mark.req("A5", "A3")
async def test_a_report_adds_up_and_is_taken_along(
    server: Server, page: Page, login: tuple[str, str], lab: Lab
) -> None:
    await log_in(page, login)
    phones = [number(Callee.BUSY, 700 + n) for n in range(3)] + [number(Callee.ANSWER, 710)]
    campaign = await server.campaign(lab, phones, strategy(call()))
    path = f"/campaigns/{campaign}/report"
    await page.goto(f"/campaigns/{campaign}")
    await page.get_by_role("navigation", name="Campaign").get_by_role("link", name="Report").click()
    await expect(page.get_by_text("No call and no text was begun yet.")).to_be_visible()
    await picture(page, "report-none")
    await server.ok("POST", f"/campaigns/{campaign}/publish")

    async def all_done() -> bool:
        told = await server.ok("GET", path)
        return bool(told["summary"]["states"]["done"] == len(phones))

    await until(all_done, "every call")
    await page.goto(path)
    for name, figure in (("loaded", "4"), ("dialed", "4"), ("attempts", "4"), ("remaining", "0")):
        await expect(page.locator(f'[data-figure="{name}"]')).to_have_text(figure)
    await expect(page.get_by_role("region", name="Calls by outcome")).to_contain_text("busy")
    await expect(page.locator(".chart canvas")).to_be_visible()
    await page.get_by_text("The hours as a table").click()
    hours = page.get_by_role("table", name="Calls and texts by hour")
    await expect(hours.get_by_role("row")).to_have_count(25)
    await picture(page, "report")
    async with page.expect_download() as download:
        await page.get_by_label("Download the table “steps” as CSV").click()
    assert (await download.value).suggested_filename == f"report-{campaign}-steps.csv"
    await page.get_by_label("Day").fill("2020-03-29")
    await page.get_by_role("button", name="Show the day").click()
    await expect(page.get_by_text("No call and no text was begun on that day.")).to_be_visible()
    await page.get_by_role("link", name="All days").click()
    await page.set_viewport_size(PHONE)
    await fits(page, "report")
    await server.ok("POST", f"/campaigns/{campaign}/unpublish")
    await page.goto(f"/campaigns/{campaign}")
    await page.get_by_role("button", name="Delete").click()
    await page.get_by_role("button", name="Delete for good").click()
    await expect(page.locator("#refused")).to_contain_text("It can't be deleted")  # its records must be kept
    await fits(page, "campaign-kept")
