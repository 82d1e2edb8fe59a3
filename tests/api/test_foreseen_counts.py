"""A preview counts what the import then does, also where rows turn out to be one person or may not be contacted (K5)."""

import pytest

from tests.api.conftest import Server
from tests.api.test_sources import CSV, load


@pytest.fixture
async def path(server: Server) -> str:
    return f"/campaigns/{(await server.campaign())['id']}"


async def both(server: Server, path: str, content: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Created, merged and refused: foreseen, and done."""
    found = await server.ok("POST", f"{path}/sources/preview", data=content.encode(), headers=CSV)
    done = await load(server, path, content)
    names = ("created", "merged", "refused")
    return tuple(found["counts"][name] for name in names), tuple(done[name] for name in names)


@pytest.mark.req("K2", "K5", "K8")
@pytest.mark.parametrize("between", [0, 120])  # rows; those of one transaction, and of several
async def test_rows_that_a_later_row_proves_to_be_one_person_are_one(server: Server, path: str, between: int) -> None:
    others = "".join(f"+4930{1_000_000 + n},\n" for n in range(between))
    content = f"phone,phone2\n+4930111111,\n{others}+4930222222,\n+4930111111,+4930222222\n"
    assert await both(server, path, content) == ((1 + between, 2, 0),) * 2
    assert (await server.ok("GET", path))["contacts"]["total"] == 1 + between


@pytest.mark.req("K2", "K5")
async def test_who_is_there_draws_all_that_hang_on_him(server: Server, path: str) -> None:
    await load(server, path, "phone,phone2\n+4930111111,+4930222222\n")
    content = "phone,phone2\n+4930333333,\n+4930333333,+4930222222\n+4930111111,\n+4930444444,\n"
    assert await both(server, path, content) == ((1, 3, 0),) * 2


@pytest.mark.req("K5", "D7")
async def test_who_may_not_be_contacted_is_counted_as_refused(server: Server, path: str) -> None:
    await server.ok("POST", "/do-not-contact", 201, json=[{"address": "+4930111111"}, {"address": "+4930222222"}])
    content = "phone,phone2\n+4930111111,\n+4930222222,+4930111111\n+4930222222,+4930333333\n"
    found = await server.ok("POST", f"{path}/sources/preview", data=content.encode(), headers=CSV)
    (reason,) = found["counts"]["reasons"]
    assert (reason["rows"], reason["line"]) == (2, 2)
    assert "do-not-contact" in reason["example"]
    assert "take it off the list" in reason["remedy"]
    assert await both(server, path, content) == ((1, 0, 2),) * 2


@pytest.mark.req("K2", "K5", "K6")
async def test_a_number_that_everybody_gives_makes_nobody_one_with_all(server: Server, path: str) -> None:
    rows = "".join(f"+4930{1_000_000 + n},+498001234567\n" for n in range(200))
    assert await both(server, path, f"phone,phone2\n{rows}") == ((200 - 48, 48, 0),) * 2  # fifty numbers are one's
    contacts = (await server.ok("GET", f"{path}/contacts?limit=100&sort=id"))["items"]
    numbers = [{address["address"] for address in contact["addresses"]} for contact in contacts]
    assert [len(found) for found in numbers] == [50, *[1] * 99]
    trail = await server.ok("GET", f"/contacts/{contacts[1]['id']}/trail")
    assert any("shared by too many" in str(entry["data"].get("notes")) for entry in trail["items"])
    again = await both(server, path, f"phone,phone2\n{rows}")
    assert again == ((0, 200, 0),) * 2  # each finds the own one
    assert (await server.ok("GET", path))["contacts"]["total"] == 152
    pushed = {"phone": "+4930777777", "phone2": "+498001234567"}
    told = await server.ok("POST", f"{path}/contacts", 201, json=pushed)
    assert "shared by too many" in told["notes"][0]
