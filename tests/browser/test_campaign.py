"""A campaign manager's day in the browser, from the login to the end of a campaign that really dialed and texted."""

import json
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from tests.support.rig import call, strategy, text
from tests.support.server import Server

KINDS = (Callee.ANSWER, Callee.BUSY, Callee.ANSWER, Callee.INVALID, Callee.ANSWER, Callee.REJECTED)
PEOPLE = [(f"Person {i}", number(kind, 500 + i)) for i, kind in enumerate(KINDS)]


def people(folder: Path) -> Path:
    file = folder / "people.csv"
    rows = "".join(f"{name};{phone}\n" for name, phone in PEOPLE)
    file.write_text(f"first_name;phone\n{rows}Nobody;12\n", "utf-16")
    return file


async def administer(page: Page, name: str) -> None:
    """Open one of the pages of the menu “Administration”."""
    main = page.get_by_role("navigation", name="Main")
    await main.get_by_text("Administration").click()
    await main.get_by_role("link", name=name, exact=True).click()


async def log_in(page: Page, login: tuple[str, str]) -> None:
    await page.goto("/campaigns")
    await page.get_by_label("Name").fill(login[0])
    await page.get_by_label("Password").fill(login[1])
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("heading", name="Campaigns")).to_be_visible()


@pytest.mark.req("C1", "C2", "C3", "C5", "C12", "K5", "K8", "K12", "A3")
async def test_a_campaign_from_its_title_to_its_end(
    server: Server, page: Page, login: tuple[str, str], tmp_path: Path
) -> None:
    await log_in(page, login)
    await create(page)
    await fill_in(page)
    await upload(page, people(tmp_path))
    await draw(page)
    await run(page)
    await look_at_a_contact(page)
    await end(page)
    assert (await server.ok("GET", "/campaigns/1"))["status"] == "ended"


async def create(page: Page) -> None:
    """A title is all; it opens in the edit view, and can't be published yet: all that is missing is listed."""
    await page.get_by_role("button", name="New campaign").first.click()
    await page.locator("#title").fill("Spring offer")
    await page.get_by_role("button", name="Create").click()
    await expect(page).to_have_url("/campaigns/1/settings")
    await page.get_by_role("button", name="Publish", exact=True).click()
    refused = page.locator("#refused")
    await expect(refused).to_contain_text("Queue")
    await expect(refused).to_contain_text("Voice gateway")
    await refused.get_by_role("link", name="Queue").click()
    await expect(page).to_have_url("/campaigns/1/settings#queue")


async def fill_in(page: Page) -> None:
    """What is wrong is said while typing, at the field, before anything is saved."""
    await page.locator('[id="execution.start"]').fill("09:00")
    await page.locator('[id="execution.end"]').fill("09:00")
    await expect(page.locator('[id="fault-execution.end"]')).to_contain_text("the same as the start")
    await page.locator('[id="execution.start"]').fill("")
    await page.locator('[id="execution.end"]').fill("")
    await expect(page.locator('[id="fault-execution.end"]')).to_be_empty()
    await page.get_by_label("Queue").select_option("support")
    await page.get_by_label("Voice gateway").select_option("world")
    await page.get_by_label("SMS gateway", exact=True).select_option("smsc")
    await page.route("**/settings/check", never_answered)  # a check on its way takes no click away from whoever saves
    await page.get_by_label("Caller id").fill("1000")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    await page.unroute("**/settings/check")


async def never_answered(_route: Route) -> None:
    """A request that the server takes its time for."""


async def upload(page: Page, file: Path) -> None:
    """A file with nothing in it is refused with the reason; a good one shows up by itself, without a reload."""
    await page.get_by_role("link", name="Sources").click()
    await page.set_input_files("#file", {"name": "empty.csv", "mimeType": "text/csv", "buffer": b""})
    await expect(page.locator("#upload-result")).to_contain_text("empty.csv: the file is empty")
    await page.set_input_files("#file", file)
    await expect(page.locator('[data-preview="created"]')).to_have_text(str(len(PEOPLE)))
    await page.get_by_role("button", name=f"Import {len(PEOPLE)} of {len(PEOPLE) + 1} rows").click()
    row = page.locator("#source-1")
    await expect(row.locator('[data-cell="created"]')).to_have_text(str(len(PEOPLE)))
    await expect(row).to_contain_text("done")
    async with page.expect_download() as started:
        await row.locator('[data-cell="refused"]').get_by_role("link").click()
    assert "Nobody" in Path(await (await started.value).path()).read_text(encoding="utf-8")


