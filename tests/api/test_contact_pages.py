"""The pages of contacts: what things are called there, conditions, sources, and exact totals."""

import re

import pytest

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
