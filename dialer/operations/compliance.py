"""Rules that count calls, where calls are claimed and where they are committed: what they refuse is put off, and the trail cites them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.campaign import Campaign
from dialer.domain.rules.catalogue import RulePack, pack
from dialer.domain.rules.counted import Refusal, Tried, counts_from, first_allowed, refusals
from dialer.domain.rules.hours import ClosedRule, closed_rules, zones_of
from dialer.domain.said import marked
from dialer.domain.suppression import address_digest
from dialer.domain.transitions import RequestState
from dialer.operations.context import Context
from dialer.store import attempts, postponing, trail
from dialer.store.requests import ContactRequest


async def tried_at(
    tx: AsyncConnection, ctx: Context, packs: Iterable[RulePack], numbers: Iterable[str], now: datetime
) -> dict[str, list[Tried]]:
    """Calls to these numbers, as far as a rule of one of the packs may count them; nothing is looked up without such a rule.

    Calls to a contact that was erased and is loaded again count on: their numbers are recognised by the keyed hash.
    """
    counting = [rule for one in packs for rule in one.counting]
    if not counting:
        return {}
    digests = {address_digest(ctx.secret, number): number for number in numbers}
    return await attempts.tried(tx, digests, counts_from(counting, now))


async def refuse_claimed(
    tx: AsyncConnection, ctx: Context, campaign: Campaign, claimed: Sequence[ContactRequest], now: datetime
) -> dict[int, datetime]:
    """Of calls that were just claimed, those that a rule does not allow yet, and until when; the trail says so."""
    tried = await tried_at(tx, ctx, [campaign.rules], (request.address for request in claimed), now)
    found = [
        (request, _refusal(campaign.rules, campaign.id, tried.get(request.address, ()), now)) for request in claimed
    ]
    return await _tell(tx, found, now)


async def refuse_dispatched(
    tx: AsyncConnection, ctx: Context, packs: Mapping[int, str], dispatched: Sequence[ContactRequest], now: datetime
) -> set[int]:
    """The same inside the transaction that commits calls: of the requests it is about to write attempts for, those it must not.

    They are put back into the queue, for later. Those that are allowed count for the ones after them.
    """
    rules = {campaign_id: pack(pack_id) for campaign_id, pack_id in packs.items()}
    tried = await tried_at(tx, ctx, rules.values(), (request.address for request in dispatched), now)
    found: list[tuple[ContactRequest, Refusal | None]] = []
    for request in dispatched:
        calls = tried.setdefault(request.address, [])
        refusal = _refusal(rules[request.campaign_id], request.campaign_id, calls, now)
        if refusal is None:
            calls.append(Tried(request.campaign_id, now))
        found.append((request, refusal))
    until = await _tell(tx, found, now)
    await postponing.postpone(tx, until, RequestState.DISPATCHED)
    return set(until)


async def put_back_moved(
    tx: AsyncConnection, claimed: Iterable[ContactRequest], dispatched: dict[int, ContactRequest]
) -> None:
    """Those of `dispatched` whose contact has another time zone than when they were claimed go back: their hours are others."""
    moved = [one.id for one in claimed if one.id in dispatched and dispatched[one.id].zone != one.zone]
    await postponing.postpone(tx, {one: dispatched.pop(one).due_at for one in moved}, RequestState.DISPATCHED)


async def _tell(
    tx: AsyncConnection, found: Iterable[tuple[ContactRequest, Refusal | None]], now: datetime
) -> dict[int, datetime]:
    """The trail of those that are refused; until when each is."""
    refused = [(request, refusal) for request, refusal in found if refusal is not None]
    await trail.write(tx, [_put_off(request, refusal, now) for request, refusal in refused])
    return {request.id: refusal.until for request, refusal in refused}


def counts(packs: Iterable[str]) -> bool:
    """Whether any of these packs has a rule that counts calls."""
    return any(pack(one).counting for one in packs)


async def tell_closed(
    tx: AsyncConnection, campaign: Campaign, put_off: Iterable[ContactRequest], now: datetime
) -> None:
    """The trail of requests that are put off for the first time, because of the hours of the rule pack."""
    entries = []
    for request in put_off:
        zones = zones_of(request.zone, request.address, campaign.time_zone)
        closed = next(closed_rules(campaign.rules.times, zones, now), None)
        if closed is not None and not request.was_put_off:
            entries.append(_entry(request, now, _closed(closed)))
    await trail.write(tx, entries)


def _refusal(rules: RulePack, campaign_id: int, tried: Sequence[Tried], now: datetime) -> Refusal | None:
    return first_allowed(tuple(refusals(rules.counting, campaign_id, tried, now)))


def _put_off(request: ContactRequest, found: Refusal, now: datetime) -> trail.Entry:
    data = {"reason": found.reason, "until": found.until.isoformat(), "rule": found.citation.to_json()}
    return _entry(request, now, data)


def _closed(closed: ClosedRule) -> dict[str, Any]:
    until = closed.opens_at.isoformat() if closed.opens_at else None
    return {"reason": marked("outside the calling hours"), "until": until, "rule": closed.citation.to_json()}


def _entry(request: ContactRequest, now: datetime, data: dict[str, Any]) -> trail.Entry:
    about = {"node": request.node, "channel": request.channel, "address": request.address}
    return trail.Entry(now, request.campaign_id, request.contact_id, "put-off", {**about, **data})
