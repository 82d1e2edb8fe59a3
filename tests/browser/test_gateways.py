"""A trunk that fails, in the browser: its breaker and its caps on the gateway's page, and what the campaign says of it."""

import pytest
from playwright.async_api import Page, expect

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from tests.browser.test_campaign import log_in
from tests.browser.test_contact import picture
from tests.support.rig import call, strategy
from tests.support.server import Server


@pytest.mark.req("D6", "K13")
async def test_a_trunk_that_fails_opens_its_breaker_and_the_pages_say_so(
    server: Server, page: Page, login: tuple[str, str], lab: Lab
) -> None:
    await log_in(page, login)
    caps = {"calls_per_day": 500, "prefix_calls_per_day": ["+44=0", "+1=400"], "day_zone": "Europe/Berlin"}
    gone = {"kind": "voice", "name": "Gone", "dial": lab.missing_dial, "breaker_after": 2, **caps}
    await server.ok("POST", "/gateways", json=gone)
    phones = [number(Callee.ANSWER, 820 + n) for n in range(8)]
    campaign = await server.campaign(lab, phones, strategy(call()), voice_gateway="gone")
    await server.ok("POST", f"/campaigns/{campaign}/publish")
    await page.goto("/live")
    await expect(page.locator("#board")).to_contain_text("breaker open")
    await picture(page, "live-breaker")
    await page.goto("/gateways/gone")
    await expect(page.locator(".alert")).to_contain_text("Breaker open since")
    await expect(page.locator("body")).to_contain_text("of 500")
    await picture(page, "gateway-breaker")
    await page.goto("/gateways")
    await picture(page, "gateways-breaker")
    waiting = [one for one in await server.contacts(campaign) if one["status"] == "pending"]
    assert len(waiting) >= 4, "whom the storm did not reach, and whom it did not cost a try"
    why = await server.ok("GET", f"/campaigns/{campaign}/contacts/{waiting[-1]['id']}/why-not")
    assert "gateway-breaker-open" in [reason["condition"] for reason in why["reasons"]]
    await page.goto(f"/campaigns/{campaign}/settings")
    await expect(page.get_by_label("Priority")).to_have_value("5")
    await expect(page.get_by_label("Weight")).to_have_value("1")
    await picture(page, "settings-priority")
    await a_gateway_is_made_changed_and_deleted(page)


async def a_gateway_is_made_changed_and_deleted(page: Page) -> None:
    """What is wrong is said at its field and nothing typed is lost; one that a campaign names stays."""
    await page.goto("/gateways")
    await page.get_by_role("link", name="New voice gateway").click()
    await page.get_by_label("Name").fill("Second carrier")
    await page.get_by_label("Channel to dial").fill("PJSIP/carrier")
    await page.get_by_label("Time zone of the day").fill("Mars/Base")
    await page.get_by_role("button", name="Save").press("Enter")
    await expect(page.locator("#fault-dial")).to_contain_text("{number}")
    await expect(page.locator("#fault-day_zone")).to_contain_text("Mars/Base")
    await picture(page, "gateway-new-faults")
    await page.get_by_label("Channel to dial").fill("PJSIP/{number}@carrier")
    await page.get_by_label("Time zone of the day").fill("Europe/Berlin")
    await page.get_by_role("button", name="Save").press("Enter")
    await expect(page).to_have_url("/gateways?saved=1")
    await page.get_by_role("link", name="Second carrier", exact=True).click()
    await page.get_by_label("Most calls in a day", exact=True).fill("250")
    await page.get_by_role("button", name="Save").click()
    await expect(page).to_have_url("/gateways?saved=1")
    await expect(page.get_by_text("Saved.")).to_be_visible()
    await page.get_by_role("link", name="Second carrier", exact=True).click()
    await expect(page.get_by_label("Most calls in a day", exact=True)).to_have_value("250")
    await page.get_by_role("button", name="Delete").press("Enter")
    await expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page).to_have_url("/gateways")
    await expect(page.get_by_role("link", name="Second carrier")).to_have_count(0)
    await page.goto("/gateways/gone")
    await page.get_by_role("button", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("alert").first).to_contain_text("is used by 'Spring'")
    await picture(page, "gateway-in-use")
