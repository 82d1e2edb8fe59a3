"""Campaigns over the API."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest

from dialer.operations import deleting
from tests.api.conftest import Server, fields_of


@pytest.mark.req("C1")
async def test_a_title_is_all_it_takes(server: Server) -> None:
    made = await server.ok("POST", "/campaigns", 201, json={"title": "  Spring sale "})
    assert made == {
        "id": made["id"],
        "title": "Spring sale",
        "description": "",
        "status": "unpublished",
        "time_zone": "UTC",
        "execution": None,
        "validity": None,
        "dialing_modes": ["progressive"],
        "queue": None,
        "voice_gateway": None,
        "sms_gateway": None,
        "sms_fallbacks": [],
        "caller_id": None,
        "load_order": "oldest_first",
        "max_concurrent_calls": None,
        "calls_per_second": None,
        "abandonment_limit_percent": 3.0,
        "queue_wait_s": None,
        "abandoned_message": None,
        "lines_per_agent": 3.0,
        "priority": 5,
        "weight": 1,
        "rule_pack": "none",
        "contacts": {"total": 0, "pending": 0, "in_progress": 0, "waiting": 0, "done": 0, "stopped": 0},
        "strategy_version": None,
        "revision": 1,
        "created_at": "2026-05-04T12:00:00Z",
        "modified_at": "2026-05-04T12:00:00Z",
        "last_activity_at": None,
        "published_at": None,
        "deleting_since": None,
    }
    assert await server.ok("GET", f"/campaigns/{made['id']}") == made


@pytest.mark.req("C2")
async def test_every_field_is_kept(server: Server) -> None:
    await server.ok("POST", "/gateways", 201, json={"kind": "voice", "name": "Main trunk", "dial": "PJSIP/{number}@c"})
    sms = {
        "kind": "sms",
        "name": "Texts",
        "host": "smsc.example",
        "port": 2775,
        "system_id": "me",
        "password": "secret",
    }
    await server.ok("POST", "/gateways", 201, json=sms)
    sent = {
        "description": "Line one\nline two",
        "time_zone": "Europe/Berlin",
        "execution": {"start": "22:00", "end": "06:00", "days": ["sun", "mon"]},
        "validity": {"from": "2026-05-01T00:00:00+02:00", "until": "2026-06-01T00:00:00Z"},
        "dialing_modes": ["progressive"],
        "queue": "sales",
        "caller_id": "+49301234",
        "load_order": "newest_first",
        "max_concurrent_calls": 10,
        "calls_per_second": 2.5,
        "abandonment_limit_percent": 1.5,
        "queue_wait_s": 2,
        "abandoned_message": "custom/sorry",
        "priority": 8,
        "weight": 3,
        "rule_pack": "us-florida",
    }
    made = await server.campaign(**sent, voice_gateway="Main trunk", sms_gateway="texts")
    expected = {
        **sent,
        "execution": {"start": "22:00", "end": "06:00", "days": ["mon", "sun"]},
        "validity": {"from": "2026-04-30T22:00:00Z", "until": "2026-06-01T00:00:00Z"},
        "voice_gateway": "main-trunk",
        "sms_gateway": "texts",
    }
    assert {name: made[name] for name in expected} == expected


@pytest.mark.req("C3")
@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "   "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\nb"}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"title": None}, "title"),
        ({"title": 5}, "title"),
        ({"description": "a\0b"}, "description"),
        ({"description": "x" * 1_000_000}, "description"),
        ({"status": "published"}, "status"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"execution": {"start": "09:00", "end": "09:00"}}, "execution.end"),
        ({"execution": {"start": "9:00", "end": "18:00"}}, "execution.start"),
        ({"execution": {"start": "09:00", "end": "24:00"}}, "execution.end"),
        ({"execution": {"start": "09:00", "end": "18:00", "days": ["funday"]}}, "execution.days"),
        ({"execution": {"start": "09:00", "end": "18:00", "days": []}}, "execution.days"),
        ({"execution": {"start": "09:00", "end": "18:00", "x": 1}}, "execution.x"),
        ({"validity": {"from": "2026-06-01T00:00:00Z", "until": "2026-05-01T00:00:00Z"}}, "validity.until"),
        ({"validity": {"from": "2026-06-01T00:00:00"}}, "validity.from"),
        ({"validity": {"until": "9999-12-31T23:59:59-14:00"}}, "validity.until"),
        ({"validity": {"until": "0001-01-01T00:00:00+14:00"}}, "validity.until"),
        ({"validity": {"until": 5}}, "validity.until"),
        ({"dialing_modes": ["predictive"]}, "dialing_modes"),
        ({"dialing_modes": ["psychic"]}, "dialing_modes.0"),
        ({"queue": "nowhere"}, "queue"),
        ({"voice_gateway": "nowhere"}, "voice_gateway"),
        ({"sms_gateway": "nowhere"}, "sms_gateway"),
        ({"sms_fallbacks": ["nowhere"]}, "sms_fallbacks"),
        ({"caller_id": "1\r\nVariable: x"}, "caller_id"),
        ({"caller_id": "+1212555,foo"}, "caller_id"),
        ({"load_order": "random"}, "load_order"),
        ({"max_concurrent_calls": 0}, "max_concurrent_calls"),
        ({"max_concurrent_calls": 10**30}, "max_concurrent_calls"),
        ({"max_concurrent_calls": True}, "max_concurrent_calls"),
        ({"calls_per_second": "5"}, "calls_per_second"),
        ({"abandonment_limit_percent": 101}, "abandonment_limit_percent"),
        ({"queue_wait_s": 0}, "queue_wait_s"),
        ({"abandoned_message": "a&b"}, "abandoned_message"),
        ({"priority": 11}, "priority"),
        ({"weight": 0}, "weight"),
        ({"rule_pack": "moon"}, "rule_pack"),
        ({"rule_pack": None}, "rule_pack"),
        ({"lines_per_agent": 0.5}, "lines_per_agent"),
    ],
)
async def test_what_is_wrong_is_named_at_its_field(server: Server, sent: dict[str, Any], field: str) -> None:
    problem = await server.refused("POST", "/campaigns", 422, json={"title": "Spring", **sent})
    assert fields_of(problem) == {field}
    assert (await server.ok("GET", "/campaigns"))["total"] == 0
    made = await server.campaign()
    problem = await server.refused("PATCH", f"/campaigns/{made['id']}", 422, json=sent)
    assert fields_of(problem) == {field}
    assert await server.ok("GET", f"/campaigns/{made['id']}") == made


@pytest.mark.req("C3")
async def test_all_faults_come_at_once(server: Server) -> None:
    sent = {
        "title": "x",
        "time_zone": "Mars",
        "queue": "nowhere",
        "voice_gateway": "none",
        "dialing_modes": ["predictive"],
    }
    problem = await server.refused("POST", "/campaigns", 422, json=sent)
    assert fields_of(problem) == {"time_zone", "queue", "voice_gateway", "dialing_modes"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"title": "\\ud800"}',
        b'{"title": "a", "calls_per_second": NaN}',
        b"[" * 100_000,
        b'{"title": ' + b"[" * 500 + b"]" * 500 + b"}",
        b"null",
        b'"text"',
        b"[]",
        b'{"title": 1' + b"0" * 5000 + b"}",
    ],
    ids=repr,
)
async def test_what_is_no_campaign_at_all_is_refused_clearly(server: Server, body: bytes) -> None:
    response = await server.call("POST", "/campaigns", data=body, headers={"Content-Type": "application/json"})
    assert response.status in {400, 422}, await response.text()


async def test_another_media_type_and_a_huge_body_are_refused(server: Server) -> None:
    await server.refused("POST", "/campaigns", 415, data=b"title=x", headers={"Content-Type": "text/plain"})
    huge = io.BytesIO(b'{"title": "' + b"y" * 3_000_000 + b'"}')
    await server.refused("POST", "/campaigns", 413, data=huge, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize(
    "wrong", ["0", "999", "abc", "-1", "9223372036854775808", "1" * 40, "1.0", "%00", "%ED%A0%80", "1%0A"]
)
async def test_an_id_that_names_nothing_is_not_found(server: Server, wrong: str) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/publish"), ("GET", "/strategy"), ("GET", "/clone")):
        await server.refused(method, f"/campaigns/{wrong}{path}", 404)


@pytest.mark.req("C4")
async def test_the_life_of_a_campaign(server: Server) -> None:
    made = await server.runnable()
    path = f"/campaigns/{made['id']}"
    await server.refused("POST", f"{path}/unpublish", 409)
    assert (await server.ok("POST", f"{path}/publish"))["status"] == "published"
    await server.refused("POST", f"{path}/publish", 409)
    await server.refused("DELETE", path, 409)
    assert (await server.ok("POST", f"{path}/unpublish"))["status"] == "unpublished"
    assert (await server.ok("POST", f"{path}/publish"))["status"] == "published"
    assert (await server.ok("POST", f"{path}/end"))["status"] == "ended"
    for action in ("publish", "unpublish", "end"):
        await server.refused("POST", f"{path}/{action}", 409)
    await server.refused("PATCH", path, 409, json={"title": "again"})
    await server.refused("PUT", f"{path}/strategy", 409, json=await server.ok("GET", f"{path}/strategy"))
    await server.refused(
        "POST", f"{path}/sources", 409, data=b"phone\n+4930123456\n", headers={"Content-Type": "text/csv"}
    )
    assert ("campaign", made["id"]) in server.engine.told


@pytest.mark.req("C4")
async def test_of_two_publishes_at_once_one_wins(server: Server) -> None:
    made = await server.runnable()
    answers = await asyncio.gather(*(server.call("POST", f"/campaigns/{made['id']}/publish") for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409, 409]


@pytest.mark.req("C5")
async def test_publish_names_everything_that_is_missing(server: Server) -> None:
    made = await server.campaign(validity={"from": None, "until": "2026-05-01T00:00:00Z"}, dialing_modes=[])
    document = await server.ok("GET", f"/campaigns/{made['id']}/strategy")
    node = {"id": "text", "type": "sms", "fields": {"text": "Hello"}, "out": {"otherwise": "end"}}
    document["nodes"].append(node)
    document["nodes"][1]["out"]["no_answer"] = "text"
    await server.ok("PUT", f"/campaigns/{made['id']}/strategy", json=document)
    wanted = {"queue", "voice_gateway", "sms_gateway", "validity.until", "dialing_modes"}
    problem = await server.refused("POST", f"/campaigns/{made['id']}/publish", 422)
    assert fields_of(problem) == wanted
    readiness = await server.ok("GET", f"/campaigns/{made['id']}/readiness")
    assert readiness["ready"] is False
    assert {fault["field"] for fault in readiness["missing"]} == wanted
    assert (await server.ok("GET", f"/campaigns/{made['id']}"))["status"] == "unpublished"


@pytest.mark.req("C13")
async def test_a_running_campaign_can_be_edited_but_not_broken(server: Server) -> None:
    made = await server.runnable()
    path = f"/campaigns/{made['id']}"
    await server.ok("POST", f"{path}/publish")
    assert (await server.ok("PATCH", path, json={"queue": "support"}))["queue"] == "support"
    problem = await server.refused("PATCH", path, 422, json={"queue": None})
    assert fields_of(problem) == {"queue"}
    assert (await server.ok("GET", path))["queue"] == "support"


async def test_a_stale_edit_is_refused(server: Server) -> None:
    made = await server.campaign()
    path = f"/campaigns/{made['id']}"
    response = await server.call("GET", path)
    tag = response.headers["ETag"]
    server.clock.advance(seconds=5)
    changed = await server.ok("PATCH", path, json={"title": "First"}, headers={"If-Match": tag})
    assert changed["modified_at"] == "2026-05-04T12:00:05Z"
    await server.refused("PATCH", path, 409, json={"title": "Second"}, headers={"If-Match": tag})
    await server.refused("PATCH", path, 409, json={"title": "Third"}, headers={"If-Match": '"nonsense"'})
    for no_tag in ("nonsense", "3", "", '"1", "2"', '""', "'1'"):
        problem = await server.refused("PATCH", path, 400, json={"title": "Third"}, headers={"If-Match": no_tag})
        assert problem["detail"].startswith("If-Match: ")
        assert 'with its quotation marks, such as "3"' in problem["detail"]
    assert (await server.ok("PATCH", path, json={"title": "Any"}, headers={"If-Match": "*"}))["title"] == "Any"


async def test_a_campaign_is_deleted(server: Server) -> None:
    made = await server.campaign()
    assert (await server.call("DELETE", f"/campaigns/{made['id']}")).status == 204
    await server.refused("GET", f"/campaigns/{made['id']}", 404)
    await server.refused("DELETE", f"/campaigns/{made['id']}", 404)


async def test_a_large_campaign_goes_on_being_deleted(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deleting.remove, "__kwdefaults__", {"at_once_s": 0})
    made = await server.campaign()
    path = f"/campaigns/{made['id']}"
    left = await server.ok("DELETE", path, 202)
    assert (left["status"], left["deleting_since"]) == ("ended", "2026-05-04T12:00:00Z")
    assert ("deletion", None) in server.engine.told
    assert (await server.ok("GET", path))["deleting_since"] == left["deleting_since"]
    await server.refused("POST", f"{path}/publish", 409)


@pytest.mark.req("C11")
async def test_a_clone_is_stored_only_when_it_is_posted(server: Server) -> None:
    made = await server.runnable(description="Why", execution={"start": "09:00", "end": "18:00", "days": ["mon"]})
    document = await server.ok("GET", f"/campaigns/{made['id']}/strategy")
    document["name"] = "Mine"
    await server.ok("PUT", f"/campaigns/{made['id']}/strategy", json=document)
    await server.ok("POST", f"/campaigns/{made['id']}/publish")
    clone = await server.ok("GET", f"/campaigns/{made['id']}/clone")
    assert clone["title"] == "Copy of Spring"
    assert (await server.ok("GET", "/campaigns"))["total"] == 1
    copy = await server.ok("POST", "/campaigns", 201, json=clone)
    assert copy["status"] == "unpublished"
    for name in ("description", "execution", "queue", "voice_gateway"):
        assert copy[name] == made[name]
    assert (await server.ok("GET", f"/campaigns/{copy['id']}/strategy"))["name"] == "Mine"


async def test_a_campaign_with_a_broken_strategy_is_not_created(server: Server) -> None:
    problem = await server.refused("POST", "/campaigns", 422, json={"title": "x", "strategy": {"nodes": []}})
    assert "nodes" in fields_of(problem)
    assert (await server.ok("GET", "/campaigns"))["total"] == 0


@pytest.mark.req("C10")
async def test_the_list_sorts_searches_filters_and_pages(server: Server) -> None:
    for number in range(23):
        server.clock.advance(minutes=1)
        await server.campaign(title=f"{'Even' if number % 2 == 0 else 'odd'} 100%_{number:02}")
    listed = await server.ok("GET", "/campaigns?limit=10")
    assert [item["title"][-2:] for item in listed["items"]] == [f"{n:02}" for n in range(10)]
    seen, cursor = [], ""
    for _ in range(3):
        page = await server.ok("GET", f"/campaigns?limit=10&sort=-created_at{cursor}")
        assert page["total"] == 23
        seen += [item["id"] for item in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert page["next_cursor"] is None
    assert seen == list(range(23, 0, -1))
    assert (await server.ok("GET", "/campaigns?q=EVEN"))["total"] == 12
    assert (await server.ok("GET", "/campaigns", params={"q": "100%_2"}))["total"] == 3
    assert (await server.ok("GET", "/campaigns", params={"q": "%"}))["total"] == 23
    assert (await server.ok("GET", "/campaigns?filter=status:eq:published"))["total"] == 0
    both = await server.ok("GET", "/campaigns?filter=id:gt:5&filter=id:in:4,5,6,7")
    assert [item["id"] for item in both["items"]] == [6, 7]
    for sort in ("title", "id", "status", "created_at", "modified_at", "last_activity_at", "contacts"):
        for order in ("", "-"):
            page = await server.ok("GET", f"/campaigns?limit=10&sort={order}{sort}")
            rest = await server.ok("GET", f"/campaigns?limit=50&sort={order}{sort}&cursor={page['next_cursor']}")
            assert len({item["id"] for item in page["items"] + rest["items"]}) == 23


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=7", "limit"),
        ("limit=abc", "limit"),
        ("limit=10&limit=50", "limit"),
        ("cursor=%00", "cursor"),
        ("cursor=WzEsMiwzXQ", "cursor"),
        ("cursor=WyJjcmVhdGVkX2F0IixbXSx7fV0", "cursor"),
        ("cursor=WyJjcmVhdGVkX2F0Iiw1LDVd", "cursor"),
        ("cursor=" + "W1tb" * 1000, "cursor"),
        ("cursor=ä", "cursor"),
        ("sort=secret", "sort"),
        ("sort=--id", "sort"),
        ("filter=id", "filter"),
        ("filter=id:like:5", "filter"),
        ("filter=secret:eq:5", "filter"),
        ("filter=id:eq:abc", "filter"),
        ("filter=id:eq:99999999999999999999", "filter"),
        ("filter=id:in:1,9223372036854775808", "filter"),
        ("filter=contacts:gt:2147483648", "filter"),
        ("filter=created_at:gt:yesterday", "filter"),
        ("filter=created_at:gt:2026-01-01T00:00:00", "filter"),
        ("filter=created_at:gt:0001-01-01T00:00:00%2B14:00", "filter"),
        ("filter=title:eq:a%00b", "filter"),
        ("filter=title:contains:a%00b", "filter"),
        ("q=a%00b", "q"),
        ("q=" + "x" * 201, "q"),
        ("nonsense=1", "nonsense"),
    ],
)
async def test_a_list_call_that_makes_no_sense_is_refused(server: Server, query: str, field: str) -> None:
    await server.campaign()
    problem = await server.refused("GET", f"/campaigns?{query}", 422)
    assert {name.partition(".")[0] for name in fields_of(problem)} == {field}


async def test_bytes_that_are_no_text_do_no_harm(server: Server) -> None:
    for query in ("q=%ff%fe", "q=%ED%A0%80", "filter=title:eq:%ED%A0%80", "sort=%ff"):
        assert (await server.call("GET", f"/campaigns?{query}")).status in {200, 422}


async def test_a_body_that_does_not_come_is_not_waited_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin.openapi.BODY_S", 0.05)
    rest = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield b'{"title": '
        await rest.wait()

    await server.refused("POST", "/campaigns", 408, data=stalled(), headers={"Content-Type": "application/json"})
    rest.set()
