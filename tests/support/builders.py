"""Campaigns, contacts and strategies as tests need them, and the short ways through the protocol of a call and a text."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ulid import ULID

from dialer.domain.campaign import Campaign, LoadOrder
from dialer.domain.contact import Address, NewContact
from dialer.domain.ending import CallResult
from dialer.domain.gateway import SmsGateway, VoiceGateway
from dialer.domain.outcome import Outcome
from dialer.domain.transitions import MessageStatus
from dialer.operations import attempts, campaigns, contacts, lifecycle, messages, strategies
from dialer.operations.attempts import Intent
from dialer.operations.contacts import Loaded
from dialer.operations.message_rows import PartNews, TextIntent
from dialer.store import claims, gateways, sources
from dialer.store.requests import ContactRequest
from tests.support.context import Bench

VOICE = VoiceGateway(name="Carrier", dial="PJSIP/{number}@carrier")
SMS = SmsGateway(name="Texter", host="127.0.0.1", port=2775, system_id="dialer")


def number(n: int) -> str:
    """A valid American number."""
    return f"+1202555{n:04d}"


def person(n: int, *numbers: int, **fields: Any) -> NewContact:
    """Person `n` with the number `n` and these further ones, all for calls and texts."""
    addresses = tuple(Address(number(one), voice=True, sms=True) for one in (n, *numbers))
    return NewContact(**{"first_name": f"P{n}", "addresses": addresses, **fields})


def persons(many: int, start: int = 0) -> list[NewContact]:
    return [person(n) for n in range(start, start + many)]


def strategy(*nodes: Mapping[str, Any], name: str = "test") -> dict[str, Any]:
    """A strategy that enters the first of these nodes; `{id, type, fields, out}` each."""
    start = {"id": "in", "type": "contact-in", "fields": {"max_attempts": 5}, "out": {"next": nodes[0]["id"]}}
    filled = [{"name": "", "x": 0, "y": 0, "fields": {}, "out": {}, **node} for node in (start, *nodes)]
    return {"format": "campaign-strategy/1", "name": name, "nodes": filled}


def call_wait_text(tries: int = 1) -> dict[str, Any]:
    """Call; who does not answer gets a text an hour later."""
    call = {"tries": tries, "retry_after": "10m", "retry_on": ["no_answer"]}
    return strategy(
        {"id": "call", "type": "call", "fields": call, "out": {"no_answer": "wait", "otherwise": "end"}},
        {"id": "wait", "type": "wait", "fields": {"kind": "for", "duration": "1h"}, "out": {"next": "text"}},
        {"id": "text", "type": "sms", "fields": {"text": "Hello {{first_name}}"}, "out": {"otherwise": "end"}},
        {"id": "end", "type": "end", "fields": {"result": "done"}},
    )


async def add_gateways(bench: Bench) -> None:
    async with bench.ctx.db.write() as tx:
        if await gateways.get(tx, "carrier") is None:
            await gateways.add(tx, "carrier", VOICE, bench.clock())
            await gateways.add(tx, "texter", SMS, bench.clock())


async def add_campaign(bench: Bench, document: dict[str, Any] | None = None, **fields: Any) -> int:
    """An unpublished campaign that can be published, with this strategy or the default one."""
    await add_gateways(bench)
    complete = {"title": "Spring", "queue": "sales", "voice_gateway": "carrier", "sms_gateway": "texter"}
    campaign = await campaigns.create(bench.ctx, {**complete, **fields})
    if document is not None:
        await strategies.deploy(bench.ctx, campaign.id, document)
    return campaign.id


async def load(bench: Bench, campaign_id: int, batch: Sequence[NewContact]) -> Loaded:
    """One batch of a new source."""
    async with bench.ctx.db.write() as tx:
        source_id = await sources.add(tx, campaign_id, "rest", "test", bench.clock())
        return await contacts.load(tx, campaign_id, source_id, batch, bench.clock())


async def settle(bench: Bench, campaign_id: int) -> None:
    """What the engine does when a campaign or its contacts changed, until there is no more to do."""
    while await lifecycle.stop_pending(bench.ctx, campaign_id):
        pass
    while await lifecycle.queue_again(bench.ctx, campaign_id):
        pass
    while await lifecycle.enter(bench.ctx, campaign_id):
        pass
    while await lifecycle.take_due(bench.ctx, campaign_id):
        pass


async def publish(bench: Bench, campaign_id: int) -> Campaign:
    published = await campaigns.publish(bench.ctx, campaign_id)
    await settle(bench, campaign_id)
    return published


async def claim(
    bench: Bench,
    campaign_id: int,
    channel: str = "call",
    *,
    limit: int = 100,
    order: LoadOrder = LoadOrder.OLDEST_FIRST,
    lease_s: float = 60,
    zoned_only: bool = False,
) -> list[ContactRequest]:
    now = bench.clock()
    until = now.fromtimestamp(now.timestamp() + lease_s, now.tzinfo)
    async with bench.ctx.db.write() as tx:
        return await claims.claim(
            tx, campaign_id, channel, order=order, node=bench.ctx.settings.node, until=until, now=now, limit=limit,
            zoned_only=zoned_only,
        )  # fmt: skip


async def intend_call(bench: Bench, request: ContactRequest) -> str | None:
    """The id of the attempt that was committed for a claimed request; None if it was stopped meanwhile."""
    intent = Intent(str(ULID()), request, "carrier", "sales")
    return intent.attempt_id if await attempts.intend(bench.ctx, [intent]) else None


async def end_call(bench: Bench, attempt_id: str, outcome: Outcome, **facts: Any) -> None:
    """`facts`: more of the result, such as its times."""
    result = replace(CallResult(outcome, 16, None, None, None, None, None, bench.clock(), f"test: {outcome}"), **facts)
    await attempts.record(bench.ctx, [], [(attempt_id, result)])


async def intend_text(bench: Bench, request: ContactRequest) -> str | None:
    """The id of the message that was committed for a claimed request; None if it was stopped meanwhile."""
    text = request.payload["text"]
    intent = TextIntent(str(ULID()), request, "texter", "", text, "gsm7", 1)
    return intent.message_id if await messages.intend(bench.ctx, [intent]) else None


async def answer_text(bench: Bench, message_id: str, status: MessageStatus = MessageStatus.SUBMITTED) -> None:
    names = (f"smsc-{message_id}",) if status is MessageStatus.SUBMITTED else ()
    await messages.record(bench.ctx, [("texter", PartNews(message_id, 1, status, names))])


async def call_all(bench: Bench, campaign_id: int, outcome: Outcome) -> int:
    """Every call that is due is made and ends so; returns how many."""
    claimed = await claim(bench, campaign_id)
    for request in claimed:
        attempt_id = await intend_call(bench, request)
        assert attempt_id is not None
        await end_call(bench, attempt_id, outcome)
    return len(claimed)


async def text_all(bench: Bench, campaign_id: int) -> int:
    """Every text that is due is sent and accepted; returns how many."""
    claimed = await claim(bench, campaign_id, "sms")
    for request in claimed:
        message_id = await intend_text(bench, request)
        assert message_id is not None
        await answer_text(bench, message_id)
    return len(claimed)
