"""The strategy as a list of forms, by keyboard alone, and on a phone."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.test_campaign import log_in
from tests.browser.test_contact import picture
from tests.support.server import Server


@pytest.mark.req("S1", "S2")
async def test_a_strategy_is_edited_step_by_step(server: Server, page: Page, login: tuple[str, str]) -> None:
    await server.ok("POST", "/campaigns", json={"title": "Spring", "template": "call-then-text"})
    await log_in(page, login)
    await page.goto("/campaigns/1/strategy")
    await page.get_by_role("link", name="Edit as a list").click()
    await picture(page, "step-list")
    await page.get_by_label("One more step").select_option("wait")
    await page.get_by_role("button", name="Add").press("Enter")
    wait = page.locator("#step-wait")
    await expect(wait.get_by_label("Called")).to_be_focused()
    await wait.get_by_label("How long").fill("soon")
    await wait.get_by_label("next leads to").select_option("text")
    await page.locator("#step-call").get_by_label("no answer leads to").select_option("wait")
    await page.get_by_role("button", name="Save").press("Enter")
    await expect(wait.get_by_role("alert")).to_contain_text("write a duration")
    await picture(page, "step-list-refused")
    await wait.get_by_label("How long").fill("2h")
    await wait.get_by_label("How long").press("Enter")
    await expect(page.locator("#checked")).to_contain_text("It can run. Nothing was saved yet.")
    await page.get_by_role("button", name="Save").press("Enter")
    await expect(page).to_have_url("/campaigns/1/strategy/steps?saved=1")
    stored = {node["id"]: node for node in (await server.ok("GET", "/campaigns/1/strategy"))["nodes"]}
    assert stored["wait"]["fields"]["duration"] == "2h"
    assert stored["call"]["out"]["no_answer"] == "wait"


@pytest.mark.req("S1")
async def test_it_fits_on_a_phone(server: Server, page: Page, login: tuple[str, str]) -> None:
    await server.ok("POST", "/campaigns", json={"title": "Spring", "template": "survey-by-reply"})
    await page.set_viewport_size({"width": 390, "height": 800})
    await log_in(page, login)
    await page.goto("/campaigns/1/strategy/steps")
    await picture(page, "step-list-phone")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
