"""Lists of contacts in the browser: conditions, order, pages, search, sources, totals, ticked rows, and lists of nobody."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Page, expect

from tests.browser.patience import patient
from tests.browser.people import (
    LATER,
    MANY,
    PEOPLE,
    add,
    contacts,
    fitting,
    gold,
    ids,
    load,
    named,
    often,
    set_attribute,
    shows,
)  # fmt: skip
from tests.browser.test_campaign import log_in
from tests.browser.test_contact import picture
from tests.support.server import Server

__all__ = ["contacts"]


@pytest.mark.req("K10")
async def test_conditions_are_added_changed_and_removed_and_stand_in_the_address(
    server: Server, page: Page, login: tuple[str, str], contacts: str
) -> None:
    await page.goto(contacts)
    await shows(page, MANY)
    await add(page, "Tariff", "is", "Gold")
    await shows(page, fitting(gold))
    await add(page, "Visits", "is at least", "100")
    await shows(page, fitting(gold, often))
    await picture(page, "list-conditions")
    await page.reload()
    await shows(page, fitting(gold, often))
    await page.get_by_role("link", name="Remove the condition Tariff is Gold").click()
    await shows(page, fitting(often))
    await add(page, "Tariff", "is not", "Gold")
    await shows(page, fitting(often, lambda one: not gold(one)))
    for number in (fitting(often), fitting(gold, often), fitting(gold), MANY):
        await page.go_back()
        await shows(page, number)
    for _ in range(2):
        await page.go_forward()
    await shows(page, fitting(gold, often))
    await a_colleague_opens(page, login, server.address + urlsplit(page.url).path + "?" + urlsplit(page.url).query)


async def a_colleague_opens(page: Page, login: tuple[str, str], link: str) -> None:
    """In a browser of their own: after the login the same list is there."""
    assert page.context.browser is not None
    theirs = await patient(await (await page.context.browser.new_context()).new_page())
    await theirs.goto(link)
    await theirs.get_by_label("Name").fill(login[0])
    await theirs.get_by_label("Password").fill(login[1])
    await theirs.get_by_role("button", name="Log in").click()
    await shows(theirs, fitting(gold, often))
    await expect(theirs.get_by_role("link", name="Remove the condition Visits is at least 100")).to_be_visible()
    await theirs.close()


@pytest.mark.req("K10")
async def test_what_is_searched_for_goes_with_conditions_source_and_order(page: Page, contacts: str) -> None:
    await page.goto(contacts)
    await page.evaluate("window.same = true")
    search = page.get_by_label("Search names and numbers")
    await search.fill("MÜLLER")
    await shows(page, fitting(named("müller")))
    assert await page.evaluate("window.same"), "the page was loaded again"
    await page.get_by_label("Source").select_option(label=LATER)
    await shows(page, fitting(named("müller"), lambda one: one in PEOPLE[-5:]))
    await page.get_by_label("Source").select_option(label="people.csv")
    await shows(page, fitting(named("müller"), lambda one: one in PEOPLE[:-5]))
    await add(page, "Tariff", "is", "Gold")
    number = fitting(gold, named("müller"), lambda one: one in PEOPLE[:-5])
    await shows(page, number)
    await expect(search).to_have_value("MÜLLER")
    await page.get_by_role("link", name="Visits").click()
    await shows(page, number)
    query = parse_qs(urlsplit(page.url).query)
    assert (query["q"], query["source"], query["sort"]) == (["MÜLLER"], ["1"], ["attributes.visits"])
    await search.fill("zuse")
    await expect(page.locator("#rows tbody")).not_to_contain_text("müller")
    await page.get_by_role("link", name="Remove the condition").click()
    await expect(search).to_have_value("zuse")
    await shows(page, fitting(named("Zuse")))
    await search.fill("nobody at all")
    await expect(page.get_by_text("Nobody found")).to_be_visible()
    await picture(page, "list-nobody")
    await page.get_by_role("link", name="Show all").click()
    await shows(page, MANY)


Key = Callable[[str], Any]
ORDERS: dict[str, Key] = {
    "Name": lambda text: text.split(" ", 1)[1].lower(),
    "External id": str.lower,
    "Time zone": str.lower,
    "Customer since": str,
    "Tariff": str,
    "Visits": float,
    "Created (UTC)": str,
    "Modified (UTC)": str,
}


@pytest.mark.req("K10")
async def test_every_column_sorts_in_the_order_of_its_type(server: Server, page: Page, contacts: str) -> None:
    """Both ways, from the same click; rows without a value come last both times."""
    await page.goto("/contacts?filter=attributes.plan:eq:Gold&limit=50")
    headers = [str(text).strip() for text in await page.locator("#rows thead th").all_text_contents()]
    assert set(ORDERS) <= set(headers)
    for name, key in ORDERS.items():
        header = page.get_by_role("columnheader", name=name)
        for way in ("ascending", "descending"):
            await header.get_by_role("link").click()
            await expect(header).to_have_attribute("aria-sort", way)
            await shows(page, fitting(gold))
            cells = page.locator(f"#rows tbody td:nth-child({headers.index(name) + 1})")
            texts = [text.strip() for text in await cells.all_text_contents()]
            there = [text for text in texts if text != "–"]
            assert len(texts) == fitting(gold)
            assert texts == [*there, *["–"] * (len(texts) - len(there))], name
            keys = [key(text) for text in there]
            assert keys == sorted(keys, reverse=way == "descending"), name
    await server.ok("PATCH", "/contacts/61", json={"attributes": {"visits": "7"}})
    await page.goto("/contacts?sort=-modified_at&filter=attributes.plan:eq:Gold")
    assert (await ids(page))[0] == "61"
    await page.goto(contacts)
    for name in ("Name", "Status", "Result", "Attempts", "Next due", "Stopped because", "Tariff", "Visits"):
        header = page.get_by_role("columnheader", name=name)
        await header.get_by_role("link").click()
        await expect(header).to_have_attribute("aria-sort", "ascending")
        await shows(page, MANY)


@pytest.mark.req("K10")
async def test_pages_of_10_50_and_100_forward_and_back(page: Page, contacts: str) -> None:
    await page.goto(f"{contacts}?sort=-last_name")
    turn = page.get_by_role("navigation", name="Pages")
    for length in (100, 10, 50):
        await page.get_by_role("group", name="Rows on a page").get_by_role("link", name=str(length), exact=True).click()
        await expect(page.locator('[aria-current="true"]')).to_have_text(str(length))
        pages = [await ids(page)]
        while await turn.get_by_role("link", name="Next").count():
            await turn.get_by_role("link", name="Next").click()
            await expect(page.locator(f'#rows input[value="{pages[-1][0]}"]')).to_have_count(0)
            await shows(page, MANY)  # it stands below the rows: they are all there
            pages.append(await ids(page))
        full, rest = divmod(MANY, length)
        assert [len(one) for one in pages] == [length] * full + ([rest] if rest else [])
        assert sorted(int(one) for found in pages for one in found) == list(range(1, MANY + 1))
        await page.go_back()
        assert await ids(page) == pages[-2]
        await page.go_forward()
        await turn.get_by_role("link", name="First").click()
        await expect(turn.get_by_role("link", name="First")).to_have_count(0)
        await shows(page, MANY)
        assert await ids(page) == pages[0]


@pytest.mark.req("K11")
async def test_a_hundred_ticked_contacts_are_set_and_deleted_and_the_list_stays_as_it_was(
    server: Server, page: Page, contacts: str
) -> None:
    address = f"{contacts}?sort=-id&limit=100&filter=external_id:contains:C"
    await page.goto(address)
    bar = page.locator("#bulk")
    await page.get_by_label("Tick all of this page").check()
    await expect(bar).to_contain_text("100 contacts")
    await set_attribute(bar, page, "plan", "Silver")
    await expect(page.get_by_role("heading", name="Nothing was changed")).to_be_visible()
    reasons = page.get_by_role("main").get_by_role("listitem")
    await expect(reasons).to_have_count(1)
    await expect(reasons).to_contain_text("Tariff: 'Silver' is none of the choices")
    await expect(reasons.get_by_role("link")).to_have_count(100)
    await picture(page, "bulk-refused")
    await page.get_by_role("link", name="Back to the list").click()
    await page.get_by_label("Tick all of this page").check()
    await picture(page, "bulk-ticked")
    await set_attribute(bar, page, "plan", "Gold")
    await shows(page, MANY)
    assert parse_qs(urlsplit(page.url).query) == parse_qs(urlsplit(address).query)
    found = await server.ok("GET", "/contacts?filter=attributes.plan:eq:Gold&limit=10")
    assert found["total"] == fitting(lambda one: gold(one) or one in PEOPLE[-100:])
    await page.get_by_label("Tick all of this page").check()
    await bar.get_by_role("button", name="Delete …").click()
    await page.get_by_role("button", name="Delete for good").click()
    await shows(page, MANY - 100)
    assert sorted(map(int, await ids(page))) == list(range(1, MANY - 100 + 1))
    await page.get_by_label("Tick all of this page").check()
    await bar.get_by_role("button", name="Delete …").click()
    await page.get_by_role("button", name="Delete for good").click()
    await expect(page.get_by_text("Nobody found")).to_be_visible()
    await page.get_by_role("link", name="Show all").click()
    await expect(page.get_by_text("No contacts yet")).to_be_visible()


@pytest.mark.req("K8", "K10")
async def test_a_contact_leads_to_its_source(page: Page, contacts: str) -> None:
    await page.goto(contacts)
    await page.get_by_label("Source").select_option(label=LATER)
    await shows(page, 5)
    await page.reload()
    await shows(page, 5)
    await expect(page.get_by_label("Source").locator("option:checked")).to_have_text(LATER)
    await page.locator("#rows tbody").get_by_role("link").first.click()
    await expect(page.locator("#trail")).to_contain_text(f"source {LATER}")
    await page.locator("#contact-place").get_by_role("link", name=LATER).click()
    row = page.locator("#source-2")
    await expect(row).to_contain_text(LATER)
    await expect(row).to_be_in_viewport()


@pytest.mark.req("K10")
async def test_very_many_are_counted_when_asked(server: Server, page: Page, login: tuple[str, str]) -> None:
    path = f"/campaigns/{(await server.ok('POST', '/campaigns', json={'title': 'Spring'}))['id']}"
    await load(server, path, "many.csv", ("phone", "city"), [(f"+4930{1_000_000 + i}", "Bonn") for i in range(10_050)])
    await log_in(page, login)
    for where in (f"{path}/contacts", "/contacts"):
        await page.goto(f"{where}?filter=attributes.city:eq:Bonn")
        await page.evaluate("window.same = true")
        total, address = page.locator("#total"), page.url
        await expect(total).to_contain_text(re.compile(r"[0-9],000\+ contacts"))
        await picture(page, "list-many")
        await total.get_by_role("link", name="Count them all").press("Enter")
        await expect(total).to_have_text("10,050 contacts")
        assert await page.evaluate("window.same"), "the page was loaded again"
        assert page.url == address
        await page.get_by_role("link", name="Next", exact=True).click()
        await expect(total).to_contain_text(re.compile(r"[0-9],000\+ contacts"))


@pytest.mark.req("K10")
async def test_lists_of_nobody_say_what_to_do(server: Server, page: Page, login: tuple[str, str]) -> None:
    await server.ok("POST", "/campaigns", json={"title": "Spring"})
    await log_in(page, login)
    await page.goto("/contacts")
    await expect(page.get_by_text("No contacts yet")).to_be_visible()
    await expect(page.locator("#bulk")).to_be_hidden()
    await page.get_by_role("link", name="Load contacts").click()
    await expect(page).to_have_url("/campaigns")
    await page.goto("/campaigns/1/contacts")
    await expect(page.get_by_text("No contacts yet")).to_be_visible()
    await expect(page.get_by_label("Source")).to_have_count(0)
    await picture(page, "list-empty")
    await page.get_by_role("link", name="Load contacts").click()
    await expect(page).to_have_url("/campaigns/1/sources")
