"""Rule packs in the browser: chosen with their rules in sight, warned of while choosing, and the evidence of a number."""

import pytest
from playwright.async_api import Page, expect

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from tests.browser.test_campaign import log_in
from tests.support.rig import call, strategy
from tests.support.server import Server

PHONES = [number(Callee.ANSWER, 2800), number(Callee.BUSY, 2801)]


@pytest.mark.req("D7", "C2")
async def test_a_pack_is_chosen_in_the_settings_and_calls_are_proven(
    server: Server, page: Page, login: tuple[str, str], lab: Lab
) -> None:
    await log_in(page, login)
    campaign = await server.campaign(lab, PHONES, strategy(call()))
    await page.goto(f"/campaigns/{campaign}/settings")
    await page.get_by_label("Call from").fill("21:00")
    await page.get_by_label("until", exact=True).fill("23:00")
    await page.get_by_label("Rule pack").select_option("United States, Florida")
    rules = page.locator("#rules")
    await expect(rules).to_contain_text("At most 3 calls of the campaign to the number in any 24 h.")
    await expect(rules).to_contain_text("The execution time is never within the hours of the rule pack us-florida")
    await expect(rules).to_contain_text("rings 5 s; its calls ring 15 s")
    await page.get_by_label("Call from").fill("")
    await page.get_by_label("until", exact=True).fill("")
    await expect(rules).not_to_contain_text("never within")
    await page.get_by_label("Rule pack").select_option("United Kingdom")  # which has no hours
    await expect(rules).to_contain_text("for 72 h after one of them was abandoned")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    await expect(page.get_by_label("Rule pack")).to_have_value("uk")
    await page.get_by_role("button", name="Publish").click()
    await page.goto(f"/campaigns/{campaign}/contacts/2")
    await expect(page.locator(".trail")).to_contain_text("busy")
    await page.get_by_role("link", name="evidence").first.click()
    row = page.get_by_role("row").filter(has_text="Spring")
    await expect(row).to_contain_text("busy")
    await expect(row).to_contain_text("uk 2026.1")
    async with page.expect_download() as started:
        await page.get_by_role("link", name="CSV").click()
    assert (await started.value).suggested_filename == f"evidence-{PHONES[1][1:]}.csv"
    await page.get_by_label("Telephone number").fill("12")
    await page.get_by_role("button", name="Show").click()
    await expect(page.get_by_role("alert")).to_contain_text("is too short")
