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
