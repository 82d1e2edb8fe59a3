"""Words can be read: 4.5:1 between them and what is behind them, in light and dark (WCAG 2.1, 1.4.3)."""

from typing import Any, Literal

import pytest
from playwright.async_api import Page, expect

from tests.browser.test_campaign import log_in
from tests.support.server import Server

# What is seen of each element: its backgrounds painted over one another, then the colour of its words.
MEASURE = """(selector) => {
  const brush = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
  const light = (paints) => {
    for (const paint of paints) { brush.fillStyle = paint; brush.fillRect(0, 0, 1, 1); }
    const [r, g, b] = [...brush.getImageData(0, 0, 1, 1).data].map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const seen = [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility());
  return seen.map((one) => {
    const behind = [];
    for (let at = one; at; at = at.parentElement) behind.unshift(getComputedStyle(at).backgroundColor);
    const [ground, words] = [light(behind), light([...behind, getComputedStyle(one).color])];
    const ratio = (Math.max(ground, words) + 0.05) / (Math.min(ground, words) + 0.05);
    return { words: one.innerText.trim(), ratio };
  });
}"""
WORDS = ".badge, .btn, .alert, .nav-link, .text-green"


@pytest.mark.req("A3")
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_words_stand_out(
    server: Server, page: Page, login: tuple[str, str], scheme: Literal["light", "dark"]
) -> None:
    published = await server.ok("POST", "/campaigns", json={"title": "A", "queue": "support", "voice_gateway": "world"})
    await server.ok("POST", "/campaigns", json={"title": "B"})
    await server.ok("POST", f"/campaigns/{published['id']}/publish")
    await page.emulate_media(color_scheme=scheme)
    await log_in(page, login)
    for place in ("/campaigns", f"/campaigns/{published['id']}", f"/campaigns/{published['id']}/settings"):
        await page.goto(place)
        await expect(page.locator("main .btn").first).to_be_visible()
        measured: list[dict[str, Any]] = await page.evaluate(MEASURE, WORDS)
        assert [one for one in measured if one["ratio"] < 4.5] == []
        assert len(measured) > 10
