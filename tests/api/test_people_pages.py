"""Pages of contacts that are edited and deleted, of custom fields, and of do-not-contact lists."""

import pytest

from tests.api.conftest import Server
from tests.api.test_pages import Browser, campaign_with_contacts, manager

__all__ = ["manager"]


@pytest.fixture
async def path(manager: Browser) -> str:
    return await campaign_with_contacts(manager.server)


def edit(**changes: str) -> list[tuple[str, str]]:
    """What the form of Ann sends when nothing but `changes` was typed."""
    fields = {
        "first_name": "Ann",
        "last_name": "",
        "time_zone": "",
        "external_id": "",
        "attribute.plan": "basic",
        "revision": "1",
    }
    addresses = [("address", "+4930123456"), ("serves", "voice+sms"), ("address", ""), ("serves", "voice+sms")]
    return [*{**fields, **changes}.items(), *addresses]


async def contact(server: Server, number: int = 1) -> dict[str, object]:
    found: dict[str, object] = await server.ok("GET", f"/contacts/{number}")
    return found


@pytest.mark.req("K11")
async def test_a_contact_is_edited_in_its_form(manager: Browser, path: str) -> None:
    page = await manager.get(f"{path}/contacts/1")
    assert f'href="/contacts/1/edit?back={path}/contacts/1"' in page
    form = await manager.get(f"/contacts/1/edit?back={path}/contacts/1")
    assert 'value="+4930123456"' in form
    assert 'name="attribute.plan" value="basic"' in form
    typed = [*edit(last_name="Ah", **{"attribute.plan": ""}), ("new_name", "Zip code"), ("new_value", "53111")]
    typed += [("address", "ann@example.com"), ("serves", "email")]
    assert await manager.post(f"/contacts/1/edit?back={path}/contacts/1", 303, typed) == f"{path}/contacts/1?saved=1"
    assert ">Saved.<" in await manager.get(f"{path}/contacts/1?saved=1")
    found = await contact(manager.server)
    assert (found["last_name"], found["attributes"]) == ("Ah", {"zip_code": "53111"})
    assert [one["channel"] for one in found["addresses"]] == ["voice", "sms", "email"]  # type: ignore[attr-defined]
    told = await manager.get(f"{path}/contacts/1")
    assert "Edited by the-manager" in told
    assert "plan: basic → –" in told


@pytest.mark.req("K11")
async def test_a_form_that_was_opened_by_its_own_address_leads_to_the_contact(manager: Browser, path: str) -> None:
    assert 'action="/contacts/1/edit?back=/contacts/1"' in await manager.get("/contacts/1/edit")
    for address in ("/contacts/1/edit", "/contacts/1/edit?back=//evil.example"):
        assert await manager.post(address, 303, edit(revision="")) == "/contacts/1?saved=1"
    assert ">Saved.<" in await manager.get("/contacts/1?saved=1")
    assert ">Saved.<" not in await manager.get("/contacts/1")
    back = "/contacts?q=Ann"
    assert await manager.post(f"/contacts/1/edit?back={back}", 303, edit(revision="")) == back
    assert path


@pytest.mark.req("K11", "C14")
async def test_what_is_wrong_is_told_at_its_place_and_the_rest_stays_typed(manager: Browser, path: str) -> None:
    await manager.server.ok("POST", "/contact-fields", 201, json={"name": "age", "type": "number"})
    typed = [
        *edit(time_zone="Mars", last_name="Typed", **{"attribute.age": "old"}),
        ("address", "12"),
        ("serves", "voice"),
    ]
    typed += [("new_name", "phone"), ("new_value", "1")]
    form = await manager.post("/contacts/1/edit", 422, typed)
    assert "Nothing was changed" in form
    for told in ("&#39;Mars&#39;", "&#39;old&#39; is not a number", "&#39;12&#39;", "is a field of its own"):
        assert told in form, told
    assert 'value="Typed"' in form
    taken = [*edit(), ("address", "+4930123457"), ("serves", "sms")]
    assert "an address of the contact 2" in await manager.post("/contacts/1/edit", 409, taken)
    assert "meanwhile" in await manager.post("/contacts/1/edit", 409, edit(revision="0"))
    assert (await contact(manager.server))["last_name"] == ""
    assert path


