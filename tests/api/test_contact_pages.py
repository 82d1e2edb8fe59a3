"""The pages of contacts: what things are called there, conditions, sources, and exact totals."""

import re

import pytest

from dialer.operations import importing
from dialer.store import browsing
from tests.api.conftest import Server
from tests.api.test_pages import Browser, campaign_with_contacts, manager

__all__ = ["manager"]

TARIFF = {"name": "plan", "label": "Tariff <2026>", "type": "text"}


def facts(page: str) -> dict[str, str]:
    """What a page says in pairs: `{term: what is said of it, as text}`."""
    found = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page, re.DOTALL)
    return {term: re.sub(r"<[^>]+>", "", said).strip() for term, said in found}


@pytest.mark.req("K8", "K12")
async def test_a_contact_names_the_source_that_brought_it(server: Server, manager: Browser) -> None:
    path = await campaign_with_contacts(server)
    page = await manager.get(f"{path}/contacts/1")
    assert facts(page)["Source"] == "people.csv"
    address = re.findall(r'<dt>Source</dt><dd><a href="([^"]+)">', page)[0]
    assert address == f"{path}/sources#source-1"
    assert 'id="source-1"' in await manager.get(address.partition("#")[0])
    for shown in (page, await manager.get("/contacts/1")):
        assert "source people.csv" in shown
        assert "source 1" not in shown


@pytest.mark.req("K12", "D7")
async def test_an_address_that_is_barred_says_so(server: Server, manager: Browser) -> None:
    path = await campaign_with_contacts(server)
    other = (await server.campaign())["id"]
    barred = '<a class="badge bg-red-lt" href="/do-not-contact?q=%2B4930123456">do not contact</a>'
    pages = (f"{path}/contacts/1", "/contacts/1", f"{path}/contacts/2")
    entry = {"address": "+4930123456"}
    await server.ok("POST", "/do-not-contact", 201, json={**entry, "campaign_id": other})
    assert [(await manager.get(page)).count(barred) for page in pages] == [0, 0, 0]
    await server.ok("POST", "/do-not-contact", 201, json={**entry, "campaign_id": 1})
    assert [(await manager.get(page)).count(barred) for page in pages] == [2, 0, 0], "for calls and for texts"
    await server.ok("POST", "/do-not-contact", 201, json=entry)
    assert [(await manager.get(page)).count(barred) for page in pages] == [2, 2, 0]


@pytest.mark.req("C14")
async def test_custom_fields_stand_under_their_labels_and_their_changes_too(server: Server, manager: Browser) -> None:
    path = await campaign_with_contacts(server)
    await server.ok("POST", "/contact-fields", 201, json=TARIFF)
    await server.ok("PATCH", "/contacts/1", json={"attributes": {"plan": "gold", "shoe_size": "43"}})
    for page in (await manager.get(f"{path}/contacts/1"), await manager.get("/contacts/1")):
        told = facts(page)
        assert (told["Tariff &lt;2026&gt;"], told["shoe size"]) == ("gold", "43")
        assert "plan" not in told
        assert "Tariff &lt;2026&gt;: basic → gold" in page


def chosen(page: str, label: str) -> list[tuple[str, str, bool]]:
    """What a choice offers: value, words, and whether it is the one."""
    options = re.findall(rf'<select[^>]* aria-label="{label}">(.*?)</select>', page, re.DOTALL)[0]
    return [
        (value, words, bool(selected))
        for value, selected, words in re.findall(r'<option value="([^"]*)" (selected)?>([^<]*)', options)
    ]


