"""The way of the tutorial, with the pictures of the documentation: `make screenshots` puts them into docs/images."""

import re

import pytest
from playwright.async_api import Page, expect

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from tests.browser.studio import Studio
from tests.browser.test_campaign import log_in
from tests.browser.test_contact import picture
from tests.support.rig import call, strategy, text
from tests.support.server import Server

KINDS = (Callee.ANSWER, Callee.BUSY, Callee.ANSWER, Callee.REJECTED, Callee.ANSWER)
PEOPLE = 240  # some of them are called yet, however slow the machine is


@pytest.mark.req("A3", "C5", "K12", "S5")
async def test_a_campaign_from_what_it_misses_to_the_trail_of_who_was_called(
    server: Server, page: Page, login: tuple[str, str], lab: Lab
) -> None:
    await log_in(page, login)
    only_me = (await server.ok("POST", "/campaigns", json={"title": "Only me"}))["id"]
    await page.goto(f"/campaigns/{only_me}")
    await expect(page.locator("#readiness").get_by_role("link", name="Queue")).to_be_visible()
    await picture(page, "docs-readiness")
    await lab.set_talk(3.0, 6.0, ring_s=0.3)
    numbers = [number(KINDS[n % len(KINDS)], 1200 + n) for n in range(PEOPLE)]
    campaign = await server.campaign(
        lab, numbers, strategy(call("text"), text("delivered")), title="Spring offer", sms_gateway="smsc"
    )
    await server.ok("POST", f"/campaigns/{campaign}/publish")
    await page.goto(f"/campaigns/{campaign}")
    await expect(page.locator("#calls")).to_contain_text("connected")
    await expect(page.get_by_role("link", name=re.compile(r"^\d\d+ Done"))).to_be_visible()
    await expect(page.locator("#calls")).to_contain_text("connected")
    await picture(page, "docs-campaign")
    await page.goto("/live")
    await expect(page.locator("#calls")).to_contain_text("connected")
    await picture(page, "docs-live")
    busy = (await server.ok("GET", f"/campaigns/{campaign}/contacts?sort=id"))["items"][1]["id"]
    await page.goto(f"/campaigns/{campaign}/contacts/{busy}")
    await expect(page.locator("#trail")).to_contain_text("Finished")
    await picture(page, "docs-contact")
    studio = Studio(page)
    await studio.open(campaign)
    await expect(studio.node("end")).to_contain_text("done")
    await picture(page, "docs-studio")
