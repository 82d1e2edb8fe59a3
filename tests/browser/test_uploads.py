"""A contact file in the browser: dropped, mapped by hand, looked at, left and come back to, imported or discarded."""

from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from tests.browser.test_campaign import log_in
from tests.support.server import Server
from tests.support.workbooks import workbook

GERMAN = (
    "Rufnummer;Vorname;Ort;Notiz\n+49 30 123456;Jürgen;Köln;x\n+49 30 123457;Ben;Bonn;y\n"
    "12;Cem;;\n+49 30/123456;Jürgen B.;Köln;\n"
)


@pytest_asyncio.fixture(loop_scope="session")
async def sources(server: Server, page: Page, login: tuple[str, str]) -> str:
    """The page of the sources of a new campaign, opened."""
    made = await server.ok("POST", "/campaigns", json={"title": "Spring"})
    await log_in(page, login)
    address = f"/campaigns/{made['id']}/sources"
    await page.goto(address)
    return address


async def choose(page: Page, name: str, content: bytes) -> None:
    await page.set_input_files("#file", {"name": name, "mimeType": "text/csv", "buffer": content})


@pytest.mark.req("K5")
async def test_a_file_is_mapped_by_hand_looked_at_and_imported(page: Page, sources: str, tmp_path: Path) -> None:
    """With the keyboard as well as with a mouse; what is wrong stands at its place, and the next such file knows the mapping."""
    await choose(page, "leute.csv", GERMAN.encode("windows-1252"))
    await expect(page.get_by_role("heading", name="leute.csv")).to_be_visible()
    await expect(page.locator("#fault-mapping")).to_contain_text("No column holds addresses")
    await expect(page.get_by_role("button", name="Import 4 rows")).to_be_disabled()
    await expect(page.locator("main summary")).to_contain_text("windows-1252, semicolon, with a header")
    await page.screenshot(path=tmp_path / "unmapped.png", full_page=True)
    await page.get_by_label("Rufnummer").focus()
    await page.keyboard.press("p")
    await page.keyboard.press("Enter")
    await page.get_by_label("Rufnummer").select_option("phone")
    await page.get_by_label("Region of numbers").fill("QQ")
    await page.get_by_label("Region of numbers").press("Tab")
    await expect(page.locator("#fault-region")).to_contain_text("'QQ' is not a region")
    await page.get_by_label("Region of numbers").fill("de")
    await page.get_by_label("Vorname").select_option("first_name")
    await page.get_by_label("Notiz").select_option("ignore")
    await expect(page.locator('[data-preview="created"]')).to_have_text("2")
    await expect(page.locator('[data-preview="merged"]')).to_have_text("1")
    await expect(page.locator('[data-preview="refused"]')).to_have_text("1")
    await expect(page.locator("#reasons")).to_contain_text("line 4")
    await expect(page.locator("#fault-region")).to_be_empty()
    await page.screenshot(path=tmp_path / "mapped.png", full_page=True)
    await page.get_by_role("button", name="Import 3 of 4 rows").press("Enter")
    await expect(page).to_have_url(sources)
    row = page.locator("#source-1")
    await expect(row.locator('[data-cell="created"]')).to_have_text("2")
    await expect(row).to_contain_text("done")
    await expect(page.get_by_role("heading", name="Not imported yet")).to_have_count(0)
    await choose(page, "again.csv", GERMAN.encode())
    await expect(page.locator("#remembered")).to_be_visible()
    await expect(page.get_by_label("Rufnummer")).to_have_value("phone")
    await expect(page.locator('[data-preview="merged"]')).to_have_text("3")


