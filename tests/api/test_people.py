"""Edits and erasure of contacts, custom fields and do-not-contact lists over the API."""

from typing import Any

import pytest

from tests.api.conftest import Server, fields_of
from tests.api.test_sources import load

PEOPLE = (
    "phone,email,first_name,city\n+4930123456,ann@example.com,Ann,Bonn\n+4930123457,,Bob,Köln\n+4930123458,,Cy,Bonn\n"
)
NUMBERS = ("+4930123456", "+4930123457", "+4930123458")


@pytest.fixture
async def path(server: Server) -> str:
    path = f"/campaigns/{(await server.runnable())['id']}"
    await load(server, path, PEOPLE)
    return path


# -- contacts -----------------------------------------------------------------------------------------------------------


@pytest.mark.req("K11")
async def test_an_edit_answers_the_contact_and_guards_against_a_stale_one(server: Server, path: str) -> None:
    read = await server.call("GET", "/contacts/1")
    assert read.headers["ETag"] == '"1"'
    wanted = {"last_name": "Ah", "time_zone": "Europe/Berlin", "attributes": {"city": None, "Age": 30, "note": "a"}}
    edited = await server.call("PATCH", "/contacts/1", json=wanted, headers={"If-Match": '"1"'})
    assert edited.status == 200, await edited.text()
    found = await edited.json()
    assert (found["last_name"], found["time_zone"], found["attributes"]) == (
        "Ah", "Europe/Berlin", {"age": "30", "note": "a"},
    )  # fmt: skip
    assert found["campaigns"][0]["status"] == "pending"
    assert edited.headers["ETag"] == '"2"'
    assert (await server.call("PATCH", "/contacts/1", json=wanted, headers={"If-Match": '"1"'})).status == 409
    last = (await server.ok("GET", "/contacts/1/trail"))["items"][-1]
    assert (last["kind"], last["data"]["by"]) == ("edited", "ci-manager")
    await server.refused("PATCH", "/contacts/99", 404, json=wanted)
    assert path


@pytest.mark.req("K11")
async def test_what_was_read_can_be_sent_back(server: Server, path: str) -> None:
    read = await server.ok("GET", "/contacts/1")
    sent = {
        name: read[name] for name in ("first_name", "last_name", "time_zone", "external_id", "addresses", "attributes")
    }
    assert (await server.ok("PATCH", "/contacts/1", json=sent)) == read
    assert path


@pytest.mark.req("K11")
async def test_faults_of_an_edit_name_their_fields(server: Server, path: str) -> None:
    wrong = {"time_zone": "Mars", "addresses": [{"channel": "voice", "address": "12"}], "attributes": {"phone": "1"}}
    assert fields_of(await server.refused("PATCH", "/contacts/1", 422, json=wrong)) == {
        "time_zone", "addresses.0.address", "attributes.phone",
    }  # fmt: skip
    assert fields_of(await server.refused("PATCH", "/contacts/1", 422, json={"nickname": "A"})) == {"nickname"}
    taken = {"addresses": [{"channel": "voice", "address": "030 123457"}]}
    assert "the contact 2" in (await server.refused("PATCH", "/contacts/1", 409, json=taken))["detail"]
    assert path


@pytest.mark.req("K11")
async def test_an_erased_contact_is_not_there_any_more(server: Server, path: str) -> None:
    await server.ok("DELETE", "/contacts/1", 204)
    for method, where in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/trail")):
        more: dict[str, Any] = {"json": {}} if method == "PATCH" else {}
        await server.refused(method, f"/contacts/1{where}", 404, **more)
    assert [item["id"] for item in (await server.ok("GET", "/contacts"))["items"]] == [2, 3]
    assert [item["id"] for item in (await server.ok("GET", f"{path}/contacts"))["items"]] == [2, 3]
    for where, number in (("/contacts", 2), (f"{path}/contacts", 2), (f"{path}/contacts?filter=status:eq:done", 0)):
        assert (await server.ok("GET", where))["total"] == number
    assert (await server.ok("GET", path))["contacts"] == {
        "total": 3, "pending": 2, "in_progress": 0, "waiting": 0, "done": 1, "stopped": 0,
    }  # fmt: skip


