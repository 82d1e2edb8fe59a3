"""What people see when something was refused: plain words, and a way back that leads somewhere for whoever sees it."""

import re

import pytest

from tests.api.conftest import PASSWORD, Server
from tests.api.test_pages import Browser, manager
from tests.api.test_sources import CSV

__all__ = ["manager"]


def back_of(page: str) -> str:
    found = re.search(r'empty-action"><a class="btn btn-primary" href="([^"]+)"', page)
    assert found is not None, page
    return found[1]


@pytest.mark.req("K5")
async def test_a_file_that_was_imported_in_another_window_is_told_so_and_leads_to_the_sources(
    server: Server, manager: Browser
) -> None:
    path = f"/campaigns/{(await server.campaign())['id']}"
    kept = await server.ok("POST", f"{path}/uploads", 201, data=b"phone\n+4930123456\n", headers=CSV)
    chosen = [("column", "phone"), ("field", "phone")]
    await manager.post(f"{path}/uploads/{kept['id']}", 303, chosen)
    for told in (
        await manager.post(f"{path}/uploads/{kept['id']}", 404, chosen),  # the other window's Import
        await manager.get(f"{path}/uploads/{kept['id']}", 404),  # the button Back
        await manager.post(f"{path}/uploads/{kept['id']}/discard", 404),
    ):
        assert "it was imported or discarded" in told
        assert back_of(told) == f"{path}/sources"
    assert len((await server.ok("GET", f"{path}/sources"))["items"]) == 1


@pytest.mark.parametrize(
    ("address", "back"),
    [
        ("/campaigns/99/settings", "/campaigns"),
        ("/campaigns/1/sources/99/removal", "/campaigns/1/sources"),
        ("/campaigns/1/contacts/99", "/campaigns/1/contacts"),
        ("/campaigns/1/nothing", "/campaigns/1"),
        ("/contacts/99/edit", "/contacts"),
        ("/gateways/none", "/gateways"),
        ("/nothing/at/all", "/"),
    ],
)
async def test_the_way_back_is_the_nearest_page_that_is_there(
    server: Server, manager: Browser, address: str, back: str
) -> None:
    await server.campaign()
    assert back_of(await manager.get(address, 404)) == back


async def test_an_agent_is_not_led_to_where_agents_may_not_go(server: Server, manager: Browser) -> None:
    login = {"name": "the-agent", "password": PASSWORD}
    response = await server.client.post("/login", data=login, allow_redirects=False)
    assert response.status == 303
    told = await manager.get("/campaigns/1", 403)
    assert "the-agent has the role agent, and may not read here" in told
    assert "Back to the campaigns" not in told
    assert back_of(told) == "/"


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("/campaigns/1/publish", "/campaigns/1"),
        ("/campaigns/1/sources/7/remove", "/campaigns/1/sources"),
        ("/campaigns/1/uploads/abcdefgh/discard", "/campaigns/1/uploads/abcdefgh"),
        ("/contacts/bulk", "/contacts"),
        ("/users/1/password", "/users/1"),
        ("/account/password", "/account"),
        ("/gateways/world/test", "/gateways/world"),
        ("/logout", "/"),
    ],
)
async def test_an_address_that_takes_forms_leads_to_its_page_when_it_is_opened_again(
    manager: Browser, address: str, page: str
) -> None:
    """A refusal stood there, and somebody presses Enter in the address bar, or has kept it as a bookmark."""
    await manager.server.campaign()
    response = await manager.server.client.get(address, allow_redirects=False)
    assert response.headers["Location"] == page


async def test_what_an_ended_campaign_refuses_is_no_programmers_word(server: Server, manager: Browser) -> None:
    path = f"/campaigns/{(await server.campaign())['id']}"
    await server.ok("POST", f"{path}/end")
    told = await manager.post(f"{path}/sources/filter", 409)
    assert "a campaign that is ended can&#39;t be fed with contacts" in told
    assert "Illegal transition" not in told
    assert back_of(told) == f"{path}/sources"