async def draw(page: Page) -> None:
    await page.get_by_role("navigation", name="Campaign").get_by_role("link", name="Strategy").click()
    document = page.get_by_label("The strategy as JSON")
    await document.fill("{ oops")
    await page.get_by_role("button", name="Check").click()
    await expect(page.locator("#checked")).to_contain_text("line 1, column 3")
    await document.fill(json.dumps(strategy(call("text"), text("delivered"))))
    await page.get_by_role("button", name="Check").click()
    await expect(page.locator("#checked")).to_contain_text("It can run")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved.")).to_be_visible()


async def run(page: Page) -> None:
    """The counts go on by themselves until everybody is done."""
    await page.get_by_role("button", name="Publish", exact=True).click()
    await expect(page.locator("#state")).to_have_text("published")
    await page.evaluate("window.same = true")
    await expect(page.locator("#agents")).to_contain_text("agent-4")
    await expect(page.locator('[data-count="done"]')).to_have_text(str(len(PEOPLE)))
    await expect(page.locator("#pacing")).to_contain_text("Everybody is done")
    await expect(page.locator("#calls")).to_contain_text("No call is under way")
    assert await page.evaluate("window.same"), "the page was loaded again"


async def look_at_a_contact(page: Page) -> None:
    await page.get_by_role("navigation", name="Campaign").get_by_role("link", name="Contacts").click()
    await page.get_by_label("Search names and numbers").fill("Person 1")
    await expect(page.get_by_text("1 contact", exact=True)).to_be_visible()
    await page.get_by_role("link", name="Person 1").click()
    trail = page.locator(".trail")
    for line in ("Added to the campaign", "busy", "Text to", "through smsc: delivered", "Finished"):
        await expect(trail).to_contain_text(line)


async def end(page: Page) -> None:
    """It is asked for first, and then it is for good."""
    await page.goto("/campaigns/1")
    await page.get_by_role("button", name="End", exact=True).click()
    await page.get_by_role("button", name="Keep it").click()
    await expect(page.locator("#state")).to_have_text("published")
    await page.get_by_role("button", name="End", exact=True).click()
    await page.get_by_role("button", name="End the campaign").click()
    await expect(page.locator("#state")).to_have_text("ended")
    await expect(page.get_by_role("button", name="Publish", exact=True)).to_have_count(0)


@pytest.mark.req("C6", "C7", "C11", "A2")
async def test_pausing_shows_the_flag_and_a_clone_leaves_nothing_behind(
    server: Server, page: Page, login: tuple[str, str], lab: Lab
) -> None:
    await page.goto("/campaigns")
    await page.get_by_label("Name").fill(login[0])
    await page.get_by_label("Password").fill("wrong")
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("alert")).to_contain_text("The name or the password is wrong")
    await log_in(page, login)
    phones = [number(Callee.TALK, 700 + i) for i in range(20)]
    campaign = await server.campaign(lab, phones, strategy(call()))
    await page.goto(f"/campaigns/{campaign}")
    await page.get_by_role("button", name="Publish", exact=True).click()
    await expect(page.locator("#calls")).to_contain_text("+1")
    await page.get_by_role("button", name="Unpublish").click()
    await expect(page.locator("#state")).to_have_text("unpublished")
    await expect(page.locator('[data-count="pending"]')).to_have_text("0")
    await page.locator("#counts").get_by_role("link", name="Stopped").click()
    await expect(page.get_by_role("cell", name="campaign-unpublished").first).to_be_visible()
    await page.goto(f"/campaigns/{campaign}/clone")
    await expect(page.locator("#title")).to_have_value("Copy of Spring")
    await page.get_by_role("link", name="Leave without saving").click()
    await expect(page.get_by_text("1 campaign", exact=True)).to_be_visible()
    await page.get_by_role("link", name="Clone Spring").click()
    await page.locator("#title").fill("Spring")
    await page.get_by_role("button", name="Save").click()
    await expect(page).to_have_url("/campaigns/2/settings?saved=1")
    await expect(page.get_by_label("Queue")).to_have_value("support")
    await expect(page.locator("#state")).to_have_text("unpublished")
    await page.get_by_role("button", name="Log out").click()
    await expect(page).to_have_url("/login")
