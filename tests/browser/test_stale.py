"""Two people with the same form: the slower one is told what the other has saved, and goes over it."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.patience import patient
from tests.browser.test_campaign import log_in
from tests.browser.test_contact import picture
from tests.browser.test_phone import PHONE, fits
from tests.support.server import Server


@pytest.mark.req("C2")
async def test_the_slower_of_two_tabs(server: Server, page: Page, login: tuple[str, str]) -> None:
    await server.ok("POST", "/campaigns", json={"title": "Spring"})
    await log_in(page, login)
    await page.goto("/campaigns/1/settings")
    other = await patient(await page.context.new_page())
    await other.goto("/campaigns/1/settings")
    await other.locator("#title").fill("Summer")
    await other.get_by_role("button", name="Save", exact=True).click()
    await expect(other).to_have_url("/campaigns/1/settings?saved=1")

    told = page.locator("#stale")
    await page.locator("#title").fill("Autumn")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(told).to_contain_text("title: Spring → Summer")
    await picture(page, "stale-settings")
    await page.locator("#title").press("Enter")  # as before: a plain save, which is refused again
    await expect(told).to_be_visible()
    await expect(page.locator("#title")).to_have_value("Autumn")
    assert (await server.ok("GET", "/campaigns/1"))["title"] == "Summer"
    await page.get_by_role("button", name="Save mine over it").click()
    await expect(page).to_have_url("/campaigns/1/settings?saved=1")
    assert (await server.ok("GET", "/campaigns/1"))["title"] == "Autumn"

    await other.locator("#title").fill("Winter")
    await other.get_by_role("button", name="Save", exact=True).click()
    await other.get_by_role("link", name="Read it again").click()
    await expect(other.locator("#title")).to_have_value("Autumn")
    await other.close()
    await every_other_form(server, page)


async def every_other_form(server: Server, page: Page) -> None:
    """The same of a contact, a custom field and a gateway."""
    await server.ok("POST", "/campaigns/1/contacts", json={"phone": "+12025550123", "first_name": "Ada"})
    await server.ok("POST", "/contact-fields", json={"name": "plan", "label": "Plan", "type": "text"})
    for form, stored, changed, label in (
        ("/contacts/1/edit", "/contacts/1", {"first_name": "Bea"}, "First name"),  # of a contact no value is told
        ("/contact-fields/plan", "/contact-fields/plan", {"label": "Rate"}, "Label"),
        ("/gateways/smsc", "/gateways/smsc", {"sender": "Shop"}, "Sender id"),
    ):
        ((field, value),) = changed.items()
        await page.goto(form)
        await server.ok("PATCH", stored, json=changed)
        await page.get_by_label(label, exact=True).fill("Mine")
        await page.get_by_role("button", name="Save", exact=True).click()
        told = page.locator("#stale")
        await expect(told).to_contain_text(f"→ {value}" if label != "First name" else label)
        await expect(page.get_by_label(label, exact=True)).to_have_value("Mine")
        await page.set_viewport_size(PHONE)
        await fits(page, f"stale{stored.replace('/', '-')}")
        await told.get_by_role("button", name="Save mine over it").click()
        await expect(told).to_have_count(0)
        await expect(page.get_by_text("Saved.")).to_be_visible()
        kept = await server.ok("GET", stored)
        assert {**kept, **kept.get("settings", {})}[field] == "Mine", form
