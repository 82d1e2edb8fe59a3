"""Contacts over the API."""

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dialer.domain.gateway import VoiceGateway
from dialer.domain.members import NotFree
from dialer.domain.suppression import address_digest
from dialer.operations import lifecycle
from dialer.pacing.limits import Allowance
from dialer.pacing.outlook import QueueView
from dialer.store import do_not_contact
from tests.api.conftest import ALL_CLEAR, ANN, Server, fields_of
from tests.api.test_sources import load

PEOPLE = (
    "phone,email,first_name,last_name,city,zip code\n"
    "+4930123456,ann@example.com,Ann,Ah,Bonn,53111\n"
    "+4930123457,,Bob,Be,Köln,50667\n"
    "+4930123458,,Cy,Ce,Bonn,53113\n"
)


@pytest.fixture
async def path(server: Server) -> str:
    path = f"/campaigns/{(await server.runnable())['id']}"
    await load(server, path, PEOPLE)
    return path


def names(page: dict[str, Any]) -> list[str]:
    return [item["first_name"] for item in page["items"]]


@pytest.mark.req("K1")
async def test_a_contact_with_its_place(server: Server, path: str) -> None:
    found = (await server.ok("GET", f"{path}/contacts"))["items"][0]
    assert found == {
        "id": 1,
        "first_name": "Ann",
        "last_name": "Ah",
        "time_zone": None,
        "external_id": None,
        "addresses": [
            {"channel": "voice", "address": "+4930123456"},
            {"channel": "sms", "address": "+4930123456"},
            {"channel": "email", "address": "ann@example.com"},
        ],
        "attributes": {"city": "Bonn", "zip_code": "53111"},
        "created_at": "2026-05-04T12:00:00Z",
        "modified_at": "2026-05-04T12:00:00Z",
        "status": "pending",
        "stop_reason": None,
        "result": None,
        "step": None,
        "next_due_at": None,
        "source": 1,
        "attempts": 0,
    }
    never = {"current": True, "tries": 0, "last_attempt": None, "last_text": None}
    delivery = [{**address, **never} for address in found["addresses"]]
    assert await server.ok("GET", f"{path}/contacts/1") == {**found, "delivery": delivery}
    alone = await server.ok("GET", "/contacts/1")
    assert alone["addresses"] == found["addresses"]
    assert [(place["campaign_id"], place["title"], place["status"]) for place in alone["campaigns"]] == [
        (1, "Spring", "pending")
    ]


@pytest.mark.req("K10")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Ann", "Bob", "Cy"]),
        ("sort=-first_name", ["Cy", "Bob", "Ann"]),
        ("sort=attributes.zip_code", ["Bob", "Ann", "Cy"]),
        ("filter=attributes.city:eq:Bonn", ["Ann", "Cy"]),
        ("filter=attributes.city:eq:Bonn&filter=last_name:startswith:c", ["Cy"]),
        ("filter=attributes.none:empty:true", ["Ann", "Bob", "Cy"]),
        ("filter=attributes.city:in:Köln,Ulm", ["Bob"]),
        ("filter=address:contains:457", ["Bob"]),
        ("filter=address:eq:%2B4930123457", ["Bob"]),
        ("filter=address:ne:%2B4930123457", ["Ann", "Cy"]),
        ("filter=address:in:%2B4930123457,ann@example.com", ["Ann", "Bob"]),
        ("filter=address:empty:true", []),
        ("filter=address:empty:false", ["Ann", "Bob", "Cy"]),
        ("sort=-external_id", ["Cy", "Bob", "Ann"]),
        ("q=ann@EXAMPLE", ["Ann"]),
        ("q=123458", ["Cy"]),
        ("filter=id:ne:1&sort=-id", ["Cy", "Bob"]),
    ],
)
async def test_lists_sort_filter_and_search(server: Server, path: str, query: str, expected: list[str]) -> None:
    for listed in (f"{path}/contacts", "/contacts"):
        page = await server.ok("GET", f"{listed}?{query}")
        assert names(page) == expected
        assert page["total"] == len(expected)


@pytest.mark.req("K10")
async def test_a_campaigns_list_filters_by_place(server: Server, path: str) -> None:
    for condition, number in (
        ("status:eq:pending", 3),
        ("status:in:done,stopped", 0),
        ("source:eq:1", 3),
        ("attempts:gt:0", 0),
    ):
        assert (await server.ok("GET", f"{path}/contacts?filter={condition}"))["total"] == number
    await server.refused("GET", "/contacts?filter=status:eq:pending", 422)
    await server.refused("GET", f"{path}/contacts?sort=phone", 422)


