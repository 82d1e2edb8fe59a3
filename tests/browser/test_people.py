"""Contacts edited and deleted, custom fields and do-not-contact lists in the browser, with the keyboard where it matters."""

import pytest
from playwright.async_api import Page, expect

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from tests.browser.test_campaign import administer, log_in
from tests.browser.test_contact import picture
from tests.browser.test_phone import PHONE
from tests.support.rig import call, strategy
from tests.support.server import Server

PHONES = [number(Callee.ANSWER, 2600 + i) for i in range(4)]


@pytest.mark.req("K11")
async def test_a_contact_is_edited_and_deleted(server: Server, page: Page, login: tuple[str, str], lab: Lab) -> None:
    await log_in(page, login)
    campaign = await server.campaign(lab, PHONES, strategy(call()))
    contacts = f"/campaigns/{campaign}/contacts"
    await page.goto(f"{contacts}/1")
    await page.get_by_role("link", name="Edit").click()
    await page.get_by_label("First name").fill("Ada")
    await page.get_by_label("Time zone").fill("Mars/Base")
    await page.get_by_label("Address 2", exact=True).fill("ada@example.com")
    await page.get_by_label("Address 2 serves").select_option("e-mail")
    await page.get_by_label("Name of a new attribute 1").fill("Plan")
    await page.get_by_label("Value of the new attribute 1").fill("gold")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert").first).to_contain_text("Nothing was changed")
    await expect(page.locator("#fault-time_zone")).to_contain_text("Mars/Base")
    await expect(page.get_by_label("Value of the new attribute 1")).to_have_value("gold")
    await page.get_by_label("Time zone").fill("Europe/Berlin")
    await page.get_by_role("button", name="Save").click()
    await expect(page).to_have_url(f"{contacts}/1?saved=1")
    await expect(page.get_by_role("heading", name="Ada")).to_be_visible()
    await expect(page.get_by_text("ada@example.com").first).to_be_visible()
    await expect(page.locator(".trail")).to_contain_text("Edited by")
    await page.get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Delete for good")).to_be_hidden()
    await page.get_by_role("button", name="Delete").click()
    await page.get_by_role("button", name="Delete for good").click()
    await expect(page).to_have_url(contacts)
    await expect(page.get_by_text("3 contacts", exact=True)).to_be_visible()
    assert (await server.call("GET", "/contacts/1"))[0] == 404


@pytest.mark.req("K11")
async def test_ticked_contacts_are_set_and_deleted(
    server: Server, page: Page, login: tuple[str, str], lab: Lab
) -> None:
    await log_in(page, login)
    campaign = await server.campaign(lab, PHONES, strategy(call()))
    await page.goto(f"/campaigns/{campaign}/contacts")
    bar = page.locator("#bulk")
    await expect(bar).to_be_hidden()
    await page.get_by_label("Tick all of this page").check()
    await expect(bar).to_contain_text("4 contacts")
    await page.get_by_label("Tick P0", exact=True).uncheck()
    await expect(bar).to_contain_text("3 contacts")
    await bar.get_by_role("button", name="Set …").click()
    await page.locator("#bulk-attribute").fill("vip")
    await page.locator("#bulk-value").fill("yes")
    zone = page.get_by_label("Time zone")
    await expect(zone).to_have_role("combobox")  # offers the zones
    await zone.fill("Asia/Tokyo")
    await picture(page, "bulk-set")
    await page.get_by_role("button", name="Set", exact=True).click()
    await expect(page.get_by_text("4 contacts", exact=True)).to_be_visible()
    found = (await server.ok("GET", "/contacts"))["items"]
    assert [person["time_zone"] for person in found] == [None, *["Asia/Tokyo"] * 3]
    assert [person["attributes"].get("vip") for person in found] == [None, "yes", "yes", "yes"]
    await page.get_by_label("Tick P1", exact=True).check()
    await bar.get_by_role("button", name="Delete …").click()
    await page.get_by_role("button", name="Delete for good").click()
    await expect(page.get_by_text("3 contacts", exact=True)).to_be_visible()


