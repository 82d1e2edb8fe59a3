"""Two nodes on one PostgreSQL: what one committed just before the other stops it has left before the answer, or never does."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from dialer.domain.windows import Validity
from dialer.engine.one_text import OneText
from dialer.engine.placing import Plan
from dialer.engine.text_log import TextLog
from dialer.operations import campaigns, do_not_contact, leaving
from dialer.operations.do_not_contact import NewEntry
from dialer.operations.message_rows import TextIntent
from dialer.store import nodes
from sms.status import Kind
from sms.submission import Refused
from sms.text import segments
from tests.support import builders, invariants
from tests.support.context import Bench
from tests.support.loop import Loop, loop_over

pytestmark = pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
Stop = Callable[[Bench, int], Awaitable[Any]]


async def _expire(bench: Bench, campaign_id: int) -> None:
    await campaigns.edit(bench.ctx, campaign_id, {"validity": Validity(until=bench.clock())})


async def _list(bench: Bench, _campaign_id: int) -> None:
    await do_not_contact.add(bench.ctx, [NewEntry(builders.number(0))])


STOPS: list[Stop] = [
    lambda bench, campaign_id: campaigns.unpublish(bench.ctx, campaign_id),
    lambda bench, campaign_id: campaigns.end(bench.ctx, campaign_id),
    _expire,
    _list,
]
NAMES = ["unpublish", "end", "expire", "list"]


class Held:
    """The second node has committed a call, and its Originate waits for `go`."""

    def __init__(self, loop: Loop) -> None:
        self.loop, self.committed, self.go = loop, asyncio.Event(), asyncio.Event()
        self._originate = loop.dialing.originate
        dialing: Any = loop.dialing
        dialing.originate = self._late

    async def _late(self, plan: Plan) -> None:
        self.committed.set()
        await self.go.wait()
        await self._originate(plan)


async def _committed(bench: Bench, second: Bench) -> tuple[int, Held, "asyncio.Task[Any]"]:
    campaign_id = await builders.add_campaign(bench)
    await builders.publish(bench, campaign_id)
    held = Held(await loop_over(second, {"sales": ("anna",)}))
    await builders.load(bench, campaign_id, builders.persons(1))
    await builders.settle(bench, campaign_id)
    bench.clock.now += timedelta(seconds=1)  # a queue in which nothing stood rests for a moment
    held.loop.dialing.feeds.look_now(campaign_id)
    dialing = asyncio.create_task(_dial(held))
    await asyncio.wait_for(held.committed.wait(), 60)
    return campaign_id, held, dialing


async def _dial(held: Held) -> None:
    while not held.committed.is_set() or not held.go.is_set():
        await held.loop.next_round()


@pytest.mark.req("C6", "A6", "D7")
@pytest.mark.parametrize("stop", STOPS, ids=NAMES)
async def test_the_answer_waits_for_what_another_node_committed(bench: Bench, second: Bench, stop: Stop) -> None:
    async with second.ctx.db.write() as tx:
        await nodes.seen(tx, second.ctx.settings.node, second.clock())
    campaign_id, held, dialing = await _committed(bench, second)
    stopping = asyncio.ensure_future(stop(bench, campaign_id))
    await asyncio.sleep(0.2)
    assert not stopping.done()
    held.go.set()
    await dialing
    sent = len(held.loop.calls)
    await asyncio.wait_for(stopping, 60)
    assert len(held.loop.calls) == sent == 1


@pytest.mark.req("C6", "A6", "D7")
@pytest.mark.parametrize("stop", STOPS, ids=NAMES)
async def test_what_is_late_does_not_leave_after_the_answer(bench: Bench, second: Bench, stop: Stop) -> None:
    """Its node was held up after the commit, and has not yet heard of the stop."""
    campaign_id, held, dialing = await _committed(bench, second)
    await stop(bench, campaign_id)
    bench.clock.now += leaving.SENT_WITHIN + timedelta(seconds=0.1)
    held.go.set()
    await dialing
    assert held.loop.calls == []
    await builders.settle(bench, campaign_id)
    await invariants.check(bench.ctx.db)
    assert "in_progress" not in await invariants.states(bench.ctx.db, campaign_id)


@pytest.mark.req("D2", "A6")
async def test_what_is_late_and_still_allowed_leaves(bench: Bench, second: Bench) -> None:
    _, held, dialing = await _committed(bench, second)
    bench.clock.now += leaving.SENT_WITHIN + timedelta(seconds=0.1)
    held.go.set()
    await dialing
    assert len(held.loop.calls) == 1


@pytest.mark.req("C6", "M4", "A6", "D7")
@pytest.mark.parametrize("stop", STOPS, ids=NAMES)
async def test_a_text_that_was_refused_for_now_is_not_tried_after_a_stop(
    bench: Bench, second: Bench, stop: Stop
) -> None:
    """The second node has not heard of it."""
    text = builders.strategy({"id": "text", "type": "sms", "fields": {"text": "Hello"}})
    campaign_id = await builders.add_campaign(bench, text)
    await builders.load(bench, campaign_id, builders.persons(1))
    await builders.publish(bench, campaign_id)
    (request,) = await builders.claim(second, campaign_id, "sms")
    tries = 0

    class Gateway:
        accepted = 0

        def slot(self) -> Any:
            return asyncio.Lock()

        async def submit(self, _part: Any) -> Refused:
            nonlocal tries
            tries += 1
            if tries == 1:
                await stop(bench, campaign_id)
                bench.clock.now += timedelta(seconds=2)
            return Refused(0x58, "ESME_RTHROTTLED", Kind.TEMPORARY, "throttled")

    gateway: Any = Gateway()
    intent = TextIntent("01TEXT", request, "texter", "", "Hello", "gsm7", 1)
    await OneText(
        second.ctx,
        TextLog(second.ctx, start=lambda work, name: asyncio.create_task(work, name=name)),
        gateway,
        intent,
        segments("Hello", reference=1),
        may_go=lambda: True,
        validity=lambda: timedelta(hours=1),
    ).send()
    assert tries == 1
    await builders.settle(bench, campaign_id)
    await invariants.check(bench.ctx.db)