@pytest.mark.req("K10")
async def test_pages_follow_each_other_in_every_order(server: Server, path: str) -> None:
    rows = "".join(f"+49301{number:05},{number % 3 or ''}\n" for number in range(22))
    await load(server, path, f"phone,first_name\n{rows}")
    for sort in (
        "id",
        "first_name",
        "address",
        "attributes.city",
        "time_zone",
        "created_at",
        "attempts",
        "next_due_at",
    ):
        for order in ("", "-"):
            seen: list[int] = []
            cursor = ""
            while cursor is not None:
                query = f"limit=10&sort={order}{sort}" + (f"&cursor={cursor}" if cursor else "")
                page = await server.ok("GET", f"{path}/contacts?{query}")
                seen += [item["id"] for item in page["items"]]
                cursor = page["next_cursor"]
            assert sorted(seen) == list(range(1, 26)), sort


@pytest.mark.parametrize(
    "name", ["attributes.", 'attributes.a"b', "attributes.a\\b", "attributes.a\0b", "attributes." + "x" * 200]
)
async def test_an_attribute_that_cannot_be(server: Server, path: str, name: str) -> None:
    problem = await server.refused("GET", f"{path}/contacts", 422, params={"filter": f"{name}:eq:x"})
    assert fields_of(problem) == {"filter"}
    await server.refused("GET", f"{path}/contacts", 422, params={"sort": name})


@pytest.mark.parametrize("name", ["a'b", "a.b", "a]b", "$", "a:b", "ä", "%", "a b", "1", "[0]"])
async def test_an_odd_attribute_matches_nobody(server: Server, path: str, name: str) -> None:
    response = await server.call("GET", f"{path}/contacts", params={"filter": f"attributes.{name}:eq:x"})
    assert response.status in {200, 422}
    assert response.status == 422 or (await response.json())["total"] == 0


@pytest.mark.req("K2", "K3")
async def test_a_second_load_merges_and_starts_nobody_again(server: Server, path: str) -> None:
    done = await load(server, path, "phone,city\n+4930123456,Ulm\n+4930999999,Aachen\n")
    assert (done["created"], done["merged"]) == (1, 1)
    assert (await server.ok("GET", path))["contacts"]["total"] == 4
    merged = await server.ok("GET", f"{path}/contacts/1")
    assert merged["attributes"]["city"] == "Ulm"
    assert merged["source"] == 1


@pytest.mark.req("K12")
async def test_the_trail(server: Server, path: str) -> None:
    trail = await server.ok("GET", f"{path}/contacts/1/trail")
    assert [entry["kind"] for entry in trail["items"]] == ["created", "enrolled"]
    assert await server.ok("GET", "/contacts/1/trail") == trail
    other = await server.campaign()
    await server.refused("GET", f"/campaigns/{other['id']}/contacts/1/trail", 404)


@pytest.mark.req("C7", "C8", "K12")
async def test_flags_counts_and_trail_follow_the_campaign(server: Server, path: str) -> None:
    campaign_id = int(path.rpartition("/")[2])
    await server.ok("POST", f"{path}/publish")
    await lifecycle.enter(server.ctx, campaign_id)
    assert (await server.ok("GET", f"{path}/contacts/1"))["step"] == "call"
    counts = (await server.ok("POST", f"{path}/unpublish"))["contacts"]
    assert counts == {"total": 3, "pending": 0, "in_progress": 0, "waiting": 0, "done": 0, "stopped": 3}
    stopped = await server.ok("GET", f"{path}/contacts?filter=stop_reason:eq:campaign-unpublished")
    assert stopped["total"] == 3
    await server.ok("POST", f"{path}/publish")
    await lifecycle.queue_again(server.ctx, campaign_id)
    assert (await server.ok("GET", path))["contacts"]["pending"] == 3
    kinds = [entry["kind"] for entry in (await server.ok("GET", f"{path}/contacts/1/trail"))["items"]]
    assert kinds == ["created", "enrolled", "step", "call-queued", "stopped", "requeued"]
    await server.ok("POST", f"{path}/end")
    ended = await server.ok("GET", f"{path}/contacts?filter=stop_reason:eq:campaign-ended")
    assert ended["total"] == 3


@pytest.mark.req("K13")
async def test_why_not_names_every_condition(server: Server, path: str) -> None:
    await server.ok("PATCH", path, json={"execution": {"start": "20:00", "end": "21:00"}})
    found = await server.ok("GET", f"{path}/contacts/1/why-not")
    assert [reason["condition"] for reason in found["reasons"]] == [
        "campaign-unpublished",
        "outside-execution-time",
        "not-entered",
    ]
    assert found["reasons"][1]["until"] == "2026-05-04T20:00:00Z"
    await server.ok("PATCH", path, json={"execution": None})
    await server.ok("POST", f"{path}/publish")
    await lifecycle.enter(server.ctx, int(path.rpartition("/")[2]))
    found = await server.ok("GET", f"{path}/contacts/1/why-not")
    assert found == {"due_at": "2026-05-04T12:00:00Z", "reasons": [], "changes_at": None}
    await server.ok("POST", f"{path}/end")
    found = await server.ok("GET", f"{path}/contacts/1/why-not")
    assert [reason["condition"] for reason in found["reasons"]] == ["campaign-ended", "stopped"]


