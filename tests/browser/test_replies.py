"""A campaign's replies in the browser: they come from a real SMSC, can be searched, and stand in the trail."""

import pytest
from playwright.async_api import Page, expect

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from sms.lab.smsc import Smsc
from tests.browser.test_campaign import log_in
from tests.browser.test_contact import picture
from tests.browser.test_phone import PHONE, fits
from tests.support.rig import strategy, text
from tests.support.server import Server
from tests.support.waiting import until


@pytest.mark.req("M5", "A3", "K12")
async def test_replies_are_listed_searched_and_told_in_the_trail(
    server: Server, page: Page, login: tuple[str, str], lab: Lab, smsc: Smsc
) -> None:
    await log_in(page, login)
    phones = [number(Callee.ANSWER, 880 + n) for n in range(2)]
    campaign = await server.campaign(lab, phones, strategy(text("replied", timeout="1h")), sms_gateway="smsc")
    path, before = f"/campaigns/{campaign}/replies", len(smsc.ledger())
    await page.goto(path)
    await expect(page.get_by_text("Nobody has replied yet")).to_be_visible()
    await picture(page, "replies-none")
    await server.ok("POST", f"/campaigns/{campaign}/publish")
    await until(lambda: len(smsc.ledger()) == before + 2, "two texts")
    us = smsc.ledger()[-1].source
    for phone, said in zip(phones, ("Yes, please call me tomorrow", "STOP"), strict=True):
        await smsc.tell("reply", source=phone[1:], destination=us, text=said)

    async def both() -> bool:
        return bool((await server.ok("GET", f"/replies?filter=campaign_id:eq:{campaign}"))["total"] == 2)

    await until(both, "both replies")
    await page.goto(path)
    await expect(page.get_by_text("2 replies")).to_be_visible()
    await picture(page, "replies")
    await page.get_by_label("Which replies").select_option("Asked to stop")
    await expect(page.get_by_text("1 reply")).to_be_visible()
    await page.get_by_label("Which replies").select_option("All")
    await page.get_by_label("Search replies").fill("tomorrow")
    await expect(page.get_by_text("1 reply")).to_be_visible()
    await page.set_viewport_size(PHONE)
    await fits(page, "replies")
    await page.get_by_role("link", name="P0").click()
    trail = page.get_by_label("Trail")
    await expect(trail).to_contain_text("“Yes, please call me tomorrow” · to the text “Hello P0”")
    await picture(page, "replies-trail")
