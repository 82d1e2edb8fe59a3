"""The live pages over a real Asterisk: who does what for how long, without reloading."""

import re

import pytest
from playwright.async_api import Page, expect

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from tests.browser.test_campaign import log_in
from tests.browser.test_contact import picture
from tests.support.rig import call, strategy
from tests.support.server import Server

PHONE = {"width": 390, "height": 844}
LONG_S = 600.0  # until it is hung up


@pytest.mark.req("A3")
async def test_the_board_groups_agents_by_what_they_do_and_counts_up(
    server: Server, page: Page, login: tuple[str, str], lab: Lab
) -> None:
    await log_in(page, login)
    await lab.set_talk(LONG_S, LONG_S, ring_s=0.1)
    agent = lab.agents[0]
    await lab.pause_agent(agent)
    try:
        await page.goto("/live")
        paused = page.locator('[data-doing="paused"]')
        await expect(paused).to_contain_text(re.compile(r"Paused\s*1"))
        await expect(page.locator('[data-doing="free"] li')).to_have_count(len(lab.agents) - 1)
        campaign = await server.campaign(lab, [number(Callee.ANSWER, 830 + n) for n in range(2)], strategy(call()))
        await server.ok("POST", f"/campaigns/{campaign}/publish")
        await expect(page.locator('[data-doing="in_use"] li')).to_have_count(2)
        await expect(page.locator("#calls")).to_contain_text("connected")
        await counts_up(page)
        await picture(page, "live-board")
        await page.goto(f"/campaigns/{campaign}")
        await expect(page.locator('#agents [data-doing="in_use"] li')).to_have_count(2)
        await counts_up(page)
        await picture(page, "live-overview")
        await page.goto("/contacts/1")
        await page.get_by_role("button", name="Delete").click()
        await page.get_by_role("button", name="Delete for good").click()
        await expect(page.get_by_role("alert").first).to_contain_text("is being called or texted now")
        await picture(page, "contact-in-a-call")
        await page.set_viewport_size(PHONE)
        await page.goto("/live")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await picture(page, "live-board-phone")
    finally:
        await lab.pause_agent(agent, paused=False)
        await lab.world.hang_up()


@pytest.mark.req("A3")
async def test_charts_follow_the_calls_in_light_and_dark(
    server: Server, page: Page, login: tuple[str, str], lab: Lab
) -> None:
    await log_in(page, login)
    kinds = (Callee.ANSWER, Callee.BUSY, Callee.ANSWER, Callee.REJECTED)
    numbers = [number(kind, 840 + n) for n, kind in enumerate(kinds)]
    campaign = await server.campaign(lab, numbers, strategy(call()))
    await page.goto(f"/campaigns/{campaign}")
    told = page.locator("#told-hour")
    await expect(told).to_have_text("Nothing was called or texted in the last hour.")
    through = page.locator("#through")
    await expect(through).to_have_text("4 contacts wait for the campaign to be published.")
    await expect(page.locator("[data-rates] canvas")).to_have_count(2)
    await server.ok("POST", f"/campaigns/{campaign}/publish")
    await expect(page.get_by_role("button", name="Unpublish")).to_be_visible()  # somebody else has published it
    await expect(told).to_contain_text("4 calls, 50 % of those that ended answered")
    await expect(through).to_have_text("Nobody is left to contact.")
    done = "Everybody is done: 4 contacts. The last activity was at"
    await expect(page.locator("#pacing")).to_contain_text(done)
    await expect(page.get_by_role("heading", name="The last hour, by the minute (UTC)")).to_be_visible()
    legend = page.locator('[data-rates="hour"] .u-legend')
    await expect(legend).to_contain_text("Calls")
    await expect(legend.get_by_text("From")).to_be_hidden()  # of which minute: what the pointer is at
    await page.locator('[data-rates="hour"] .u-over').hover(position={"x": 5, "y": 60})
    await expect(legend.get_by_text("From")).to_be_visible()
    await picture(page, "live-charts")
    await page.emulate_media(color_scheme="dark")
    await expect(page.locator("[data-rates] canvas")).to_have_count(2)
    await page.goto("/live")
    await expect(told).to_contain_text("4 calls")
    await expect(page.locator("[data-held]")).to_contain_text(done)
    await page.set_viewport_size(PHONE)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await picture(page, "live-charts-dark-phone")
    found = await server.ok("GET", f"/series?campaign={campaign}")
    assert sum(one["calls"] for one in found["points"]) == 4


async def counts_up(page: Page) -> None:
    """By the page itself: what is shown goes on although nothing comes from the server."""
    await page.route("**/live*", lambda route: route.abort())
    age = page.locator('[data-doing="in_use"] time.age').first
    await expect(age).to_have_text(re.compile(r"^\d+:\d\d$"))
    shown = await age.text_content()
    await expect(age).not_to_have_text(shown or "")
    await page.unroute("**/live*")