@pytest.mark.req("K5")
async def test_leaving_and_coming_back(server: Server, page: Page, sources: str, tmp_path: Path) -> None:
    """Left after the file had arrived, it waits with its mapping; it is continued, or discarded."""
    await choose(page, "leute.csv", GERMAN.encode())
    await page.get_by_label("Rufnummer").select_option("mobile")
    await page.get_by_label("Region of numbers").fill("DE")
    async with page.expect_response(lambda answer: "region=DE" in (answer.request.post_data or "")):  # it has arrived
        await page.get_by_label("Region of numbers").press("Tab")
    await expect(page.locator('[data-preview="created"]')).to_have_text("2")
    await page.goto("/campaigns")
    await page.goto(sources)
    await expect(page.get_by_role("heading", name="Not imported yet")).to_be_visible()
    await page.screenshot(path=tmp_path / "waiting.png", full_page=True)
    await page.get_by_role("link", name="Continue").click()
    await expect(page.get_by_label("Rufnummer")).to_have_value("mobile")
    await expect(page.get_by_label("Region of numbers")).to_have_value("DE")
    await page.get_by_role("button", name="Discard").click()
    await expect(page).to_have_url(sources)
    await expect(page.locator("#uploads")).to_be_empty()
    assert (await server.ok("GET", sources.replace("sources", "uploads")))["items"] == []


@pytest.mark.req("K5", "K6")
async def test_leaving_while_the_file_is_on_its_way_keeps_nothing_of_it(
    page: Page, sources: str, tmp_path: Path
) -> None:
    large = tmp_path / "large.csv"
    large.write_bytes(b"phone,name\n" + b"+4930123456,Ann\n" * 12_000_000)
    await page.set_input_files("#file", large)
    await expect(page.locator("#upload-result")).to_contain_text("Sending large.csv")
    await page.goto("/campaigns")
    await page.goto(sources)
    await expect(page.locator("#uploads")).to_be_empty()
    await expect(page.get_by_text("Nothing was loaded yet.")).to_be_visible()
    await choose(page, "small.csv", b"phone\n+4930123456\n")
    await page.get_by_role("button", name="Import 1 row", exact=True).click()
    await expect(page.locator("#source-1")).to_contain_text("done")


@pytest.mark.req("K5", "K6")
@pytest.mark.usefixtures("sources")
async def test_a_workbook_and_a_file_that_is_none(page: Page, tmp_path: Path) -> None:
    await choose(page, "photo.png", b"\x89PNG\r\n\x1a\n" + bytes(1_000))
    await expect(page.locator("#upload-result")).to_contain_text("photo.png: this is a PNG image")
    await page.screenshot(path=tmp_path / "refused.png", full_page=True)
    await choose(page, "people.xlsx", workbook({"Cover": [], "People": [["Phone", "Name"], [4930123456.0, "Ann"]]}))
    await expect(page.locator("#sheet")).to_contain_text("The sheet “People” was taken")
    await page.get_by_label("Region of numbers").fill("DE")
    await page.get_by_label("Region of numbers").press("Tab")
    await expect(page.locator('[data-preview="created"]')).to_have_text("1")
    await page.get_by_role("button", name="Import 1 row", exact=True).click()
    await expect(page.locator('#source-1 [data-cell="created"]')).to_have_text("1")


@pytest.mark.req("K5")
@pytest.mark.usefixtures("sources")
async def test_a_file_is_dropped(page: Page) -> None:
    several = await page.evaluate_handle(
        """() => { const data = new DataTransfer();
        for (const name of ["one.csv", "two.csv"]) data.items.add(new File(["phone\\n+4930123456\\n"], name)); return data; }"""
    )
    await page.dispatch_event("[data-drop]", "drop", {"dataTransfer": several})
    await expect(page.locator("#upload-result")).to_contain_text("one file at a time")
    transfer = await page.evaluate_handle(
        """() => { const data = new DataTransfer();
        data.items.add(new File(["phone\\n+4930123456\\n"], "dropped.csv", {type: "text/csv"})); return data; }"""
    )
    await page.dispatch_event("[data-drop]", "drop", {"dataTransfer": transfer})
    await expect(page.get_by_role("heading", name="dropped.csv")).to_be_visible()


@pytest.mark.req("K5")
@pytest.mark.usefixtures("sources")
async def test_a_lost_connection_is_told(page: Page) -> None:
    async def lose(route: Route) -> Any:
        await route.abort()

    await page.route("**/uploads?name=*", lose)
    await choose(page, "people.csv", b"phone\n+4930123456\n")
    await expect(page.locator("#upload-result")).to_contain_text("The connection was lost before the file had arrived")
