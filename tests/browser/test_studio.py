"""A strategy drawn by hand in the real Node-RED editor, on the pages of a real server."""

import pytest
from playwright.async_api import Page, expect

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from tests.browser.studio import Studio, picture
from tests.browser.test_campaign import log_in
from tests.support.rig import call, strategy
from tests.support.server import Server

BUSY, OTHERWISE = 2, 7  # ways out of a call


async def started(server: Server, page: Page, login: tuple[str, str]) -> tuple[Studio, int]:
    """A campaign with a queue and gateways, opened in the studio."""
    made = await server.ok("POST", "/campaigns", json={"title": "Spring", "queue": "support", "voice_gateway": "world"})
    await log_in(page, login)
    studio = Studio(page)
    await studio.open(made["id"])
    await expect(page.get_by_text("The editor is being loaded")).to_be_hidden()
    return studio, made["id"]


@pytest.mark.req("S1", "S2", "S3", "S6")
async def test_a_strategy_is_drawn_refused_mended_and_there_again(
    server: Server, page: Page, login: tuple[str, str]
) -> None:
    studio, campaign = await started(server, page, login)
    await picture(page, "studio-default")
    wait = await studio.drag("wait", 480, 300)
    await studio.wire("call", BUSY, wait)
    await studio.wire(wait, 0, "call")
    await studio.deploy()
    faults = studio.editor.locator("#studio-faults")
    await expect(faults).to_contain_text("Nothing was deployed: 1 place")
    await expect(faults).to_contain_text("How long: is needed when waiting for a time")
    await expect(studio.node(wait).locator(".studio-mark")).to_be_visible()
    await picture(page, "studio-refused")
    document = await server.ok("GET", f"/campaigns/{campaign}/strategy")
    assert [node["type"] for node in document["nodes"]] == ["contact-in", "call", "end"]
    await faults.get_by_role("link", name="wait").click()
    await studio.edit(wait)
    await expect(studio.fault("duration")).to_have_text("is needed")
    await studio.field("duration").fill("soon")
    await expect(studio.fault("duration")).to_contain_text("should be such as 90s")
    await studio.field("duration").fill("30m")
    await expect(studio.fault("duration")).to_be_empty()
    await picture(page, "studio-dialog")
    await studio.done()
    await studio.deployed()
    await expect(faults).to_have_count(0)
    await page.reload()
    await studio.ready()
    await expect(studio.node(wait)).to_contain_text("wait 30m")
    sent = await studio.fields(wait)
    assert (sent["duration"], sent["wires"]) == ("30m", [["call"]])
    assert (await studio.fields("call"))["wires"][BUSY] == [wait]
    document = await server.ok("GET", f"/campaigns/{campaign}/strategy")
    drawn = {node["id"]: node for node in document["nodes"]}
    assert drawn["call"]["out"] == {"busy": wait, "otherwise": "end"}
    assert drawn[wait]["fields"]["duration"] == "30m"


@pytest.mark.req("S1")
async def test_dialogs_offer_what_there_is_and_keep_what_was_typed(
    server: Server, page: Page, login: tuple[str, str]
) -> None:
    await server.ok("POST", "/contact-fields", json={"name": "plan", "label": "The plan", "type": "text"})
    studio, campaign = await started(server, page, login)
    await studio.edit("call")
    await expect(studio.field("queue").locator("option").first).to_have_text("the campaign's: support")
    await studio.field("gateway").select_option("world")
    await studio.field("tries").fill("30")
    await expect(studio.fault("tries")).to_have_text("should be from 1 to 20")
    await studio.field("tries").fill("3")
    await studio.field("retry_after").fill("15m, 1h")
    await studio.editor.get_by_label("lost", exact=True).check()
    await picture(page, "studio-call")
    await studio.done()
    text = await studio.drag("sms", 420, 360)
    await studio.edit(text)
    await studio.field("text").fill("Hello ")
    await studio.editor.get_by_label("Insert a field").select_option("plan")
    await expect(studio.field("text")).to_have_value("Hello {{plan}}")
    await studio.field("gateway").select_option("smsc")
    await studio.done()
    await studio.wire("call", BUSY, text)
    await studio.deployed()
    document = await server.ok("GET", f"/campaigns/{campaign}/strategy")
    drawn = {node["id"]: node["fields"] for node in document["nodes"]}
    assert drawn["call"]["tries"] == 3
    assert drawn["call"]["retry_after"] == ["15m", "1h"]
    assert "lost" in drawn["call"]["retry_on"]
    assert (drawn["call"]["gateway"], drawn[text]["gateway"]) == ("world", "smsc")
    assert drawn[text]["text"] == "Hello {{plan}}"
    assert "queue" not in drawn["call"]


