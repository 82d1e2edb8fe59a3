"""The studio's server side: what the Node-RED editor asks for, who may deploy, and how a refusal is told."""

import json
import re
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from admin.studio import comms
from dialer.operations import lifecycle, users
from dialer.strategy.palette import palette
from tests.api.conftest import PASSWORD, Server
from tests.api.test_pages import Browser

Flow = list[dict[str, Any]]


@dataclass
class Editor:
    """What the editor sends of itself, for one campaign, with somebody's token."""

    server: Server
    campaign: int
    role: str = "manager"

    @property
    def base(self) -> str:
        return f"/studio/{self.campaign}/editor/"

    @property
    def token(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.server.tokens[self.role]}"} if self.role else {}

    async def page(self, path: str, status: int = 200, **headers: str) -> str:
        response = await self.server.client.get(path, headers={**self.token, **headers})
        assert response.status == status, await response.text()
        return await response.text()

    async def get(self, path: str, status: int = 200, **headers: str) -> str:
        return await self.page(self.base + path, status, **{"Node-RED-API-Version": "v2", **headers})

    async def load(self) -> tuple[Flow, str]:
        answer = json.loads(await self.get("flows"))
        return answer["flows"], answer["rev"]

    async def deploy(self, flow: Flow, rev: str | None, status: int = 200, **headers: str) -> dict[str, Any]:
        body = {"flows": flow} if rev is None else {"flows": flow, "rev": rev}
        return await self.post(json.dumps(body), status, **headers)

    async def post(self, body: str, status: int = 200, path: str = "flows", **headers: str) -> dict[str, Any]:
        sent = {**self.token, "Content-Type": "application/json", "Node-RED-Deployment-Type": "full", **headers}
        response = await self.server.client.post(self.base + path, data=body, headers=sent)
        assert response.status == status, await response.text()
        answer: dict[str, Any] = await response.json()
        return answer

    def connect(self, **headers: str) -> Any:
        return self.server.client.ws_connect(f"{self.base}comms", headers={**self.token, **headers})


@pytest.fixture
async def editor(server: Server) -> Editor:
    return Editor(server, (await server.runnable())["id"])


def node(flow: Flow, node_id: str) -> dict[str, Any]:
    return next(entry for entry in flow if entry["id"] == node_id)


# -- the page and its files -----------------------------------------------------------------------------------------------


@pytest.mark.req("S1")
async def test_the_editors_page_runs_scripts_of_this_server_only(editor: Editor) -> None:
    response = await editor.server.client.get(editor.base, headers=editor.token)
    page, policy = await response.text(), response.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe-eval" not in policy
    assert "default-src 'none'" in policy
    assert re.findall(r"<script(?! src=)", page) == []
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(addresses) >= 8
    for address in addresses:
        assert address.startswith("/static/"), address
        assert await editor.page(address)


@pytest.mark.req("S1")
async def test_every_address_the_editor_asks_for_is_there(editor: Editor) -> None:
    for path in ("settings", "settings/user", "theme", "plugins", "plugins/messages", "nodes", "nodes/messages"):
        json.loads(await editor.get(path, Accept="application/json"))
    for name in ("editor", "node-red", "jsonata", "infotips"):
        assert json.loads(await editor.get(f"locales/{name}?lng=de"))
    assert await editor.get("plugins", Accept="text/html") == ""
    for path in (
        "red/keymap.json",
        "red/images/spin.svg",
        "red/images/typedInput/09.svg",
        "vendor/vendor.js",
        "red/red.min.js",
    ):
        assert await editor.get(path)
    for name in json.loads(await editor.get("icons"))["node-red"]:
        assert "<svg" in await editor.get(f"icons/node-red/{name}")
    for path in (
        "red/red.js",
        "vendor/mermaid/mermaid.min.js",
        "../package.json",
        "red/..%2f..%2fpackage.json",
        "core/inject.js",
    ):
        await editor.get(path, 404)


@pytest.mark.req("S1", "A2")
async def test_without_a_session_there_is_nothing(editor: Editor) -> None:
    editor.role = ""
    await editor.get("flows", 401)
    await editor.get("settings", 401)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await editor.connect()
    assert refused.value.status == 401
    for page in (f"/studio/{editor.campaign}", editor.base):
        response = await editor.server.client.get(page, allow_redirects=False)
        assert response.headers["Location"].startswith("/login?next=/studio/1")


@pytest.mark.req("S1")
async def test_the_palette_has_all_steps_and_no_other_nodes_of_node_red(editor: Editor) -> None:
    sets = json.loads(await editor.get("nodes", Accept="application/json"))
    types = [name for one in sets for name in one["types"]]
    assert types == ["junction", "comment", "link in", "link out", "unknown", *(step["type"] for step in palette())]
    html = await editor.get("nodes", Accept="text/html")
    assert "registerType" not in html
    assert set(re.findall(r'data-help-name="([^"]+)"', html)) == {"comment", "link in", "link out"} | {
        step["type"] for step in palette()
    }
    assert re.findall(r'<script src="([^"]+)"', html) == [
        "core/comment.js",
        "core/link.js",
        "core/unknown.js",
        "steps.js",
    ]
    assert 'const wanted = ["link in","link out"]' in await editor.get("core/link.js")