@pytest.mark.req("K11")
async def test_a_contact_is_deleted_and_the_list_shows_it_no_more(manager: Browser, path: str) -> None:
    assert "Delete for good" in await manager.get(f"{path}/contacts/1")
    assert await manager.post("/contacts/1/delete", 303, {"back": f"{path}/contacts"}) == f"{path}/contacts"
    assert "Ann" not in await manager.get(f"{path}/contacts")
    await manager.get(f"{path}/contacts/1", 404)
    await manager.get("/contacts/1/edit", 404)
    assert await manager.post("/contacts/2/delete", 303, {"back": "//evil.example"}) == "/contacts"


@pytest.mark.req("K11")
async def test_several_are_set_or_deleted_and_who_could_not_be_is_listed(manager: Browser, path: str) -> None:
    ids = [("ids", "1"), ("ids", "2"), ("back", f"{path}/contacts")]
    typed = [*ids, ("action", "set"), ("attribute", "VIP"), ("value", "yes"), ("time_zone", "")]
    assert await manager.post("/contacts/bulk", 303, typed) == f"{path}/contacts"
    assert (await contact(manager.server, 2))["attributes"] == {"plan": "gold", "vip": "yes"}
    assert "say what is to be set" in (await manager.post("/contacts/bulk", 422, [*ids, ("action", "set")])).lower()
    assert "give 1 to 100" in await manager.post("/contacts/bulk", 422, {"action": "delete"})
    page = await manager.post("/contacts/bulk", 409, [*ids, ("ids", "99"), ("action", "delete")])
    assert "Done for 2" in page
    assert "#99" in page


@pytest.mark.req("C14")
async def test_custom_fields_from_the_first_to_the_last(manager: Browser, path: str) -> None:
    assert "No custom fields yet" in await manager.get("/contact-fields")
    wrong = await manager.post("/contact-fields", 422, {"name": "phone", "type": "choice"})
    assert "data-open-now" in wrong
    assert "is a field that every contact has" in wrong
    assert "list the values that are possible" in wrong
    misfit = await manager.post("/contact-fields", 409, {"name": "plan", "type": "number"})
    assert "is not a number" in misfit
    made = {"name": "plan", "label": "Tariff", "type": "choice", "choices": "Basic\r\nGold\r\n"}
    assert await manager.post("/contact-fields", 303, made) == "/contact-fields?saved=1"
    assert "Basic, Gold" in await manager.get("/contact-fields")
    assert (await contact(manager.server))["attributes"] == {"plan": "Basic"}
    assert "<option selected>Basic</option>" in await manager.get("/contacts/1/edit")
    page = await manager.get("/contact-fields/plan")
    assert "2 contacts have a value" in page
    stale = {**made, "label": "X", "revision": "0"}
    assert "meanwhile" in await manager.post("/contact-fields/plan", 409, stale)
    assert (
        await manager.post("/contact-fields/plan", 303, {**made, "label": "Plan", "revision": "1"})
        == "/contact-fields?saved=1"
    )
    assert "2 contacts have a value" in await manager.post("/contact-fields/plan/delete", 409)
    assert await manager.post("/contact-fields/plan/delete", 303, {"values": "delete"}) == "/contact-fields"
    assert (await contact(manager.server))["attributes"] == {}
    await manager.get("/contact-fields/plan", 404)
    assert path


