"""How many contacts there are. Counting a million takes a tenth of a second: a large count is used again for a while."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from dialer.domain.transitions import EnrollmentState
from dialer.operations.context import Context
from dialer.store import campaigns, contacts, people
from dialer.store.listing import Query, parted

AGAIN = 20  # times as long as it took: counting never takes more than a twentieth of a core
LARGE = 20_000  # contacts; fewer are counted each time


@dataclass
class _Count:
    value: Any = None
    until: float = 0.0
    is_small: bool = False  # when it was counted last
    counting: asyncio.Lock = field(default_factory=asyncio.Lock)  # who comes meanwhile takes what the first one finds


_UNKNOWN = _Count()


def _everybody(counts: Mapping[str, int]) -> int:
    return sum(counts.values())


async def by_state(ctx: Context, campaign_ids: Sequence[int]) -> dict[int, Mapping[str, int]]:
    """Contacts by enrollment state, for each campaign."""

    async def count(campaign_id: int) -> Mapping[str, int]:
        return (await ctx.db.ask(lambda tx: campaigns.counts(tx, [campaign_id])))[campaign_id]

    small = [one for one in campaign_ids if ctx.remembered_counts.get(("campaign", one), _UNKNOWN).is_small]
    found: dict[int, Mapping[str, int]] = {}
    if len(small) > 1:  # together, as each is found in no time
        found.update(await ctx.db.ask(lambda tx: campaigns.counts(tx, small)))
        for one, counts in found.items():
            ctx.remembered_counts["campaign", one].is_small = _everybody(counts) < LARGE
    for one in campaign_ids:
        if one not in found:
            found[one] = await remembered(ctx, ("campaign", one), partial(count, one), _everybody)
    return found


async def by_step(ctx: Context, campaign_id: int) -> list[tuple[str | None, str, int]]:
    """`(node, state, number)`: contacts by the step at which they stand, None for who has not entered the strategy."""

    async def count() -> list[tuple[str | None, str, int]]:
        async with ctx.db.read() as tx:
            return [(node, state, number) for node, state, number in await campaigns.counts_by_step(tx, campaign_id)]

    key, size = ("steps", campaign_id), lambda found: sum(number for *_, number in found)
    return list(await remembered(ctx, key, count, size))


async def all_contacts(ctx: Context) -> int:
    async def count() -> int:
        async with ctx.db.read() as tx:
            return await contacts.number(tx)

    return int(await remembered(ctx, "contacts", count, int))


async def erased(ctx: Context, campaign_id: int) -> int:
    """How many of a campaign's contacts were erased: counted in what was done, and in no list."""
    async with ctx.db.read() as tx:
        return await people.erased_number(tx, campaign_id)


async def known_total(ctx: Context, query: Query, campaign_id: int | None) -> int | None:
    """The total of a list without conditions, or of those of a campaign with one status; None if it has to be looked for."""
    if query.q or len(query.filters) > 1:
        return None
    # Lists don't show them, counts of what was done include them.
    erased = await ctx.db.ask(lambda tx: people.erased_number(tx, campaign_id))
    if campaign_id is None:
        return None if query.filters else await all_contacts(ctx) - erased
    counts = (await by_state(ctx, [campaign_id]))[campaign_id]
    if not query.filters:
        return sum(counts.values()) - erased
    name, op, value = parted(query.filters[0])
    if (name, op) != ("status", "eq") or value not in counts:
        return None
    return counts[value] - (erased if value == EnrollmentState.DONE else 0)


async def remembered(
    ctx: Context, key: Hashable, count: Callable[[], Awaitable[Any]], size: Callable[[Any], int]
) -> Any:
    """What `count` finds, or has found a while ago; keys are few, and what is found is small."""
    now = asyncio.get_running_loop().time
    known: _Count = ctx.remembered_counts.setdefault(key, _Count())
    if now() < known.until:
        return known.value
    async with known.counting:
        if now() >= known.until:
            began = now()
            known.value = await count()
            known.is_small = size(known.value) < LARGE
            if not known.is_small:
                known.until = now() + AGAIN * (now() - began)
        return known.value