@pytest.mark.req("S1")
async def test_a_branch_has_a_way_for_each_rule_and_wires_follow_their_rules(
    server: Server, page: Page, login: tuple[str, str]
) -> None:
    studio, campaign = await started(server, page, login)
    branch, gold = await studio.drag("branch", 380, 320), await studio.drag("end", 700, 320)
    await studio.edit(branch)
    await studio.field("on").fill("plan")
    values = studio.editor.get_by_label("Value")
    await values.first.fill("gold")
    await studio.editor.locator('[data-field="rules"] .red-ui-editableList-addButton').click()
    await values.nth(1).fill("silver")
    await studio.done()
    ports = studio.node(branch).locator(".studio-outcome")
    await expect(ports).to_have_text(["= gold", "= silver", "otherwise"])
    await studio.wire("call", BUSY, branch)
    await studio.wire(branch, 0, gold)
    await studio.wire(branch, 2, "end")
    await studio.edit(branch)
    await studio.editor.locator('[data-field="rules"] .red-ui-editableList-item-remove').nth(1).click()
    await studio.done()
    await expect(ports).to_have_text(["= gold", "otherwise"])
    await studio.deployed()
    await picture(page, "studio-branch")
    await page.reload()
    await studio.ready()
    await expect(ports).to_have_text(["= gold", "otherwise"])
    document = await server.ok("GET", f"/campaigns/{campaign}/strategy")
    drawn = next(node for node in document["nodes"] if node["id"] == branch)
    assert drawn["out"] == {"rule1": gold, "otherwise": "end"}


@pytest.mark.req("S1", "S6")
async def test_links_comments_and_subflows_only_arrange_the_drawing(
    server: Server, page: Page, login: tuple[str, str]
) -> None:
    studio, campaign = await started(server, page, login)
    away, here = await studio.drag("link out", 420, 300, ""), await studio.drag("link in", 520, 300, "")
    note = await studio.drag("comment", 420, 380, "")
    await studio.edit(away)
    await studio.editor.locator("#node-input-name").fill("to the end")
    await studio.editor.locator("#dialog-form").get_by_text("link in 1").click()
    await studio.done()
    await studio.wire("call", BUSY, away)
    await studio.wire(here, 0, "end")
    await studio.deployed()
    document = await server.ok("GET", f"/campaigns/{campaign}/strategy")
    assert {node["id"]: node["out"] for node in document["nodes"]} == {
        "in": {"next": "call"}, "call": {"busy": "end", "otherwise": "end"}, "end": {},
    }  # fmt: skip
    await studio.frame.evaluate("RED.view.select({ nodes: [RED.nodes.node('call')] })")
    await studio.frame.evaluate("RED.actions.invoke('core:convert-to-subflow')")
    await studio.deployed()
    await page.reload()
    await studio.ready()
    for node in (away, here, note):
        await expect(studio.node(node)).to_be_visible()
    document = await server.ok("GET", f"/campaigns/{campaign}/strategy")
    (inside,) = [node for node in document["nodes"] if node["type"] == "call"]
    assert inside["id"].endswith("/call")
    assert inside["out"] == {"busy": "end", "otherwise": "end"}


@pytest.mark.req("S3")
async def test_two_editors_notice_each_other(server: Server, page: Page, login: tuple[str, str]) -> None:
    first, campaign = await started(server, page, login)
    other = await first.beside()
    await other.open(campaign)
    await first.edit("end")
    await first.field("result").fill("first")
    await first.done()
    await first.deployed()
    updated = other.editor.get_by_text("The flows on the server have been updated")
    await expect(updated).to_be_visible()
    await other.edit("end")
    await other.field("result").fill("second")
    await other.done()
    await other.deploy()
    conflict = other.editor.get_by_text("The server is running a more recent set of flows")
    await expect(conflict).to_be_visible()
    await picture(other.page, "studio-conflict")
    stored = await server.ok("GET", f"/campaigns/{campaign}/strategy")
    assert next(node for node in stored["nodes"] if node["id"] == "end")["fields"] == {"result": "first"}
    await other.editor.get_by_role("button", name="Ignore & deploy").click()
    await expect(other.editor.get_by_text("Successfully deployed")).to_be_visible()
    stored = await server.ok("GET", f"/campaigns/{campaign}/strategy")
    assert next(node for node in stored["nodes"] if node["id"] == "end")["fields"] == {"result": "second"}
    await other.page.close()


@pytest.mark.req("S1", "A2")
async def test_script_in_names_is_text(server: Server, page: Page, login: tuple[str, str]) -> None:
    """Whatever somebody calls a campaign, a step, a value or a field: it is shown, and nothing of it runs."""
    evil = "<img src=x onerror=top.hacked=1><script>top.hacked=1</script>"
    drawn = strategy(
        {**call("b"), "name": evil},
        {"id": "b", "type": "branch", "fields": {"on": "plan", "rules": [{"op": "eq", "value": evil}]}},
    )
    drawn["name"] = evil
    await server.ok("POST", "/contact-fields", json={"name": "plan", "label": evil, "type": "text"})
    made = await server.ok("POST", "/campaigns", json={"title": evil, "queue": "support", "voice_gateway": "world"})
    await server.ok("PUT", f"/campaigns/{made['id']}/strategy", json=drawn)
    await log_in(page, login)
    studio = Studio(page)
    await studio.open(made["id"])
    await expect(studio.node("call")).to_contain_text("<script>")
    await studio.edit("b")
    await expect(studio.editor.get_by_label("Value")).to_have_value(evil)
    await studio.done()
    await studio.edit("call")
    await studio.field("ring_s").fill("500")
    await studio.done()
    await studio.deploy()
    await expect(studio.editor.locator("#studio-faults")).to_contain_text(evil)
    assert await page.evaluate("window.hacked") is None


