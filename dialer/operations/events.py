"""What other systems are told: written into the outbox in the transaction that makes it true, for those who want it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from ulid import ULID

from dialer.domain import hooks
from dialer.domain.campaign import Campaign
from dialer.domain.hooks import Endpoint, Event, EventKind
from dialer.domain.report import SMS
from dialer.domain.transitions import CampaignStatus
from dialer.operations.context import Context
from dialer.operations.message_rows import Became
from dialer.store import deliveries
from dialer.store import hooks as endpoints
from dialer.store.requests import ContactRequest


async def load(ctx: Context) -> None:
    """Who wants to be told, as it stands in the store: at the start, after each change, and every second."""
    async with ctx.db.read() as tx:
        found = await endpoints.enabled(tx)
    if found != ctx.subscribed.endpoints:
        ctx.subscribed.set(found)


async def tell(tx: AsyncConnection, ctx: Context, kind: EventKind, events: Iterable[Event]) -> None:
    """`events` is not even gone through if nobody wants this kind."""
    wanting = ctx.subscribed.wanting.get(kind)
    if not wanting:
        return
    now = ctx.clock()
    rows = [row for event in events for row in _rows(ctx, kind, event, wanting, now)]
    if rows:
        await deliveries.add(tx, rows)
        ctx.subscribed.has_written()


def _rows(
    ctx: Context, kind: EventKind, event: Event, wanting: Iterable[Endpoint], now: datetime
) -> Iterable[dict[str, Any]]:
    meant = [one for one in wanting if one.wants(event.campaign_id)]
    if not meant:
        return
    event_id = str(ULID())
    row = deliveries.new(event_id, kind, hooks.body(event_id, kind, now, event), event.contact_id, now)
    for one in meant:
        if one.id in ctx.subscribed.full:
            ctx.subscribed.drop(one.id)
        else:
            yield {"endpoint_id": one.id, **row}


# -- what each kind tells ---------------------------------------------------------------------------------------------


def of_request(request: ContactRequest, **more: Any) -> Event:
    """Whatever happens to a call, a text or a webhook; what is None is left out."""
    told = {"channel": request.channel, "step": request.node, "address": request.address, **more}
    return _event(request.campaign_id, request.contact_id, request.id, told)


def _event(campaign_id: int, contact_id: int, request_id: int, told: dict[str, Any]) -> Event:
    told = {"request": request_id, "contact_id": contact_id, **told}
    return Event(campaign_id, contact_id, {name: value for name, value in told.items() if value is not None})


async def dispatched(tx: AsyncConnection, ctx: Context, sent: Iterable[tuple[ContactRequest, dict[str, Any]]]) -> None:
    """Requests that are about to leave, each with what is said of them beside."""
    await tell(tx, ctx, EventKind.REQUEST_DISPATCHED, (of_request(request, **more) for request, more in sent))


async def ended(tx: AsyncConnection, ctx: Context, calls: Iterable[tuple[ContactRequest, dict[str, Any]]]) -> None:
    """Calls, with what the trail says of their end."""
    await tell(tx, ctx, EventKind.ATTEMPT_OUTCOME, (of_request(request, **told) for request, told in calls))


async def texted(tx: AsyncConnection, ctx: Context, changed: Iterable[Became]) -> None:
    """Texts whose status is another."""
    await tell(tx, ctx, EventKind.MESSAGE_STATUS, map(_of_text, changed))


def _of_text(one: Became) -> Event:
    text = one.text
    told = {
        "channel": SMS, "step": text.node, "address": text.address, "message": text.id, "status": one.status.value,
        "error": one.error,
    }  # fmt: skip
    return _event(text.campaign_id, text.contact_id, text.request_id, told)


async def replied(tx: AsyncConnection, ctx: Context, reply_id: int, fields: dict[str, Any]) -> None:
    """A reply, by the columns of its row."""
    names = ("gateway", "source", "destination", "text", "stop", "contact_id")
    told = {"reply": reply_id, **{name: fields[name] for name in names}, "message": fields["message_id"]}
    await tell(tx, ctx, EventKind.REPLY_RECEIVED, [Event(fields["campaign_id"], fields["contact_id"], told)])


async def moved(tx: AsyncConnection, ctx: Context, campaign: Campaign, to: CampaignStatus) -> None:
    told = {"title": campaign.title, "from": campaign.status.value, "to": to.value}
    await tell(tx, ctx, EventKind.CAMPAIGN_STATUS, [Event(campaign.id, None, told)])
