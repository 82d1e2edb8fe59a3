"""The pages of contacts on a phone: nothing is cut off, nothing lies over something else, no page scrolls sideways."""

from typing import Literal

import pytest
from playwright.async_api import Page, expect

from tests.browser.people import add, contacts, set_attribute
from tests.browser.test_contact import picture, screenshot
from tests.support.server import Server

__all__ = ["contacts"]

PHONE = {"width": 390, "height": 844}
WIDE = {"width": 1280, "height": 860}
NAMES = {"first_name": "Hubert Blaine", "last_name": "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwaren"}
LONG = "donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft"
ADDRESSES = [
    {"channel": "voice", "address": "+49301000002"},
    {"channel": "email", "address": f"wolfeschlegelsteinhausen.bergerdorff@{LONG[:50]}.example.com"},
]

# What lies outside of the screen, what does not show all of its text, and what covers something else. Wide tables and code
# scroll within themselves, and so may the input of a title; with a dialog open, only the dialog is looked at.
FAULTS = """() => {
  const found = [], wide = document.documentElement.clientWidth;
  const page = document.documentElement.scrollWidth;
  if (page > wide) found.push(`the page is ${page} wide`);
  const root = document.querySelector('dialog[open]') ?? document.body;
  const kinds = 'a, button, input:not([type=hidden]), select, h1, h2, label, dt, dd, summary, .badge, .trail-time, time';
  const hidden = '.visually-hidden, .visually-hidden-focusable, .table-responsive, .code';
  const told = (one) => `${one.tagName.toLowerCase()} “${(one.value || one.textContent).trim().slice(0, 40)}”`;
  const shown = [...root.querySelectorAll(kinds)].filter((one) =>
    one.checkVisibility({visibilityProperty: true, opacityProperty: true}) && !one.closest(hidden));
  if (shown.length < 3) found.push('there is nothing to look at');
  const boxes = shown.map((one) => [...one.getClientRects()].filter((box) => box.width && box.height));
  shown.forEach((one, n) => {
    if (boxes[n].some((box) => box.left < -0.5 || box.right > wide + 0.5)) found.push(`${told(one)} leaves the screen`);
    if (one.clientWidth && one.scrollWidth > one.clientWidth + 1 && one.id !== 'title') found.push(`${told(one)} is cut off`);
    shown.slice(n + 1).forEach((other, m) => {
      if (one.contains(other) || other.contains(one)) return;
      for (const a of boxes[n]) for (const b of boxes[n + 1 + m]) {
        const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (x > 2 && y > 2) found.push(`${told(one)} and ${told(other)} lie over each other`);
      }
    });
  });
  return [...new Set(found)];
}"""


async def fits(page: Page, name: str) -> None:
    await picture(page, f"phone-{name}")
    assert await page.evaluate(FAULTS) == [], name


async def both(page: Page, name: str) -> None:
    """On a screen in light, on a telephone in dark."""
    await picture(page, name)
    await paint(page, "dark")
    await page.set_viewport_size(PHONE)
    await fits(page, name)
    await page.set_viewport_size(WIDE)
    await paint(page, "light")


async def paint(page: Page, scheme: Literal["light", "dark"]) -> None:
    """As the system says; the page follows a moment later."""
    await page.emulate_media(color_scheme=scheme)
    await expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)


@pytest.mark.req("K10", "K11", "K12")
async def test_contacts_fit_on_a_phone(server: Server, page: Page, contacts: str) -> None:
    await server.ok("PATCH", "/contacts/3", json={**NAMES, "addresses": ADDRESSES, "attributes": {"notes": LONG * 2}})
    await page.set_viewport_size(PHONE)
    await page.goto(contacts)
    await fits(page, "campaign")
    await add(page, "Customer since", "is not", "2026-01-01")
    await add(page, "Last name", "is not", LONG)
    await page.get_by_label("Tick all of this page").check()
    await fits(page, "ticked")
    bar = page.locator("#bulk")
    await bar.get_by_role("button", name="Set …").click()
    await fits(page, "set")
    await page.get_by_role("button", name="Cancel").click()
    await bar.get_by_role("button", name="Delete …").click()
    await fits(page, "delete")
    await page.get_by_role("button", name="Keep them").click()
    await set_attribute(bar, page, "plan", LONG)
    await fits(page, "refused")
    await page.goto("/contacts?limit=10")
    await page.get_by_role("link", name="Next", exact=True).click()
    await fits(page, "everybody")
    await page.get_by_label("Search names and numbers").fill("nobody at all")
    await expect(page.get_by_text("Nobody found")).to_be_visible()
    await fits(page, "nobody")


@pytest.mark.req("K11", "K12")
async def test_one_contact_fits_on_a_phone_is_edited_and_deleted_there(
    server: Server, page: Page, contacts: str
) -> None:
    await server.ok("PATCH", "/contacts/3", json={**NAMES, "addresses": ADDRESSES, "attributes": {"notes": LONG * 2}})
    await page.set_viewport_size(PHONE)
    await page.goto(f"{contacts}/3")
    await page.get_by_role("link", name="Why not?").click()
    await expect(page.locator("[data-reason]").first).to_be_visible()
    await fits(page, "contact")
    await page.goto("/contacts?q=Hubert")
    await page.get_by_role("link", name="Hubert").click()
    await fits(page, "anywhere")
    await page.get_by_role("link", name="Edit").click()
    await page.get_by_label("Customer since").fill("someday")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert").first).to_contain_text("Nothing was changed")
    await page.get_by_label("Last name").fill("Wolf")
    await page.get_by_label("Address 2", exact=True).fill("wolf@example.com")
    await page.get_by_label("notes").fill("short")
    await fits(page, "edit")
    await page.get_by_label("Customer since").fill("2020-02-29")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", name="Hubert Blaine Wolf")).to_be_visible()
    await expect(page.locator("#trail")).to_contain_text("Customer since: 2007-03-03 → 2020-02-29")
    await page.get_by_role("button", name="Delete").click()
    await fits(page, "erase")
    await page.get_by_role("button", name="Delete for good").click()
    await expect(page).to_have_url("/contacts")
    await page.get_by_label("Search names and numbers").fill("Hubert")
    await expect(page.get_by_text("Nobody found")).to_be_visible()


@pytest.mark.req("A3")
@pytest.mark.parametrize("width", [390, 768])
async def test_every_other_page_fits(server: Server, page: Page, contacts: str, width: int) -> None:
    """As wide as a phone, and as a tablet held upright."""
    await server.ok("POST", "/do-not-contact", json={"address": ADDRESSES[1]["address"], "reason": LONG})
    campaign = contacts.removesuffix("/contacts")
    await server.ok("PATCH", campaign, json={"title": f"Spring {LONG}"})
    await page.set_viewport_size({**PHONE, "width": width})
    ways = (
        "",
        "/settings",
        "/sources",
        "/strategy",
        "/attempts",
        "/messages",
        "/replies",
        "/report",
        "/dry-run",
        "/clone",
    )
    faults = {}
    for address in ("/campaigns", *(campaign + way for way in ways), "/live", "/contact-fields", "/contact-fields/plan",
                    "/do-not-contact", "/gateways", "/gateways/world", "/gateways/smsc", contacts, "/contacts"):  # fmt: skip
        await page.goto(address)
        await screenshot(page, f"phone-{width}{address.replace('/', '-')}")
        if address == "/campaigns":  # without a swipe, also where the list is wider than the page
            await expect(page.get_by_role("button", name="Publish Spring")).to_be_in_viewport(ratio=1)
        if found := await page.evaluate(FAULTS):
            faults[address] = found
    assert faults == {}
