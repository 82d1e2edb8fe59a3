"""WCAG 2.2 AA as axe-core checks it: https://github.com/dequelabs/axe-core/blob/develop/doc/API.md."""

from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import Page

_AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_RUN = """async (tags) => {
  const found = await axe.run({ runOnly: tags, resultTypes: ['violations'] });
  return found.violations.map(({ id, help, nodes }) => ({ id, help, where: nodes.slice(0, 5).map((node) => node.html.slice(0, 200)) }));
}"""

_STILL = """Promise.all(document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime < 5000)
  .map((one) => one.finished.catch(() => 0)))"""


@cache
def _script() -> str:
    return _AXE.read_text(encoding="utf-8")


async def faults(page: Page) -> list[dict[str, Any]]:
    """What the page does wrong now, each with the rule's id, what to do, and up to five elements. Waits for fading to end."""
    await page.wait_for_load_state()
    await page.evaluate(_STILL)
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_script())
    found: list[dict[str, Any]] = await page.evaluate(_RUN, _TAGS)
    return found
