"""Every page, empty and filled, in light and dark, is usable by everybody (WCAG 2.2 AA), and reached by the keyboard."""

import re
from typing import Literal

import pytest
from playwright.async_api import Page, expect

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from tests.browser import accessible
from tests.browser.test_campaign import log_in
from tests.browser.test_contact import picture
from tests.support.rig import call, strategy
from tests.support.server import Server

EVERYWHERE = ("/campaigns", "/contacts", "/live", "/contact-fields", "/do-not-contact", "/gateways", "/queues", "/evidence", "/agent",
    "/gateways/world", "/gateways/smsc", "/gateways/new/voice", "/gateways/new/sms", "/nowhere",
    "/audit", "/users", "/users/1", "/tokens", "/account")  # fmt: skip
OF_A_CAMPAIGN = (
    "",
    "/settings",
    "/contacts",
    "/sources",
    "/strategy",
    "/strategy/steps",
    "/attempts",
    "/messages",
    "/replies",
    "/report",
    "/dry-run",
    "/clone",
)


@pytest.mark.req("A3")
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_is_usable_by_everybody(
    server: Server, page: Page, login: tuple[str, str], lab: Lab, scheme: Literal["light", "dark"]
) -> None:
    await page.emulate_media(color_scheme=scheme)
    await page.goto("/login")
    faults = {"/login": await accessible.faults(page)}
    await log_in(page, login)
    for address in EVERYWHERE:
        await page.goto(address)
        faults[f"empty {address}"] = await accessible.faults(page)
    phones = [number(Callee.ANSWER, 8300 + i) for i in range(3)]
    running = await server.campaign(lab, phones, strategy(call()))
    draft = (await server.ok("POST", "/campaigns", json={"title": "Draft"}))["id"]
    await server.ok("POST", "/do-not-contact", json={"address": "+4930123456", "reason": "asked"})
    await server.ok(
        "POST", "/contact-fields", json={"name": "plan", "label": "Tariff", "type": "choice", "choices": ["A"]}
    )
    await server.ok("POST", f"/campaigns/{running}/publish")
    campaigns = [f"/campaigns/{each}{way}" for each in (running, draft) for way in OF_A_CAMPAIGN]
    for address in (*EVERYWHERE, *campaigns, "/contacts/1", "/contacts/1/edit", f"/campaigns/{running}/contacts/1"):
        await page.goto(address)
        await expect(page.locator("h1").first).to_be_visible()
        faults[address] = await accessible.faults(page)
    assert {address: found for address, found in faults.items() if found} == {}


@pytest.mark.req("A3")
async def test_the_theme_is_chosen_and_the_menu_is_walked_by_the_keyboard(page: Page, login: tuple[str, str]) -> None:
    await page.emulate_media(color_scheme="light")
    await log_in(page, login)
    root = page.locator("html")
    await expect(root).to_have_attribute("data-bs-theme", "light")
    await page.get_by_role("button", name="Light or dark").click()
    await page.goto("/live")
    await expect(root).to_have_attribute("data-bs-theme", "dark")
    await page.get_by_role("button", name="Light or dark").click()  # as the system says: it is followed again
    await page.emulate_media(color_scheme="dark")
    await expect(root).to_have_attribute("data-bs-theme", "dark")

    title = page.get_by_role("navigation", name="Main").get_by_text("Administration")
    await title.focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Do not contact")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("link", name="Do not contact")).to_be_hidden()
    await expect(title).to_be_focused()
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Live").click()
    await expect(page.get_by_role("link", name="Do not contact")).to_be_hidden()


@pytest.mark.req("A1")
async def test_what_fails_in_the_background_is_said(server: Server, page: Page, login: tuple[str, str]) -> None:
    """A search for which the server has no answer, and one that does not reach it: the list stays as it is."""
    await server.ok("POST", "/campaigns", json={"title": "Spring"})
    await log_in(page, login)
    search, toast = page.get_by_label("Search titles"), page.locator("#toasts")
    await page.route("**/campaigns?**", lambda route: route.abort())
    await search.fill("Spr")
    await expect(toast).to_contain_text("could not be reached")
    await expect(page.get_by_role("cell", name="Spring", exact=True)).to_be_visible()
    await toast.get_by_role("button", name="Close").click()
    await expect(toast).to_be_empty()
    await page.unroute("**/campaigns?**")
    await page.route("**/campaigns?**", lambda route: route.continue_(url=f"{server.address}/nowhere"))
    await search.fill("Spri")
    await expect(toast).to_contain_text("Not found: there is nothing at this address")
    await expect(page.get_by_role("cell", name="Spring", exact=True)).to_be_visible()
    await picture(page, "toast")
    await page.unroute("**/campaigns?**")
    await search.fill("Sprin")
    await expect(page.locator("body")).not_to_have_class("asking")


@pytest.mark.req("C5", "C12")
async def test_a_campaign_says_what_it_misses_is_run_from_the_list_and_deleted(
    server: Server, page: Page, login: tuple[str, str]
) -> None:
    await server.ok("POST", "/campaigns", json={"title": "Autumn"})
    await server.ok("POST", "/campaigns", json={"title": "Spring"})
    await log_in(page, login)
    await page.goto("/campaigns/2")
    await picture(page, "readiness")
    await page.locator("#readiness").get_by_role("link", name="Queue").click()
    await expect(page).to_have_url("/campaigns/2/settings#queue")
    await page.get_by_label("Queue").select_option("support")
    await page.get_by_label("Voice gateway").select_option("world")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#readiness")).to_contain_text("Ready to be published")
    await page.goto("/campaigns?sort=-title&q=i")
    row = page.get_by_role("row").filter(has_text="Spring")
    await row.get_by_role("button", name="Publish").click()
    await expect(row).to_contain_text("published")
    await expect(page).to_have_url(re.compile(r"/campaigns\?sort=-title&q=i"))
    await row.get_by_role("button", name="Unpublish").click()
    await expect(row).to_contain_text("unpublished")
    await page.goto("/campaigns/2")
    await page.get_by_role("button", name="Delete").click()
    await picture(page, "campaign-delete")
    await page.get_by_role("button", name="Delete for good").click()
    await expect(page).to_have_url("/campaigns")
    await expect(page.get_by_role("cell", name="Autumn", exact=True)).to_be_visible()
    await expect(page.get_by_role("cell", name="Spring", exact=True)).to_have_count(0)
