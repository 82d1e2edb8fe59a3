"""A stop that meets calls and texts being committed at the same moment: nothing leaves after it, nothing escapes its flag."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from datetime import time, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from config.settings import Webhooks
from dialer.domain.windows import ExecutionTime, Validity
from dialer.operations import attempts, campaigns, messages, webhooks
from dialer.store import trail
from dialer.store.requests import ContactRequest
from tests.support import builders, invariants
from tests.support.context import Bench

Stop = Callable[[Bench, int], Awaitable[None]]


async def _unpublish(bench: Bench, campaign_id: int) -> None:
    await campaigns.unpublish(bench.ctx, campaign_id)


async def _end(bench: Bench, campaign_id: int) -> None:
    await campaigns.end(bench.ctx, campaign_id)


@pytest.mark.req("C6", "C7", "A6")
@pytest.mark.parametrize("stop", [_unpublish, _end])
async def test_a_stop_waits_for_intents_that_another_node_is_committing(
    bench: Bench, second: Bench, stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL: a call committed after the stop's answer would leave after it, and its contact be flagged meanwhile."""
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, builders.persons(2))
    await builders.publish(bench, campaign_id)
    (claimed,) = await builders.claim(second, campaign_id, limit=1)
    written, go_on, write = threading.Event(), threading.Event(), trail.write

    async def write_slowly(tx: AsyncConnection, entries: Sequence[trail.Entry]) -> None:
        await write(tx, entries)
        written.set()
        if tx.dialect.name == "sqlite":  # in the writer's own thread
            go_on.wait(60)
        else:
            await asyncio.to_thread(go_on.wait, 60)

    with monkeypatch.context() as patched:
        patched.setattr(trail, "write", write_slowly)
        intending = asyncio.create_task(builders.intend_call(second, claimed))
        assert await asyncio.to_thread(written.wait, 60)
    stopping = asyncio.ensure_future(stop(bench, campaign_id))
    done, _ = await asyncio.wait([stopping], timeout=0.3)
    assert not done
    go_on.set()
    await asyncio.wait_for(asyncio.gather(intending, stopping), 60)
    assert await invariants.states(bench.ctx.db, campaign_id) == {"stopped": 1, "in_progress": 1}


@pytest.mark.req("C7", "D5")
@pytest.mark.parametrize("channel", ["call", "sms"])
async def test_what_never_left_and_was_stopped_meanwhile_is_flagged(bench: Bench, channel: str) -> None:
    """An unpublish between the commit of an intent and its proof that nothing was sent: back in the queue, so stopped."""
    document = (
        builders.strategy({"id": "text", "type": "sms", "fields": {"text": "Hello"}}) if channel == "sms" else None
    )
    campaign_id = await builders.add_campaign(bench, document)
    await builders.load(bench, campaign_id, builders.persons(1))
    await builders.publish(bench, campaign_id)
    (claimed,) = await builders.claim(bench, campaign_id, channel)
    withdraw = await _intend(bench, claimed, channel)
    await campaigns.unpublish(bench.ctx, campaign_id)
    assert await invariants.states(bench.ctx.db, campaign_id) == {"in_progress": 1}
    bench.engine.looked_at.clear()
    await withdraw()
    assert bench.engine.looked_at == [campaign_id], "the lifecycle is told to look at it again"
    await builders.settle(bench, campaign_id)
    assert await invariants.states(bench.ctx.db, campaign_id) == {"stopped": 1}
    await invariants.check(bench.ctx.db, settled=True)


async def _intend(bench: Bench, claimed: ContactRequest, channel: str) -> Callable[[], Awaitable[None]]:
    """Commits the intent; returns how to withdraw it."""
    if channel == "call":
        call = attempts.Intent("01HZZZZZZZZZZZZZZZZZZZZZZZ", claimed, "carrier", "sales")
        assert await attempts.intend(bench.ctx, [call])
        return lambda: attempts.withdraw(bench.ctx, call, "the link was down")
    text = messages.TextIntent("01HZZZZZZZZZZZZZZZZZZZZZZZ", claimed, "texter", "", "Hello", "gsm7", 1)
    assert await messages.intend(bench.ctx, [text])
    return lambda: messages.withdraw(bench.ctx, text, "the link was down")


@pytest.mark.req("A6", "C6", "C9", "C13")
@pytest.mark.parametrize("channel", ["call", "sms", "webhook"])
@pytest.mark.parametrize("changed", ["validity", "execution"])
async def test_an_intent_sees_what_another_node_has_just_edited(
    bench: Bench, second: Bench, channel: str, changed: str
) -> None:
    """What a node knows of a campaign may be a second old: the store is asked in the transaction of the intent."""
    if bench.ctx.db.is_sqlite:
        return  # one process alone writes, and that edits as well
    section = Webhooks(allowed_hosts=frozenset({"hooks.example"}))
    bench.ctx.settings = bench.ctx.settings.model_copy(update={"webhooks": section})
    step = {"id": "step", "type": channel, "fields": _FIELDS[channel], "out": {}}
    campaign_id = await builders.add_campaign(bench, builders.strategy(step))
    await builders.load(bench, campaign_id, builders.persons(1))
    await builders.publish(bench, campaign_id)
    (claimed,) = await builders.claim(second, campaign_id, channel)
    over = Validity(None, bench.clock.now - timedelta(minutes=1))
    shut = ExecutionTime(time(bench.clock.now.hour + 2), time(bench.clock.now.hour + 3))
    await campaigns.edit(bench.ctx, campaign_id, {"validity": over} if changed == "validity" else {"execution": shut})
    intended = {"call": builders.intend_call, "sms": builders.intend_text, "webhook": webhooks.intend}[channel]
    going = await intended(second if channel != "webhook" else second.ctx, claimed)  # type: ignore[operator]
    assert bool(going) is (channel == "webhook" and changed == "execution"), "webhooks go at any hour"
    await invariants.check(bench.ctx.db)


_FIELDS = {"call": {}, "sms": {"text": "Hello"}, "webhook": {"url": "https://hooks.example/"}}
