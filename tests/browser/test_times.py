"""Times in the zone that the reader has chosen, with the campaign's beside it."""

import pytest
from playwright.async_api import Page, expect

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from tests.browser.test_campaign import log_in
from tests.browser.test_contact import picture
from tests.support.rig import call, strategy
from tests.support.server import Server

# Where the lines of an element's text begin.
TOPS = """(one) => {
  const text = document.createRange();
  text.selectNodeContents(one);
  return [...text.getClientRects()].map((box) => box.top);
}"""


@pytest.mark.req("A2", "K12")
async def test_times_stand_in_the_readers_zone_with_the_campaigns_beside_it(
    server: Server, page: Page, login: tuple[str, str], lab: Lab
) -> None:
    campaign = await server.campaign(lab, [number(Callee.ANSWER, 8500)], strategy(call()), time_zone="Asia/Tokyo")
    async with server.context() as ctx, ctx.db.write() as tx:
        await tx.exec_driver_sql("UPDATE trail SET at = '2026-07-01 12:00:00.000000'")
        await tx.exec_driver_sql("UPDATE campaign SET created_at = '2026-01-31 23:30:00.000000'")
    await log_in(page, login)
    time = page.locator("#trail time").first
    await page.goto(f"/campaigns/{campaign}/contacts/1")
    await expect(time).to_have_text("2026-07-01 21:00:00 JST")

    async with server.context() as ctx, ctx.db.write() as tx:
        await tx.exec_driver_sql("UPDATE user_account SET time_zone = 'Europe/London'")
    await page.goto(f"/campaigns/{campaign}/contacts/1")
    await expect(time).to_have_text("2026-07-01 13:00:00 BST 2026-07-01 21:00:00 JST")
    await picture(page, "times-of-the-reader")
    await server.ok("POST", f"/campaigns/{campaign}/publish")  # the trail is drawn again as it grows
    await expect(page.locator("#trail")).to_contain_text("Answered")
    await expect(time).to_have_text("2026-07-01 13:00:00 BST 2026-07-01 21:00:00 JST")

    async with server.context() as ctx, ctx.db.write() as tx:
        await tx.exec_driver_sql("UPDATE user_account SET time_zone = 'Asia/Kolkata'")
    await page.goto("/campaigns")
    await expect(page.get_by_role("columnheader", name="Created (Asia/Kolkata)")).to_be_visible()
    cell = page.get_by_role("cell", name="2026-02-01 05:00")
    await expect(cell).to_be_visible()
    for width in (1280, 1000):  # no column is cut off
        await page.set_viewport_size({"width": width, "height": 860})
        await expect(page.get_by_role("button", name="End Spring")).to_be_in_viewport(ratio=1)
        await picture(page, f"campaigns-{width}")
    found = await cell.evaluate(TOPS)
    assert max(found) - min(found) < 5, "one line"
