"""Waiting for pages on a busy machine: nobody clicks or types before a page's scripts are there."""

from typing import Any

from playwright.async_api import Page

# For what a page does: it takes a moment, and many of them where all processors are busy.
PATIENCE_MS = 60_000
_LOADED = "addEventListener('load', () => { document.documentElement.dataset.loaded = 'yes'; });"


async def patient(page: Page) -> Page:
    """The same page, which is acted on, and looked at by `expect`, only once it is loaded with all its scripts.

    Playwright waits for this after `goto`, but not after a click on a link or a button that leads to another page: what is
    typed there before htmx has come is lost.
    """
    page.set_default_timeout(PATIENCE_MS)
    await page.add_init_script(_LOADED)
    await page.add_locator_handler(page.locator("html:not([data-loaded])"), _it_comes)
    return page


async def _it_comes(_: Any) -> None:
    """Playwright waits until what it came upon is gone."""