@pytest.mark.req("K11")
async def test_several_at_once(server: Server, path: str) -> None:
    done = await server.ok(
        "POST",
        "/contacts/bulk",
        json={"ids": [1, 2, 77], "set": {"time_zone": "Europe/Berlin", "attributes": {"vip": "yes"}}},
    )
    assert [(item["id"], item["done"]) for item in done["items"]] == [(1, True), (2, True), (77, False)]
    assert (done["done"], done["refused"]) == (2, 1)
    assert (await server.ok("GET", "/contacts/2"))["attributes"] == {"city": "Köln", "vip": "yes"}
    assert (await server.ok("POST", "/contacts/bulk", json={"ids": [1, 2], "delete": True}))["done"] == 2
    assert (await server.ok("GET", f"{path}/contacts"))["total"] == 1
    for wrong in ({"ids": [1]}, {"ids": [1], "delete": True, "set": {}}, {"ids": [], "delete": True},
                  {"ids": list(range(101)), "delete": True}, {"ids": [1], "set": {"addresses": []}}):  # fmt: skip
        await server.refused("POST", "/contacts/bulk", 422, json=wrong)


@pytest.mark.req("A3")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/contacts/1"), ("DELETE", "/contacts/1"), ("POST", "/contacts/bulk"), ("POST", "/contact-fields"),
        ("PATCH", "/contact-fields/a"), ("DELETE", "/contact-fields/a"), ("POST", "/do-not-contact"),
        ("DELETE", "/do-not-contact/1"),
    ],
)  # fmt: skip
async def test_only_a_manager_changes_contacts(server: Server, method: str, path: str) -> None:
    for role in ("viewer", "supervisor"):
        await server.refused(method, path, 403, role=role, json={})


# -- custom fields ------------------------------------------------------------------------------------------------------


@pytest.mark.req("C14")
async def test_a_field_is_defined_read_edited_and_removed(server: Server) -> None:
    made = await server.call("POST", "/contact-fields", json={"name": "Due Date", "label": "Due", "type": "date"})
    assert made.status == 201, await made.text()
    assert made.headers["ETag"] == '"1"'
    assert (await made.json())["name"] == "due_date"
    assert (await server.ok("GET", "/contact-fields"))["items"] == [await server.ok("GET", "/contact-fields/due_date")]
    edited = await server.ok("PATCH", "/contact-fields/due_date", json={"type": "choice", "choices": ["a", "b"]})
    assert (edited["label"], edited["choices"], edited["revision"]) == ("Due", ["a", "b"], 2)
    stale = {"json": {"label": "X"}, "headers": {"If-Match": '"1"'}}
    await server.refused("PATCH", "/contact-fields/due_date", 409, **stale)
    await server.ok("DELETE", "/contact-fields/due_date", 204)
    await server.refused("GET", "/contact-fields/due_date", 404)
    wrong = {"name": "phone", "type": "choice"}
    assert fields_of(await server.refused("POST", "/contact-fields", 422, json=wrong)) == {"name", "choices"}
    assert fields_of(await server.refused("POST", "/contact-fields", 422, json={"name": "a", "type": "x"})) == {"type"}


@pytest.mark.req("C14")
async def test_a_field_in_use_names_its_places_as_errors(server: Server, path: str) -> None:
    await server.ok("POST", "/contact-fields", 201, json={"name": "city"})
    problem = await server.refused("DELETE", "/contact-fields/city", 409)
    assert "3 contacts have a value" in problem["detail"]
    nodes = [
        {"id": "in", "type": "contact-in", "out": {"next": "b"}},
        {
            "id": "b",
            "type": "branch",
            "name": "Where",
            "fields": {"on": "city", "rules": [{"op": "eq", "value": "Bonn"}]},
        },
    ]
    document = {
        "format": "campaign-strategy/1",
        "name": "x",
        "nodes": [{"name": "", "x": 0, "y": 0, "fields": {}, "out": {}, **n} for n in nodes],
    }
    await server.ok("PUT", f"{path}/strategy", json=document)
    problem = await server.refused("DELETE", "/contact-fields/city?values=delete", 409)
    assert fields_of(problem) == {"campaigns.1.strategy.b.on"}
    await server.refused("DELETE", "/contact-fields/city?values=burn", 422)
    problem = await server.refused("PATCH", "/contact-fields/city", 409, json={"type": "number"})
    assert "contacts.1.attributes.city" in fields_of(problem)


