"""Contacts over REST: with a token or the campaign's own key, one or many, each call answered once (K7)."""

import io
import json
from typing import Any

import pytest

from admin.throttle import PushThrottle
from config.settings import Rest
from dialer.operations import selections
from tests.api.conftest import Server, fields_of

MANY = [{"phone": f"+4930{n:06d}", "city": "Bonn"} for n in range(123000, 123300)]


@pytest.fixture
async def path(server: Server) -> str:
    return f"/campaigns/{(await server.campaign())['id']}"


async def key_of(server: Server, path: str) -> str:
    return str((await server.ok("GET", f"{path}/key"))["key"])


async def push(server: Server, path: str, body: Any, status: int = 200, **headers: str) -> Any:
    return await server.ok("POST", f"{path}/contacts", status, json=body, headers=headers)


@pytest.mark.req("K7")
async def test_a_single_contact(server: Server, path: str) -> None:
    made = await push(server, path, {"phone": "030 123456", "first_name": "Ann", "score": 7}, 201)
    assert made == {"index": 0, "result": "created", "contact_id": made["contact_id"], "reason": None, "notes": []}
    again = await push(server, path, {"phone": "+49 30 123456", "email": "nonsense"})
    assert (again["result"], again["contact_id"], len(again["notes"])) == ("merged", made["contact_id"], 1)
    problem = await server.refused("POST", f"{path}/contacts", 422, json={"phone": "12"})
    assert fields_of(problem) == {"contact"}
    (source,) = (await server.ok("GET", f"{path}/sources"))["items"]
    assert [source[name] for name in ("kind", "state", "rows", "created", "merged", "refused")] == [
        "rest", "running", 3, 1, 1, 1,
    ]  # fmt: skip
    (contact,) = (await server.ok("GET", f"{path}/contacts"))["items"]
    assert (contact["first_name"], contact["attributes"]) == ("Ann", {"score": "7"})
    refused = await (await server.call("GET", f"{path}/sources/{source['id']}/refused.csv")).text()
    assert refused.splitlines()[0] == "item,line,reason,remedy"
    assert '""phone"":""12""' in refused


@pytest.mark.req("K7")
async def test_a_batch_large_enough_for_a_process_of_its_own(server: Server, path: str) -> None:
    body = [*MANY, {"phone": "12", "note": "x" * 70_000}, MANY[0]]
    told = await push(server, path, body)
    assert (told["created"], told["merged"], told["refused"]) == (300, 1, 1)
    assert [item["index"] for item in told["items"]] == list(range(302))
    assert told["items"][300]["reason"]
    assert told["items"][301]["contact_id"] == told["items"][0]["contact_id"]
    assert (await server.ok("GET", path))["contacts"]["total"] == 300


@pytest.mark.req("K7")
async def test_the_campaigns_own_key_pushes_and_does_nothing_else(server: Server, path: str) -> None:
    key = await key_of(server, path)
    mine = {"Authorization": f"Bearer {key}"}

    async def call(method: str, where: str, **more: Any) -> int:
        return (await server.call(method, where, role=None, headers=mine, **more)).status

    assert await call("POST", f"{path}/contacts", json={"phone": "030 123456"}) == 201
    other = f"/campaigns/{(await server.campaign())['id']}"
    assert await call("POST", f"{other}/contacts", json={"phone": "030 123456"}) == 401
    for method, where in (
        ("GET", path), ("GET", f"{path}/contacts"), ("POST", f"{path}/key"), ("GET", f"{path}/key"), ("PATCH", path),
        ("POST", f"{path}/publish"), ("POST", "/campaigns"), ("GET", "/contacts"), ("DELETE", path),
    ):  # fmt: skip
        assert await call(method, where, json={}) == 401, (method, where)
    renewed = await server.ok("POST", f"{path}/key")
    assert renewed["endpoint"] == f"/api/v1{path}/contacts"
    assert await call("POST", f"{path}/contacts", json={"phone": "030 123456"}) == 401
    mine["Authorization"] = f"Bearer {renewed['key']}"
    assert await call("POST", f"{path}/contacts", json={"phone": "030 123456"}) == 200


@pytest.mark.req("K7", "A2")
@pytest.mark.parametrize("role", ["supervisor", "viewer"])
async def test_who_may_not_change_may_neither_push_nor_see_the_key(server: Server, path: str, role: str) -> None:
    await server.refused("POST", f"{path}/contacts", 403, role=role, json={"phone": "030 123456"})
    await server.refused("GET", f"{path}/key", 403, role=role)
    await server.refused("POST", f"{path}/key", 403, role=role)


@pytest.mark.req("K7")
async def test_an_idempotency_key(server: Server, path: str) -> None:
    headers = {"Idempotency-Key": "7e5f"}
    first = await push(server, path, MANY[:3], **headers)
    assert await push(server, path, MANY[:3], **headers) == first
    assert first["created"] == 3
    single = await push(server, path, MANY[5], 201, **{"Idempotency-Key": "one"})
    assert await push(server, path, MANY[5], 201, **{"Idempotency-Key": "one"}) == single
    problem = await server.refused("POST", f"{path}/contacts", 422, json=MANY[:2], headers=headers)
    assert fields_of(problem) == {"Idempotency-Key"}
    for key in ("", "x" * 201):
        await server.refused("POST", f"{path}/contacts", 422, json=MANY[:2], headers={"Idempotency-Key": key})
    assert (await server.ok("GET", f"{path}/sources"))["items"][0]["rows"] == 4


