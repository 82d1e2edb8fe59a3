"""Strategies as Node-RED flows over the API: deployed, read back as drawn, guarded against stale edits."""

import json
from typing import Any

import pytest

from tests.api.conftest import Server, fields_of

CALL: dict[str, Any] = {"id": "call", "type": "campaign-call", "z": "t", "x": 300, "y": 100, "ring_s": "20"}
FLOW: list[dict[str, Any]] = [
    {"id": "t", "type": "tab", "label": "Spring", "info": "Who does what"},
    {"id": "g", "type": "group", "z": "t", "nodes": ["call"], "style": {"fill": "#ffffbf"}, "x": 1, "y": 1},
    {"id": "note", "type": "comment", "z": "t", "name": "<b>why</b>", "x": 100, "y": 40, "wires": []},
    {"id": "in", "type": "campaign-contact-in", "z": "t", "x": 100, "y": 100, "wires": [["j"]]},
    {"id": "j", "type": "junction", "z": "t", "x": 200, "y": 100, "wires": [["call", "d"]]},
    {**CALL, "g": "g", "wires": [[], [], [], [], [], [], [], ["end"]]},
    {"id": "end", "type": "campaign-end", "z": "t", "x": 500, "y": 100, "wires": []},
    {"id": "d", "type": "debug", "z": "t", "x": 500, "y": 200, "wires": []},
]


@pytest.fixture
async def path(server: Server) -> str:
    return f"/campaigns/{(await server.campaign())['id']}/strategy"


async def tag(server: Server, path: str) -> dict[str, str]:
    return {"If-Match": (await server.call("GET", path)).headers["ETag"]}


async def version(server: Server, path: str) -> int | None:
    number: int | None = (await server.ok("GET", path.removesuffix("/strategy")))["strategy_version"]
    return number


def moved(flow: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**entry, "x": 700} if entry["type"].startswith("campaign-") else entry for entry in flow]


@pytest.mark.req("S6")
async def test_a_flow_reads_back_as_it_was_drawn(server: Server, path: str) -> None:
    default = await server.ok("GET", f"{path}/flow")
    assert [entry["type"] for entry in default] == ["tab", "campaign-contact-in", "campaign-call", "campaign-end"]
    drawn = await server.ok("PUT", f"{path}/flow", json=FLOW)
    assert [entry["id"] for entry in drawn] == ["t", "g", "note", "in", "j", "call", "end"]
    assert drawn[1:3] == FLOW[1:3]
    assert await server.ok("GET", f"{path}/flow") == drawn
    assert await server.ok("PUT", f"{path}/flow", json=drawn) == drawn
    document = await server.ok("GET", path)
    assert document["name"] == "Spring"
    assert {node["id"]: node["out"] for node in document["nodes"]}["in"] == {"next": "call"}
    assert document["nodes"][1]["fields"]["ring_s"] == 20


@pytest.mark.req("S3", "S6")
async def test_who_only_moves_nodes_makes_no_version_and_keeps_the_drawing(server: Server, path: str) -> None:
    await server.ok("PUT", f"{path}/flow", json=FLOW)
    assert await version(server, path) == 1
    before = await tag(server, path)
    drawn = await server.ok("PUT", f"{path}/flow", json=moved([*FLOW, {**FLOW[2], "id": "more"}]))
    assert await version(server, path) == 1
    assert await tag(server, path) != before
    assert {entry["id"]: entry for entry in drawn}["call"]["x"] == 700
    assert "more" in {entry["id"] for entry in drawn}
    await server.ok("PUT", f"{path}/flow", json=[*FLOW[:5], {**FLOW[5], "tries": "3"}, *FLOW[6:]])
    assert await version(server, path) == 2


