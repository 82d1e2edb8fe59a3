"""Whether the trails of a campaign's contacts say the same as their rows: each is replayed and compared. Reads only."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from dialer.domain.errors import NotFound
from dialer.operations import steps
from dialer.operations.context import Context
from dialer.store import campaigns, places, trail
from dialer.store.places import Held
from dialer.strategy.memory import Memory
from dialer.strategy.model import Strategy
from dialer.strategy.replay import Replayed, attributes, replay

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Checked:
    """One place in a campaign; `faults` say in what its trail and its row differ, none if they agree."""

    campaign_id: int
    contact_id: int
    faults: tuple[str, ...] = ()


async def trail_check(ctx: Context, campaign_id: int | None = None) -> AsyncIterator[Sequence[Checked]]:
    """Every place of a campaign, or of all, some hundreds at a time. Raises `NotFound`."""
    if campaign_id is not None:
        async with ctx.db.read() as tx:
            if await campaigns.get(tx, campaign_id) is None:
                raise NotFound("campaign", campaign_id)
    after = 0
    while found := await _some(ctx, campaign_id, after):
        after, checked = found
        yield checked


async def _some(ctx: Context, campaign_id: int | None, after: int) -> tuple[int, Sequence[Checked]] | None:
    async with ctx.db.read() as tx:
        held = await places.some(tx, campaign_id, after, CHUNK)
        trails = await trail.of_contacts(tx, {one.contact_id for one in held})
        named = {
            (one.campaign_id, entry["data"]["version"])
            for one in held
            for entry in trails[one.contact_id]
            if entry["campaign_id"] == one.campaign_id and entry["data"].get("version")
        }
        strategies = {key: await steps.strategy_at(tx, ctx, *key) for key in sorted(named)}
    return (held[-1].id, [_checked(one, trails[one.contact_id], strategies) for one in held]) if held else None


def _checked(held: Held, told: Sequence[dict[str, Any]], strategies: dict[tuple[int, int], Strategy]) -> Checked:
    def version(number: int) -> Strategy:
        return strategies[held.campaign_id, number]

    replayed = replay((one for one in told if one["campaign_id"] == held.campaign_id), version)
    faults = [*_differences(held, replayed), *_attributes(held, told)]
    return Checked(held.campaign_id, held.contact_id, tuple(faults))


def _differences(held: Held, replayed: Replayed) -> Iterator[str]:
    if replayed.place is None:
        yield "its trail does not say that it is in the campaign"
        return
    if replayed.astray is not None:
        yield replayed.astray
    for one in fields(held.place):
        is_, told = getattr(held.place, one.name), getattr(replayed.place, one.name)
        if isinstance(is_, Memory):
            is_, told = is_.to_json(), told.to_json()
        if is_ != told:
            yield f"{one.name} is {is_}, its trail says {told}"


def _attributes(held: Held, told: Sequence[dict[str, Any]]) -> Iterator[str]:
    for name, value in attributes(told).items():
        if held.attributes.get(name) != value:
            yield f"the attribute {name} is {held.attributes.get(name)}, its trail says {value}"
