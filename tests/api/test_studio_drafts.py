"""Drafts in the studio: what the editor opens, saves and discards, and what becomes of a draft when something is deployed."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.api.test_studio import NO_FLOWS, Editor, editor, hear, node

__all__ = ["editor"]


@dataclass
class Drafting(Editor):
    async def save(self, flow: Any, status: int = 200, **more: Any) -> dict[str, Any]:
        return await self.post(json.dumps({"flows": flow, **more}), status, path="draft")

    async def discard(self, status: int = 204, **headers: str) -> None:
        response = await self.server.client.delete(f"{self.base}draft", headers={**self.token, **headers})
        assert response.status == status, await response.text()

    async def look(self, query: str = "") -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(await self.get(f"flows{query}"))
        return answer


@pytest.fixture
async def drafting(editor: Editor) -> Drafting:
    return Drafting(editor.server, editor.campaign)


@pytest.mark.req("S2")
async def test_a_draft_is_what_the_editor_opens(drafting: Drafting) -> None:
    flow, rev = await drafting.load()
    await drafting.deploy(flow, rev)
    deployed = await drafting.look()
    half = [*flow[:-1], {**flow[-1], "result": "x" * 500, "name": "Half"}]
    saved = (await drafting.save(half, rev=deployed["rev"], version=1, draft="none"))["draft"]
    assert saved["title"] == "Draft of 2026-05-04 12:00 UTC by ci-manager, not deployed: 1 fault"
    assert (saved["age"], saved["deployed"]) == ("", 1)
    opened = await drafting.look()
    assert node(opened["flows"], "end")["name"] == "Half"
    assert (opened["rev"], opened["version"], opened["draft"]) == (deployed["rev"], 1, saved)
    assert opened["original"] == deployed["flows"]
    other = await drafting.look("?show=deployed")
    assert (other["flows"], other["draft"]) == (deployed["flows"], saved)
    assert "editor/?show=deployed" in await drafting.page(f"/studio/{drafting.campaign}?show=deployed")
    assert 'editor/"' in await drafting.page(f"/studio/{drafting.campaign}?show=<script>")


@pytest.mark.req("S2", "S3")
async def test_a_deploy_in_the_studio_takes_its_own_draft_along(drafting: Drafting) -> None:
    flow, rev = await drafting.load()
    first = (await drafting.save(flow[:-1], rev=rev, draft="none"))["draft"]["rev"]
    other = (await drafting.save(flow[:-2], rev=rev, draft=first))["draft"]["rev"]
    refused = await drafting.save(flow, 409, rev=rev, draft=first)
    assert (refused["code"], refused["draft"]["rev"]) == ("version_mismatch", other)
    deployed = await drafting.deploy(flow, rev, **{"Studio-Draft": first})
    assert (deployed["version"], deployed["draft"]["rev"]) == (1, other), "nobody has seen that one"
    assert deployed["draft"]["age"] == "Older than what is deployed: version 1 came after it was begun."
    node(flow, "call")["tries"] = 2
    assert (await drafting.deploy(flow, rev, 409))["code"] == "version_mismatch"
    last = await drafting.deploy(flow, deployed["rev"], **{"Studio-Draft": other})
    assert "draft" not in last
    assert "draft" not in await drafting.look()
    gone = await drafting.save(flow, 409, rev=rev, draft=other)
    assert (gone["draft"], "deployed or discarded" in gone["message"]) == (None, True)


@pytest.mark.req("S2")
async def test_a_draft_is_discarded_unless_it_is_another_by_now(drafting: Drafting) -> None:
    flow, rev = await drafting.load()
    first = (await drafting.save(flow[:-1], rev=rev))["draft"]["rev"]
    await drafting.save(flow[:-2])
    await drafting.discard(409, **{"Studio-Draft": first})
    await drafting.discard()
    await drafting.discard()  # somebody was faster
    assert "draft" not in await drafting.look()


@pytest.mark.req("S2", "A2")
async def test_who_may_not_deploy_sees_the_draft_and_saves_none(drafting: Drafting) -> None:
    flow, _rev = await drafting.load()
    half = [entry for entry in flow if entry["id"] != "end"]
    await drafting.save(half)
    for role in ("viewer", "supervisor"):
        looking = Drafting(drafting.server, drafting.campaign, role)
        assert (await looking.look())["draft"]["rev"]
        await looking.save(flow, 403)
        await looking.discard(403)
    await drafting.server.ok("POST", f"/campaigns/{drafting.campaign}/end")
    assert "has ended" in (await drafting.save(flow, 403))["message"]
    await drafting.discard(403)
    assert "draft" not in await drafting.look(), "nothing comes of it any more"


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    "body", [*NO_FLOWS, '{"flows": [], "version": "1"}', '{"flows": [], "draft": 1}'], ids=lambda body: body[:40]
)
async def test_what_is_no_draft_is_refused_in_words(drafting: Drafting, body: str) -> None:
    if body == "[]":
        return  # an empty canvas is a draft like any other
    assert (await drafting.post(body, 400, path="draft"))["message"]
    assert "draft" not in await drafting.look()


@pytest.mark.req("S3")
async def test_an_editor_may_ask_what_is_deployed(drafting: Drafting) -> None:
    _flow, rev = await drafting.load()
    async with drafting.connect() as socket:
        await socket.send_json({"subscribe": "notification/runtime-deploy"})
        assert await hear(socket, "notification/runtime-deploy") == {"revision": rev}
