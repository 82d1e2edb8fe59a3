"""Texts in the store: the intent before a submit, responses and receipts in any order, and the strategy's next step."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.campaign import may_start
from dialer.domain.rules.catalogue import RulePack, pack
from dialer.domain.said import marked
from dialer.domain.transitions import MessageStatus
from dialer.operations import compliance, events, going_on, outcome_log, trials
from dialer.operations.context import Context, Queued
from dialer.operations.going_on import entry, key_of
from dialer.operations.message_rows import (
    Became,
    PartNews,
    ReceiptNews,
    TextIntent,
    alike,
    became,
    early_row,
    name_row,
    of_early,
    tallied,
)
from dialer.store import campaigns, enrollments, messages, requests, result_counts, trail
from dialer.store.requests import ContactRequest
from dialer.store.types import AnyRow
from dialer.strategy.events import MessageChanged

#: Texts whose status has changed, and what was queued for the campaigns.
Changed = tuple[Sequence[Became], dict[int, Queued]]


async def intend(ctx: Context, intents: Sequence[TextIntent]) -> frozenset[str]:
    """Write what is about to be sent and commit it, all in one transaction: the ids of those that were not stopped meanwhile."""
    now = ctx.clock()

    async def work(tx: AsyncConnection) -> frozenset[str]:
        allowed = [one.request for one in await _allowed(tx, ctx, intents, now)]
        going = await requests.dispatch(tx, [request.id for request in allowed])
        await compliance.put_back_moved(tx, allowed, going)
        packs = await campaigns.rule_packs(tx, {request.campaign_id for request in going.values()})
        rules = {campaign_id: pack(name) for campaign_id, name in packs.items()}
        sent = [(one, going[one.request.id]) for one in intents if one.request.id in going]
        await messages.intend(tx, [_row(ctx, one, request, rules[request.campaign_id], now) for one, request in sent])
        await enrollments.dispatching(tx, [request.enrollment_id for _, request in sent], now, is_call=False)
        await trail.write(tx, [_sending(one, request, now) for one, request in sent])
        await events.dispatched(tx, ctx, ((r, {"message": one.message_id, "gateway": one.gateway}) for one, r in sent))
        return frozenset(one.message_id for one, _ in sent)

    return await ctx.db.transact(work, urgent=True)


async def _allowed(
    tx: AsyncConnection, ctx: Context, intents: Sequence[TextIntent], now: datetime
) -> Sequence[TextIntent]:
    """Many writers (PostgreSQL): a stop on another node waits for these intents, or they see the stop."""
    if ctx.db.is_sqlite:
        return intents
    ids = sorted({one.request.campaign_id for one in intents})
    held = {campaign_id: await campaigns.hold(tx, campaign_id) for campaign_id in ids}
    return [
        one
        for one in intents
        if (campaign := held[one.request.campaign_id]) is not None
        and may_start(campaign, one.request.zone, one.request.address, now)
    ]


def _row(ctx: Context, one: TextIntent, request: ContactRequest, rules: RulePack, now: datetime) -> dict[str, Any]:
    fields = {
        "gateway": one.gateway, "sender": one.sender, "text": one.text, "encoding": one.encoding, "parts": one.parts,
        "dialer_node": ctx.settings.node, "created_at": now, "rule_pack": rules.id, "rule_version": rules.version,
    }  # fmt: skip
    return messages.intent(one.message_id, request, fields)


def _sending(one: TextIntent, request: ContactRequest, now: datetime) -> trail.Entry:
    data = {"message": one.message_id, "address": request.address, "gateway": one.gateway, "text": one.text}
    return entry(now, request, "sms-sending", **data, parts=one.parts)


async def withdraw(ctx: Context, intent: TextIntent, reason: str) -> None:
    """The intent was committed, but proven never to have left this process: its turn comes again."""

    async def forget(tx: AsyncConnection) -> None:
        await messages.forget(tx, intent.message_id)

    told = {"message": intent.message_id, "reason": reason}
    if await going_on.withdraw(ctx, intent.request, "sms-withdrawn", forget, **told):
        outcome_log.text_withdrawn(intent.request, intent.message_id, reason)


async def refuse(ctx: Context, request: ContactRequest, reason: str) -> None:
    """The text can't be sent at all (no such gateway, too long): nothing is sent, the strategy goes on as for a failure."""
    if await going_on.turn_down(ctx, request, "sms-refused", reason, _changed(request, MessageStatus.FAILED)):
        outcome_log.text_refused(request, reason)


async def record(ctx: Context, answers: Sequence[tuple[str, PartNews]]) -> None:
    """Answers to submits, `(gateway, news)`, also late ones. Receipts that were faster are taken into account now."""
    now = ctx.clock()

    async def work(tx: AsyncConnection) -> Changed:
        texts = await messages.by_ids(tx, {news.message_id for _, news in answers})
        parts = await _set_parts(tx, [news for _, news in answers], now)
        for gateway in sorted({name for name, _ in answers}):
            # A text that was deleted meanwhile, with its campaign, has no parts to be named.
            named = [n for name, n in answers if name == gateway and n.names and n.message_id in texts]
            await messages.name_parts(tx, [name_row(gateway, news) for news in named])
            # A further form of one text's id may be the first of another's: the first counts.
            meant = {name: news for news in named for name in news.names} | {news.names[0]: news for news in named}
            wanted = {name: _named(texts[one.message_id], is_first=name == one.names[0]) for name, one in meant.items()}
            early = await messages.take_early(tx, gateway, wanted)
            parts |= await _set_parts(tx, [of_early(row, meant[row.smsc_id]) for row in early], now)
        return await _combine(tx, ctx, texts, parts, now)

    _tell(ctx, await ctx.db.transact(work))