@pytest.mark.req("S1")
async def test_dialogs_offer_what_there_is_on_this_server(editor: Editor) -> None:
    await editor.server.ok("POST", "/contact-fields", 201, json={"name": "plan", "label": "The plan", "type": "text"})
    script = await editor.get("steps.js")
    arguments = script.strip().removeprefix("Studio.register(").removesuffix(");")
    given = json.loads(f"[{arguments}]")
    assert given[0] == json.loads(json.dumps(palette()))
    choices = given[1]
    assert choices["queue"] == {"options": [["sales", "sales"], ["support", "support"]], "own": "sales"}
    assert choices["voice-gateway"] == {"options": [["carrier", "carrier"]], "own": "carrier"}
    assert choices["sms-gateway"] == {"options": [], "own": None}
    assert ["plan", "The plan"] in choices["attribute"]["options"]
    assert choices["mode"]["options"] == [["progressive", "progressive"]]


# -- deploying ------------------------------------------------------------------------------------------------------------


@pytest.mark.req("S2", "S3")
async def test_a_deploy_is_what_is_read_again(editor: Editor) -> None:
    flow, rev = await editor.load()
    node(flow, "call")["tries"] = "3"
    node(flow, "call")["name"] = "Try them"
    deployed = await editor.deploy(flow, rev)
    assert deployed["rev"] != rev
    again, now = await editor.load()
    assert now == deployed["rev"]
    assert node(again, "call")["name"] == "Try them"
    document = await editor.server.ok("GET", f"/campaigns/{editor.campaign}/strategy")
    assert next(one for one in document["nodes"] if one["id"] == "call")["fields"]["tries"] == 3


@pytest.mark.req("S3")
async def test_two_editors_conflict_and_the_second_is_asked(editor: Editor) -> None:
    flow, rev = await editor.load()
    node(flow, "end")["result"] = "first"
    await editor.deploy(flow, rev)
    node(flow, "end")["result"] = "second"
    assert (await editor.deploy(flow, rev, 409))["code"] == "version_mismatch"
    assert node((await editor.load())[0], "end")["result"] == "first"
    await editor.deploy(flow, None)  # its user has said that it may
    assert node((await editor.load())[0], "end")["result"] == "second"


@pytest.mark.req("S2")
async def test_a_refused_deploy_names_every_fault_with_node_and_field(editor: Editor) -> None:
    flow, rev = await editor.load()
    node(flow, "call").update(queue="nowhere", ring_s="500", name="Ring <b>them</b>")
    flow.append({"id": "t1", "type": "campaign-sms", "z": "strategy", "x": 1, "y": 1, "wires": [[]]})
    refused = await editor.deploy(flow, rev, 400)
    assert refused["code"] == "invalid_flow"
    assert {(fault["node"], fault["field"]) for fault in refused["faults"]} >= {("call", "ring_s"), ("t1", "text")}
    assert "Ring <b>them</b> (call), ring_s" in refused["message"]
    assert "t1, text: is needed" in refused["message"]
    assert (await editor.load())[1] == rev
    assert (await editor.deploy([], rev, 400))["code"] == "invalid_flow"


@pytest.mark.req("S2")
async def test_warnings_come_with_a_deploy(editor: Editor) -> None:
    flow, rev = await editor.load()
    flow.append({"id": "lost", "type": "campaign-end", "z": "strategy", "x": 1, "y": 1, "wires": []})
    assert {"node": "lost", "field": "node", "reason": "no way leads here"} in (await editor.deploy(flow, rev))[
        "warnings"
    ]


@pytest.mark.req("S3")
async def test_what_a_deploy_means_for_contacts_on_their_way_is_asked_before(editor: Editor) -> None:
    flow, _rev = await editor.load()
    people = [{"addresses": [{"channel": "voice", "address": f"+493012345{i}"}]} for i in range(2)]
    await editor.server.ok("POST", f"/campaigns/{editor.campaign}/contacts", json=people)
    node(flow, "call")["tries"] = 3
    assert (await editor.post(json.dumps({"flows": flow}), path="flows/check"))["asks"] == []  # nobody has begun
    await editor.server.ok("POST", f"/campaigns/{editor.campaign}/publish")
    while await lifecycle.enter(editor.server.ctx, editor.campaign):
        pass
    assert (await editor.post(json.dumps({"flows": flow}), path="flows/check"))["asks"] == [
        "2 contacts are on the way and finish on the version of before."
    ]
    node(flow, "call")["tries"] = 1
    assert (await editor.post(json.dumps({"flows": flow}), path="flows/check"))["asks"] == []  # only drawn
    node(flow, "call")["tries"] = 99
    assert await editor.post(json.dumps({"flows": flow}), path="flows/check") == {"faults": 1, "asks": []}


