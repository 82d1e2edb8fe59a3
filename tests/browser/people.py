"""People for lists: a campaign of 120 with custom fields, and what a test does with any list of them."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.browser.test_campaign import log_in
from tests.support.server import Server
from tests.support.waiting import until

FIELDS: tuple[dict[str, Any], ...] = (
    {"name": "plan", "label": "Tariff", "type": "choice", "choices": ["Basic", "Gold"]},
    {"name": "visits", "label": "Visits", "type": "number"},
    {"name": "since", "label": "Customer since", "type": "date"},
)
HEADER = ("first_name", "last_name", "phone", "external_id", "time_zone", "plan", "visits", "since")
ZONES = ("", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Asia/Tokyo")
MANY = 120
LATER = "later additions of the branch office.csv"


def person(i: int) -> tuple[str, ...]:
    """A row: every third is Gold; as texts, numbers would stand in another order; some have no number or no date."""
    names = ("Ada", "ben", "Zoë", "Émile")[i % 4], f"{('Lovelace', 'müller', 'Zuse', 'abel')[i // 4 % 4]} {i:03}"
    visits = str(i * 37 % 120) if i % 10 else ""
    since = f"20{i % 20 + 5:02}-{i % 12 + 1:02}-{i % 28 + 1:02}" if i % 7 else ""
    plan = "Basic" if i % 3 else "Gold"
    return (*names, f"+4930{1_000_000 + i}", f"C-{i}", ZONES[i % 4], plan, visits, since)


PEOPLE = [dict(zip(HEADER, person(i), strict=True)) for i in range(MANY)]


async def load(server: Server, path: str, name: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A file into a campaign, until its contacts stand in the lists."""
    wanted = (await server.ok("GET", path))["contacts"]["total"] + len(rows)
    text = "".join(",".join(row) + "\n" for row in (header, *rows)).encode()
    headers = {"Content-Type": "text/csv"}
    await server.ok("POST", f"{path}/sources?name={name}", data=text, headers=headers)

    async def listed() -> bool:
        found = await server.ok("GET", f"{path}/contacts?limit=10")
        return bool(found["total"] == wanted and not found["unindexed"])

    await until(listed, f"{name} to be loaded", 120.0)


@pytest_asyncio.fixture(loop_scope="session")
async def contacts(server: Server, page: Page, login: tuple[str, str]) -> str:
    """The address of a campaign's list: 115 contacts of one file, 5 of another; somebody is logged in."""
    for field in FIELDS:
        await server.ok("POST", "/contact-fields", json=field)
    path = f"/campaigns/{(await server.ok('POST', '/campaigns', json={'title': 'Spring'}))['id']}"
    await load(server, path, "people.csv", HEADER, [person(i) for i in range(MANY - 5)])
    await load(server, path, LATER, HEADER, [person(i) for i in range(MANY - 5, MANY)])
    await log_in(page, login)
    return f"{path}/contacts"


def fitting(*conditions: Callable[[dict[str, str]], bool]) -> int:
    return sum(all(holds(one) for holds in conditions) for one in PEOPLE)


def gold(one: dict[str, str]) -> bool:
    return one["plan"] == "Gold"


def named(name: str) -> Callable[[dict[str, str]], bool]:
    return lambda one: one["last_name"].startswith(name)


def often(one: dict[str, str]) -> bool:
    return one["visits"] != "" and int(one["visits"]) >= 100


async def shows(page: Page, number: int) -> None:
    await expect(page.locator("#total")).to_have_text(f"{number:,} contact{'' if number == 1 else 's'}")


async def add(page: Page, field: str, op: str, value: str) -> None:
    form = page.locator("#conditions")
    await form.get_by_label("Field", exact=True).select_option(label=field)
    await form.get_by_label("Condition", exact=True).select_option(label=op)
    await form.get_by_label("Value", exact=True).fill(value)
    await form.get_by_role("button", name="Add condition").click()
    await expect(page.get_by_role("link", name=f"Remove the condition {field} {op} {value}")).to_be_visible()


async def ids(page: Page) -> list[str]:
    return [str(await box.get_attribute("value")) for box in await page.locator('#rows input[name="ids"]').all()]


async def set_attribute(bar: Locator, page: Page, name: str, value: str) -> None:
    await bar.get_by_role("button", name="Set …").click()
    await page.locator("#bulk-attribute").fill(name)
    await page.locator("#bulk-value").fill(value)
    await page.get_by_role("button", name="Set", exact=True).click()
