"""Texts in the store: the intent before a submit, responses and receipts in any order, and the strategy's next step."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.campaign import may_start
from dialer.domain.message import combined
from dialer.domain.rules.catalogue import pack
from dialer.domain.transitions import MESSAGE, MessageStatus
from dialer.operations import compliance, steps
from dialer.operations.context import Context
from dialer.store import campaigns, enrollments, messages, requests, trail
from dialer.store.requests import ContactRequest
from dialer.store.types import AnyRow
from dialer.strategy.events import MessageChanged, RequestKey


@dataclass(frozen=True, slots=True)
class TextIntent:
    """A text that is about to be submitted, in `parts` segments."""

    message_id: str
    request: ContactRequest
    gateway: str
    sender: str
    text: str
    encoding: str
    parts: int


@dataclass(frozen=True, slots=True)
class PartNews:
    """What became known of one part. `names` are the forms of the SMSC's id, the one to keep first."""

    message_id: str
    part: int
    status: MessageStatus
    names: Sequence[str] = ()
    error: str | None = None


async def intend(ctx: Context, intent: TextIntent) -> bool:
    """Write what is about to be sent and commit it; False if it was stopped meanwhile."""
    now = ctx.clock()
    fields = {
        "gateway": intent.gateway, "sender": intent.sender, "text": intent.text, "encoding": intent.encoding,
        "parts": intent.parts, "dialer_node": ctx.settings.node, "created_at": now,
    }  # fmt: skip

    async def work(tx: AsyncConnection) -> bool:
        if not ctx.db.is_sqlite:  # many writers: a stop on another node waits for this intent, or this sees the stop
            campaign = await campaigns.hold(tx, intent.request.campaign_id)
            if campaign is None or not may_start(campaign, intent.request.zone, intent.request.address, now):
                return False
        going = await requests.dispatch(tx, [intent.request.id])
        await compliance.put_back_moved(tx, [intent.request], going)
        if not going:
            return False
        request = going[intent.request.id]
        rules = pack((await campaigns.rule_packs(tx, [request.campaign_id]))[request.campaign_id])
        in_force = {"rule_pack": rules.id, "rule_version": rules.version}
        await messages.intend(tx, intent.message_id, request, fields | in_force)
        await enrollments.dispatching(tx, [request.enrollment_id], now, is_call=False)
        data = {
            "message": intent.message_id,
            "address": request.address,
            "gateway": intent.gateway,
            "text": intent.text,
        }
        await trail.write(tx, [_entry(now, request, "sms-sending", **data, parts=intent.parts)])
        return True

    return await ctx.db.transact(work, urgent=True)


async def withdraw(ctx: Context, intent: TextIntent, reason: str) -> None:
    """The intent was committed, but proven never to have left this process: its turn comes again."""
    now = ctx.clock()
    async with ctx.db.write() as tx:
        request = await requests.withdraw(tx, intent.request.id)
        if request is not None:
            await messages.forget(tx, intent.message_id)
            await enrollments.withdrawn(tx, request, now)
            await trail.write(tx, [_entry(now, request, "sms-withdrawn", message=intent.message_id, reason=reason)])
    ctx.engine.contacts_added(intent.request.campaign_id)  # if it was stopped meanwhile, this one is flagged too (C7)
    ctx.engine.work_changed(intent.request.campaign_id)


async def refuse(ctx: Context, request: ContactRequest, reason: str) -> None:
    """The text can't be sent at all (no such gateway, too long): nothing is sent, the strategy goes on as for a failure."""
    now = ctx.clock()
    async with ctx.db.write() as tx:
        refused = await requests.refuse(tx, request.id)
        if refused is None:
            return
        await trail.write(tx, [_entry(now, refused, "sms-refused", address=refused.address, reason=reason)])
        await _step(tx, ctx, refused, MessageStatus.FAILED)
    ctx.engine.work_changed(request.campaign_id)


async def record(ctx: Context, gateway: str, news: PartNews) -> None:
    """The answer to a submit, also one that comes late. A receipt that was faster than it is taken into account now."""
    now = ctx.clock()

    async def work(tx: AsyncConnection) -> int | None:
        await _set_part(tx, news, now)
        if news.names:
            await messages.name_part(tx, gateway, news.names[0], news.message_id, news.part)
            for early in await messages.take_early(tx, gateway, news.names):
                status = MessageStatus(early.status)
                await _set_part(tx, PartNews(news.message_id, news.part, status, error=early.error), now)
        return await _combine(tx, ctx, news.message_id, now)

    campaign_id = await ctx.db.transact(work)
    if campaign_id is not None:
        ctx.engine.work_changed(campaign_id)


