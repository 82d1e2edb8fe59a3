"""Pages of a campaign's sources without scripts: keys, filters, removal, and who may (K7, K8, K9)."""

import re

import pytest

from dialer.operations import selections
from tests.api.conftest import Server
from tests.api.test_pages import Browser, campaign_with_contacts, manager

__all__ = ["manager"]


@pytest.mark.req("K7", "A2")
async def test_the_key_is_in_no_page_until_a_manager_asks_for_it(manager: Browser, server: Server) -> None:
    path = await campaign_with_contacts(server)
    key = (await server.ok("GET", f"{path}/key"))["key"]
    shown = await manager.get(f"{path}/sources")
    assert key not in shown
    assert f"/api/v1{path}/contacts" in shown
    assert f"Bearer {key}" in await manager.get(f"{path}/sources/key")
    assert await manager.post(f"{path}/sources/key", 303) == f"{path}/sources#rest"
    assert key not in await manager.get(f"{path}/sources/key")
    for role in ("supervisor", "viewer"):
        await manager.log_in(f"the-{role}")
        assert "rest-key" not in await manager.get(f"{path}/sources")
        await manager.get(f"{path}/sources/key", 403)
        for action in ("key", "filter", "1/remove", "1/cancel"):
            await manager.post(f"{path}/sources/{action}", 403)


@pytest.mark.req("K7", "C14")
async def test_custom_fields_and_what_the_strategy_asks_for_are_shown(manager: Browser, server: Server) -> None:
    path = await campaign_with_contacts(server)
    made = {"name": "size", "label": "Size <of shirt>", "type": "choice", "choices": ["it's s", "m"]}
    await server.ok("POST", "/contact-fields", 201, json=made)
    strategy = await server.ok("GET", f"{path}/strategy")
    start = next(node for node in strategy["nodes"] if node["type"] == "contact-in")
    branch = {"on": "plan", "rules": [{"op": "eq", "value": "gold"}]}
    nodes = [
        {**start, "out": {"next": "b"}},
        {"id": "b", "type": "branch", "name": "", "x": 0, "y": 0, "fields": branch, "out": {}},
    ]
    await server.ok("PUT", f"{path}/strategy", json={**strategy, "nodes": nodes})
    shown = await manager.get(f"{path}/sources")
    assert "Size &lt;of shirt&gt;" in shown
    assert re.search(r"<code>plan</code></td><td>its strategy asks for it", shown)
    assert "it&#39;\\&#39;&#39;s s" in shown, "a quote in the ready call is written for the shell"


@pytest.mark.req("K9")
async def test_a_filter_is_counted_and_becomes_a_source(manager: Browser, server: Server) -> None:
    await campaign_with_contacts(server)
    path = f"/campaigns/{(await server.campaign())['id']}"
    gold = [("field", "attributes.plan"), ("op", "eq"), ("value", "gold")]
    named = [("field", "First name"), ("op", "startswith"), ("value", "an")]
    assert "1 contact fits" in await manager.post(f"{path}/sources/filter/preview", 200, named)
    unfinished = [("field", ""), ("op", "eq"), ("value", "x"), ("field", "id"), ("op", "eq"), ("value", "")]
    assert "1 contact fits" in await manager.post(f"{path}/sources/filter/preview", 200, [*gold, *unfinished])
    wrong = [("field", "<b>"), ("op", "empty"), ("value", "")]
    told = await manager.post(f"{path}/sources/filter/preview", 200, wrong)
    assert "&lt;b&gt;" in told
    assert "<b>" not in told
    more = await manager.post(f"{path}/sources/filter/preview?more=1", 200, gold)
    assert more.count('name="field"') == 2
    assert 'value="gold"' in more
    assert await manager.post(f"{path}/sources/filter", 303, gold) == f"{path}/sources"
    (made,) = (await server.ok("GET", f"{path}/sources"))["items"]
    assert await selections.run(server.ctx, made["id"])
    shown = await manager.get(f"{path}/sources")
    assert "Contacts: attributes.plan eq gold" in shown
    refused = await server.call("GET", f"{path}/sources/{made['id']}/refused.csv")  # a filter has no columns of a file
    assert (await refused.text()).splitlines() == ["line,reason,remedy"]
    again = await manager.post(f"{path}/sources/filter", 422, [*wrong, ("q", "Ann")])
    assert "is not a field to filter by" in again
    assert ('value="&lt;b&gt;"' in again, 'value="Ann"' in again) == (True, True), "what was typed stays"
    assert '<details class="way" id="filter" open>' in again


@pytest.mark.req("K8")
async def test_a_source_is_removed_on_a_page_of_its_own(manager: Browser, server: Server) -> None:
    path = await campaign_with_contacts(server)
    other = f"/campaigns/{(await server.campaign())['id']}"
    await server.ok("POST", f"{other}/contacts", json={"phone": "+4930123456"})
    (source,) = (await server.ok("GET", f"{path}/sources"))["items"]
    one = f"{path}/sources/{source['id']}"
    asked = await manager.get(f"{one}/removal")
    assert "<nav" in asked
    assert "2 contacts leave" in asked
    assert "These stay: 1 brought by another source too, or in another campaign" in asked
    assert "unpublish it first" not in asked
    await server.ok("POST", f"{path}/publish")
    assert "unpublish it first" in await manager.get(f"{one}/removal")
    assert "<nav" not in await manager.get(f"{one}/removal", **{"HX-Request": "true"})
    assert "A source that is done can" in (await manager.post(f"{one}/cancel", 409)).replace("&#39;", "'")
    assert await manager.post(f"{one}/remove", 303) == f"{path}/sources"
    assert "Stays: 1 brought by another source" in await manager.get(f"{path}/sources")
    assert "it was removed already" in await manager.post(f"{one}/remove", 409)
    await manager.get(f"{path}/sources/99/removal", 404)


@pytest.mark.req("K7")
async def test_a_rest_source_is_open_until_its_campaign_has_ended(server: Server, manager: Browser) -> None:
    made = await server.campaign()
    path = f"/campaigns/{made['id']}"
    await server.ok("POST", f"{path}/contacts", 201, json={"phone": "+4930123456"})
    row = (await manager.get(f"{path}/sources")).partition('id="source-1"')[2]
    assert "</span>open</span>" in row
    assert "running" not in row
    await server.ok("POST", f"{path}/end")
    assert "</span>closed</span>" in (await manager.get(f"{path}/sources")).partition('id="source-1"')[2]


@pytest.mark.req("C5")
async def test_the_address_of_a_refused_publication_leads_to_the_campaign(server: Server, manager: Browser) -> None:
    made = await server.campaign()
    for move in ("publish", "unpublish", "end"):
        page = await manager.get(f"/campaigns/{made['id']}/{move}")
        assert 'aria-current="page"' in page
        assert made["title"] in page