def _named(text: AnyRow, *, is_first: bool) -> messages.Named:
    return messages.Named(text.created_at, None if is_first else text.address)


async def receipt(ctx: Context, receipts: Sequence[ReceiptNews]) -> None:
    """Final delivery receipts. Those for ids that are not known yet are kept: their responses may still come (M3)."""
    now = ctx.clock()

    async def work(tx: AsyncConnection) -> Changed:
        texts: dict[str, AnyRow] = {}
        news: list[PartNews] = []
        for gateway in sorted({one.gateway for one in receipts}):
            own = [one for one in receipts if one.gateway == gateway]
            meant = await messages.parts_named(tx, gateway, [(one.names, one.destination) for one in own])
            found = list(zip(own, meant, strict=True))
            left = [one for one, part in found if part is None]
            left = await trials.receive(tx, ctx, gateway, left) if left else []
            await messages.keep_early(tx, [early_row(one, now) for one in left])
            news += [PartNews(part[0].id, part[1], one.status, error=one.error) for one, part in found if part]
            texts |= {text.id: text for text, _ in filter(None, meant)}
        return await _combine(tx, ctx, texts, await _set_parts(tx, news, now), now)

    _tell(ctx, await ctx.db.transact(work))


async def forget_early(ctx: Context, kept: timedelta) -> None:
    """Receipts for texts that were never ours, once they are older."""
    before = ctx.clock() - kept
    async with ctx.db.read() as tx:
        if not await messages.any_early(tx, before):
            return  # nothing is written for nothing
    async with ctx.db.write() as tx:
        await messages.forget_early(tx, before)


def _tell(ctx: Context, changed: Changed) -> None:
    told, campaigns_of = changed
    outcome_log.texts_changed(told)
    for campaign_id, queued in campaigns_of.items():
        ctx.engine.work_changed(campaign_id, queued)


async def lose_unanswered(ctx: Context, node: str | None = None) -> int:
    """After a restart: texts that were committed and never answered. Nobody knows whether they were sent: `lost`."""
    why = marked("the server stopped before the SMSC answered")
    async with ctx.db.read() as tx:
        rows = await messages.open_of(tx, node or ctx.settings.node)
    for row in rows:
        async with ctx.db.write() as tx:
            texts = await messages.by_ids(tx, [row.id])
            (parts,) = (await messages.parts_of(tx, [row.id])).values()
            open_ones = [part.part for part in parts if part.status == MessageStatus.PENDING]
            lost = [PartNews(row.id, n, MessageStatus.LOST, error=why) for n in open_ones]
            told, _ = await _combine(tx, ctx, texts, await _set_parts(tx, lost, ctx.clock()), ctx.clock())
        outcome_log.texts_changed(told)
    return len(rows)


async def _set_parts(tx: AsyncConnection, news: Iterable[PartNews], now: datetime) -> dict[tuple[str, int], AnyRow]:
    return await messages.set_parts(tx, [(one.message_id, one.part, one.status, one.error) for one in news], now)


async def _combine(
    tx: AsyncConnection,
    ctx: Context,
    texts: Mapping[str, AnyRow],
    parts: Mapping[tuple[str, int], AnyRow],
    now: datetime,
) -> Changed:
    """Each text's status follows from its parts, of which `parts` have changed; that goes into the trail and to the strategies.

    Returns those that have changed, and their campaigns, each with what its steps have queued. `texts` were read with a lock in `tx`.
    """
    long = await messages.parts_of(tx, {one for one, _ in parts if texts[one].parts > 1})
    changed = became(texts, {one: [part] for (one, _), part in parts.items()} | long)
    if not changed:
        return (), {}
    for (status, error, submitted), ids in alike(changed).items():
        await messages.set_status(tx, ids, status, error, submitted=submitted, now=now)
    await result_counts.add(tx, tallied(changed))
    await trail.write(tx, [_status_entry(now, one) for one in changed])
    await events.texted(tx, ctx, changed)
    queued = await going_on.step(tx, ctx, await _asking(tx, changed))
    touched = sorted({one.text.campaign_id for one in changed})
    for campaign_id in touched:
        await campaigns.touch(tx, campaign_id, now)
    return changed, {campaign_id: queued.get(campaign_id, frozenset()) for campaign_id in touched}


async def _asking(tx: AsyncConnection, changed: Sequence[Became]) -> list[going_on.News]:
    """The requests of which strategies may wait to hear. The first answer to a text completes its request."""
    first = {one.text.request_id for one in changed if one.text.status == MessageStatus.PENDING}
    known = await requests.complete(tx, first)
    known |= await requests.awaited(tx, {one.text.request_id for one in changed} - first)
    return [(request, _changed(request, one.status)) for one in changed if (request := known.get(one.text.request_id))]


def _changed(request: ContactRequest, status: MessageStatus) -> MessageChanged:
    return MessageChanged(key_of(request), status.value)


def _status_entry(now: datetime, one: Became) -> trail.Entry:
    text = one.text
    data = {
        "node": text.node, "request": text.request_id, "message": text.id, "status": one.status.value, "error": one.error,
    }  # fmt: skip
    return trail.Entry(now, text.campaign_id, text.contact_id, "sms-status", data)
