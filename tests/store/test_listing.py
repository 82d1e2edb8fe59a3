"""Lists: filters, sorts, search and pages, the same on both databases, whatever a caller puts into the address."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Boolean, insert, literal_column, select

from dialer.domain.errors import InvalidInput
from dialer.store import tables
from dialer.store.database import Database
from dialer.store.listing import Listing, Page, Query
from tests.support.context import MONDAY, Bench

CAMPAIGN = tables.campaign.c
LISTING = Listing(
    rows=select(CAMPAIGN.id, CAMPAIGN.title, CAMPAIGN.max_concurrent_calls),
    fields={
        "id": CAMPAIGN.id,
        "title": CAMPAIGN.title,
        "queue": CAMPAIGN.queue,
        "calls": CAMPAIGN.max_concurrent_calls,
        "rate": CAMPAIGN.calls_per_second,
        "activity": CAMPAIGN.last_activity_at,
        "many": literal_column("(max_concurrent_calls > 2)", Boolean()),
    },
    key=CAMPAIGN.id,
    default_sort="id",
    search=(CAMPAIGN.title, CAMPAIGN.description),
)
# title, queue, calls, rate, activity after MONDAY in hours
ROWS: list[tuple[str, str | None, int | None, float | None, int | None]] = [
    ("Äpfel 100%", "sales", 3, 0.5, 5),
    ("birnen_x", None, None, None, None),
    ("Birnen x", "", 1, 2.0, 1),
    ("quitten\\y", "support", 3, None, 5),
    ("Zitronen", "sales", None, 0.5, None),
]


async def _fill(bench: Bench, repeat: int = 1) -> None:
    rows: list[dict[str, Any]] = [
        {
            "title": title, "description": "", "status": "unpublished", "time_zone": "UTC", "dialing_modes": [],
            "queue": queue, "max_concurrent_calls": calls, "calls_per_second": rate, "load_order": "oldest_first",
            "created_at": MONDAY, "modified_at": MONDAY, "revision": 1,
            "last_activity_at": MONDAY + timedelta(hours=hours) if hours is not None else None,
        }
        for _ in range(repeat)
        for title, queue, calls, rate, hours in ROWS
    ]  # fmt: skip
    async with bench.ctx.db.write() as tx:
        await tx.execute(insert(tables.campaign), rows)


async def _page(db: Database, **query: Any) -> Page:
    async with db.read() as tx:
        return await LISTING.page(tx, Query(**query))


async def _ids(bench: Bench, *filters: str, **query: Any) -> list[int]:
    return [item["id"] for item in (await _page(bench.ctx.db, filters=filters, **query)).items]


FILTERS = [
    ("title:eq:Zitronen", [5]),
    ("title:ne:Zitronen", [1, 2, 3, 4]),
    ("queue:ne:sales", [2, 3, 4]),
    ("title:contains:BIRNEN", [2, 3]),
    ("title:contains:n_x", [2]),
    ("title:contains:0%", [1]),
    ("title:contains:n\\y", [4]),
    ("title:contains:Äpfel", [1]),
    ("title:startswith:birnen ", [3]),
    ("title:in:Zitronen,birnen_x", [2, 5]),
    ("queue:empty:", [2, 3]),
    ("queue:empty:false", [1, 4, 5]),
    ("calls:empty:true", [2, 5]),
    ("calls:eq:3", [1, 4]),
    ("calls:lt:3", [3]),
    ("calls:le:3", [1, 3, 4]),
    ("calls:gt:1", [1, 4]),
    ("calls:ge:1", [1, 3, 4]),
    ("calls:in:1,2", [3]),
    ("calls:contains:3", [1, 4]),
    ("rate:gt:0.5", [3]),
    ("rate:eq:0.5", [1, 5]),
    ("activity:gt:2026-05-04T12:00:00+02:00", [1, 4]),
    ("activity:le:2026-05-04T10:00:00Z", [3]),
    ("activity:empty:", [2, 5]),
    ("many:eq:true", [1, 4]),
    ("many:eq:false", [3]),
]


@pytest.mark.req("C10", "K10")
async def test_every_condition(bench: Bench) -> None:
    await _fill(bench)
    found = {condition: await _ids(bench, condition) for condition, _ in FILTERS}
    assert found == dict(FILTERS)
    assert await _ids(bench, "queue:eq:sales", "calls:empty:") == [5]


@pytest.mark.req("C10", "K10")
async def test_search(bench: Bench) -> None:
    await _fill(bench)
    searches = {
        "birnen": [2, 3],
        "ZITRO": [5],
        "Äpf": [1],
        "n_x": [2],
        "0%": [1],
        "n\\y": [4],
        "": [1, 2, 3, 4, 5],
        "no": [],
    }
    assert {q: await _ids(bench, q=q) for q in searches} == searches


@pytest.mark.req("C10", "K10")
@pytest.mark.parametrize("name", [name for name in LISTING.fields if name != "many"])
@pytest.mark.parametrize("descending", [False, True])
async def test_pages_show_every_row_once_in_order_whatever_is_empty(bench: Bench, name: str, descending: bool) -> None:
    await _fill(bench, repeat=5)
    seen: list[int] = []
    cursor = None
    for page_number in range(3):
        page = await _page(bench.ctx.db, limit=10, sort=f"{'-' * descending}{name}", cursor=cursor)
        assert page.total == 25
        seen += [item["id"] for item in page.items]
        cursor = page.next_cursor
        assert (cursor is None) == (page_number == 2)
    assert sorted(seen) == list(range(1, 26))
    column = {"title": 0, "queue": 1, "calls": 2, "rate": 3, "activity": 4}.get(name)
    if column is None or column == 0:
        return  # text sorts by the database's own rules
    values = [ROWS[(row - 1) % 5][column] for row in seen]
    known = [value for value in values if value is not None]
    assert values == known + [None] * (25 - len(known))
    assert known == sorted(known, reverse=descending)


async def test_items_are_what_was_asked_for(bench: Bench) -> None:
    await _fill(bench)
    page = await _page(bench.ctx.db, sort="-id")
    assert page.items[0] == {"id": 5, "title": "Zitronen", "max_concurrent_calls": None}
    assert (page.total, page.next_cursor) == (5, None)


def _cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


BAD: list[tuple[dict[str, Any], str]] = [
    ({"limit": 11}, "limit"),
    ({"sort": "password"}, "sort"),
    ({"sort": "--id"}, "sort"),
    ({"filters": ["password:eq:1"]}, "filter"),
    ({"filters": ["title"]}, "filter"),
    ({"filters": ["title:like:x"]}, "filter"),
    ({"filters": ["calls:eq:many"]}, "filter"),
    ({"filters": ["calls:eq:99999999999"]}, "filter"),
    ({"filters": ["id:eq:99999999999999999999"]}, "filter"),
    ({"filters": ["id:lt:-99999999999999999999"]}, "filter"),
    ({"filters": ["rate:eq:nan"]}, "filter"),
    ({"filters": ["rate:gt:inf"]}, "filter"),
    ({"filters": ["activity:gt:2026-05-04T10:00:00"]}, "filter"),
    ({"filters": ["activity:gt:0001-01-01T00:00:00+10:00"]}, "filter"),
    ({"filters": ["activity:gt:yesterday"]}, "filter"),
    ({"filters": ["many:eq:yes"]}, "filter"),
    ({"filters": ["title:eq:a\x00b"]}, "filter"),
    ({"filters": ["title:contains:\x00"]}, "filter"),
    ({"filters": ["title:eq:\ud800"]}, "filter"),
    ({"filters": ["id:in:" + ",".join(map(str, range(101)))]}, "filter"),
    ({"filters": ["id:in:1,x"]}, "filter"),
    ({"q": "a\x00b"}, "q"),
    ({"q": "\ud800"}, "q"),
    ({"cursor": "!"}, "cursor"),
    ({"cursor": _cursor(1)}, "cursor"),
    ({"cursor": _cursor("title", "x", 1)}, "cursor"),
    ({"cursor": _cursor("id", 1, "x")}, "cursor"),
    ({"cursor": _cursor("id", 1, 10**30)}, "cursor"),
    ({"cursor": _cursor("id", 1, True)}, "cursor"),
    ({"cursor": _cursor("id", 1, None)}, "cursor"),
    ({"cursor": _cursor("id", None, None)}, "cursor"),
    ({"cursor": _cursor("id", [1], 1)}, "cursor"),
    ({"cursor": _cursor("id", {"a": 1}, 1)}, "cursor"),
    ({"cursor": _cursor("id", "x", 1)}, "cursor"),
    ({"cursor": _cursor("activity", 5, 1), "sort": "activity"}, "cursor"),
    ({"cursor": _cursor("activity", "x", 1), "sort": "activity"}, "cursor"),
    ({"cursor": _cursor("title", "a\x00", 1), "sort": "title"}, "cursor"),
    ({"cursor": _cursor("rate", "nan", 1), "sort": "rate"}, "cursor"),
    ({"cursor": _cursor("many", 7, 1), "sort": "many"}, "cursor"),
    ({"cursor": "ä"}, "cursor"),
]


@pytest.mark.req("K10")
async def test_bad_input_is_named(bench: Bench) -> None:
    await _fill(bench)
    answers: list[tuple[dict[str, Any], set[str]]] = []
    for query, _ in BAD:
        try:
            await _page(bench.ctx.db, **query)
        except InvalidInput as refused:
            answers.append((query, {fault.field for fault in refused.faults}))
        except Exception as error:  # noqa: BLE001 (all of them are told at the end)
            answers.append((query, {repr(error)[:200]}))
        else:
            answers.append((query, {"nothing"}))
    wrong = [(query, got, field) for (query, got), (_, field) in zip(answers, BAD, strict=True) if got != {field}]
    assert wrong == []
