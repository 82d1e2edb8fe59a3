"""The page of queues and agents, which follows what Asterisk reports."""

import pytest
from playwright.async_api import Page, expect

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from tests.browser.test_campaign import administer, log_in
from tests.browser.test_contact import picture
from tests.support.rig import call, strategy
from tests.support.server import Server


@pytest.mark.req("A3")
async def test_queues_show_agents_campaigns_and_what_changes(
    server: Server, page: Page, login: tuple[str, str], lab: Lab
) -> None:
    await server.campaign(lab, [number(Callee.ANSWER, 8400)], strategy(call()))
    gone = await server.ok("POST", "/campaigns", json={"title": "Autumn"})
    async with server.context() as ctx, ctx.db.write() as tx:
        await tx.exec_driver_sql(f"UPDATE campaign SET queue = 'nosuch' WHERE id = {gone['id']}")
    await log_in(page, login)
    await administer(page, "Queues and agents")
    queue = page.get_by_role("region", name="support")
    row = queue.get_by_role("row").filter(has_text=f"PJSIP/{lab.agents[0]}")
    await expect(row).to_contain_text("Free")
    await expect(queue.get_by_role("link", name="Spring")).to_be_visible()
    await expect(page.get_by_text("Asterisk has no queue “nosuch”")).to_be_visible()
    await page.evaluate("window.same = true")
    await lab.pause_agent(lab.agents[0])
    try:
        await expect(row).to_contain_text("Paused")
        await picture(page, "queues")
    finally:
        await lab.pause_agent(lab.agents[0], paused=False)
    await expect(row).to_contain_text("Free")
    assert await page.evaluate("window.same")