async def receipt(
    ctx: Context, gateway: str, names: Sequence[str], destination: str, status: MessageStatus, error: str | None
) -> None:
    """A final delivery receipt. One for an id that is not known yet is kept: its response may still come (M3)."""
    now = ctx.clock()

    async def work(tx: AsyncConnection) -> int | None:
        found = await messages.part_named(tx, gateway, names, destination)
        if found is None:
            await messages.keep_early(tx, gateway, names[0], status, error, now)
            return None
        message_id, part = found
        await _set_part(tx, PartNews(message_id, part, status, error=error), now)
        return await _combine(tx, ctx, message_id, now)

    campaign_id = await ctx.db.transact(work)
    if campaign_id is not None:
        ctx.engine.work_changed(campaign_id)


async def lose_unanswered(ctx: Context, node: str | None = None) -> int:
    """After a restart: texts that were committed and never answered. Nobody knows whether they were sent: `lost`."""
    async with ctx.db.read() as tx:
        rows = await messages.open_of(tx, node or ctx.settings.node)
    for row in rows:
        async with ctx.db.write() as tx:
            for part in await messages.parts_of(tx, row.id):
                if part.status == MessageStatus.PENDING:
                    reason = "the server stopped before the SMSC answered"
                    news = PartNews(row.id, part.part, MessageStatus.LOST, error=reason)
                    await _set_part(tx, news, ctx.clock())
            await _combine(tx, ctx, row.id, ctx.clock())
    return len(rows)


async def _set_part(tx: AsyncConnection, news: PartNews, now: datetime) -> None:
    final = {"final_at": now} if MESSAGE.final(news.status) else {}
    submitted = {"submitted_at": now} if news.status is MessageStatus.SUBMITTED else {}
    error = {"error": news.error} if news.error else {}
    await messages.set_part(tx, news.message_id, news.part, news.status, **final, **submitted, **error)


async def _combine(tx: AsyncConnection, ctx: Context, message_id: str, now: datetime) -> int | None:
    """The message's status follows from its parts; a change goes into the trail and to the strategy."""
    row = await messages.get(tx, message_id)
    parts = await messages.parts_of(tx, message_id)
    status = combined([MessageStatus(part.status) for part in parts])
    if row is None or status == row.status:
        return None
    if not await messages.set_message(tx, message_id, status, **_fields(row, parts, status, now)):
        return None
    request = (await requests.complete(tx, [row.request_id])).get(row.request_id)
    if request is not None:
        error = next((part.error for part in parts if part.error), None)
        data = {"message": message_id, "status": status, "error": error}
        await trail.write(tx, [_entry(now, request, "sms-status", **data)])
        await _step(tx, ctx, request, status)
    await campaigns.touch(tx, row.campaign_id, now)
    return int(row.campaign_id)


def _fields(row: AnyRow, parts: Sequence[AnyRow], status: MessageStatus, now: datetime) -> dict[str, Any]:
    fields: dict[str, Any] = {"error": next((part.error for part in parts if part.error), None)}
    if row.submitted_at is None and any(part.submitted_at for part in parts):
        fields["submitted_at"] = now
    if MESSAGE.final(status):
        fields["final_at"] = now
    return fields


async def _step(tx: AsyncConnection, ctx: Context, request: ContactRequest, status: MessageStatus) -> None:
    place = await enrollments.get(tx, request.enrollment_id)
    campaign = await campaigns.hold(tx, request.campaign_id)
    if place is None or campaign is None or place.request_id != request.id:
        return  # the contact was joined with another, whose place in the campaign is the further one
    key = RequestKey(request.node, request.visit, request.try_no)
    await steps.take(tx, ctx, campaign, [(place, MessageChanged(key, status.value))], ctx.clock())


def _entry(now: datetime, request: ContactRequest, kind: str, **data: Any) -> trail.Entry:
    return trail.Entry(
        now, request.campaign_id, request.contact_id, kind, {"node": request.node, "request": request.id, **data}
    )


async def put_back(ctx: Context, request: ContactRequest) -> None:
    """A claimed request that can't be sent at this moment goes back into the queue, unless it was stopped meanwhile."""
    async with ctx.db.write() as tx:
        await requests.release(tx, [request.id])