async def asked_before(studio: Studio) -> None:
    """A deploy while contacts are on their way is asked about; who goes on drawing has changed nothing."""
    await studio.edit("end")
    await studio.field("result").fill("talked")
    await studio.done()
    await studio.deploy()
    await expect(
        studio.editor.get_by_text("4 contacts are on the way and finish on the version of before")
    ).to_be_visible()
    await picture(studio.page, "studio-asked")
    await studio.editor.get_by_role("button", name="Keep drawing").click()
    await expect(studio.editor.get_by_role("button", name="Deploy it")).to_have_count(0)
    await studio.deploy()
    await studio.editor.get_by_role("button", name="Deploy it").click()
    await expect(studio.editor.get_by_text("Successfully deployed")).to_be_visible()


@pytest.mark.req("S3", "S5")
async def test_numbers_under_the_nodes_move_while_the_campaign_runs(
    server: Server, page: Page, login: tuple[str, str], lab: Lab
) -> None:
    await log_in(page, login)
    await lab.set_talk(600, 600, ring_s=0.1)
    phones = [number(Callee.ANSWER, 900 + i) for i in range(4)]
    campaign = await server.campaign(lab, phones, strategy(call()))
    studio = Studio(page)
    await studio.open(campaign)
    for agent in lab.agents:
        await lab.pause_agent(agent)
    try:
        await server.ok("POST", f"/campaigns/{campaign}/publish")
        await expect(studio.node("call")).to_contain_text("4 queued")
        await expect(page.locator("#state")).to_have_text("published")
        await asked_before(studio)
    finally:
        for agent in lab.agents:
            await lab.pause_agent(agent, paused=False)
    await expect(studio.node("call")).to_contain_text("calling")
    await picture(page, "studio-live")
    await lab.set_talk(0.4, 1.0, ring_s=0.1)
    await lab.world.hang_up()
    await expect(studio.node("end")).to_contain_text("4 done")
    await expect(studio.node("call")).not_to_contain_text("queued")
    await expect(studio.node("call")).not_to_contain_text("calling")


@pytest.mark.req("S1", "A2")
async def test_an_ended_campaign_can_be_looked_at_and_not_changed(
    server: Server, page: Page, login: tuple[str, str]
) -> None:
    studio, campaign = await started(server, page, login)
    await server.ok("POST", f"/campaigns/{campaign}/end")
    await page.goto(f"/campaigns/{campaign}/strategy")
    await page.get_by_role("link", name="See it drawn in the studio").click()
    await studio.ready()
    await expect(page.get_by_text("The campaign has ended")).to_be_visible()
    await expect(studio.deploy_button).to_be_hidden()
    await studio.node("call").locator(".red-ui-flow-node").first.dblclick(force=True)
    await expect(studio.editor.locator("#node-dialog-ok")).to_have_count(0)
    await picture(page, "studio-ended")
    await page.get_by_role("link", name="Back to the campaign").click()
    await expect(page).to_have_url(f"/campaigns/{campaign}/strategy")


@pytest.mark.req("S1", "A2")
async def test_a_viewer_looks_and_changes_nothing(server: Server, page: Page) -> None:
    made = await server.ok("POST", "/campaigns", json={"title": "Spring", "queue": "support", "voice_gateway": "world"})
    before = await server.ok("GET", f"/campaigns/{made['id']}/strategy/flow")
    code, out = await server.run("user", "create", "--name", "vic", "--role", "viewer", typed="look but do not touch\n")
    assert code == 0, out
    await log_in(page, ("vic", "look but do not touch"))
    studio = Studio(page)
    await studio.open(made["id"])
    await expect(page.get_by_text("vic is a viewer, who may look at a strategy and not change it")).to_be_visible()
    await expect(studio.deploy_button).to_be_hidden()
    await studio.node("call").locator(".red-ui-flow-node").first.dblclick(force=True)
    await expect(studio.editor.locator("#node-dialog-ok")).to_have_count(0)
    # Somebody who shows the button again, or sends what it would send, is refused by the server.
    status = await page.evaluate(
        """async ([id, flow]) => (await fetch(`/studio/${id}/editor/flows`, {
            method: "POST", headers: {"Content-Type": "application/json", "Node-RED-API-Version": "v2"},
            body: JSON.stringify({flows: flow})})).status""",
        [made["id"], before],
    )
    assert status == 403
    assert await server.ok("GET", f"/campaigns/{made['id']}/strategy/flow") == before
    await page.goto(f"/campaigns/{made['id']}/strategy")
    await expect(page.get_by_role("button", name="Deploy")).to_have_count(0)