@pytest.mark.req("S6")
async def test_what_was_drawn_survives_a_change_of_the_document(server: Server, path: str) -> None:
    await server.ok("PUT", f"{path}/flow", json=FLOW)
    document = await server.ok("GET", path)
    document["nodes"][1]["fields"]["ring_s"] = 30
    document["nodes"][2]["x"] = 900
    await server.ok("PUT", path, json=document)
    drawn = {entry["id"]: entry for entry in await server.ok("GET", f"{path}/flow")}
    assert list(drawn) == ["t", "g", "note", "in", "j", "call", "end"]
    assert (drawn["call"]["ring_s"], drawn["call"]["g"], drawn["end"]["x"]) == (30, "g", 900)
    document["nodes"][0]["out"] = {"next": "end"}
    await server.ok("PUT", path, json=document)
    drawn = {entry["id"]: entry for entry in await server.ok("GET", f"{path}/flow")}
    assert list(drawn) == ["t", "g", "note", "in", "call", "end"]
    assert (drawn["in"]["wires"], drawn["g"]["nodes"]) == ([["end"]], ["call"])


@pytest.mark.parametrize("what", ["", "/flow"])
async def test_a_stale_deploy_is_refused(server: Server, path: str, what: str) -> None:
    address = path + what
    first = await tag(server, address)
    body = await server.ok("PUT", address, json=await server.ok("GET", address), headers=first)
    problem = await server.refused("PUT", address, 409, json=body, headers={"If-Match": '"other"'})
    assert "changed by somebody else" in problem["detail"]
    await server.refused("PUT", address, 400, json=body, headers={"If-Match": "other"})
    await server.ok("PUT", f"{path}/flow", json=FLOW)
    await server.refused("PUT", address, 409, json=body, headers=first)
    await server.ok("PUT", address, json=body, headers={"If-Match": "*"})
    await server.ok("PUT", address, json=body, headers=await tag(server, address))


@pytest.mark.req("S2")
async def test_every_fault_is_named_at_its_node_and_nothing_is_stored(server: Server, path: str) -> None:
    bad = [*FLOW[:5], {**FLOW[5], "ring_s": "soon", "queue": "nowhere"}, FLOW[6], {**FLOW[7], "type": "function"}]
    checked = await server.ok("POST", f"{path}/flow/check", json=bad)
    named = {(fault["node"], fault["field"]) for fault in checked["faults"]}
    assert {("d", "type"), ("call", "ring_s")} <= named
    problem = await server.refused("PUT", f"{path}/flow", 422, json=bad)
    assert fields_of(problem) == {f"nodes.{node}.{field}" for node, field in named}
    assert await version(server, path) is None
    queue = [*FLOW[:5], {**FLOW[5], "queue": "nowhere"}, *FLOW[6:]]
    assert fields_of(await server.refused("PUT", f"{path}/flow", 422, json=queue)) == {"nodes.call.queue"}
    warned = await server.ok("POST", f"{path}/flow/check", json=FLOW)
    assert [warning["node"] for warning in warned["warnings"]] == ["d"]


def _subflow(number: int, inside: int) -> list[dict[str, object]]:
    """Subflow `number`, with an instance of another one in it and a way straight through."""
    ends = {"in": [{"wires": [{"id": f"i{number}"}]}], "out": [{"wires": [{"id": f"i{number}", "port": 0}]}]}
    instance = {"id": f"i{number}", "type": f"subflow:s{inside}", "z": f"s{number}", "wires": [[]]}
    return [{"id": f"s{number}", "type": "subflow", "name": f"s{number}", **ends}, instance]


def _with(*subflows: dict[str, object]) -> bytes:
    return json.dumps([*FLOW, {"id": "u", "type": "subflow:s0", "z": "t", "wires": [[]]}, *subflows]).encode()


