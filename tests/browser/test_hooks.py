"""Event webhooks in the browser: made, tried, told of a campaign, repeated, and fit for a phone."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Page, expect

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from sms.lab.smsc import Smsc
from tests.browser.test_campaign import administer, log_in
from tests.browser.test_contact import picture
from tests.browser.test_phone import PHONE, fits
from tests.support.receiver import receiver
from tests.support.rig import call, strategy
from tests.support.server import Server
from tests.support.waiting import until


@pytest_asyncio.fixture(loop_scope="session")
async def server(tmp_path: Path, lab: Lab, smsc: Smsc) -> AsyncIterator[Server]:
    """One that may call this machine."""
    allowed = {"DIALER_WEBHOOKS__ALLOWED_HOSTS": '["127.0.0.1"]', "DIALER_WEBHOOKS__ALLOW_PRIVATE": "true"}
    started = Server(tmp_path, lab, **allowed)
    await started.start()
    await started.add_gateways(lab, smsc.port)
    yield started
    await started.stop()


@pytest.mark.req("A5", "A3")
async def test_a_webhook_is_made_tried_and_told_of_calls(
    server: Server, page: Page, login: tuple[str, str], lab: Lab
) -> None:
    await log_in(page, login)
    await administer(page, "Webhooks")
    await expect(page.get_by_text("Nobody is told")).to_be_visible()
    await picture(page, "webhooks-none")
    async with receiver() as there:
        await page.get_by_role("link", name="New webhook").first.click()
        await page.get_by_label("Name").fill("CRM")
        await page.get_by_label("Address").fill("https://elsewhere.example/")
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_text("is not among the hosts that webhooks may call")).to_be_visible()
        await expect(page.get_by_text("at least one is needed")).to_be_visible()
        await picture(page, "webhook-faults")
        await page.get_by_label("Address").fill(f"{there.url}/in")
        for told in ("attempt.outcome", "campaign.status"):
            await page.get_by_label(told).check()
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_text("it is not shown again")).to_be_visible()
        secret = await page.locator("#secret").inner_text()
        await picture(page, "webhook-secret")
        await page.reload()  # sends no form again
        await expect(page.locator("#secret")).to_have_count(0)
        assert (await server.ok("GET", "/webhooks"))["total"] == 1
        await page.get_by_role("button", name="Send a test event").click()
        await expect(page.locator("#rows")).to_contain_text("test")
        await until(lambda: len(there.received) == 1, "the test event")
        assert there.received[0].is_signed_with(secret)

        async def refusing(_request: web.Request) -> web.Response:
            return web.Response(status=503)

        phones = [number(Callee.BUSY, 890)]
        campaign = await server.campaign(lab, phones, strategy(call()))
        await server.ok("POST", f"/campaigns/{campaign}/publish")
        await until(lambda: len(there.received) >= 3, "its status, and its call")
        there.answering = refusing
        await page.get_by_role("button", name="Send a test event").click()
        await until(lambda: len(there.received) >= 4, "another test event")

        async def failed() -> bool:
            return bool((await server.ok("GET", "/webhooks/1/deliveries?filter=state:eq:failed"))["total"])

        await until(failed, "its failure")
        await page.reload()
        await page.get_by_role("button", name="Send again: test").first.click()
        await until(lambda: len(there.received) >= 5, "the same event once more")
        assert there.received[-1].key in {one.key for one in there.received[:4]}
    await expect(page.locator("#rows")).to_contain_text("answered 503")
    await page.get_by_text("attempt.outcome", exact=True).last.click()
    await expect(page.locator("#rows")).to_contain_text('"outcome": "busy"')
    await picture(page, "webhook")
    await page.get_by_label("Which deliveries").select_option("Failed")
    await expect(page.get_by_text("1 delivery")).to_be_visible()
    await page.set_viewport_size(PHONE)
    await fits(page, "webhook")
    await page.goto("/webhooks")
    await expect(page.get_by_role("link", name="CRM")).to_be_visible()
    await fits(page, "webhooks")
    await page.set_viewport_size({"width": 1280, "height": 860})
    await picture(page, "webhooks")
    await page.get_by_role("link", name="CRM").click()
    await somebody_disables_it(server, page)
    await it_is_changed(server, page)
    await page.get_by_role("button", name="Make another secret").click()
    await page.get_by_role("button", name="Make another", exact=True).click()
    await expect(page.get_by_text("it is not shown again")).to_be_visible()
    await expect(page.locator("#secret")).not_to_have_text(secret)
    await page.get_by_role("button", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("Nobody is told")).to_be_visible()


async def somebody_disables_it(server: Server, page: Page) -> None:
    """What is pressed on a page that still shows it enabled is refused, with what to do."""
    for button in ("Send a test event", re.compile("Send again: test")):
        await server.ok("PATCH", "/webhooks/1", json={"enabled": False})
        await page.get_by_role("button", name=button).first.click()
        await expect(page.get_by_role("alert").first).to_contain_text(
            "Nothing was done: the webhook is disabled: enable it, then send to it"
        )
        await expect(page.get_by_label("Enabled")).not_to_be_checked()
        await picture(page, "webhook-disabled-meanwhile")
        await page.set_viewport_size(PHONE)
        await fits(page, "webhook-disabled-meanwhile")
        await page.set_viewport_size({"width": 1280, "height": 860})
        await server.ok("PATCH", "/webhooks/1", json={"enabled": True})
        await page.goto("/webhooks/1")


async def it_is_changed(server: Server, page: Page) -> None:
    """What is wrong is said at its field; whoever disables it can't try it; what somebody else has saved is told."""
    for told in ("attempt.outcome", "campaign.status"):
        await page.get_by_role("checkbox", name=told).uncheck()
    await page.get_by_label("Name").fill("CRM of the shop")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#fault-events")).to_contain_text("at least one is needed")
    await expect(page.get_by_label("Name")).to_have_value("CRM of the shop")
    await picture(page, "webhook-edit-refused")
    await page.get_by_role("checkbox", name="attempt.outcome").check()
    await page.get_by_label("Of", exact=True).select_option("Only “Spring”")
    await page.get_by_label("Enabled").uncheck()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    await expect(page.get_by_role("heading", name="CRM of the shop")).to_be_visible()
    await expect(page.get_by_role("checkbox", name="campaign.status")).not_to_be_checked()
    await expect(page.get_by_role("checkbox", name="attempt.outcome")).to_be_checked()
    await expect(page.get_by_label("Of", exact=True).locator("option:checked")).to_have_text("Only “Spring”")
    await expect(page.get_by_role("button", name="Send a test event")).to_be_disabled()
    await picture(page, "webhook-saved")
    await server.ok("PATCH", "/webhooks/1", json={"name": "Theirs"})
    await page.get_by_label("Name").fill("CRM")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator("#stale")).to_contain_text("CRM of the shop → Theirs")
    await picture(page, "webhook-stale")
    await page.get_by_role("button", name="Save mine over it").click()
    await expect(page.get_by_role("heading", name="CRM", exact=True)).to_be_visible()
