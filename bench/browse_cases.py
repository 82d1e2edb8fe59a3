"""Which pages of contact lists are measured: `{class: {case: (query, campaign)}}`, over the people of bench/people.py."""

from typing import Any

from dialer.operations import reports
from dialer.operations.context import Context
from dialer.store.contact_columns import PLACE
from dialer.store.listing import Query, write_cursor

Cases = dict[str, tuple[Query, int | None]]

_FIELDS = ("attributes.city", "attributes.plan", "attributes.age", "attributes.joined")
CONTACT = ("id", "first_name", "last_name", "time_zone", "external_id", "created_at", "modified_at", *_FIELDS)
# Conditions that many fit, few, one and nobody, by the type of the field.
CONDITIONS = {
    "text": (
        "first_name:eq:Anna", "first_name:ne:Anna", "first_name:in:Anna,Ben", "first_name:startswith:an",
        "first_name:contains:nn", "first_name:contains:zzz", "first_name:empty:true", "first_name:empty:false",
        "first_name:lt:B", "first_name:le:B", "first_name:gt:W", "first_name:ge:W",
        "last_name:eq:Name77", "last_name:ne:Name77", "last_name:in:Name77,Name78", "last_name:startswith:Name777",
        "last_name:contains:ame1", "last_name:contains:7777", "last_name:contains:zzz", "last_name:ge:Name9",
        "external_id:eq:C2654435761", "external_id:contains:777777", "external_id:contains:C42", "external_id:contains:zzz",
        "external_id:startswith:C42", "external_id:empty:true", "time_zone:empty:true", "time_zone:eq:Europe/Berlin",
        "attributes.city:eq:Berlin", "attributes.city:ne:Berlin", "attributes.city:in:Berlin,Bonn",
        "attributes.city:contains:ber", "attributes.city:contains:zzz", "attributes.city:startswith:b",
        "attributes.city:empty:true", "attributes.unknown:eq:x", "attributes.unknown:contains:x",
    ),
    "number": (
        "id:eq:77", "id:gt:500000", "id:in:1,2,3", "id:ne:5", "attributes.age:eq:33", "attributes.age:ne:33",
        "attributes.age:lt:20", "attributes.age:le:20", "attributes.age:gt:90", "attributes.age:ge:97",
        "attributes.age:in:33,34", "attributes.age:empty:true", "attributes.age:empty:false", "attributes.age:contains:9",
        "attributes.age:contains:999", "attributes.age:startswith:9",
    ),
    "date": (
        "attributes.joined:eq:2021-05-05", "attributes.joined:ne:2021-05-05", "attributes.joined:lt:2020-09-20",
        "attributes.joined:le:2025-01-01", "attributes.joined:gt:2025-06-01", "attributes.joined:ge:2022-01-01",
        "attributes.joined:in:2021-05-05,2021-05-06", "attributes.joined:contains:2021", "attributes.joined:contains:zzz",
        "attributes.joined:startswith:2021-05", "attributes.joined:empty:true", "created_at:lt:2026-01-01T00:10:00Z",
        "created_at:gt:2026-01-01T06:00:00Z", "modified_at:ge:2026-01-01T13:50:00Z", "created_at:contains:2026",
        "created_at:empty:true",
    ),
    "choice": ("attributes.plan:eq:gold", "attributes.plan:ne:gold", "attributes.plan:in:gold,plus", "attributes.plan:contains:old"),
    "address": (
        "address:eq:+4915000007919", "address:ne:+4915000007919", "address:startswith:+49150000", "address:startswith:anna",
        "address:contains:example", "address:contains:7777", "address:contains:777777", "address:contains:zzz",
        "address:empty:true", "address:empty:false",
    ),
}  # fmt: skip
PLACES = (
    "status:eq:pending", "status:in:done,stopped", "status:ne:pending", "attempts:ge:3", "attempts:eq:0", "result:eq:answered",
    "result:empty:true", "result:contains:zzz", "step:eq:call", "step:empty:true", "step:contains:all", "stop_reason:empty:false",
    "next_due_at:empty:false", "source:empty:true", "modified_at:gt:2026-01-01T13:50:00Z",
)  # fmt: skip
TOGETHER = (
    ("first_name:eq:Anna", "last_name:startswith:Name7"),
    ("attributes.plan:eq:gold", "attributes.city:eq:Berlin"),
    ("attributes.plan:eq:gold", "attributes.city:eq:Berlin", "attributes.age:eq:33"),
    ("attributes.age:ge:95", "attributes.joined:ge:2025-01-01"),
    ("attributes.age:gt:30", "attributes.age:lt:40", "attributes.plan:ne:gold"),
    ("attributes.plan:ne:gold", "attributes.city:ne:Berlin", "first_name:ne:Anna", "time_zone:empty:true"),
    ("first_name:contains:nn", "last_name:contains:777"),
    ("first_name:eq:Anna", "attributes.city:eq:Berlin", "attributes.plan:eq:plus", "attributes.joined:lt:2021-01-01"),
    ("address:contains:example", "attributes.plan:eq:gold"),
    ("address:startswith:+49150", "first_name:eq:Anna"),
    ("first_name:eq:Anna", "first_name:eq:Ben"),
    ("attributes.city:contains:zzz", "last_name:contains:zzz"),
)
SEARCHES = {
    "rare": ("name777", "c2654435761", "4915000007919", "0077919", "anna4", "anna 39999", "berlin gold 97 2021"),
    "none": ("nobody", "anna nobody", "4915 nobody"),
    "common": ("anna", "gold", "berlin", "name1", "c1", "a", "n", "2021", "example", "berlin gold", "anna berlin"),
    "numbers": ("4915", "+4915", "01500", "49150", "491512", "7919", "+49 15 12", "4915 77"),
    "e-mail": ("anna4@example.com", "@example.com", "anna@example"),
    "several words": ("anna name777", "anna 4915", "4915 name777", "anna gold plus", "example berlin gold", "name1 c1 4915"),
}  # fmt: skip
_ORDERS = ("id", "-id", "last_name", "-attributes.age")


