"""An agent's day in the browser: logs in, is offered a contact, skips one, bars another, and really talks with the next."""

import re

import pytest
from playwright.async_api import Page, expect

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from asterisk.lab.world import Agent
from tests.browser.test_contact import picture
from tests.support.rig import call, strategy
from tests.support.server import Server
from tests.support.waiting import until


async def says(page: Page, token: str, campaign: int, words: str) -> bool:
    """Whether the overview of the campaign does, to whom the token is of."""
    shown = await page.request.get(f"/campaigns/{campaign}", headers={"Authorization": f"Bearer {token}"})
    return words in await shown.text()


@pytest.mark.req("C2", "D1")
async def test_an_agent_skips_one_contact_bars_another_and_talks_with_the_next(
    server: Server, page: Page, lab: Lab
) -> None:
    await lab.set_agent(lab.agents[0], Agent.ANSWER)
    await lab.set_talk(600, 600, ring_s=0.1)
    code, out = await server.run("user", "create", "--name", "ann", "--role", "agent", typed="correct horse battery\n")
    assert code == 0, out
    numbers = [number(Callee.ANSWER, 780 + n) for n in range(3)]
    campaign = await server.campaign(lab, numbers, strategy(call()), dialing_modes=["preview"])
    await server.ok("POST", f"/campaigns/{campaign}/publish")

    token = (await server.ok("POST", "/tokens", json={"name": "looks", "role": "viewer"}))["token"]
    await until(
        lambda: says(page, token, campaign, "no agent of its queue is ready on the agent page"), "what it waits for"
    )
    await page.goto("/")
    await page.get_by_label("Name").fill("ann")
    await page.get_by_label("Password").fill("correct horse battery")
    await page.get_by_role("button", name="Log in").click()
    await expect(page).to_have_url(re.compile("/agent$"))
    await expect(page.get_by_role("link", name="Gateways")).to_have_count(0)
    await page.get_by_role("button", name="I am ready").click()
    await expect(page.get_by_role("status").first).to_contain_text("first")
    await picture(page, "agent-no-telephone")
    await page.get_by_label("Your telephone").select_option(f"PJSIP/{lab.agents[0]}")
    await page.get_by_role("button", name="Take it").click()
    await page.get_by_role("button", name="I am ready").click()
    await expect(page.get_by_role("button", name="Call now")).to_be_visible()
    await until(lambda: says(page, token, campaign, "1 agent of its queue is ready on the agent page"), "who is there")
    await expect(page.locator("#desk")).to_contain_text("+1")
    await expect(page.locator("#trail")).to_contain_text("Offered to the agent")
    await page.get_by_label("Reason").fill("will call at noon")
    await picture(page, "agent-offered")
    shown = await page.locator("#desk .h2").inner_text()
    await page.get_by_role("button", name="Skip for now").click()
    await expect(page.locator("#desk .h2")).not_to_have_text(shown)

    await page.get_by_label("Reason").fill("is our own shop")
    barred = await page.locator("#desk .h2").inner_text()
    await page.get_by_role("button", name="Do not call").click()
    await expect(page.locator("#desk .h2")).not_to_have_text(barred)
    at = numbers.index(barred.replace(" ", "")) + 1
    place = f"/campaigns/{campaign}/contacts/{at}"
    assert (await server.ok("GET", place))["status"] == "done"

    await page.get_by_role("button", name="Call now").click()
    await expect(page.locator("#desk")).to_contain_text("talks with you")
    await expect(page.locator("#trail")).to_contain_text("An agent has the call")
    await picture(page, "agent-talking")
    await lab.world.hang_up()
    await expect(page.locator("#desk")).to_contain_text("Nothing is offered at the moment")

    async def talked() -> bool:
        calls = await server.ok("GET", "/attempts")
        return [(one["outcome"], one["agent"]) for one in calls["items"]] == [("answered", f"PJSIP/{lab.agents[0]}")]

    await until(talked, "the call to be recorded")
