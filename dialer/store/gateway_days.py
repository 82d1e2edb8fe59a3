"""How many calls left by a gateway in a day of its own, to each prefix that has a cap: written with the intents."""

from collections import Counter
from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.store.prepared import Prepared
from dialer.store.tables import gateway_day

#: Gateway, day (`2026-05-04`), and prefix ("": all numbers).
Key = tuple[str, str, str]


async def add(tx: AsyncConnection, spent: Iterable[Key], times: int = 1) -> None:
    """Count one call for each of these keys; `times=-1` takes it back."""
    rows = [
        {"gateway": gateway, "day": day, "prefix": prefix, "calls": times * number}
        for (gateway, day, prefix), number in sorted(Counter(spent).items())
    ]
    if rows:
        await _upsert(tx.dialect.name).run_many(tx, rows)


async def of_days(tx: AsyncConnection, days: Collection[str]) -> dict[Key, int]:
    rows = await _OF_DAYS.rows(tx, {"_days": list(days)})
    return {(row.gateway, row.day, row.prefix): row.calls for row in rows}


_OF_DAYS = Prepared(select(gateway_day).where(gateway_day.c.day.in_(bindparam("_days", expanding=True))))


@cache
def _upsert(dialect: str) -> Prepared:
    made: Any = (sqlite if dialect == "sqlite" else postgresql).insert(gateway_day)
    more = {"calls": gateway_day.c.calls + made.excluded.calls}
    return Prepared(made.on_conflict_do_update(index_elements=["gateway", "day", "prefix"], set_=more))
