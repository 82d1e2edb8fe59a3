"""What is refused says so where it was typed, and nothing typed is lost: the refusals that no other test walks."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.test_campaign import log_in
from tests.browser.test_contact import picture
from tests.browser.test_phone import PHONE, fits
from tests.support.server import Server

WIDE = {"width": 1280, "height": 860}
WRONG = 5  # passwords, until a name has to wait


@pytest.mark.req("A2", "A3", "C1", "C3", "C5")
async def test_what_is_refused_is_said_where_it_was_typed(server: Server, page: Page, login: tuple[str, str]) -> None:
    await too_many_wrong_passwords(page)
    await log_in(page, login)
    await a_title_of_blanks(page)
    await server.ok("POST", "/campaigns", json={"title": "Spring"})
    await settings_and_a_clone(page)
    await a_strategy_that_is_none(page)
    await published_from_the_list(server, page)
    await a_name_that_is_taken(page, login[0])
    await a_token_that_is_over(page)


async def too_many_wrong_passwords(page: Page) -> None:
    await page.goto("/login")
    for _ in range(WRONG + 1):
        await page.get_by_label("Name").fill("eve")
        await page.get_by_label("Password").fill("guessed")
        async with page.expect_navigation():
            await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("alert")).to_contain_text("Too many failed logins")
    await expect(page.get_by_label("Password")).to_be_focused()  # the name is there already
    await picture(page, "login-throttled")


async def a_title_of_blanks(page: Page) -> None:
    await page.get_by_role("button", name="New campaign").first.click()
    await page.locator("#title").fill("   ")
    await page.get_by_role("radio").nth(1).check()
    await page.get_by_role("button", name="Create").click()
    await expect(page.locator("#fault-title")).to_contain_text("is needed")
    await expect(page.get_by_role("radio").nth(1)).to_be_checked()
    await expect(page.locator("#title")).to_be_focused()
    await picture(page, "create-refused")


async def settings_and_a_clone(page: Page) -> None:
    """Saved at once, before what is checked while typing has come."""
    for address, name in (("/campaigns/1/settings", "settings-refused"), ("/campaigns/1/clone", "clone-refused")):
        await page.goto(address)
        await page.route("**/settings/check", lambda route: route.abort())
        await page.locator("#description").fill("kept")
        await page.get_by_label("Time zone").fill("Mars/Base")
        await page.get_by_label("Priority").fill("11")
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("alert").first).to_contain_text("Nothing was saved")
        await expect(page.locator("#fault-time_zone")).to_contain_text("Mars/Base")
        await expect(page.locator("#fault-priority")).to_contain_text("10")
        await expect(page.locator("#description")).to_have_value("kept")
        await page.unroute("**/settings/check")
        await picture(page, name)
    await page.set_viewport_size(PHONE)
    await fits(page, "clone-refused")
    await page.set_viewport_size(WIDE)


async def a_strategy_that_is_none(page: Page) -> None:
    await page.goto("/campaigns/1/strategy")
    await page.get_by_label("The strategy as JSON").fill("{ oops")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#checked")).to_contain_text("line 1, column 3")
    await expect(page.get_by_label("The strategy as JSON")).to_have_value("{ oops")
    await picture(page, "strategy-refused")


async def published_from_the_list(server: Server, page: Page) -> None:
    """What is missing stands on the campaign's page; from there the keys lead on, and back."""
    await page.goto("/campaigns")
    await page.get_by_role("button", name="Publish Spring").click()
    await expect(page.locator("#refused")).to_contain_text("It can't be published")
    await picture(page, "publish-refused")
    await page.reload()
    await expect(page.get_by_role("heading", name="Spring")).to_be_visible()
    await page.goto("/campaigns")
    await server.ok("POST", "/campaigns/1/end")  # somebody else
    await page.get_by_role("button", name="Publish Spring").click()
    await expect(page.locator("#refused")).to_contain_text("ended")
    await expect(page.locator("#state")).to_have_text("ended")
    await picture(page, "publish-ended")


async def a_name_that_is_taken(page: Page, name: str) -> None:
    await page.goto("/users")
    await page.get_by_role("button", name="New user").click()
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("Password").fill("correct horse battery")
    await page.get_by_role("button", name="Create").click()
    await expect(page.locator("#fault-name")).not_to_be_empty()
    await picture(page, "user-taken")


async def a_token_that_is_over(page: Page) -> None:
    await page.goto("/tokens")
    await page.get_by_role("button", name="New token").click()
    await page.get_by_label("Good until the end of").fill("2001-01-01")
    await page.get_by_role("button", name="Create", exact=True).click()
    await expect(page.locator("#fault-name")).to_contain_text("1 to 64 printable characters")
    await page.get_by_label("Name", exact=True).fill("importer")
    await page.get_by_role("button", name="Create", exact=True).click()
    await expect(page.locator("#fault-expires_at")).not_to_be_empty()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("importer")
    await picture(page, "token-refused")
