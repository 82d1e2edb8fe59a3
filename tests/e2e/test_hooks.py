"""Event webhooks by a running engine to a real receiver: signed, in order, at least once, and none holds up another."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from dialer.engine import deliveries as loop
from dialer.operations import campaigns, events, hooks
from dialer.operations.context import Context
from dialer.store import deliveries as store
from dialer.store import tables
from dialer.store.types import AnyRow
from tests.e2e.test_webhooks import engine, rows
from tests.support.receiver import Receiver, receiver
from tests.support.waiting import until

pytestmark = pytest.mark.req("A5")
SECRET = "a secret of the test"


async def endpoint(ctx: Context, there: Receiver, path: str = "/in") -> AnyRow:
    fields = {"name": path, "url": there.url + path, "events": ("campaign.status",), "secret": SECRET}
    return await hooks.create(ctx, fields)


async def happen(ctx: Context, times: int) -> None:
    """So many events: a campaign that is ended never is in truth, but its event tells nobody so."""
    made = await campaigns.create(ctx, {"title": "Told"})
    for _ in range(times):
        async with ctx.db.write() as tx:
            await events.moved(tx, ctx, made, made.status)


async def states(ctx: Context) -> list[str]:
    return [row.state for row in await rows(ctx, tables.webhook_delivery)]


async def delivered(ctx: Context, many: int) -> None:
    async def are() -> bool:
        return (await states(ctx)).count("delivered") == many

    await until(are, f"{many} deliveries")


async def test_everything_comes_in_order_signed_and_once(tmp_path: Path) -> None:
    async with receiver() as there, engine(tmp_path) as running:
        await endpoint(running.ctx, there)
        await happen(running.ctx, 120)
        await delivered(running.ctx, 120)
        ids = [row.event_id for row in await rows(running.ctx, tables.webhook_delivery)]
        assert [one.key for one in there.received] == ids
        assert all(one.is_signed_with(SECRET) for one in there.received)
        assert not there.received[0].is_signed_with("another secret")
        assert there.received[0].headers["Content-Type"] == "application/json"
        assert running.webhooks.deliveries.snapshot()["delivered"] == 120


async def test_a_slow_endpoint_holds_up_none_but_itself(tmp_path: Path) -> None:
    async def answering(request: web.Request) -> web.Response:
        if request.path == "/slow":
            await asyncio.sleep(60)
        return web.Response()

    async with receiver() as there, engine(tmp_path, timeout_s=30, drain_s=0.2) as running:
        there.answering = answering
        await endpoint(running.ctx, there, "/slow")
        await endpoint(running.ctx, there, "/fast")
        await happen(running.ctx, 20)
        await delivered(running.ctx, 20)
        assert [one.path for one in there.received].count("/slow") == 1


async def test_what_fails_comes_again_by_the_same_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dialer.domain.hooks.FIRST_PAUSE_S", 0.1)
    monkeypatch.setattr(loop, "FIRST_REST_S", 0.05)
    monkeypatch.setattr(loop, "LOOK_AGAIN_S", 0.1)
    left = [500, 302, 204]

    async def answering(_request: web.Request) -> web.Response:
        return web.Response(status=left.pop(0) if left else 200, headers={"Location": f"{there.url}/elsewhere"})

    async with receiver() as there, engine(tmp_path) as running:
        there.answering = answering
        await endpoint(running.ctx, there)
        await happen(running.ctx, 1)
        await delivered(running.ctx, 1)
        (row,) = await rows(running.ctx, tables.webhook_delivery)
    assert (row.tries, row.last_status) == (3, 204)
    assert {one.key for one in there.received} == {row.event_id}
    assert {one.path for one in there.received} == {"/in"}, "a redirect is not followed"


async def test_different_contacts_side_by_side_and_one_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "LOOK_AGAIN_S", 0.1)
    go, at_once, most = asyncio.Event(), 0, 0

    async def answering(_request: web.Request) -> web.Response:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await go.wait()
        at_once -= 1
        return web.Response()

    async with receiver() as there, engine(tmp_path, requests_at_once=3, timeout_s=60) as running:
        there.answering = answering
        made = await endpoint(running.ctx, there)
        now = running.ctx.clock()
        events_of = [(f"{number:026}", number % 4 + 1) for number in range(20)]  # id and contact
        async with running.ctx.db.write() as tx:
            new = [store.new(event_id, "test", {}, contact_id, now) for event_id, contact_id in events_of]
            await store.add(tx, [{**row, "endpoint_id": made.id} for row in new])
        await until(lambda: at_once == 3, "three at the same time")
        go.set()
        await delivered(running.ctx, 20)
        assert most == 3
        for contact in (1, 2, 3, 4):
            of_it = [event_id for event_id, contact_id in events_of if contact_id == contact]
            assert [one.key for one in there.received if one.key in of_it] == of_it


async def test_a_receiver_that_asks_to_wait_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "LOOK_AGAIN_S", 0.1)

    async def answering(_request: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "900"})

    async with receiver() as there, engine(tmp_path) as running:
        there.answering = answering
        await endpoint(running.ctx, there)
        await happen(running.ctx, 3)
        await until(lambda: running.webhooks.deliveries.snapshot()["failed"] == 1, "the first answer")

        async def is_put_off() -> bool:
            (first, *_) = await rows(running.ctx, tables.webhook_delivery)
            return first.state == "failed" and (first.next_due_at - running.ctx.clock()).total_seconds() > 800

        await until(is_put_off, "the first to be put off for a quarter of an hour")
        running.webhooks.deliveries._looked_at = float("-inf")
        await asyncio.sleep(2.5)  # without the request, another would come after a second
        assert len(there.received) == 1


async def test_a_crash_loses_nothing_and_repeats_by_the_same_ids(tmp_path: Path) -> None:
    async with receiver() as there:
        async with engine(tmp_path, crash=True) as running:
            await endpoint(running.ctx, there)
            await happen(running.ctx, 60)
            await until(lambda: len(there.received) >= 10, "the first")
        async with engine(tmp_path) as running:
            await delivered(running.ctx, 60)
            ids = [row.event_id for row in await rows(running.ctx, tables.webhook_delivery)]
        assert list(dict.fromkeys(one.key for one in there.received)) == ids


async def test_another_node_sees_a_new_endpoint_within_a_second_or_two(tmp_path: Path) -> None:
    async with receiver() as there, engine(tmp_path) as running:
        fields = {"name": "x", "url": there.url, "events": ("campaign.status",)}
        other = Context(running.ctx.db, running.ctx.settings)
        await hooks.create(other, fields)
        await until(lambda: bool(running.ctx.subscribed.endpoints), "the endpoint to be seen")
        await happen(running.ctx, 1)
        await delivered(running.ctx, 1)
