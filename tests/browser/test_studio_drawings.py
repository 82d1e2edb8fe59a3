"""What the real editor sends back of a flow with everything in it means the same, and nothing that was drawn is gone."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Frame, Page, expect

from dialer.strategy.model import Strategy
from dialer.strategy.nodered.compile import from_flow
from tests.browser.studio import Studio
from tests.browser.test_campaign import log_in
from tests.support.server import Server

CALL = {"type": "campaign-call", "name": "Call <b>them</b>", "retry_on": [], "tries": 2, "retry_after": ["15m", "1h"]}
RULES = [{"op": "eq", "value": "gold"}, {"op": "in", "value": "a, b"}]
FLOW: list[dict[str, Any]] = [
    {"id": "t", "type": "tab", "label": "Spring", "info": "Who *does* what", "disabled": False, "env": []},
    {"id": "s", "type": "subflow", "name": "Remind", "info": "", "category": "", "env": [], "color": "#DDAA99",
     "in": [{"x": 60, "y": 80, "wires": [{"id": "pause"}]}],
     "out": [{"x": 500, "y": 80, "wires": [{"id": "text", "port": 0}, {"id": "text", "port": 4}]}]},
    {"id": "g", "type": "group", "z": "t", "name": "Calls", "style": {"label": True, "fill": "#ffffbf"},
     "nodes": ["call", "which"], "x": 254, "y": 59, "w": 372, "h": 162},
    {"id": "note", "type": "comment", "z": "t", "name": "why", "info": "Because.", "x": 100, "y": 40, "wires": []},
    {"id": "in", "type": "campaign-contact-in", "z": "t", "max_attempts": 5, "x": 100, "y": 140, "wires": [["j"]]},
    {"id": "j", "type": "junction", "z": "t", "x": 220, "y": 140, "wires": [["call"]]},
    {**CALL, "id": "call", "z": "t", "g": "g", "x": 340, "y": 140,
     "wires": [["end"], ["lo"], [], [], [], [], [], ["which"]]},
    {"id": "which", "type": "campaign-branch", "z": "t", "g": "g", "on": "plan", "rules": RULES, "x": 540, "y": 180,
     "wires": [["remind"], ["end"], ["end"]]},
    {"id": "lo", "type": "link out", "z": "t", "name": "", "mode": "link", "links": ["li"], "x": 455, "y": 60, "wires": []},
    {"id": "li", "type": "link in", "z": "t", "name": "later", "links": ["lo"], "x": 655, "y": 60, "wires": [["remind"]]},
    {"id": "remind", "type": "subflow:s", "z": "t", "name": "", "x": 720, "y": 140, "wires": [["end"]], "env": []},
    {"id": "end", "type": "campaign-end", "z": "t", "result": "done", "x": 900, "y": 140, "wires": []},
    {"id": "pause", "type": "campaign-wait", "z": "s", "kind": "for", "duration": "1h", "x": 200, "y": 80,
     "wires": [["text"]]},
    {"id": "text", "type": "campaign-sms", "z": "s", "text": "Hello {{first_name}}", "x": 340, "y": 80,
     "wires": [[], [], [], [], []]},
]  # fmt: skip


def meant(flow: Any) -> Strategy:
    compiled = from_flow(flow)
    assert compiled.checked.faults == ()
    assert compiled.checked.strategy is not None
    return compiled.checked.strategy


async def opened(server: Server, page: Page, login: tuple[str, str]) -> Frame:
    await server.ok("POST", "/campaigns", json={"title": "Spring"})
    await server.ok("PUT", "/campaigns/1/strategy/flow", json=FLOW)
    await log_in(page, login)
    await page.goto("/studio/1")
    await expect(page.frame_locator("iframe.studio-editor").locator('[id="in"]')).to_be_visible()
    return next(frame for frame in page.frames if "/editor/" in frame.url)


async def sent(frame: Frame) -> list[dict[str, Any]]:
    """What a deploy would send."""
    flow: list[dict[str, Any]] = await frame.evaluate("() => RED.nodes.createCompleteNodeSet({ credentials: false })")
    return flow


@pytest.mark.req("S1", "S6")
async def test_the_editor_sends_back_everything_that_was_drawn(
    server: Server, page: Page, login: tuple[str, str]
) -> None:
    frame = await opened(server, page, login)
    flow = await sent(frame)
    assert meant(flow) == meant(FLOW)
    back, drawn = ({entry["id"]: entry for entry in entries} for entries in (flow, FLOW))
    assert back.keys() == drawn.keys()
    for name, member in [("g", "style"), ("note", "info"), ("t", "info"), ("s", "out"), ("lo", "links"), ("call", "g")]:
        assert back[name][member] == drawn[name][member], name
    assert sorted(back["g"]["nodes"]) == ["call", "which"]
    await server.ok("PUT", "/campaigns/1/strategy/flow", json=flow)
    assert (await server.ok("GET", "/campaigns/1"))["strategy_version"] == 1, "it is the same strategy"


@pytest.mark.req("S6")
async def test_a_selection_that_became_a_subflow_does_the_same(
    server: Server, page: Page, login: tuple[str, str]
) -> None:
    frame = await opened(server, page, login)
    await frame.evaluate(
        "() => { RED.view.select({ nodes: [RED.nodes.node('which')] }); RED.actions.invoke('core:convert-to-subflow'); }"
    )
    after, before = meant(await sent(frame)), meant(FLOW)
    (moved,) = (node for node in after.nodes if node.type == "branch")
    assert moved.id.endswith("/which")
    assert moved.out == before.by_id["which"].out
    assert after.by_id["call"].out["otherwise"] == moved.id
    assert {node.id for node in after.nodes} - {moved.id} == set(before.by_id) - {"which"}


@pytest.mark.req("S6")
async def test_a_flow_from_a_file_takes_the_place_of_the_tab_that_was_there(
    server: Server, page: Page, login: tuple[str, str], tmp_path: Path
) -> None:
    frame = await opened(server, page, login)
    copy = [{**entry, "label": "Summer"} if entry["type"] == "tab" else entry for entry in FLOW]
    (tmp_path / "summer.json").write_text(json.dumps(copy))
    await frame.evaluate("() => RED.actions.invoke('core:show-import-dialog')")
    await frame.locator("input[type=file]").first.set_input_files(tmp_path / "summer.json")
    await frame.locator("#red-ui-clipboard-dialog-ok").click()
    await frame.get_by_role("button", name="Import copy").click()
    studio = Studio(page)
    await expect(frame.locator("#red-ui-workspace-tabs li")).to_have_count(2)
    await studio.deploy()
    await expect(frame.locator("#studio-faults")).to_contain_text("2 tabs that could be the strategy")
    await frame.locator("#red-ui-workspace-tabs").get_by_text("Spring").click(button="right")
    await frame.get_by_text("Delete", exact=True).click()
    await expect(frame.locator("#red-ui-workspace-tabs li")).to_have_count(1)
    await studio.deployed()
    assert (await server.ok("GET", "/campaigns/1/strategy"))["name"] == "Summer"