@pytest.mark.req("K13")
async def test_why_not_names_agents_limits_and_gateways(server: Server, path: str) -> None:
    """What the dialer sees, all of it at once, and when the first of them passes by itself."""
    await server.ok("POST", f"{path}/publish")
    await lifecycle.enter(server.ctx, int(path.rpartition("/")[2]))
    at = server.clock.now + timedelta(seconds=20)
    resting = replace(ANN, reasons=(NotFree.WRAP_UP,), wrap_up_until=at)
    server.engine.seen = replace(
        ALL_CLEAR,
        queues=(QueueView("sales", known=True, members=(resting,)), QueueView("gone", known=False)),
        campaign=Allowance(most_at_once=2, going=2),
        gateway=VoiceGateway(name="carrier", dial="PJSIP/{number}@c", prefixes=("+1",)),
        in_another_call=True,
    )
    found = await server.ok("GET", f"{path}/contacts/2/why-not")
    told = {reason["condition"]: reason for reason in found["reasons"]}
    assert list(told) == [
        "agents-in-wrap-up", "unknown-queue", "max-concurrent-calls", "prefix-not-allowed", "number-in-another-call",
        "others-first",
    ]  # fmt: skip
    assert told["agents-in-wrap-up"]["reason"] == "the only agent of the queue sales is not free: 1 in wrap-up"
    assert told["agents-in-wrap-up"]["until"] == found["changes_at"] == at.isoformat().replace("+00:00", "Z")
    assert told["others-first"]["reason"] == "1 contact is due before it"
    server.engine.seen = replace(ALL_CLEAR, link_up=False, link_reason="connection refused")
    found = await server.ok("GET", f"{path}/contacts/1/why-not")
    assert [reason["condition"] for reason in found["reasons"]] == ["link-down"]
    assert "connection refused" in found["reasons"][0]["reason"]


@pytest.mark.req("K13")
async def test_why_not_knows_the_do_not_contact_list(server: Server, path: str) -> None:
    row = await server.ok("GET", f"{path}/contacts/1")
    addresses = {one["address"] for one in row["addresses"]}
    callable_ = {one["address"] for one in row["addresses"] if one["channel"] != "email"}
    async with server.ctx.db.write() as tx:
        listed = [
            {"digest": address_digest(server.ctx.secret, one), "address": one, "campaign_id": None, "reason": "asked for it",
             "created_at": server.clock()} for one in addresses
        ]  # fmt: skip
        await do_not_contact.add_many(tx, listed)
    found = await server.ok("GET", f"{path}/contacts/1/why-not")
    told = [reason["reason"] for reason in found["reasons"] if reason["condition"] == "do-not-contact"]
    assert told == [f"{one} is on a do-not-contact list" for one in sorted(callable_)]


async def test_contacts_that_are_not_there(server: Server, path: str) -> None:
    for missing in (f"{path}/contacts/99", "/contacts/99", "/contacts/99/trail", f"{path}/contacts/99/why-not"):
        await server.refused("GET", missing, 404)
    await server.refused("GET", "/campaigns/99/contacts", 404)
    await server.refused("GET", "/contacts/99999999999999999999", 404)


@pytest.mark.req("K12")
async def test_attempts_and_messages_are_listed(server: Server) -> None:
    for listed in ("/attempts", "/messages"):
        nothing = {"items": [], "total": 0, "next_cursor": None, "total_is_exact": True}
        assert await server.ok("GET", listed) == nothing
        assert (await server.ok("GET", f"{listed}?filter=campaign_id:eq:1&sort=id&q=49"))["total"] == 0


@pytest.mark.req("K10")
async def test_the_filtered_list_as_a_file_that_no_spreadsheet_runs(server: Server, path: str) -> None:
    await server.ok("PATCH", "/contacts/3", json={"last_name": "=1+1"})
    for where in ("", path):
        response = await server.call(
            "GET", f"{where}/contacts/export.csv?filter=attributes.city:eq:Bonn&sort=-first_name"
        )
        assert response.status == 200
        rows = list(csv.DictReader(io.StringIO(await response.text())))
        assert [row["last_name"] for row in rows] == ["'=1+1", "Ah"]
        assert (rows[1]["phone"], rows[1]["email"], rows[1]["more_addresses"]) == ("+4930123456", "ann@example.com", "")
        assert json.loads(rows[1]["attributes"]) == {"city": "Bonn", "zip_code": "53111"}
        assert rows[0].get("status") == ("pending" if where else None)
    assert (await server.call("GET", "/contacts/export.csv?filter=nothing:eq:1")).status == 422
    assert (await server.call("GET", "/campaigns/99/contacts/export.csv")).status == 404


@pytest.mark.req("K10")
async def test_a_file_has_every_page_of_the_list_once(server: Server, path: str) -> None:
    more = "".join(f"+49301{n:06},P{n}\n" for n in range(250))
    await load(server, path, f"phone,first_name\n{more}")
    rows = list(csv.DictReader(io.StringIO(await (await server.call("GET", "/contacts/export.csv?sort=-id")).text())))
    assert [int(row["id"]) for row in rows] == list(range(253, 0, -1))
