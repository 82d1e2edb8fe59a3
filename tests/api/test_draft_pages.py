"""What a campaign's pages say of a draft, and what is asked before a drawing is unfolded."""

import json
from typing import Any

import pytest

from tests.api.test_drafts import FLOW as DRAFT
from tests.api.test_pages import Browser, manager
from tests.api.test_step_list import fields, put

__all__ = ["manager"]

CALL: dict[str, Any] = {"id": "call", "type": "campaign-call", "z": "s", "x": 1, "y": 1, "ring_s": 20, "wires": [[]]}
FOLDED: list[dict[str, Any]] = [
    {"id": "t", "type": "tab", "label": "Spring"},
    {"id": "s", "type": "subflow", "name": "Ring <them>", "in": [{"wires": [{"id": "call"}]}], "out": []},
    CALL,
    {"id": "in", "type": "campaign-contact-in", "z": "t", "x": 100, "y": 100, "wires": [["j"]]},
    {"id": "j", "type": "junction", "z": "t", "x": 200, "y": 100, "wires": [["ring"]]},
    {"id": "ring", "type": "subflow:s", "z": "t", "x": 300, "y": 100, "wires": []},
]
PAGES = ("", "/strategy", "/strategy/steps", "/dry-run")


@pytest.fixture
async def path(manager: Browser) -> str:
    return f"/campaigns/{(await manager.server.runnable())['id']}"


@pytest.mark.req("S2")
async def test_the_pages_say_that_there_is_a_draft_and_lead_to_it(manager: Browser, path: str) -> None:
    server = manager.server
    for page in PAGES:
        assert 'id="draft"' not in await manager.get(path + page)
    await server.ok("PUT", f"{path}/strategy/draft", json=DRAFT)
    for page in PAGES:
        shown = await manager.get(path + page)
        assert (
            f'href="/studio/{path.rpartition("/")[2]}">Draft of 2026-05-04 12:00 UTC by ci-manager, not deployed: 1'
            in shown
        )
        assert "Nothing is deployed: the campaign can&#39;t be published." in shown
        assert ("the draft stays as it is" in shown) == ("/strategy" in page)
    refused = await manager.post(f"{path}/publish", 422)
    assert f'<a class="alert-link" href="/studio/{path.rpartition("/")[2]}">Draft, call, out.answered</a>' in refused
    document = await server.ok("GET", f"{path}/strategy")
    await manager.post(f"{path}/strategy", 303, typed(document))
    await manager.post(f"{path}/publish", 303)
    for page in PAGES:
        shown = await manager.get(path + page)
        assert "Version 1 runs. Older than what is deployed: version 1 came after it was begun." in shown
    await server.ok("POST", f"{path}/end")
    assert 'id="draft"' not in await manager.get(path)


def typed(document: dict[str, Any]) -> dict[str, str]:
    return {"document": json.dumps(document)}


@pytest.mark.req("S6")
async def test_who_saves_json_is_told_what_would_be_unfolded(manager: Browser, path: str) -> None:
    server = manager.server
    await server.ok("PUT", f"{path}/strategy/flow", json=FOLDED)
    document = await server.ok("GET", f"{path}/strategy")
    assert await manager.post(f"{path}/strategy", 303, typed(document)), "what means the same unfolds nothing"
    document["nodes"].append({"id": "end", "type": "end", "name": "", "x": 9, "y": 9, "fields": {}, "out": {}})
    document["nodes"][1]["out"] = {"otherwise": "end"}
    checked = await server.ok("POST", f"{path}/strategy/check", json=document)
    assert {(one["node"], one["field"]) for one in checked["warnings"]} == {("s", "drawing"), ("j", "drawing")}
    asked = await manager.post(f"{path}/strategy", 200, typed(document))
    assert "Nothing was saved yet." in asked
    assert "the subflow &#39;Ring &lt;them&gt;&#39; is unfolded" in asked
    assert "the junction goes" in asked
    assert "Save it and unfold" in asked
    assert "s" in {entry["id"] for entry in await server.ok("GET", f"{path}/strategy/flow")}
    await manager.post(f"{path}/strategy", 303, {**typed(document), "unfold": "1"})
    kinds = {entry["type"] for entry in await server.ok("GET", f"{path}/strategy/flow")}
    assert kinds == {"tab", "campaign-contact-in", "campaign-call", "campaign-end"}
    assert await manager.post(f"{path}/strategy", 303, typed(document)), "there is nothing left to unfold"


@pytest.mark.req("S6")
async def test_the_step_list_asks_before_it_unfolds(manager: Browser, path: str) -> None:
    server = manager.server
    await server.ok("PUT", f"{path}/strategy/flow", json=FOLDED)
    form = put(fields(await manager.get(f"{path}/strategy/steps")), "ring/call|tries", "3")
    asked = await manager.post(f"{path}/strategy/steps", 200, [*form, ("do", "save")])
    assert "the subflow &#39;Ring &lt;them&gt;&#39; is unfolded" in asked
    assert 'value="3"' in asked
    assert 'value="unfold"' in asked
    await manager.post(f"{path}/strategy/steps", 303, [*fields(asked), ("do", "unfold")])
    stored = {node["id"]: node for node in (await server.ok("GET", f"{path}/strategy"))["nodes"]}
    assert stored["ring/call"]["fields"]["tries"] == 3


@pytest.mark.req("S6")
async def test_a_text_without_a_drawing_is_warned_of(manager: Browser, path: str) -> None:
    server, kind = manager.server, {"Content-Type": "application/yaml"}
    await server.ok("PUT", f"{path}/strategy/flow", json=FOLDED)
    text = await (await server.call("GET", f"{path}/strategy/text")).text()
    changed = text.replace("ring_s: 20", "ring_s: 40")
    alone = changed.partition("\n# What else is drawn")[0]
    for sent, lost in ((changed, set()), (alone, {"s", "j"})):
        checked = await server.ok("POST", f"{path}/strategy/text/check", data=sent, headers=kind)
        assert {one["node"] for one in checked["warnings"] if one["field"] == "drawing"} == lost