@pytest.mark.req("S1", "A2")
async def test_viewers_and_ended_campaigns_only_look(editor: Editor) -> None:
    flow, rev = await editor.load()
    assert "locked" not in node(flow, "strategy")
    await editor.server.ok("POST", f"/campaigns/{editor.campaign}/end")
    assert (await editor.deploy(flow, rev, 403))["code"] == "not_allowed"
    assert "has ended" in await editor.page(f"/studio/{editor.campaign}")
    assert json.loads(await editor.get("settings"))["user"]["permissions"] == "read"
    other = await editor.server.runnable()
    for role in ("viewer", "supervisor"):
        looking = Editor(editor.server, other["id"], role)
        flow, rev = await looking.load()
        assert node(flow, "strategy")["locked"] is True
        assert json.loads(await looking.get("settings"))["user"] == {"username": f"ci-{role}", "permissions": "read"}
        assert "may not write here" in (await looking.deploy(flow, rev, 403))["message"]
        assert "may look at a strategy" in await looking.page(f"/studio/{other['id']}")


@pytest.mark.req("A2")
async def test_another_site_can_neither_deploy_nor_listen(editor: Editor) -> None:
    flow, rev = await editor.load()
    assert "another site" in (await editor.deploy(flow, rev, 403, **{"Sec-Fetch-Site": "cross-site"}))["message"]
    await users.create_user(editor.server.ctx, "the-manager", PASSWORD, "manager")
    browser = Browser(editor.server)
    await browser.log_in("the-manager")
    editor.role = ""  # its session's cookie comes by itself, from wherever
    assert "out of date" in (await editor.deploy(flow, rev, 403, **{"X-CSRF-Token": "guessed"}))["message"]
    assert (await editor.deploy(flow, rev, **{"X-CSRF-Token": browser.csrf}))["rev"]
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await editor.connect(Origin="https://evil.example")
    assert refused.value.status == 403


@pytest.mark.req("A2")
async def test_who_logs_out_hears_nothing_more(editor: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comms, "HEARTBEAT_S", 0.1)
    await users.create_user(editor.server.ctx, "the-manager", PASSWORD, "manager")
    browser = Browser(editor.server)
    await browser.log_in("the-manager")
    editor.role = ""
    async with editor.connect() as socket:
        assert await hear(socket, "hb")
        await browser.post("/logout", 303)
        while not socket.closed:
            await socket.receive(timeout=60)


NO_FLOWS = (
    "{",
    "[]",
    "7",
    "[" * 100_000,
    '{"flows": 7}',
    '{"flows": [], "rev": 7}',
    '{"flows": [{"__proto__": {}}]}',
    '{"flows": [{"id": "a", "type": "tab", "label": "\\ud800"}]}',
    '{"flows": [{"id": "a", "type": "tab", "x": NaN}]}',
)


@pytest.mark.req("S2")
@pytest.mark.parametrize("body", NO_FLOWS, ids=lambda body: body[:40])
async def test_what_is_no_flow_is_refused_in_words(editor: Editor, body: str) -> None:
    assert (await editor.post(body, 400))["message"]


# -- what is live ------------------------------------------------------------------------------------------------------------


async def hear(socket: Any, topic: str) -> Any:
    """What comes next on a topic."""
    while True:
        said = await socket.receive_json(timeout=60)
        for message in said if isinstance(said, list) else ():
            if message["topic"] == topic:
                return message["data"]


@pytest.mark.req("S5")
async def test_an_editor_hears_who_stands_where_and_of_other_deploys(editor: Editor) -> None:
    server = editor.server
    async with editor.connect() as socket:
        await socket.send_json({"auth": "anything"})
        assert await socket.receive_json(timeout=60) in (
            {"auth": "ok"},
            [{"topic": "hb", "data": pytest.approx(0, abs=1e15)}],
        )
        await socket.send_json({"subscribe": "status/#"})
        people = [{"addresses": [{"channel": "voice", "address": f"+493012345{i}"}]} for i in range(3)]
        await server.ok("POST", f"/campaigns/{editor.campaign}/contacts", json=people)
        assert await hear(socket, "status/in") == {"fill": "yellow", "shape": "ring", "text": "3 to come"}
        flow, rev = await editor.load()
        node(flow, "end")["result"] = "other"
        new = await editor.deploy(flow, rev)
        assert await hear(socket, "notification/runtime-deploy") == {"revision": new["rev"]}


async def test_nonsense_on_the_socket_ends_nothing(editor: Editor) -> None:
    async with editor.connect() as socket:
        for said in ("{", "[]", '"x"', "7", '{"subscribe": {}}'):
            await socket.send_str(said)
        await socket.send_json({"auth": "x"})
        while await socket.receive_json(timeout=60) != {"auth": "ok"}:
            pass
