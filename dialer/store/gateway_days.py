"""Of a gateway's days: how many calls left, to each prefix that has a cap, written with the intents; how long they lasted."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.transitions import AttemptState
from dialer.store.prepared import Prepared
from dialer.store.sums import adding
from dialer.store.tables import attempt, gateway_day
from dialer.store.types import spelled

#: Gateway, day (`2026-05-04`), and prefix ("": all numbers).
Key = tuple[str, str, str]
_ADD = adding(gateway_day, ("gateway", "day", "prefix"), ("calls", "seconds"))


async def add(tx: AsyncConnection, spent: Iterable[Key], times: int = 1) -> None:
    """Count one call for each of these keys; `times=-1` takes it back."""
    rows = [
        {"gateway": gateway, "day": day, "prefix": prefix, "calls": times * number, "seconds": 0}
        for (gateway, day, prefix), number in sorted(Counter(spent).items())
    ]
    if rows:
        await _ADD(tx.dialect.name).run_many(tx, rows)


async def lasted(tx: AsyncConnection, seconds: Mapping[tuple[str, str], int]) -> None:
    """Calls have ended that lasted so long, by gateway and day."""
    rows = [
        {"gateway": gateway, "day": day, "prefix": "", "calls": 0, "seconds": number}
        for (gateway, day), number in sorted(seconds.items())
    ]
    if rows:
        await _ADD(tx.dialect.name).run_many(tx, rows)


async def seconds_of(tx: AsyncConnection, day_of: Mapping[str, str], now: datetime) -> dict[str, int]:
    """How long the calls of these gateways lasted on a day, `{gateway: day}`, with those under way, of all nodes."""
    days = await tx.execute(
        select(gateway_day).where(gateway_day.c.prefix == "", gateway_day.c.day.in_(day_of.values()))
    )
    found = {row.gateway: row.seconds for row in days if day_of.get(row.gateway) == row.day}
    going = select(attempt.c.gateway, attempt.c.answered_at).where(
        attempt.c.state != spelled(AttemptState.ENDED), attempt.c.answered_at.is_not(None)
    )
    for row in await tx.execute(going):
        if row.gateway in day_of:
            found[row.gateway] = found.get(row.gateway, 0) + max(0, round((now - row.answered_at).total_seconds()))
    return found


async def of_days(tx: AsyncConnection, days: Collection[str]) -> dict[Key, int]:
    rows = await _OF_DAYS.rows(tx, {"_days": list(days)})
    return {(row.gateway, row.day, row.prefix): row.calls for row in rows}


_OF_DAYS = Prepared(select(gateway_day).where(gateway_day.c.day.in_(bindparam("_days", expanding=True))))
