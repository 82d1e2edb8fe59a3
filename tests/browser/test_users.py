"""Users, tokens and the own account in the browser."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.patience import patient
from tests.browser.test_campaign import administer, log_in
from tests.browser.test_contact import picture
from tests.browser.test_phone import PHONE, fits
from tests.support.server import Server

FIRST, SECOND = "correct horse battery", "battery horse correct"


@pytest.mark.req("A2")
async def test_a_manager_keeps_the_users(page: Page, login: tuple[str, str]) -> None:
    await log_in(page, login)
    await administer(page, "Users")
    await page.get_by_role("button", name="New user").click()
    await page.get_by_label("Name", exact=True).fill("eve")
    await page.get_by_label("Password").fill("short")
    await page.get_by_role("button", name="Create").click()
    await expect(page.locator("#fault-password")).to_contain_text("12 to 1024 characters")
    await picture(page, "users-refused")
    await page.get_by_label("Password").fill(FIRST)
    await page.get_by_label("Role").select_option("agent")
    await page.get_by_role("button", name="Create").click()
    await expect(page.get_by_role("link", name="eve")).to_be_visible()
    await picture(page, "users")
    await page.get_by_role("link", name="eve").click()
    await page.get_by_label("New password").fill("too short")
    await page.get_by_role("button", name="Set password").click()
    await expect(page.locator("#fault-password")).to_contain_text("12 to 1024 characters")
    await page.get_by_label("New password").fill(SECOND)
    await page.get_by_role("button", name="Set password").click()
    await expect(page.get_by_role("status").first).to_contain_text("eve is logged out")
    await page.get_by_label("Queue member").select_option("PJSIP/agent-1")
    await page.get_by_role("button", name="Save telephone").click()
    await expect(page.get_by_label("Queue member")).to_have_value("PJSIP/agent-1")
    await page.get_by_label("Role").select_option("viewer")
    await page.get_by_label("May log in").uncheck()
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("status")).to_contain_text("Saved.")
    await expect(page.get_by_role("heading", name="eve")).to_contain_text("disabled")
    await picture(page, "user")
    await page.set_viewport_size(PHONE)
    await fits(page, "user")
    await page.get_by_role("button", name="Delete eve").click()
    await page.get_by_role("button", name="Delete", exact=True).click()
    await expect(page.get_by_role("link", name="eve")).to_have_count(0)
    await fits(page, "users")
    await page.get_by_role("link", name=login[0], exact=True).click()
    await expect(page.get_by_text("That is you")).to_be_visible()


@pytest.mark.req("A2")
async def test_a_token_is_shown_once_and_revoked(server: Server, page: Page, login: tuple[str, str]) -> None:
    await server.ok("POST", "/campaigns", json={"title": "Spring"})
    await log_in(page, login)
    await administer(page, "Tokens")
    await page.get_by_role("button", name="New token").click()
    await page.get_by_label("Name", exact=True).fill("importer")
    await page.get_by_label("Role").select_option("manager")
    await page.get_by_label("Create, edit and delete").check()
    await page.get_by_label("Campaign").select_option("Only “Spring”")
    await page.get_by_label("Good until the end of").fill("2100-12-31")
    await picture(page, "token-new")
    await page.get_by_role("button", name="Create", exact=True).click()
    await expect(page.locator("#made-token")).to_have_text(re.compile("^dlr_"))
    await picture(page, "tokens")
    row = page.get_by_role("row").filter(has_text="importer")
    await page.reload()  # sends no form again
    await expect(row).to_have_count(1)
    await expect(page.locator("#made-token")).to_have_count(0)
    await expect(row).to_contain_text("manager, only write")
    await expect(row).to_contain_text("only the campaign Spring")
    await page.set_viewport_size(PHONE)
    await expect(row.get_by_role("button", name="Revoke importer")).to_be_in_viewport(ratio=1)
    await fits(page, "tokens")
    await row.get_by_role("button", name="Revoke importer").click()
    await page.get_by_role("button", name="Revoke", exact=True).click()
    await expect(page.get_by_role("row").filter(has_text="importer")).to_have_count(0)


@pytest.mark.req("A2")
async def test_everybody_has_an_account(server: Server, page: Page) -> None:
    await server.ok("POST", "/users", json={"name": "eve", "role": "agent", "password": FIRST})
    browser = page.context.browser
    assert browser
    elsewhere = await patient(await (await browser.new_context(base_url=server.address)).new_page())
    for one in (elsewhere, page):
        await one.goto("/login")
        await one.get_by_label("Name").fill("eve")
        await one.get_by_label("Password").fill(FIRST)
        await one.get_by_role("button", name="Log in").click()
        await expect(one).to_have_url(re.compile("/agent$"))
    await page.get_by_role("link", name="eve").click()
    await page.get_by_label("Mine").fill("Asia/Tokyo")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("row").filter(has_text="this one")).to_contain_text("JST")
    await picture(page, "account")
    await page.get_by_role("button", name="Log out everywhere else").click()
    await expect(page.get_by_role("button", name="Log out everywhere else")).to_have_count(0)
    await elsewhere.goto("/agent")
    await expect(elsewhere).to_have_url(re.compile("/login"))
    await page.get_by_label("Present password").fill("wrong")
    await page.get_by_label("New password", exact=True).fill(SECOND)
    await page.get_by_label("New password again").fill(SECOND)
    await page.get_by_role("button", name="Change password").click()
    await expect(page.locator("#fault-old")).to_contain_text("is not your password")
    await page.get_by_label("Present password").fill(FIRST)
    await page.get_by_label("New password", exact=True).fill(SECOND)
    await page.get_by_label("New password again").fill(SECOND)
    await page.get_by_role("button", name="Change password").click()
    await expect(page.get_by_role("status").first).to_contain_text("The password was changed")
    await page.set_viewport_size(PHONE)
    await fits(page, "account")
    await page.goto("/agent")
    await expect(page).to_have_url(re.compile("/agent$"))
