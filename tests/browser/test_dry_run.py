"""A dry run in the browser: the form, what is wrong with it, the result with its chart, while nobody is called."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from tests.browser.test_campaign import log_in
from tests.support.rig import call, strategy
from tests.support.server import Server


@pytest.mark.req("S7")
async def test_a_campaign_is_simulated_before_it_is_published(
    server: Server, page: Page, login: tuple[str, str], lab: Lab, tmp_path: Path
) -> None:
    phones = [number(Callee.ANSWER, 500 + i) for i in range(400)]
    campaign = await server.campaign(lab, phones, strategy(call(tries=3, retry_after="1h")))
    await log_in(page, login)
    await page.goto(f"/campaigns/{campaign}")
    await page.get_by_role("navigation", name="Campaign").get_by_role("link", name="Dry run").click()
    await expect(page.locator("#no-result")).to_contain_text("Nothing simulated yet")

    await page.get_by_label("Answered, in %").fill("a third")
    await page.get_by_role("button", name="Simulate").click()
    await expect(page.locator("#fault-answer_rate")).to_contain_text("should be a number")
    await expect(page.locator("#refused")).to_be_visible()

    await page.get_by_label("Answered, in %").fill("30")
    await page.get_by_label("Agents at work").fill("2")
    await page.get_by_role("button", name="Simulate").click()
    await expect(page.locator(".simulating")).to_be_visible()
    await expect(page.locator("#result")).to_be_visible()
    await expect(page.locator(".simulating")).to_be_hidden()
    await expect(page.locator('[data-figure="reached"]')).not_to_be_empty()
    await expect(page.locator(".chart canvas")).to_be_visible()
    await expect(page.locator(".chart .u-legend")).to_contain_text("Agents busy")
    await expect(page.locator("#result")).to_contain_text("Not reached, and why")
    await page.get_by_text("By the day").click()
    await expect(page.get_by_role("columnheader", name="Connected").last).to_be_visible()
    await page.screenshot(path=tmp_path / "dry-run.png", full_page=True, caret="initial")
    first = await page.locator('[data-figure="calls"]').inner_text()
    await page.get_by_role("button", name="Simulate").click()
    await expect(page.locator(".simulating")).to_be_visible()
    await expect(page.locator(".simulating")).to_be_hidden()
    assert await page.locator('[data-figure="calls"]').inner_text() == first
    await page.set_viewport_size({"width": 390, "height": 800})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await page.screenshot(path=tmp_path / "dry-run-phone.png", full_page=True, caret="initial")
    assert (await server.ok("GET", "/attempts"))["total"] == 0