CYCLE = _with(*_subflow(0, 1), *_subflow(1, 0))
NESTED = _with(*(entry for n in range(50) for entry in _subflow(n, n + 1)), {"id": "s50", "type": "subflow"})


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"null",
        b"[",
        b"[" * 5000 + b"]" * 5000,
        b"[[], 1, null, {}]",
        b'[{"id": "\\ud800"}]',
        b'[{"__proto__": {"x": 1}, "id": "a", "type": "tab"}]',
        b'[{"id": "a", "type": "campaign-call", "x": 1e999}]',
        b'[{"id": "a", "type": "campaign-call", "ring_s": ' + b"9" * 5000 + b"}]",
        CYCLE,
        NESTED,
        b"[" + b",".join(b'{"id":"%d","type":"campaign-end","z":"t"}' % n for n in range(10_000)) + b"]",
    ],
    ids=lambda body: repr(body[:40]),
)
async def test_hostile_flows_are_refused(server: Server, path: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert (await server.call("PUT", f"{path}/flow", data=body, headers=headers)).status in {400, 422}
    assert await version(server, path) is None


async def test_a_flow_needs_a_campaign_that_is_there_and_has_not_ended(server: Server) -> None:
    await server.refused("GET", "/campaigns/999/strategy/flow", 404)
    await server.refused("PUT", "/campaigns/999/strategy/flow", 404, json=FLOW)
    await server.refused("POST", "/campaigns/999/strategy/flow/check", 404, json=FLOW)
    made = await server.runnable()
    await server.ok("POST", f"/campaigns/{made['id']}/end")
    await server.refused("PUT", f"/campaigns/{made['id']}/strategy/flow", 409, json=FLOW)
    assert await server.ok("GET", f"/campaigns/{made['id']}/strategy/flow")


# -- text

TYPE = {"Content-Type": "application/yaml"}


async def text_of(server: Server, path: str) -> str:
    response = await server.call("GET", f"{path}/text")
    assert response.status == 200
    assert response.content_type == "application/yaml"
    return await response.text()


@pytest.mark.req("S6")
async def test_a_text_reads_back_with_what_was_drawn(server: Server, path: str) -> None:
    drawn = await server.ok("PUT", f"{path}/flow", json=FLOW)
    text = await text_of(server, path)
    assert "steps:\n  in:\n    type: contact-in\n    out:\n      next: call\n\n  call:\n" in text
    assert "    ring_s: 20\n" in text
    before = await tag(server, path)
    assert (await server.call("PUT", f"{path}/text", data=text, headers={**TYPE, **before})).status == 200
    assert await server.ok("GET", f"{path}/flow") == drawn
    assert await tag(server, path) == before, "nothing was lost and nothing is new"
    other = f"/campaigns/{(await server.campaign(title='Other'))['id']}/strategy"
    assert (await server.call("PUT", f"{other}/text", data=text, headers=TYPE)).status == 200
    assert await server.ok("GET", f"{other}/flow") == drawn
    assert await version(server, path) == 1


@pytest.mark.req("S6")
async def test_a_text_without_a_drawing_keeps_what_was_drawn(server: Server, path: str) -> None:
    await server.ok("PUT", f"{path}/flow", json=FLOW)
    text = (await text_of(server, path)).partition("\n# What else is drawn")[0].replace("ring_s: 20", "ring_s: 40")
    changed = await server.call("PUT", f"{path}/text", data=text, headers=TYPE)
    assert "ring_s: 40" in await changed.text()
    drawn = {entry["id"]: entry for entry in await server.ok("GET", f"{path}/flow")}
    assert list(drawn) == ["t", "g", "note", "in", "j", "call", "end"]
    assert drawn["call"]["ring_s"] == 40
    assert await version(server, path) == 2


@pytest.mark.req("S2")
async def test_what_is_wrong_with_a_text_is_named(server: Server, path: str) -> None:
    bad = "format: campaign-strategy/1\nmore: 1\nsteps:\n  in: {type: contact-in, out: {next: c}}\n  c: {type: call, queue: gone}"
    problem = await server.refused("PUT", f"{path}/text", 422, data=bad, headers=TYPE)
    assert fields_of(problem) == {"more", "nodes.c.queue"}
    checked = await server.ok("POST", f"{path}/text/check", data=bad, headers=TYPE)
    assert {(fault["node"], fault["field"]) for fault in checked["faults"]} == {("", "more"), ("c", "queue")}
    unreadable = await server.refused("PUT", f"{path}/text", 422, data="steps: [", headers=TYPE)
    assert "line 2" in unreadable["errors"][0]["reason"]
    await server.refused("PUT", f"{path}/text", 400, data=b"\xff\xfe", headers=TYPE)
    await server.refused("PUT", f"{path}/text", 415, data="{}", headers={"Content-Type": "application/json"})
    await server.refused("PUT", f"{path}/text", 409, data=bad.replace("more: 1\n", "").replace(", queue: gone", ""),
                         headers={**TYPE, "If-Match": '"old"'})  # fmt: skip
    await server.refused("POST", "/campaigns/999/strategy/text/check", 404, data=bad, headers=TYPE)
    assert await version(server, path) is None
