"""Drafts over the API: read, saved, discarded, guarded, and named by a publish that is refused."""

from typing import Any

import pytest

from tests.api.conftest import Server, fields_of

FLOW: list[dict[str, Any]] = [
    {"id": "t", "type": "tab", "label": "Spring"},
    {"id": "in", "type": "campaign-contact-in", "z": "t", "x": 100, "y": 100, "wires": [["call"]]},
    {"id": "call", "type": "campaign-call", "z": "t", "x": 300, "y": 100, "ring_s": "20", "wires": [["gone"]]},
]
NONE = {"If-None-Match": "*"}


@pytest.fixture
async def path(server: Server) -> str:
    return f"/campaigns/{(await server.runnable())['id']}/strategy"


async def tag(server: Server, path: str) -> dict[str, str]:
    return {"If-Match": (await server.call("GET", f"{path}/draft")).headers["ETag"]}


@pytest.mark.req("S2", "A1")
async def test_a_draft_is_saved_read_and_discarded(server: Server, path: str) -> None:
    await server.refused("GET", f"{path}/draft", 404)
    await server.refused("DELETE", f"{path}/draft", 404)
    saved = await server.ok("PUT", f"{path}/draft", json=FLOW, headers=NONE)
    assert saved["flow"] == FLOW
    assert (saved["saved_by"], saved["saved_at"]) == ("ci-manager", "2026-05-04T12:00:00Z")
    assert (saved["builds_on"], saved["is_older"]) == (None, False)
    assert [(fault["node"], fault["field"]) for fault in saved["faults"]] == [("call", "out.answered")]
    assert await server.ok("GET", f"{path}/draft") == saved
    assert (await server.ok("GET", path.removesuffix("/strategy")))["strategy_version"] is None
    await server.ok("DELETE", f"{path}/draft", 204)
    await server.refused("GET", f"{path}/draft", 404)


@pytest.mark.req("S2")
async def test_a_stale_draft_is_refused(server: Server, path: str) -> None:
    await server.ok("PUT", f"{path}/draft", json=FLOW, headers=NONE)
    first = await tag(server, path)
    await server.refused("PUT", f"{path}/draft", 409, json=FLOW, headers=NONE)
    await server.ok("PUT", f"{path}/draft", json=FLOW[:2], headers=first)
    problem = await server.refused("PUT", f"{path}/draft", 409, json=FLOW, headers=first)
    assert "changed by somebody else" in problem["detail"]
    await server.refused("PUT", f"{path}/draft", 400, json=FLOW, headers={"If-Match": "nonsense"})
    await server.refused("DELETE", f"{path}/draft", 409, headers=first)
    await server.ok("PUT", f"{path}/draft", json=FLOW, headers={"If-Match": "*"})
    assert await tag(server, path) == first, "it is the same drawing again"
    await server.ok("DELETE", f"{path}/draft", 204, headers=first)


@pytest.mark.req("S2", "C5")
async def test_publishing_a_draft_is_refused_with_its_faults(server: Server, path: str) -> None:
    campaign = path.removesuffix("/strategy")
    await server.ok("PUT", f"{path}/draft", json=FLOW)
    problem = await server.refused("POST", f"{campaign}/publish", 422)
    assert fields_of(problem) == {"draft", "draft.nodes.call.out.answered"}
    assert "saved 2026-05-04 12:00 UTC by ci-manager, which has 1 fault" in problem["detail"]
    readiness = await server.ok("GET", f"{campaign}/readiness")
    assert {fault["field"] for fault in readiness["missing"]} == fields_of(problem)
    await server.ok("PUT", f"{path}/flow", json=[*FLOW[:2], {**FLOW[2], "wires": []}])
    assert (await server.ok("GET", f"{path}/draft"))["is_older"] is True
    assert (await server.ok("POST", f"{campaign}/publish"))["status"] == "published"


