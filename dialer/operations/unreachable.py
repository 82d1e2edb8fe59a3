"""Requests whose address may not, or can not, be used any more: the strategy goes on as for a number that is not there."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.outcome import Outcome
from dialer.domain.rules.catalogue import NONE, pack
from dialer.domain.transitions import MessageStatus
from dialer.operations import going_on, suppression
from dialer.operations.context import Context
from dialer.operations.going_on import entry, key_of
from dialer.store import campaigns, do_not_contact, requests, trail
from dialer.store.requests import ContactRequest
from dialer.strategy.events import CallEnded, MessageChanged

# A chunk holds SQLite's one writer: short, so that an intent never waits long behind it.
CHUNK = 8


class Queued(Protocol):
    """A request, or as much of its row."""

    @property
    def id(self) -> int: ...

    @property
    def campaign_id(self) -> int: ...


async def refuse_listed(ctx: Context, queued: Sequence[Queued]) -> set[int]:
    """Cancel those that stand in the queue or a hopper and whose address is on a do-not-contact list; returns their ids.

    Their contacts go on at once, so that none is claimed again and again.
    """
    refused: set[int] = set()
    for start in range(0, len(queued), CHUNK):
        ids = [request.id for request in queued[start : start + CHUNK]]
        refused |= await ctx.db.transact(partial(_refuse, ctx, ids))
    for campaign_id in {request.campaign_id for request in queued if request.id in refused}:
        ctx.engine.work_changed(campaign_id)
    return refused


async def _refuse(ctx: Context, request_ids: Sequence[int], tx: AsyncConnection) -> set[int]:
    cancelled = await do_not_contact.refuse(tx, request_ids)
    await go_on(tx, ctx, cancelled, suppression.REASON)
    return set(cancelled)


async def go_on(tx: AsyncConnection, ctx: Context, cancelled: Sequence[int], reason: str) -> None:
    """The strategy's next steps after requests that were cancelled in this transaction; the trail says why."""
    now = ctx.clock()
    found = [request for one in cancelled if (request := await requests.get(tx, one)) is not None]
    packs = await campaigns.rule_packs(tx, {request.campaign_id for request in found})
    await trail.write(tx, [_entry(request, reason, packs.get(request.campaign_id, NONE), now) for request in found])
    await going_on.step(tx, ctx, [(request, _failure(request)) for request in found])


def _entry(request: ContactRequest, reason: str, pack_id: str, now: datetime) -> trail.Entry:
    data: dict[str, Any] = {"channel": request.channel, "address": request.address, "reason": reason}
    cited = pack(pack_id).do_not_contact() if reason == suppression.REASON else None
    if cited is not None:
        data["rule"] = cited[0].to_json()
    return entry(now, request, "refused", **data)


def _failure(request: ContactRequest) -> CallEnded | MessageChanged:
    key = key_of(request)
    if request.channel == "call":
        return CallEnded(key, Outcome.INVALID_NUMBER)
    return MessageChanged(key, MessageStatus.FAILED.value)
