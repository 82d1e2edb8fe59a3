"""A stop that meets calls and texts being committed at the same moment: nothing leaves after it, nothing escapes its flag."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.operations import attempts, campaigns, messages
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
            go_on.wait(10)
        else:
            await asyncio.to_thread(go_on.wait, 10)

    with monkeypatch.context() as patched:
        patched.setattr(trail, "write", write_slowly)
        intending = asyncio.create_task(builders.intend_call(second, claimed))
        assert await asyncio.to_thread(written.wait, 10)
    stopping = asyncio.ensure_future(stop(bench, campaign_id))
    done, _ = await asyncio.wait([stopping], timeout=0.3)
    assert not done
    go_on.set()
    await asyncio.wait_for(asyncio.gather(intending, stopping), 10)
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
    assert await messages.intend(bench.ctx, text)
    return lambda: messages.withdraw(bench.ctx, text, "the link was down")