@pytest.mark.req("S2", "A2")
async def test_who_may_not_write_and_what_has_ended_has_no_draft_saved(server: Server, path: str) -> None:
    for role in ("viewer", "supervisor"):
        await server.refused("PUT", f"{path}/draft", 403, json=FLOW, role=role)
        await server.refused("DELETE", f"{path}/draft", 403, role=role)
    await server.ok("PUT", f"{path}/draft", json=FLOW)
    assert (await server.ok("GET", f"{path}/draft", role="viewer"))["flow"] == FLOW
    await server.ok("POST", f"{path.removesuffix('/strategy')}/end")
    await server.refused("PUT", f"{path}/draft", 409, json=FLOW)
    await server.refused("DELETE", f"{path}/draft", 409)
    for method in ("GET", "PUT", "DELETE"):
        await server.refused(method, "/campaigns/999/strategy/draft", 404, json=FLOW)


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    "body",
    [
        b"{}", b"null", b"[", b"[" * 5000 + b"]" * 5000, b"[[], 1, null, {}]", b'[{"id": "\\ud800"}]',
        b'[{"__proto__": {"x": 1}, "id": "a", "type": "tab"}]', b'[{"id": "a", "type": "campaign-call", "x": 1e999}]',
        b'[{"id": "a", "type": "campaign-call", "ring_s": ' + b"9" * 5000 + b"}]",
        b"[" + b",".join(b'{"id":"%d","type":"campaign-end","z":"t"}' % n for n in range(10_000)) + b"]",
    ],
    ids=lambda body: repr(body[:40]),
)  # fmt: skip
async def test_hostile_drafts_are_refused(server: Server, path: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert (await server.call("PUT", f"{path}/draft", data=body, headers=headers)).status in {400, 422}
    await server.refused("GET", f"{path}/draft", 404)


@pytest.mark.req("S2", "S6", "C11")
async def test_a_clone_over_the_api_carries_drawing_and_draft(server: Server, path: str) -> None:
    campaign = path.removesuffix("/strategy")
    drawn = [
        *FLOW[:2],
        {**FLOW[2], "wires": []},
        {"id": "n", "type": "comment", "z": "t", "name": "why", "x": 1, "y": 2},
    ]
    flow = await server.ok("PUT", f"{path}/flow", json=drawn)
    await server.ok("PUT", f"{path}/draft", json=FLOW)
    clone = await server.ok("GET", f"{campaign}/clone")
    assert (clone["drawing"], clone["draft"]) == (flow, {"flow": FLOW, "is_older": False})
    copy = f"/campaigns/{(await server.ok('POST', '/campaigns', 201, json=clone))['id']}/strategy"
    assert await server.ok("GET", f"{copy}/flow") == flow
    draft = await server.ok("GET", f"{copy}/draft")
    assert (draft["flow"], draft["builds_on"], draft["is_older"]) == (FLOW, 1, False)
    await server.ok("POST", f"{campaign}/publish")
    empty = await server.ok("GET", f"/campaigns/{(await server.campaign())['id']}/clone")
    assert (empty["strategy"], empty["drawing"], empty["draft"]) == (None, None, None)


@pytest.mark.req("S2", "C11")
async def test_a_clone_with_drawings_that_can_not_be_kept_is_refused(server: Server, path: str) -> None:
    document = await server.ok("GET", path)
    evil = {"id": "a", "type": "tab", "__proto__": {}}
    alone = await server.refused("POST", "/campaigns", 422, json={"title": "x", "drawing": FLOW})
    assert fields_of(alone) == {"drawing"}
    sent = {"title": "x", "strategy": document, "drawing": FLOW, "draft": {"flow": [evil]}}
    problem = await server.refused("POST", "/campaigns", 422, json=sent)
    assert fields_of(problem) == {"drawing.nodes.call.out.answered", "draft.flow.nodes.a.__proto__"}
    assert (await server.ok("GET", "/campaigns"))["total"] == 1
