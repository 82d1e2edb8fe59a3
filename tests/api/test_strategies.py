"""Strategies over the API."""

from typing import Any

import pytest

from tests.api.conftest import Server, fields_of


@pytest.fixture
async def path(server: Server) -> str:
    return f"/campaigns/{(await server.campaign())['id']}/strategy"


def with_call(**fields: Any) -> dict[str, Any]:
    return {
        "format": "campaign-strategy/1",
        "name": "Call",
        "nodes": [
            {"id": "in", "type": "contact-in", "out": {"next": "call"}},
            {"id": "call", "type": "call", "fields": fields, "out": {"otherwise": "end"}},
            {"id": "end", "type": "end"},
        ],
    }


@pytest.mark.req("S6")
async def test_a_strategy_reads_back_as_it_was_deployed(server: Server, path: str) -> None:
    default = await server.ok("GET", path)
    assert [node["type"] for node in default["nodes"]] == ["contact-in", "call", "end"]
    deployed = await server.ok("PUT", path, json=with_call(ring_s=20))
    assert await server.ok("GET", path) == deployed
    assert await server.ok("PUT", path, json=deployed) == deployed


@pytest.mark.req("S3")
async def test_only_a_change_of_meaning_is_a_new_version(server: Server, path: str) -> None:
    campaign = path.removesuffix("/strategy")
    document = await server.ok("PUT", path, json=with_call())
    assert (await server.ok("GET", campaign))["strategy_version"] == 1
    document["nodes"][1]["x"] = 500
    await server.ok("PUT", path, json=document)
    assert (await server.ok("GET", campaign))["strategy_version"] == 1
    await server.ok("PUT", path, json=with_call(tries=3, retry_after="5m"))
    assert (await server.ok("GET", campaign))["strategy_version"] == 2


@pytest.mark.req("S2")
async def test_every_fault_is_named_at_its_node(server: Server, path: str) -> None:
    document = with_call(ring_s="soon", queue="nowhere")
    document["nodes"][2]["out"] = {"next": "call"}
    document["nodes"][0]["out"] = {"next": "gone"}
    checked = await server.ok("POST", f"{path}/check", json=document)
    named = {(fault["node"], fault["field"]) for fault in checked["faults"]}
    assert {("call", "ring_s"), ("in", "out.next"), ("end", "out.next")} <= named
    problem = await server.refused("PUT", path, 422, json=document)
    assert fields_of(problem) == {f"nodes.{node}.{field}" for node, field in named}
    assert (await server.ok("GET", path.removesuffix("/strategy")))["strategy_version"] is None


@pytest.mark.req("S2")
async def test_names_that_are_not_there_are_faults(server: Server, path: str) -> None:
    problem = await server.refused("PUT", path, 422, json=with_call(queue="nowhere", gateway="none", mode="power"))
    assert fields_of(problem) == {"nodes.call.queue", "nodes.call.gateway", "nodes.call.mode"}


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b'"x"',
        b"{",
        b'{"nodes": ' + b"[" * 150 + b"]" * 150 + b"}",
        b'{"nodes": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"nodes": [{"id": "\\ud800"}]}',
        b'{"format": "campaign-strategy/1", "name": "\\u0000", "nodes": []}',
        b'{"format": "campaign-strategy/1", "nodes": [{"id": "a", "type": "call", "x": 1e999}]}',
        b'{"format": "campaign-strategy/1", "nodes": [{"id": "a", "type": "call", "x": NaN}]}',
        b'{"format": "campaign-strategy/1", "nodes": [{"id": "a", "type": ["call"], "x": {}}, 5, null]}',
        b'{"nodes": {"a": ' + b"9" * 5000 + b"}}",
        b'{"a": "' + b"x" * 1_000_000 + b'"}',
    ],
    ids=lambda body: repr(body[:40]),
)
async def test_hostile_documents_are_refused(server: Server, path: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert (await server.call("PUT", path, data=body, headers=headers)).status in {400, 422}
    checked = await server.call("POST", f"{path}/check", data=body, headers=headers)
    assert checked.status in {400, 422} or (await checked.json())["faults"]


async def test_a_published_campaign_takes_no_strategy_it_cannot_run(server: Server) -> None:
    made = await server.runnable()
    await server.ok("POST", f"/campaigns/{made['id']}/publish")
    document = with_call()
    document["nodes"].append({"id": "text", "type": "sms", "fields": {"text": "Hi"}, "out": {"otherwise": "end"}})
    document["nodes"][1]["out"] = {"no_answer": "text", "otherwise": "end"}
    problem = await server.refused("PUT", f"/campaigns/{made['id']}/strategy", 422, json=document)
    assert fields_of(problem) == {"sms_gateway"}


async def test_a_campaign_that_is_not_there_has_no_strategy(server: Server) -> None:
    await server.refused("GET", "/campaigns/999/strategy", 404)
    await server.refused("PUT", "/campaigns/999/strategy", 404, json=with_call())
    await server.refused("POST", "/campaigns/999/strategy/check", 404, json=with_call())


@pytest.mark.req("S1")
async def test_a_campaign_starts_from_a_template(server: Server) -> None:
    templates = (await server.ok("GET", "/strategy-templates"))["items"]
    assert [one["name"] for one in templates] == [
        "call-once", "call-three-times", "call-then-text", "text-then-call", "survey-by-reply",
    ]  # fmt: skip
    for one in templates:
        made = await server.ok("POST", "/campaigns", 201, json={"title": one["label"], "template": one["name"]})
        stored = await server.ok("GET", f"/campaigns/{made['id']}/strategy")
        assert stored["name"] == one["label"]
        assert [node["id"] for node in stored["nodes"]] == [node["id"] for node in one["strategy"]["nodes"]]
        assert await server.ok("PUT", f"/campaigns/{made['id']}/strategy", json=one["strategy"]) == stored


@pytest.mark.req("S2")
async def test_a_template_that_is_none_makes_no_campaign(server: Server) -> None:
    refused = await server.refused("POST", "/campaigns", 422, json={"title": "A", "template": "no"})
    assert fields_of(refused) == {"template"}
    both = {"title": "A", "template": "call-once", "strategy": with_call()}
    assert fields_of(await server.refused("POST", "/campaigns", 422, json=both)) == {"template"}
    assert (await server.ok("GET", "/campaigns"))["total"] == 0


@pytest.mark.req("S3")
async def test_a_check_says_what_a_deploy_would_change(server: Server) -> None:
    campaign = await server.runnable()
    path = f"/campaigns/{campaign['id']}"
    await server.ok(
        "POST", f"{path}/sources?name=a.csv", 202, data=b"phone\n+4930111111\n", headers={"Content-Type": "text/csv"}
    )
    checked = await server.ok("POST", f"{path}/strategy/check", json=with_call(tries=2))
    assert checked["impact"] == {
        "is_new": True, "rule": "not_started", "not_started": 0, "starting": 0, "in_flight": 0, "changing": {},
    }  # fmt: skip
    faulty = await server.ok("POST", f"{path}/strategy/check", json=with_call(tries=0))
    assert faulty["faults"]
    assert faulty["impact"] is None