# -- do not contact -----------------------------------------------------------------------------------------------------


@pytest.mark.req("D7")
async def test_addresses_are_listed_found_and_taken_off(server: Server, path: str) -> None:
    campaign_id = int(path.rpartition("/")[2])
    added = await server.ok("POST", "/do-not-contact", 201, json={"address": "030 123456", "campaign_id": campaign_id})
    assert added == {"added": 1, "known": 0, "refused": 0}
    many = [{"address": number, "reason": "law"} for number in NUMBERS]
    assert (await server.ok("POST", "/do-not-contact", 201, json=many))["added"] == 3
    assert (await server.ok("POST", "/do-not-contact", 201, json=many))["known"] == 3
    assert ("barred", set(NUMBERS)) in server.engine.told
    assert (await server.ok("GET", "/do-not-contact"))["total"] == 4
    found = await server.ok("GET", "/do-not-contact", params={"address": "0049 30 123456"})
    assert [item["campaign_id"] for item in found["items"]] == [None, campaign_id]
    assert (await server.ok("GET", "/do-not-contact", params={"filter": "reason:eq:law", "q": "123457"}))["total"] == 1
    await server.ok("DELETE", f"/do-not-contact/{found['items'][0]['id']}", 204)
    one = {"address": NUMBERS[0], "campaign_id": campaign_id}
    await server.ok("DELETE", "/do-not-contact", 204, params=one)
    await server.refused("DELETE", "/do-not-contact", 404, params=one)
    await server.refused("DELETE", "/do-not-contact/99", 404)
    assert (await server.ok("GET", "/do-not-contact"))["total"] == 2


@pytest.mark.req("D7")
async def test_what_can_not_be_listed_names_its_place(server: Server) -> None:
    one = await server.refused("POST", "/do-not-contact", 422, json={"address": "12"})
    assert fields_of(one) == {"address"}
    many = [{"address": NUMBERS[0]}, {"address": "x"}, {"address": NUMBERS[1], "campaign_id": 9}]
    assert fields_of(await server.refused("POST", "/do-not-contact", 422, json=many)) == {"1.address", "2.campaign_id"}
    assert (await server.ok("GET", "/do-not-contact"))["total"] == 0
    assert fields_of(await server.refused("POST", "/do-not-contact", 422, json={"adress": "x"})) == {
        "address",
        "adress",
    }
    assert fields_of(await server.refused("POST", "/do-not-contact", 422, json=[{}])) == {"0.address"}
    await server.refused("POST", "/do-not-contact", 422, json=[])
    await server.refused("GET", "/do-not-contact?address=12", 422)


@pytest.mark.req("K11", "D7")
async def test_a_listed_number_stays_refused_after_its_contact_was_erased(server: Server, path: str) -> None:
    await server.ok("POST", "/do-not-contact", 201, json={"address": NUMBERS[0], "reason": "asked"})
    await server.ok("DELETE", "/contacts/1", 204)
    assert (await load(server, path, PEOPLE))["refused"] == 0, "there is an e-mail address left"
    assert (await load(server, path, f"phone\n{NUMBERS[0]}\n"))["refused"] == 1
    people = (await server.ok("GET", "/contacts"))["items"]
    assert NUMBERS[0] not in str(people)
    (entry,) = (await server.ok("GET", "/do-not-contact", params={"address": NUMBERS[0]}))["items"]
    assert (entry["address"], entry["reason"]) == (None, "asked")


@pytest.mark.req("C14", "K5")
async def test_a_file_is_read_by_the_types_of_the_fields(server: Server, path: str) -> None:
    await server.ok("POST", "/contact-fields", 201, json={"name": "due", "type": "date"})
    await load(server, path, "phone,due\n+4930123460,24.12.2026\n+4930123461,soon\n")
    source = (await server.ok("GET", f"{path}/sources?sort=-id"))["items"][0]
    assert (source["created"], source["refused"]) == (1, 1)
    found = (await server.ok("GET", "/contacts", params={"filter": "attributes.due:eq:2026-12-24"}))["items"]
    assert [item["addresses"][0]["address"] for item in found] == ["+4930123460"]
    refused = await (await server.call("GET", f"{path}/sources/{source['id']}/refused.csv")).text()
    assert "'soon' is not a date" in refused