@pytest.mark.req("K7")
async def test_an_empty_call_is_answered_again_too(server: Server, path: str) -> None:
    headers = {"Idempotency-Key": "nobody"}
    first = await push(server, path, [], **headers)
    assert await push(server, path, [], **headers) == first
    await server.refused("POST", f"{path}/contacts", 422, json=MANY[:1], headers=headers)


@pytest.mark.req("K7", "K6")
async def test_a_full_disk_is_told_and_the_call_can_be_repeated(server: Server, path: str) -> None:
    headers = {"Idempotency-Key": "full"}
    writer = server.ctx.db._writer
    assert writer is not None
    await writer.outside(lambda driver: driver.execute("PRAGMA max_page_count=1"))  # SQLite's least: what it has now
    large = [{**one, "note": "x" * 3_000} for one in MANY]
    problem = await server.refused("POST", f"{path}/contacts", 507, json=large, headers=headers)
    assert "disk is full" in problem["detail"]
    await writer.outside(lambda driver: driver.execute("PRAGMA max_page_count=1000000"))
    server.clock.advance(seconds=31)
    assert (await push(server, path, large, **headers))["created"] == len(large)


@pytest.mark.req("K7")
@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("{", "application/json", 400),
        ("", "application/json", 400),
        ("7", "application/json", 422),
        (json.dumps([{}] * 10_001), "application/json", 422),
        ("{}", "text/csv", 415),
        (" " * ((16 << 20) + 1), "application/json", 413),
    ],
)
async def test_bodies_that_are_refused_as_a_whole(
    server: Server, path: str, body: str, content_type: str, status: int
) -> None:
    await server.refused(
        "POST", f"{path}/contacts", status, data=io.BytesIO(body.encode()), headers={"Content-Type": content_type}
    )
    assert (await server.ok("GET", f"{path}/sources"))["items"] == []


@pytest.mark.req("K7")
async def test_a_body_without_a_length_is_bounded_too(server: Server, path: str) -> None:
    async def endless() -> Any:
        for _ in range(70):
            yield b" " * (1 << 18)

    headers = {"Content-Type": "application/json"}
    await server.refused("POST", f"{path}/contacts", 413, data=endless(), headers=headers)


@pytest.mark.req("K7", "C4")
async def test_an_ended_campaign_takes_nobody(server: Server, path: str) -> None:
    await server.ok("POST", f"{path}/end")
    await server.refused("POST", f"{path}/contacts", 409, json={"phone": "030 123456"})
    await server.refused("POST", "/campaigns/99/contacts", 404, json={"phone": "030 123456"})


@pytest.mark.req("K7")
async def test_too_many_calls_are_told_when_to_come_again(server: Server, path: str) -> None:
    from admin.keys import PUSHES

    app = server.client.app
    assert app is not None
    app[PUSHES].rest = Rest(calls_per_second=0.5, contacts_per_minute=60)
    await push(server, path, MANY[0], 201)
    response = await server.call("POST", f"{path}/contacts", json=MANY[0])
    assert response.status == 429
    assert 1 <= int(response.headers["Retry-After"]) <= 2


def test_contacts_are_counted_beside_calls() -> None:
    throttle = PushThrottle(Rest(calls_per_second=10, contacts_per_minute=600))
    assert throttle.wait_s(1, 0.0) == 0
    throttle.came(1, 1_000, 0.0)
    assert throttle.wait_s(1, 0.0) == 41  # 400 more than a minute's, at ten a second, and one more
    assert throttle.wait_s(2, 0.0) == 0
    assert throttle.wait_s(1, 41.0) == 0


@pytest.mark.req("K9")
async def test_contacts_that_are_here_already(server: Server, path: str) -> None:
    other = f"/campaigns/{(await server.campaign())['id']}"
    await push(server, other, MANY)
    await push(server, path, MANY[0])
    wanted = {"filter": ["attributes.city:eq:Bonn"]}
    found = await server.ok("POST", f"{path}/sources/filter/preview", json=wanted, role="viewer")
    assert found == {"total": 300, "already": 1}
    made = await server.ok("POST", f"{path}/sources/filter", 202, json={**wanted, "name": "Old friends"})
    assert (made["kind"], made["state"], made["name"]) == ("filter", "pending", "Old friends")
    assert ("source", None) in server.engine.told
    assert await selections.run(server.ctx, made["id"])
    done = await server.ok("GET", f"{path}/sources/{made['id']}")
    assert (done["state"], done["created"] + done["merged"]) == ("done", found["total"])
    problem = await server.refused("POST", f"{path}/sources/filter", 422, json={"filter": ["x:y"]})
    assert fields_of(problem) == {"filter"}
    await server.refused("POST", f"{path}/sources/filter", 422, json={"filters": []})
    await server.refused("POST", f"{path}/sources/filter", 403, role="supervisor", json={})


@pytest.mark.req("K7", "D7")
async def test_a_listed_number_is_refused_or_left_out(server: Server, path: str) -> None:
    await server.ok("POST", "/do-not-contact", 201, json={"address": "+4930123456", "reason": "asked"})
    answer = await push(server, path, [{"phone": "+4930123456"}, {"phone": "+4930123456", "email": "ann@example.com"}])
    refused, made = answer["items"]
    assert (refused["result"], made["result"]) == ("refused", "created")
    assert "do-not-contact" in refused["reason"]
    assert "left out" in made["notes"][0]
    (contact,) = (await server.ok("GET", "/contacts"))["items"]
    assert [one["address"] for one in contact["addresses"]] == ["ann@example.com"]
