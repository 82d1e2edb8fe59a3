"""Palette and help are where somebody left them: shown at the first visit, and at the next."""

import asyncio

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.studio import Studio
from tests.browser.test_studio import started
from tests.support.server import Server

KEPT = "() => { const kept = RED.settings.get('editor.sidebar.state'); return [kept.primary, kept.secondary].map((side) => side.top); }"


async def open_sidebars(studio: Studio) -> None:
    for place in ("#red-ui-palette", "#red-ui-sidebar"):
        await expect(studio.editor.locator(place)).to_be_visible()


@pytest.mark.req("S1")
async def test_palette_and_help_are_open_at_every_visit(server: Server, page: Page, login: tuple[str, str]) -> None:
    studio, _ = await started(server, page, login)
    await open_sidebars(studio)
    kept = await studio.frame.evaluate(KEPT)
    assert [side["hidden"] for side in kept] == [False, False]
    assert kept[0]["tabs"] == ["help", "info"]
    await studio.editor.locator("button[data-tab-id=info]").click()  # has the browser keep the sidebars as they are
    await page.wait_for_function(
        "() => (localStorage.getItem('studio-settings') ?? '').includes('\"active\":\"info\"')"
    )
    await page.reload()
    await studio.ready()
    await open_sidebars(studio)


@pytest.mark.req("S1")
async def test_a_sidebar_that_was_closed_stays_closed(server: Server, page: Page, login: tuple[str, str]) -> None:
    studio, _ = await started(server, page, login)
    await expect(studio.editor.get_by_placeholder("Search help")).to_be_visible()
    await studio.editor.locator("button[data-tab-id=help]").click()
    await expect(studio.editor.get_by_placeholder("Search help")).to_be_hidden()
    await page.wait_for_function(
        "() => (localStorage.getItem('studio-settings') ?? '').includes('\"hidden\":true,\"active\":\"help\"')"
    )
    await page.reload()
    await studio.ready()
    await expect(studio.editor.locator("#red-ui-palette")).to_be_visible()
    await expect(studio.editor.get_by_placeholder("Search help")).to_be_hidden()


@pytest.mark.req("S1")
async def test_no_tip_is_shown_before_the_sidebar_has_a_place_for_it(
    server: Server, page: Page, login: tuple[str, str]
) -> None:
    async def late(route: Route) -> None:
        await asyncio.sleep(2)  # a tip would come after one second; the sidebar waits for the keys
        await route.continue_()

    await page.route("**/red/keymap.json", late)
    await page.route("**/locales/infotips*", lambda route: route.fulfill(json={"info": {"tip0": "Without a key."}}))
    studio, _ = await started(server, page, login)
    await expect(studio.editor.locator(".red-ui-help-tip")).to_be_hidden()
