"""A session that ends in mid-form: the login leads back to the page of the form, and what was typed is there again."""

import asyncio

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.test_campaign import log_in
from tests.browser.test_contact import picture
from tests.support.server import Server


@pytest.mark.req("A2", "C3")
async def test_what_was_typed_survives_the_login(server: Server, page: Page, login: tuple[str, str]) -> None:
    await server.ok("POST", "/campaigns", json={"title": "Spring"})
    await log_in(page, login)
    await page.goto("/campaigns/1/settings")
    await page.context.clear_cookies()
    await page.locator("#title").fill("Summer")  # what is checked while typing finds the session ended
    await log_in_again(page, login)
    await expect(page).to_have_url("/campaigns/1/settings")
    await expect(page.locator("#title")).to_have_value("Summer")
    await expect(page.get_by_role("status").filter(has_text="You were logged out")).to_be_visible()
    await picture(page, "logged-out-typed")

    await page.locator("#description").fill("Of the garden shop")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page).to_have_url("/campaigns/1/settings?saved=1")
    await page.goto("/do-not-contact")
    await page.get_by_role("button", name="Add addresses").first.click()
    await page.locator("#addresses").fill("+12025550123")
    await page.context.clear_cookies()
    await page.get_by_role("button", name="Add", exact=True).click()  # a form that is sent
    await log_in_again(page, login)
    await expect(page).to_have_url("/do-not-contact")
    await expect(page.locator("#addresses")).to_have_value("+12025550123")
    await page.reload()
    await expect(page.locator("#addresses")).to_have_value("")  # once, and only after a login
    assert (await server.ok("GET", "/campaigns/1"))["title"] == "Summer"
    await what_was_typed_before_the_script_came(page, login)


async def what_was_typed_before_the_script_came(page: Page, login: tuple[str, str]) -> None:
    held = asyncio.Event()

    async def hold(route: Route) -> None:
        await held.wait()
        await route.continue_()

    await page.route("**/typed.js*", hold)
    await page.goto("/campaigns/1/settings", wait_until="commit")
    await page.wait_for_function("() => document.readyState === 'interactive'")
    for field, value in (
        ("title", "Autumn"),
        ("rule_pack", "uk"),
    ):  # by a script: clicks and keys of tests wait for all of them
        await page.evaluate(f"document.getElementById('{field}').value = '{value}'")
    held.set()
    await page.wait_for_load_state()
    await page.unroute("**/typed.js*")
    await page.context.clear_cookies()
    await page.get_by_role("button", name="Save", exact=True).click()
    await log_in_again(page, login)
    await expect(page).to_have_url("/campaigns/1/settings")
    await expect(page.locator("#title")).to_have_value("Autumn")
    await expect(page.locator("#rule_pack")).to_have_value("uk")


async def log_in_again(page: Page, login: tuple[str, str]) -> None:
    await page.get_by_label("Name").fill(login[0])
    await page.get_by_label("Password").fill(login[1])
    await page.get_by_role("button", name="Log in").click()