@pytest.mark.req("C14")
async def test_a_custom_field_from_its_definition_to_its_end(
    server: Server, page: Page, login: tuple[str, str], lab: Lab
) -> None:
    await log_in(page, login)
    look = {"id": "look", "type": "branch", "name": "Who", "x": 0, "y": 0, "out": {"otherwise": "end"}}
    look["fields"] = {"on": "plan", "rules": [{"op": "eq", "value": "Gold"}]}
    campaign = await server.campaign(lab, PHONES[:1], strategy(look))
    await administer(page, "Fields")
    await expect(page.get_by_text("No custom fields yet")).to_be_visible()
    await page.get_by_role("button", name="New field").first.click()
    await page.locator("#name").fill("plan")
    await page.get_by_label("Label").fill("Tariff")
    await page.locator("#type").select_option("choice")
    await page.get_by_role("button", name="Create").click()
    await expect(page.locator("#fault-choices")).to_contain_text("list the values")
    await page.get_by_label("Choices").fill("Basic\nGold")
    await page.get_by_role("button", name="Create").click()
    await expect(page.get_by_role("cell", name="Basic, Gold")).to_be_visible()
    await page.goto(f"/contacts/1/edit?back=/campaigns/{campaign}/contacts/1")
    await page.get_by_label("Tariff").select_option("Gold")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Gold", exact=True).first).to_be_visible()
    await the_field_is_changed(page)
    await page.goto("/contact-fields/plan")
    await expect(page.locator("#places")).to_contain_text("step “Who”, on")
    await page.get_by_role("button", name="Delete", exact=True).click()
    await page.locator("#delete-field").get_by_role("button", name="Delete").click()
    await expect(page.locator("#refused")).to_contain_text("change these strategies first")
    await server.ok("PUT", f"/campaigns/{campaign}/strategy", json=strategy(call()))
    await page.goto("/contact-fields/plan")
    await page.get_by_role("button", name="Delete", exact=True).click()
    await page.get_by_label("They are deleted, too").check()
    await page.locator("#delete-field").get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("No custom fields yet")).to_be_visible()
    assert (await server.ok("GET", "/contacts/1"))["attributes"] == {}


async def the_field_is_changed(page: Page) -> None:
    """What does not fit the values that are there is refused, and what was typed stays."""
    await page.goto("/contact-fields")
    await page.get_by_role("link", name="Tariff").click()
    await page.get_by_label("Label").fill("Rate")
    await page.get_by_label("Choices").fill("")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#fault-choices")).to_contain_text("list the values")
    await page.get_by_label("Choices").fill("Basic\nSilver")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert").filter(has_text="Gold")).to_be_visible()
    await expect(page.get_by_label("Label")).to_have_value("Rate")
    await picture(page, "field-refused")
    await page.set_viewport_size(PHONE)
    await picture(page, "field-refused-phone")
    await page.set_viewport_size({"width": 1280, "height": 860})
    await page.get_by_label("Choices").fill("Basic\nSilver\nGold")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    await expect(page.get_by_role("row").filter(has_text="Rate")).to_contain_text("Basic, Silver, Gold")
    await picture(page, "fields")


@pytest.mark.req("D7")
async def test_an_address_comes_onto_the_list_is_found_and_taken_off(
    server: Server, page: Page, login: tuple[str, str], lab: Lab
) -> None:
    await log_in(page, login)
    await server.campaign(lab, PHONES, strategy(call()))
    await administer(page, "Do not contact")
    await expect(page.get_by_text("Nobody is listed")).to_be_visible()
    await page.get_by_role("button", name="Add addresses").first.click()
    await page.get_by_label("Numbers and e-mail addresses").fill(f"{PHONES[0]}\n12")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.locator("#fault-addresses")).to_contain_text("'12'")
    await page.get_by_label("Numbers and e-mail addresses").fill("\n".join(PHONES[:2]))
    await page.get_by_label("Barred in").select_option("Only “Spring”")
    await page.get_by_label("Reason", exact=True).fill("asked us to")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_text("2 addresses", exact=True)).to_be_visible()
    await page.get_by_label("Search addresses and reasons").fill(PHONES[3])
    await expect(page.get_by_text("Not listed")).to_be_visible()
    await page.get_by_label("Search addresses and reasons").fill(PHONES[1])
    await expect(page.get_by_text("1 address", exact=True)).to_be_visible()
    await page.get_by_role("button", name=f"Take {PHONES[1]} off the list").click()
    await page.get_by_role("button", name="Take it off").click()
    await expect(page.get_by_text("1 address", exact=True)).to_be_visible()
    await expect(page.get_by_role("cell", name=PHONES[0], exact=True)).to_be_visible()