async def all_of(ctx: Context, campaign_id: int) -> dict[str, Cases]:
    found: dict[str, Cases] = {}
    for where, of in (("all", None), ("in a campaign", campaign_id)):
        found |= {f"sort, {where}": await _sorts(ctx, of)}
        for kind, conditions in CONDITIONS.items():
            found[f"{kind}, {where}"] = _filtered([(one,) for one in conditions], of)
        if of is not None:
            found["place, in a campaign"] = _filtered([(one,) for one in PLACES], of, (*_ORDERS, "-attempts", "result"))
            together = [*TOGETHER, *((one, TOGETHER[0][0]) for one in PLACES)]
        found[f"several conditions, {where}"] = _filtered(list(TOGETHER) if of is None else together, of)
        for kind, words in SEARCHES.items():
            found[f"search {kind}, {where}"] = _searched(words, of)
        found[f"search and condition, {where}"] = {
            _name(query, of): (query, of)
            for q in ("anna", "4915", "name777")
            for one in (
                "attributes.plan:eq:gold",
                "last_name:contains:777",
                "attributes.age:ge:97",
                "first_name:ne:Anna",
            )
            for sort in _ORDERS
            for query in [Query(q=q, filters=(one,), sort=sort)]
        }
    return found


async def _sorts(ctx: Context, of: int | None) -> Cases:
    """First pages, and pages from the middle and from near the end, as a cursor leads there."""
    cases: Cases = {}
    number = (await reports.contacts_page(ctx, Query(limit=10), of)).total
    columns = CONTACT if of is None else tuple(dict.fromkeys((*CONTACT, *PLACE)))
    for column in columns:
        for sort in (column, f"-{column}"):
            cases[_name(Query(sort=sort), of)] = (Query(sort=sort), of)
            for share in (0.5, 0.97):
                query = Query(filters=(f"id:eq:{int(number * share)}",), limit=10)
                item = (await reports.contacts_page(ctx, query, of)).items[0]
                cursor = write_cursor(
                    sort, _value(item, column), item["id"]
                )  # places have the numbers of contacts here
                cases[f"{_name(Query(sort=sort), of)} from {share}"] = (Query(sort=sort, cursor=cursor), of)
    return cases


def _value(item: Any, column: str) -> Any:
    """A contact's value as a cursor has it."""
    if not column.startswith("attributes."):
        return item[column]
    value = item["attributes"].get(column.removeprefix("attributes."))
    return float(value) if column == "attributes.age" and value is not None else value


def _filtered(conditions: list[tuple[str, ...]], of: int | None, orders: tuple[str, ...] = _ORDERS) -> Cases:
    names = ("created_at", "modified_at")  # of the place, within a campaign
    return {
        _name(query, of): (query, of)
        for some in conditions
        if of is None or not some[0].startswith(names) or some[0] in PLACES or "contains" not in some[0]
        for sort in orders
        for query in [Query(filters=some, sort=sort)]
    }


def _searched(words: tuple[str, ...], of: int | None) -> Cases:
    orders = (*_ORDERS, "attributes.city", "-external_id")
    return {_name(query, of): (query, of) for q in words for sort in orders for query in [Query(q=q, sort=sort)]}


def _name(query: Query, of: int | None) -> str:
    asked = " ".join([*query.filters, *([f"q={query.q}"] if query.q else []), f"sort={query.sort}"])
    return asked if of is None else f"{asked} in a campaign"
