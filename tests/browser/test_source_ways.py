"""Contacts over REST and from those that are here, and sources that are removed and cancelled, in the browser (K7, K8, K9)."""

import io
import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.test_campaign import log_in
from tests.browser.test_contact import picture
from tests.support.server import Server

MANY = 300_000  # rows, which take many seconds
PEOPLE = [{"phone": f"+1202555{n:04d}", "first_name": f"P{n}", "city": "Bonn" if n % 2 else "Rome"} for n in range(40)]


async def shot(page: Page, name: str) -> None:
    """Kept for whoever wants to look at it, in the folder that SCREENSHOTS names."""
    if folder := os.environ.get("SCREENSHOTS"):
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


async def new(server: Server, **fields: Any) -> str:
    return f"/campaigns/{(await server.ok('POST', '/campaigns', json={'title': 'Spring', **fields}))['id']}"


@pytest.mark.req("K7")
async def test_a_program_is_told_how_to_push_and_what_it_pushed_shows_up(
    server: Server, page: Page, login: tuple[str, str]
) -> None:
    path = await new(server)
    await log_in(page, login)
    await page.goto(f"{path}/sources")
    await expect(page.locator("#sources")).to_contain_text("Nothing was loaded yet")
    await page.get_by_text("From another program, over REST").click()
    rest = page.locator("#rest")
    await expect(rest.locator("#rest-endpoint")).to_have_text(f"{server.address}/api/v1{path}/contacts")
    await expect(rest.locator("#rest-curl")).to_contain_text("Bearer KEY")
    await rest.get_by_role("button", name="Show the key").click()
    await expect(rest.locator("#rest-key-text")).to_contain_text("dlc_")
    await shot(page, "rest")
    call = await rest.locator("#rest-curl").inner_text()
    key = re.findall(r"Bearer (dlc_\w+)", call)[0]
    assert key == await rest.locator("#rest-key-text").inner_text()
    words = shlex.split(call.replace("$(uuidgen)", "one"))
    body = words[words.index("-d") + 1]
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    assert (await server.ok("POST", f"{path}/contacts", data=body.encode(), headers=headers))["created"] == 1
    row = page.locator("#source-1")
    await expect(row).to_contain_text("REST")
    await expect(row.locator('[data-cell="created"]')).to_have_text("1")
    await rest.get_by_role("button", name="Change the key").click()
    await rest.get_by_role("button", name="Change it").click()
    await expect(rest.locator("#rest-key-text")).not_to_have_text(key)
    assert (await server.call("POST", f"{path}/contacts", data=b"{}", headers=headers))[0] == 401


@pytest.mark.req("K9", "K8")
async def test_contacts_that_are_here_are_counted_added_and_taken_out_again(
    server: Server, page: Page, login: tuple[str, str]
) -> None:
    other, path = await new(server), await new(server)
    await server.ok("POST", f"{other}/contacts", json=PEOPLE)
    await server.ok("POST", f"{path}/contacts", json=PEOPLE[1])
    await log_in(page, login)
    await page.goto(f"{path}/sources")
    await page.get_by_text("From contacts that are here already").click()
    form = page.locator("#filter")
    await expect(form).to_contain_text("40 contacts fit; 1 of them is in the campaign already")
    await form.get_by_label("Field of condition 1").fill("attributes.city")
    await form.get_by_label("Value of condition 1").fill("Bonn")
    await expect(form.get_by_role("button", name="Add 19 contacts")).to_be_visible()
    await form.get_by_role("button", name="Add a condition").click()
    await form.get_by_label("Field of condition 2").fill("nonsense")
    await form.get_by_label("Value of condition 2").fill("x")
    await expect(form.get_by_role("alert")).to_contain_text("'nonsense' is not a field")
    await form.get_by_label("Field of condition 2").fill("first_name")
    await form.get_by_label("Comparison of condition 2").select_option("startswith")
    await form.get_by_label("Value of condition 2").fill("P3")
    await shot(page, "filter")
    await form.get_by_role("button", name="Add 6 contacts").click()
    row = page.locator("#source-3")
    await expect(row).to_contain_text("done")
    await expect(row.locator('[data-cell="created"]')).to_have_text("6")
    await shot(page, "list")
    await row.get_by_role("link", name="Remove").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("6 contacts leave the campaign")
    await expect(dialog).to_contain_text("0 contacts are deleted")
    await shot(page, "removal")
    await dialog.get_by_role("link", name="Keep it").click()
    await expect(row).to_contain_text("done")
    await row.get_by_role("link", name="Remove").click()
    await page.get_by_role("dialog").get_by_role("button", name="Remove it").click()
    await expect(page.locator("#source-3")).to_have_count(0)
    assert (await server.ok("GET", path))["contacts"]["total"] == 1


@pytest.mark.req("K8")
async def test_what_stays_of_a_removed_source_is_said(server: Server, page: Page, login: tuple[str, str]) -> None:
    other, path = await new(server), await new(server)
    await server.ok("POST", f"{path}/contacts", json=PEOPLE[:5])
    await server.ok("POST", f"{other}/contacts", json=PEOPLE[:2])
    await log_in(page, login)
    await page.goto(f"{path}/sources")
    row = page.locator("#source-1")
    await row.get_by_role("link", name="Remove").press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("These stay: 2 brought by another source too, or in another campaign")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await page.goto(f"{path}/sources/1/removal")  # as without scripts
    await page.get_by_role("button", name="Remove it").click()
    await expect(row).to_contain_text("removed")
    await expect(row.locator('[data-cell="kept"]')).to_contain_text("2 brought by another source")
    await expect(row.get_by_role("link", name="Remove")).to_have_count(0)
    await shot(page, "removed")
    await an_import_is_cancelled(server, page, path)


async def an_import_is_cancelled(server: Server, page: Page, path: str) -> None:
    """What it has loaded by then stays, and is in the list."""
    rows = "".join(f"+4930{1_000_000 + n}\n" for n in range(MANY))
    csv = {"data": io.BytesIO(f"phone\n{rows}".encode()), "headers": {"Content-Type": "text/csv"}}
    await page.goto(f"{path}/sources")
    made = await server.ok("POST", f"{path}/sources?name=many.csv", **csv)
    row = page.locator(f"#source-{made['id']}")
    await row.get_by_role("button", name="Cancel the import of many.csv").click()
    await expect(row).to_contain_text("cancelled")
    await expect(row.get_by_role("button", name="Cancel the import")).to_have_count(0)
    await picture(page, "import-cancelled")
