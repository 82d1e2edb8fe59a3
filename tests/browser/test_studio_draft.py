"""A drawing that is not finished survives the tab that it was drawn in, and is never published."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.studio import Studio, picture
from tests.browser.test_studio import BUSY, started
from tests.support.server import Server


def strip(studio: Studio) -> Locator:
    return studio.editor.locator("#studio-draft")


def save_button(studio: Studio) -> Locator:
    return studio.editor.locator("#studio-save-draft")


async def saved(studio: Studio) -> None:
    await expect(studio.editor.locator("#red-ui-header-shade")).to_be_hidden()
    async with studio.page.expect_response(lambda one: one.url.endswith("/editor/draft")) as sent:
        await save_button(studio).click()
    assert (await sent.value).status == 200
    await expect(save_button(studio)).to_have_class(re.compile(r"\bdisabled\b"))


async def dangling(studio: Studio) -> str:
    """A call that nothing leads to, and that rings for too long."""
    call = await studio.drag("call", 480, 360)
    await studio.edit(call)
    await studio.field("ring_s").fill("500")
    await studio.done()
    return call


@pytest.mark.req("S2")
async def test_a_half_drawn_strategy_is_kept_refused_mended_and_deployed(
    server: Server, page: Page, login: tuple[str, str]
) -> None:
    studio, campaign = await started(server, page, login)
    path = f"/campaigns/{campaign}/strategy"
    await expect(save_button(studio)).to_have_class(re.compile(r"\bdisabled\b"))
    call = await dangling(studio)
    await studio.deploy()
    faults = studio.editor.locator("#studio-faults")
    await expect(faults).to_contain_text("Nothing was deployed: 1 place")
    await picture(page, "draft-offered")
    await faults.get_by_role("button", name="Save it as a draft").click()
    await expect(strip(studio)).to_contain_text(f"by {login[0]}, not deployed: 1 fault")
    drawn = await studio.fields(call)

    other = await studio.beside()
    await page.close()
    await other.open(campaign)
    await expect(other.node(call).locator(".studio-mark")).to_be_visible()
    assert await other.fields(call) == drawn
    await expect(other.editor.locator('[data-palette-type="campaign-wait"]')).to_be_visible()
    await expect(strip(other)).to_contain_text("not deployed: 1 fault")
    await picture(other.page, "draft-opened")

    await other.page.goto(f"/campaigns/{campaign}")
    await other.page.get_by_role("button", name="Publish").click()
    refused = other.page.locator("#refused")
    await expect(refused).to_contain_text("the strategy is only a draft")
    await expect(refused).to_contain_text("ring_s")
    await picture(other.page, "draft-publish-refused")
    await refused.get_by_role("link", name="Draft", exact=True).click()
    await other.ready()

    await other.edit(call)
    await other.field("ring_s").fill("30")
    await other.done()
    await other.wire("call", BUSY, call)
    await other.deployed()
    await expect(strip(other)).to_have_count(0)
    assert (await server.call("GET", f"{path}/draft"))[0] == 404
    document = await server.ok("GET", path)
    assert {node["id"]: node["fields"] for node in document["nodes"]}[call]["ring_s"] == 30
    await other.page.reload()
    await other.ready()
    await expect(strip(other)).to_have_count(0)
    await expect(other.editor.locator('[data-palette-type="campaign-wait"]')).to_be_visible()
    await other.page.close()


@pytest.mark.req("S2", "S3")
async def test_two_who_draw_notice_each_others_drafts(server: Server, page: Page, login: tuple[str, str]) -> None:
    first, campaign = await started(server, page, login)
    other = await first.beside()
    await other.open(campaign)
    await dangling(first)
    await saved(first)
    mine = await dangling(other)
    await save_button(other).click()
    asked = other.editor.get_by_text("Somebody else has saved a draft since this was loaded.")
    await expect(asked).to_be_visible()
    await picture(other.page, "draft-conflict")
    await other.editor.get_by_role("button", name="Keep drawing").click()
    kept = (await server.ok("GET", f"/campaigns/{campaign}/strategy/draft"))["flow"]
    assert mine not in {entry["id"] for entry in kept}
    await expect(asked).to_have_count(0)
    await save_button(other).click()
    await other.editor.get_by_role("button", name="Replace that draft").click()
    await expect(strip(other)).to_contain_text("not deployed: 1 fault")
    kept = (await server.ok("GET", f"/campaigns/{campaign}/strategy/draft"))["flow"]
    assert mine in {entry["id"] for entry in kept}
    await other.page.close()


@pytest.mark.req("S2", "S3")
async def test_a_draft_that_is_older_than_what_is_deployed_says_so_and_is_merged(
    server: Server, page: Page, login: tuple[str, str]
) -> None:
    studio, campaign = await started(server, page, login)
    path = f"/campaigns/{campaign}/strategy"
    call = await dangling(studio)
    await page.keyboard.press("Control+s")
    await expect(strip(studio)).to_contain_text("not deployed: 1 fault")
    document = await server.ok("GET", path)
    document["nodes"][1]["fields"]["ring_s"] = 33
    await server.ok("PUT", path, json=document)
    await page.reload()
    await studio.ready()
    await expect(strip(studio)).to_contain_text("Older than what is deployed: version 1 came after it was begun.")
    await expect(studio.editor.get_by_text("The flows on the server have been updated")).to_be_visible()
    await picture(page, "draft-older")
    await studio.edit(call)
    await studio.field("ring_s").fill("30")
    await studio.done()
    await studio.deploy()
    await expect(studio.editor.get_by_text("The server is running a more recent set of flows")).to_be_visible()
    merge = studio.editor.locator("#red-ui-deploy-dialog-confirm-deploy-merge")
    await expect(merge).not_to_have_class(re.compile(r"\bdisabled\b"))
    await merge.click()
    assert (await studio.fields("call"))["ring_s"] in {33, "33"}, "what was deployed meanwhile is not lost"
    assert (await studio.fields(call))["ring_s"] in {30, "30"}, "nor is what was drawn"


@pytest.mark.req("S2")
async def test_a_draft_is_left_for_what_is_deployed_and_discarded(
    server: Server, page: Page, login: tuple[str, str]
) -> None:
    studio, campaign = await started(server, page, login)
    path = f"/campaigns/{campaign}/strategy"
    flow = await server.ok("GET", f"{path}/flow")
    await server.ok("PUT", f"{path}/flow", json=flow)
    half = {"id": "half", "type": "campaign-wait", "z": flow[0]["id"], "x": 400, "y": 300, "wires": [[]]}
    await server.ok("PUT", f"{path}/draft", json=[*flow, half])
    await page.reload()
    await studio.ready()
    await expect(studio.node("half").locator(".studio-mark")).to_be_visible()
    await strip(studio).get_by_role("link", name="See version 1").click()
    await expect(strip(studio)).to_contain_text("It is not what is drawn here.")
    await expect(studio.node("half")).to_have_count(0)
    await strip(studio).get_by_role("link", name="Open the draft").click()
    await expect(studio.node("half")).to_be_visible()
    await strip(studio).get_by_role("button", name="Discard draft").click()
    await studio.editor.get_by_role("button", name="Discard it").click()
    await expect(strip(studio)).to_have_count(0)
    await studio.ready()
    await expect(studio.node("half")).to_have_count(0)
    assert (await server.call("GET", f"{path}/draft"))[0] == 404
