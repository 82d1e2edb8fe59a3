"""Contacts' lists: any column in the order of its type, conditions, search and pages, against a plain model in Python."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, text, update

from dialer.domain.errors import InvalidInput
from dialer.operations import reports
from dialer.store import browsing, browsing_statements, browsing_walk, tables
from dialer.store.listing import Page, Query
from tests.support.context import MONDAY, Bench

NUMBER = 64
FIRST = ("Anna", "anna", "Bob", "Cäsar", "Zoë", "")
FIELDS = {"age": "number", "joined": "date", "plan": "choice", "city": "text"}

Row = dict[str, Any]


def people() -> list[Row]:
    """Sixty-four of them, in all shapes: values that are the same, that differ by case only, that are not there."""
    return [
        {
            "id": n,
            "first_name": FIRST[n % 6],
            "last_name": f"Name{n * 7 % 10}",
            "time_zone": None if n % 3 else "Europe/Berlin",
            "external_id": f"C{n * 31 % 64:03}" if n % 2 else None,
            "attributes": {
                **({"age": str((n * 37 % 200) - 5)} if n % 5 else {}),
                **({"joined": f"20{n % 30:02}-0{n % 9 + 1}-11"} if n % 4 else {}),
                **({"plan": ("gold", "basic")[n % 2]} if n % 7 else {}),
                "city": ("Köln", "Bonn", "Essen-West")[n % 3],
            },
            "created_at": MONDAY + timedelta(minutes=n // 2),
            "modified_at": MONDAY + timedelta(minutes=n * 13 % 50),
        }
        for n in range(1, NUMBER + 1)
    ]


def place(n: int) -> Row:
    state = ("pending", "done", "stopped", "waiting")[n % 4]
    return {
        "id": NUMBER + 1 - n, "campaign_id": 1, "contact_id": n, "state": state, "attempts": n * 3 % 5, "revision": 1,
        "stop_reason": "campaign-ended" if state == "stopped" else None, "node": f"step{n % 3}" if n % 3 else None,
        "result": "answered" if state == "done" else None, "source_id": None if n % 4 == 3 else 1 + n % 2,
        "due_at": MONDAY + timedelta(hours=n % 9) if state == "waiting" else None,
        "created_at": MONDAY + timedelta(seconds=n * 17 % 64), "modified_at": MONDAY + timedelta(days=n % 6),
    }  # fmt: skip


@pytest.fixture
async def filled(bench: Bench) -> Bench:
    """All in campaign 1 but every tenth, and nobody in campaign 2."""
    async with bench.ctx.db.write() as tx:
        for n in (1, 2):
            await tx.execute(
                insert(tables.campaign).values(
                    id=n, title=f"C{n}", description="", status="unpublished", time_zone="UTC", dialing_modes=[],
                    load_order="oldest_first", revision=1, created_at=MONDAY, modified_at=MONDAY,
                )
            )  # fmt: skip
            await tx.execute(
                insert(tables.source).values(
                    id=n, campaign_id=1, kind="csv", name="x", state="done", created_at=MONDAY, rows=0, created=0,
                    merged=0, refused=0, rows_total=0, last_row=0,
                )
            )  # fmt: skip
        fields = [
            {
                "name": name,
                "label": name,
                "type": kind,
                "choices": [],
                "revision": 1,
                "created_at": MONDAY,
                "modified_at": MONDAY,
            }
            for name, kind in FIELDS.items()
        ]
        await tx.execute(insert(tables.contact_field), fields)
        await tx.execute(insert(tables.contact), [{**row, "revision": 1} for row in people()])
        await tx.execute(insert(tables.channel_address), [address(n) for n in range(1, NUMBER + 1)])
        await tx.execute(insert(tables.enrollment), [place(n) for n in range(1, NUMBER + 1) if n % 10])
    return bench


def address(n: int) -> Row:
    mail = n % 8 == 0
    value = f"person{n}@mail.example" if mail else f"+4930{n:03}77{n:02}"
    return {"contact_id": n, "address": value, "voice": not mail, "sms": not mail, "email": mail, "position": 0}


@pytest.fixture(params=["few", "many"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """`many`: so many that they are not sorted at once but met along an index, as with a million."""
    if request.param == "many":
        monkeypatch.setattr(browsing, "MOST", 4)
        monkeypatch.setattr(browsing, "READ", 6)
        monkeypatch.setattr(browsing, "SAMPLE", 3)
        for module in (browsing, browsing_walk):
            monkeypatch.setattr(module, "FIRST", 5)
            monkeypatch.setattr(module, "LARGE", 12)
        for name, value in (("WINDOW", 7), ("NEXT", 9), ("SORTED_SOON", 8)):
            monkeypatch.setattr(browsing_walk, name, value)
        for name, value in (("ENOUGH", 2), ("LARGE", 12), ("MOST_SHEETS", 2)):
            monkeypatch.setattr(browsing_statements, name, value)
    return str(request.param)


async def page(bench: Bench, campaign_id: int | None = None, **query: Any) -> Page:
    return await reports.contacts_page(bench.ctx, Query(**query), campaign_id)


async def all_pages(bench: Bench, campaign_id: int | None, **query: Any) -> list[int]:
    seen: list[int] = []
    cursor = None
    for _ in range(20):
        found = await page(bench, campaign_id, limit=10, cursor=cursor, **query)
        seen += [item["id"] for item in found.items]
        cursor = found.next_cursor
        if cursor is None:
            return seen
    raise AssertionError(f"no end: {seen}")


def value_of(row: Row, name: str) -> Any:
    """As the list sorts it: numbers as numbers, texts without case, and nothing as None."""
    if name == "address":
        value = address(row["id"])["address"]
    elif not name.startswith("attributes."):
        value = row[name]
    else:
        value = row["attributes"].get(name.removeprefix("attributes."))
        if value is not None and name == "attributes.age":
            return float(value)
    return value.lower() if isinstance(value, str) else value


CONTACT_SORTS = [
    "id", "first_name", "last_name", "time_zone", "external_id", "address", "created_at", "modified_at",
    "attributes.age", "attributes.joined", "attributes.plan", "attributes.city", "attributes.none",
]  # fmt: skip
PLACE_SORTS = {
    "status": "state", "stop_reason": "stop_reason", "result": "result", "step": "node", "next_due_at": "due_at",
    "source": "source_id", "attempts": "attempts", "created_at": "created_at", "modified_at": "modified_at",
}  # fmt: skip


def key(name: str) -> Callable[[Row], Any]:
    return lambda row: value_of(row, name)


TEXTS = {"first_name"}  # those with letters that databases sort in their own ways


def check_order(seen: list[int], rows: dict[int, Row], key: Callable[[Row], Any], *, descending: bool) -> None:
    assert sorted(seen) == sorted(rows)
    values = [key(rows[n]) for n in seen]
    known = [value for value in values if value is not None]
    assert values == known + [None] * (len(values) - len(known))
    assert known == sorted(known, reverse=descending)


@pytest.mark.req("K10")
@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("descending", [False, True])
async def test_every_column_sorts_by_its_type(filled: Bench, descending: bool) -> None:
    everybody = {row["id"]: row for row in people()}
    inside = {n: row for n, row in everybody.items() if n % 10}
    for name in CONTACT_SORTS:
        for campaign_id, rows in ((None, everybody), (1, inside)):
            if campaign_id is not None and name in PLACE_SORTS:
                continue
            seen = await all_pages(filled, campaign_id, sort=f"{'-' * descending}{name}")
            if name in TEXTS:
                assert sorted(seen) == sorted(rows), name
            else:
                check_order(seen, rows, lambda row, name=name: value_of(row, name), descending=descending)  # type: ignore[misc]
    places = {n: place(n) for n in inside}
    for name, column in PLACE_SORTS.items():
        seen = await all_pages(filled, 1, sort=f"{'-' * descending}{name}")
        check_order(seen, places, lambda row, column=column: row[column], descending=descending)  # type: ignore[misc]
    assert await all_pages(filled, 2, sort="last_name") == []


def _attr(name: str) -> Callable[[Row], str]:
    return lambda row: row["attributes"].get(name, "")


CONDITIONS: list[tuple[list[str], Callable[[Row], bool]]] = [
    (["first_name:eq:Anna"], lambda r: r["first_name"] == "Anna"),
    (["first_name:ne:Anna"], lambda r: r["first_name"] != "Anna"),
    (["first_name:in:Anna,Bob"], lambda r: r["first_name"] in {"Anna", "Bob"}),
    (["first_name:startswith:AN"], lambda r: r["first_name"].lower().startswith("an")),
    (["first_name:contains:O"], lambda r: "o" in r["first_name"].lower()),
    (["first_name:empty:true"], lambda r: not r["first_name"]),
    (["external_id:empty:"], lambda r: r["external_id"] is None),
    (["external_id:empty:false", "last_name:eq:Name3"], lambda r: bool(r["external_id"]) and r["last_name"] == "Name3"),
    (["attributes.age:gt:9"], lambda r: bool(_attr("age")(r)) and float(_attr("age")(r)) > 9),
    (["attributes.age:le:-1"], lambda r: bool(_attr("age")(r)) and float(_attr("age")(r)) <= -1),
    (["attributes.age:empty:true"], lambda r: not _attr("age")(r)),
    (["attributes.joined:ge:2012-01-01"], lambda r: _attr("joined")(r) >= "2012-01-01"),
    (["attributes.plan:eq:gold", "attributes.city:contains:west"], lambda r: _attr("plan")(r) == "gold" and "West" in _attr("city")(r)),
    (["created_at:lt:2026-05-04T09:20:00Z"], lambda r: r["created_at"] < MONDAY + timedelta(minutes=20)),
    (["address:contains:077"], lambda r: "077" in address(r["id"])["address"]),
    (["address:startswith:+493001"], lambda r: address(r["id"])["address"].startswith("+493001")),
    (["address:eq:person8@mail.example"], lambda r: r["id"] == 8),
    (["address:ne:person8@mail.example"], lambda r: r["id"] != 8),
    (["address:empty:"], lambda _: False),
    (["last_name:ne:Name3", "attributes.plan:ne:gold"], lambda r: r["last_name"] != "Name3" and _attr("plan")(r) != "gold"),
    (["attributes.city:startswith:ESSEN-w"], lambda r: _attr("city")(r) == "Essen-West"),
    (["attributes.city:in:Bonn,Essen-West", "first_name:eq:Bob"], lambda r: _attr("city")(r) != "Köln" and r["first_name"] == "Bob"),
    (["attributes.city:eq:Bonn", "attributes.age:in:32,69"], lambda r: _attr("city")(r) == "Bonn" and _attr("age")(r) in {"32", "69"}),
    (["attributes.age:contains:9"], lambda r: bool(_attr("age")(r)) and "9" in str(float(_attr("age")(r)))),
    (["attributes.joined:contains:-03-"], lambda r: "-03-" in _attr("joined")(r)),
    (["attributes.joined:startswith:2012"], lambda r: _attr("joined")(r).startswith("2012")),
    (["attributes.city:empty:false"], lambda _: True),
    (["attributes.age:empty:false"], lambda r: bool(_attr("age")(r))),
    (["last_name:contains:ame7", "first_name:contains:NN"], lambda r: r["last_name"] == "Name7" and "nn" in r["first_name"].lower()),
    (["last_name:contains:_"], lambda _: False),
    (["address:in:+493000177,+493000277"], lambda _: False),
    (["id:gt:10", "id:le:33"], lambda r: 10 < r["id"] <= 33),
]  # fmt: skip


@pytest.mark.req("K10")
@pytest.mark.usefixtures("size")
async def test_conditions_on_any_field_hold_together(filled: Bench) -> None:
    for conditions, fits in CONDITIONS:
        expected = [row["id"] for row in people() if fits(row)]
        for sort in ("id", "-last_name", "attributes.age"):
            for campaign_id in (None, 1):
                if campaign_id is not None and conditions[0].startswith("created_at"):
                    continue
                seen = await all_pages(filled, campaign_id, sort=sort, filters=conditions)
                inside = [n for n in expected if campaign_id is None or n % 10]
                assert sorted(seen) == inside, (conditions, sort, campaign_id)


@pytest.mark.req("K10")
@pytest.mark.usefixtures("size")
async def test_conditions_on_the_place_and_the_contact(filled: Bench) -> None:
    inside = [row for row in people() if row["id"] % 10]
    for filters, fits in (
        (["status:eq:pending"], lambda n: n % 4 == 0),
        (["status:in:done,stopped", "first_name:eq:Bob"], lambda n: n % 4 in {1, 2} and n % 6 == 2),
        (["source:eq:2", "attributes.city:eq:Bonn"], lambda n: place(n)["source_id"] == 2 and n % 3 == 1),
        (["attempts:ge:3"], lambda n: n * 3 % 5 >= 3),
        (["stop_reason:eq:campaign-ended"], lambda n: n % 4 == 2),
    ):
        for sort in ("id", "last_name", "-attempts", "result"):
            seen = await all_pages(filled, 1, sort=sort, filters=filters)
            assert sorted(seen) == [row["id"] for row in inside if fits(row["id"])], (filters, sort)


@pytest.mark.req("K10")
@pytest.mark.usefixtures("size")
async def test_search_looks_at_every_field_and_at_numbers_however_they_are_written(filled: Bench) -> None:
    searches: dict[str, Callable[[int], bool]] = {
        "ann": lambda n: FIRST[n % 6].lower() == "anna",
        "ANNA name7": lambda n: FIRST[n % 6].lower() == "anna" and n * 7 % 10 == 7,
        "casar": lambda n: n % 6 == 3,
        "zoë": lambda n: n % 6 == 4,
        "koln": lambda n: n % 3 == 0,
        "west": lambda n: n % 3 == 2,
        "person8@MAIL": lambda n: n == 8,
        "+49 (30) 001 77-01": lambda n: n == 1,
        "0049300017701": lambda n: n == 1,
        "030 0017701": lambda n: n == 1,
        "7701": lambda n: n == 1,
        "4930017": lambda n: n == 17,
        "c031": lambda n: n % 2 == 1 and n * 31 % 64 == 31,
        '"': lambda _: False,
        "nobody": lambda _: False,
        "ann* OR bob": lambda _: False,
    }
    for q, fits in searches.items():
        for sort in ("id", "-external_id"):
            expected = [n for n in range(1, NUMBER + 1) if fits(n)]
            assert sorted(await all_pages(filled, None, q=q, sort=sort)) == expected, q
            assert sorted(await all_pages(filled, 1, q=q, sort=sort)) == [n for n in expected if n % 10], q


@pytest.mark.req("K10")
async def test_totals_are_exact_up_to_a_bound_and_beyond_when_asked(
    filled: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await page(filled, filters=("id:gt:10",))
    assert (found.total, found.total_is_exact) == (54, True)
    for module in (browsing, reports.lists):
        monkeypatch.setattr(module, "MOST", 20)
    found = await page(filled, filters=("id:gt:10",))
    assert (found.total, found.total_is_exact) == (20, False)
    found = await page(filled, filters=("id:gt:10",), exact=True)
    assert (found.total, found.total_is_exact) == (54, True)
    assert (await page(filled)).total == 64
    assert (await page(filled, 1, filters=("status:eq:pending",))).total == 13


@pytest.mark.req("K10")
async def test_lists_have_what_was_changed_a_moment_ago(filled: Bench) -> None:
    assert await all_pages(filled, None, q="anna") != []
    assert await all_pages(filled, None, filters=["address:contains:3000177"]) == [1]
    async with filled.ctx.db.write() as tx:
        changed = {"first_name": "Xaver", "attributes": {"city": "Ulm"}, "modified_at": MONDAY}
        await tx.execute(update(tables.contact).where(tables.contact.c.id == 6).values(changed))
        await tx.execute(delete(tables.enrollment).where(tables.enrollment.c.contact_id == 7))
        await tx.execute(delete(tables.channel_address).where(tables.channel_address.c.contact_id == 7))
        await tx.execute(delete(tables.contact).where(tables.contact.c.id == 7))
        await tx.execute(update(tables.contact).where(tables.contact.c.id == 12).values(erased_at=MONDAY))
        moved = {"address": "+4930999", "contact_id": 1}
        await tx.execute(update(tables.channel_address).where(tables.channel_address.c.contact_id == 1).values(moved))
    assert await all_pages(filled, None, q="xaver ulm") == [6]
    assert await all_pages(filled, None, filters=["first_name:eq:Xaver"]) == [6]
    assert await all_pages(filled, None, filters=["first_name:contains:AVE"]) == [6]
    assert await all_pages(filled, None, filters=["attributes.city:contains:lm", "last_name:contains:name"]) == [6]
    assert await all_pages(filled, None, filters=["address:contains:3000177"]) == []
    assert await all_pages(filled, None, filters=["address:contains:30999"]) == [1]
    assert await all_pages(filled, 1, filters=["address:empty:true"]) == []
    seen = await all_pages(filled, None, sort="attributes.city")
    assert sorted(seen) == [n for n in range(1, NUMBER + 1) if n not in {7, 12}]
    assert 12 not in await all_pages(filled, 1, sort="-attempts")


@pytest.mark.req("K10")
async def test_a_status_that_is_none_is_refused_with_those_that_are(filled: Bench) -> None:
    for condition in ("status:eq:finished", "status:in:done,finished", "stop_reason:ne:tired"):
        with pytest.raises(InvalidInput, match="take "):
            await page(filled, 1, filters=(condition,))
    for bad in ({"filters": ("attributes.age:gt:old",)}, {"filters": ("attributes.joined:gt:May",)}, {"sort": "phone"}):
        with pytest.raises(InvalidInput):
            await page(filled, **bad)
    await page(filled, sort="attributes.odd:name'", filters=("attributes.x'y:empty:",))


@pytest.mark.req("K10")
async def test_a_projection_that_is_lost_damaged_or_of_a_younger_database_is_made_again(filled: Bench) -> None:
    projection = filled.ctx.db.projection
    if projection is None:
        return  # PostgreSQL has none
    assert (await page(filled, q="anna")).total > 0
    projection.close()
    for damage in (
        projection.file.unlink,
        lambda: projection.file.write_bytes(b"no database" * 999),
        lambda: _older(filled),
    ):
        for end in ("-wal", "-shm"):
            projection.file.with_name(f"{projection.file.name}{end}").unlink(missing_ok=True)
        damage()
        projection.prepare()
        assert projection._catch_up() == (0, 0)
        count = projection._open().execute("SELECT count(*) FROM words WHERE words MATCH 'anna'").fetchone()
        assert count == (21,)
        projection.close()


def _older(bench: Bench) -> None:
    projection = bench.ctx.db.projection
    assert projection is not None
    projection._open().execute("UPDATE progress SET contact_id = 9999")
    projection.close()


async def test_many_are_indexed_step_by_step_and_told_as_missing(
    filled: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    projection = filled.ctx.db.projection
    if projection is None:
        return  # PostgreSQL indexes as it writes
    for name, value in (("AT_ONCE", 10), ("CHUNK", 20), ("MANY", 30)):
        monkeypatch.setattr(f"dialer.store.projection.{name}", value)
    found = await page(filled)
    assert (len(found.items), found.unindexed) == (0, 64)
    steps = 0
    while await projection.follow():
        steps += 1
    assert steps == 4
    assert (await page(filled)).unindexed == 0
    async with filled.ctx.db.read() as tx:
        names = set((await tx.execute(text("SELECT name FROM search.sqlite_master WHERE name LIKE 'by %'"))).scalars())
    assert {"by last_name", "by number age"} <= names