@pytest.mark.req("C14")
async def test_places_that_name_a_field_are_listed_with_a_link(manager: Browser, path: str) -> None:
    await manager.server.ok("POST", "/contact-fields", 201, json={"name": "plan"})
    node = {"id": "b", "type": "branch", "name": "Who", "fields": {"on": "plan", "rules": [{"op": "eq", "value": "x"}]}}
    start = {"id": "in", "type": "contact-in", "out": {"next": "b"}}
    nodes = [{"name": "", "x": 0, "y": 0, "fields": {}, "out": {}, **one} for one in (start, node)]
    await manager.server.ok(
        "PUT", f"{path}/strategy", json={"format": "campaign-strategy/1", "name": "x", "nodes": nodes}
    )
    assert f'href="{path}/strategy#step-b"' in await manager.get("/contact-fields/plan")
    refused = await manager.post("/contact-fields/plan/delete", 409, {"values": "delete"})
    assert "change these strategies first" in refused


@pytest.mark.req("D7")
async def test_the_list_is_searched_filled_and_emptied(manager: Browser, path: str) -> None:
    assert "Nobody is listed" in await manager.get("/do-not-contact")
    wrong = await manager.post("/do-not-contact", 422, {"addresses": "030 123456\n12"})
    assert "data-open-now" in wrong
    assert "030 123456" in wrong
    typed = {"addresses": "030 123456\r\nann@example.com", "campaign": path.rpartition("/")[2], "reason": "asked <us>"}
    leads = await manager.post("/do-not-contact", 303, typed)
    assert leads == "/do-not-contact?added=2&known=0&refused=0"
    page = await manager.get(leads)
    assert "2 addresses were added." in page
    again = await manager.get(await manager.post("/do-not-contact", 303, typed))
    assert "0 addresses were added. 2 were listed before." in again
    assert "added." not in await manager.get(f"/do-not-contact?added=1&known=0&refused={'9' * 5000}")
    assert "+4930123456" in page
    assert "asked &lt;us&gt;" in page
    assert "2 addresses" in page
    assert "+4930123456" in await manager.get("/do-not-contact?q=0049 30 123456")
    assert "Not listed" in await manager.get("/do-not-contact?q=030 999999")
    await manager.post("/contacts/1/delete", 303)
    assert "hash only" in await manager.get("/do-not-contact?q=030 123456")
    assert await manager.post("/do-not-contact/1/remove", 303) == "/do-not-contact"
    await manager.post("/do-not-contact/1/remove", 404)
    assert "are needed" in await manager.post("/do-not-contact", 422, {"addresses": " "})


@pytest.mark.req("A3")
async def test_who_may_not_change_contacts_sees_no_way_to(manager: Browser, path: str) -> None:
    await manager.post("/logout", 303)
    viewer = Browser(manager.server)
    await viewer.log_in("the-viewer")
    assert "Delete" not in await viewer.get(f"{path}/contacts/1")
    for page in ("/do-not-contact", "/contact-fields"):
        assert "data-opens" not in await viewer.get(page)
    for action in ("/contacts/1/edit", "/contacts/1/delete", "/contacts/bulk", "/contact-fields", "/contact-fields/check",
                   "/do-not-contact", "/do-not-contact/1/remove"):  # fmt: skip
        await viewer.post(action, 403)


@pytest.mark.req("D7")
async def test_a_contact_is_barred_from_its_page(manager: Browser, path: str) -> None:
    for page in (await manager.get(f"{path}/contacts/1"), await manager.get("/contacts/1")):
        assert 'href="/do-not-contact?add=%2B4930123456"' in page
    dialog = await manager.get("/do-not-contact?add=%2B4930123456&add=ann%40example.com")
    assert "+4930123456\nann@example.com</textarea>" in dialog
    assert "data-open-now" in dialog
    assert "All campaigns" in dialog
    assert "data-open-now" not in await manager.get("/do-not-contact")


@pytest.mark.req("K11")
async def test_the_overview_tells_of_erased_contacts(manager: Browser, path: str) -> None:
    assert "erased" not in await manager.get(path)
    await manager.post("/contacts/1/delete", 303, [("back", f"{path}/contacts")])
    page = await manager.get(path)
    assert 'data-count="total">2<' in page
    assert "50 % done · 1 erased contact is counted as done, and in no list" in page
    assert ">1 contact" in " ".join((await manager.get(f"{path}/contacts")).split())