@pytest.mark.req("K10")
async def test_a_source_is_chosen_by_its_name(server: Server, manager: Browser) -> None:
    path = await campaign_with_contacts(server)
    sent = {"data": b"first_name,phone\nCy,+4930123460\n", "headers": {"Content-Type": "text/csv"}}
    await importing.run(server.ctx, (await server.ok("POST", f"{path}/sources?name=more.csv", 202, **sent))["id"])
    page = await manager.get(f"{path}/contacts")
    assert chosen(page, "Source") == [("", "Any source", True), ("2", "more.csv", False), ("1", "people.csv", False)]
    assert 'value="source"' not in page, "no condition asks for its number"
    found = await manager.get(f"{path}/contacts?source=2&status=pending&sort=last_name")
    assert "Cy" in found
    assert ">Ann" not in found
    assert ("2", "more.csv", True) in chosen(found, "Source")
    assert f"{path}/contacts?sort=-last_name&amp;status=pending&amp;source=2&amp;limit=50" in found
    assert "filter=source%3Aeq%3A2" in found, "the download has it, too"
    assert "Nobody found" in await manager.get(f"{path}/contacts?source=99")
    assert "is not a number" in await manager.get(f"{path}/contacts?source=x", 422)
    shared = await manager.get(f"{path}/contacts?filter=source:in:1,2")
    assert "Remove the condition Source is one of people.csv, more.csv" in shared


@pytest.mark.req("K10", "C14")
async def test_a_condition_is_told_with_the_label_of_its_field(server: Server, manager: Browser) -> None:
    await campaign_with_contacts(server)
    await server.ok("POST", "/contact-fields", 201, json=TARIFF)
    page = await manager.get("/contacts?filter=attributes.plan:eq:gold&filter=external_id:empty:false")
    assert "Remove the condition Tariff &lt;2026&gt; is gold" in page
    assert "Remove the condition External id is not empty" in page


@pytest.mark.req("K10")
async def test_a_total_that_is_not_exact_can_be_asked_for(
    server: Server, manager: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing, "MOST", 1)
    path = await campaign_with_contacts(server)
    asked = "filter=last_name:empty:&limit=10"
    for where in ("/contacts", f"{path}/contacts"):
        page = await manager.get(f"{where}?{asked}")
        assert re.findall(r"([\d,]+\+?) contacts?", page) == ["1+"]
        exact = re.findall(r'hx-get="([^"]+)" hx-trigger="click" hx-select="#total"', page)[0].replace("&amp;", "&")
        counted = await manager.get(exact)
        assert re.findall(r"([\d,]+\+?) contacts?", counted) == ["2"]
        assert "Count them all" not in counted
        assert "count=exact" not in counted.partition('id="rows"')[2], "the next page counts as quickly as ever"


@pytest.mark.req("K10")
async def test_a_condition_that_makes_no_sense_is_told_at_its_place(server: Server, manager: Browser) -> None:
    """With what was typed, above the list as it was; one that stands in the address has no place, and gets a page."""
    path = await campaign_with_contacts(server)
    given = "filter=first_name:eq:Ann&"
    page = await manager.get(f"{path}/contacts?{given}field=attempts&op=lt&value=abc", 422)
    assert "&#39;abc&#39; is not a" in page.partition('id="fault-condition"')[2][:200]
    assert [value for value, _, chosen_ in chosen(page, "Field") if chosen_] == ["attempts"]
    assert [value for value, _, chosen_ in chosen(page, "Condition") if chosen_] == ["lt"]
    assert 'name="value" value="abc"' in page
    assert 'value="first_name:eq:Ann"' in page
    assert 'value="attempts:lt:abc"' not in page
    assert ">1 contact" in " ".join(page.split())
    everybody = await manager.get("/contacts?field=created_at&op=lt&value=soon", 422)
    assert "fault-condition" in everybody
    assert "fault-condition" not in await manager.get(f"{path}/contacts?filter=attempts:lt:abc", 422)
    assert "fault-condition" not in await manager.get(f"{path}/contacts?{given}field=attempts&op=lt&value=1")


@pytest.mark.req("K10")
async def test_who_finds_nobody_is_told_of_capitals(server: Server, manager: Browser) -> None:
    path = await campaign_with_contacts(server)
    told = "“is” also tells capitals from small letters"
    assert told in await manager.get(f"{path}/contacts?filter=first_name:eq:ann")
    assert told not in await manager.get(f"{path}/contacts?filter=first_name:eq:Ann")
    assert told not in await manager.get(f"{path}/contacts?filter=first_name:contains:zz")
    assert ">1 contact" in " ".join((await manager.get(f"{path}/contacts?filter=first_name:contains:aNN")).split())
