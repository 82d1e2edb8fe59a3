"""Webhooks by a running engine to a real receiver: any hour, signed, a few at once, and again by the same key after a crash."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import select

from config.settings import Settings
from dialer.domain.contact import Address, NewContact
from dialer.domain.windows import ExecutionTime, Validity
from dialer.engine.engine import Engine
from dialer.operations import campaigns, contacts, strategies
from dialer.operations.context import Context
from dialer.operations.webhooks import signing_key
from dialer.store import sources, tables
from dialer.store.database import Database
from dialer.store.migrate import upgrade
from dialer.store.types import AnyRow
from tests.support import invariants
from tests.support.databases import SQLITE, PostgresDatabases, made_ready
from tests.support.postgres import PostgresServer
from tests.support.receiver import Receiver, receiver
from tests.support.rig import strategy
from tests.support.waiting import until

PEOPLE = 20


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as made:
        yield made


@pytest.fixture(scope="module")
def databases() -> Iterator[PostgresDatabases]:
    with PostgresServer() as server:
        yield PostgresDatabases(server)


@asynccontextmanager
async def engine(
    folder: Path, *, crash: bool = False, drain_s: float = 5, url: str = "", node: str = "test", **webhooks: Any
) -> AsyncIterator[Engine]:
    """One without an Asterisk: webhooks need none. With `crash` it gets no chance to record anything in the end."""
    settings = Settings(
        ami={"port": 1}, calls={"drain_s": drain_s}, data_dir=folder, node=node,
        webhooks={"allowed_hosts": {"127.0.0.1"}, "allow_private": True, **webhooks},
    )  # type: ignore[arg-type]  # fmt: skip
    url = url or f"{SQLITE}{folder}/dialer.db"
    await made_ready(url)
    ctx = Context(Database(url), settings)
    try:
        await upgrade(ctx.db)
        made = Engine(ctx)
        running = asyncio.create_task(made.run(), name="engine")
        try:
            yield made
        finally:
            if crash:
                running.cancel()
            else:
                made.stop()
            await asyncio.gather(running, return_exceptions=True)
    finally:
        await ctx.db.close()


async def campaign(ctx: Context, there: Receiver, many: int = PEOPLE, **fields: Any) -> int:
    """Published, at an hour at which nobody may be called."""
    now = datetime.now(UTC)
    shut = ExecutionTime(time((now.hour + 6) % 24), time((now.hour + 7) % 24))
    made = await campaigns.create(ctx, {"title": "Hooks", "time_zone": "UTC", "execution": shut})
    sent = {"url": f"{there.url}/{{{{first_name}}}}", "body": '{"n": "{{first_name}}"}', "save_as": "plan", **fields}
    hook = {"id": "hook", "type": "webhook", "fields": sent, "out": {"ok": "end", "error": "bad"}}
    bad = {"id": "bad", "type": "end", "fields": {"result": "bad"}}
    await strategies.deploy(ctx, made.id, strategy(hook, bad))
    people = [
        NewContact(first_name=f"P{n}", addresses=(Address(f"+1202555{n:04d}", voice=True, sms=True),))
        for n in range(many)
    ]
    async with ctx.db.write() as tx:
        source = await sources.add(tx, made.id, "rest", "test", ctx.clock())
        await contacts.load(tx, made.id, source, people, ctx.clock())
    await campaigns.publish(ctx, made.id)
    return made.id


async def rows(ctx: Context, table: Any) -> list[AnyRow]:
    async with ctx.db.read() as tx:
        return list(await tx.execute(select(table).order_by(table.c.id)))


async def over(ctx: Context, many: int = PEOPLE) -> None:
    async def is_over() -> bool:
        return [place.state for place in await rows(ctx, tables.enrollment)] == ["done"] * many

    await until(is_over, "every contact to be done")
    await invariants.check(ctx.db)


def slowly(seconds: float, at_once: list[int]) -> Any:
    """Answers after a time, and notes how many were there at the same time."""
    now = 0

    async def answering(_request: web.Request) -> web.Response:
        nonlocal now
        now += 1
        at_once.append(now)
        try:
            await asyncio.sleep(seconds)
        finally:
            now -= 1
        return web.Response(text="gold")

    return answering


@pytest.mark.req("S3", "S4")
async def test_everybody_is_told_once_at_any_hour_and_a_few_at_the_same_time(there: Receiver, tmp_path: Path) -> None:
    at_once: list[int] = []
    there.answering = slowly(0.05, at_once)
    async with engine(tmp_path, per_campaign=3) as running:
        await campaign(running.ctx, there)
        await over(running.ctx)
        key = signing_key(running.ctx)
        held = [contact.attributes for contact in await rows(running.ctx, tables.contact)]
        counted = running.webhooks.snapshot()
    assert counted == {"under_way": 0, "sent": PEOPLE, "answered": PEOPLE, "failed": 0}
    assert held == [{"plan": "gold"}] * PEOPLE
    assert sorted(one.path for one in there.received) == sorted(f"/P{n}" for n in range(PEOPLE))
    assert len({one.key for one in there.received}) == PEOPLE
    assert all(one.is_signed_with(key) for one in there.received)
    assert max(at_once) == 3


@pytest.mark.req("S3")
async def test_a_secret_of_ones_own_signs(there: Receiver, tmp_path: Path) -> None:
    async with engine(tmp_path, secret="sixteen characters") as running:
        await campaign(running.ctx, there, 1)
        await over(running.ctx, 1)
    assert there.received[0].is_signed_with("sixteen characters")


@pytest.mark.req("S3")
async def test_what_fails_takes_its_own_way_and_the_trail_says_why(there: Receiver, tmp_path: Path) -> None:
    async def answering(request: web.Request) -> web.StreamResponse:
        if request.path == "/P0":
            return web.Response(status=500)
        if request.path == "/P1":
            return web.Response(status=302, headers={"Location": f"{there.url}/P9"})
        await asyncio.sleep(20)
        return web.Response()

    there.answering = answering
    async with engine(tmp_path) as running:
        await campaign(running.ctx, there, 3, timeout_s=1)
        await over(running.ctx, 3)
        places = await rows(running.ctx, tables.enrollment)
        trail = [row.data for row in await rows(running.ctx, tables.trail) if row.kind == "webhook-failed"]
        assert running.webhooks.snapshot()["failed"] == 3
    assert [place.result for place in places] == ["bad"] * 3
    told = {(data["status"], data["reason"]) for data in trail}
    assert told == {
        (500, "answered 500"), (302, "answered 302, and redirects are not followed"), (None, "no answer within 1 s"),
    }  # fmt: skip
    assert "/P9" not in {one.path for one in there.received}


@pytest.mark.req("S3")
async def test_a_host_that_is_no_more_allowed_is_not_called(there: Receiver, tmp_path: Path) -> None:
    async with engine(tmp_path) as running:
        campaign_id = await campaign(running.ctx, there, 0)
        await campaigns.unpublish(running.ctx, campaign_id)
    async with engine(tmp_path, allowed_hosts={"other.example"}) as running:
        people = [NewContact(first_name="Q", addresses=(Address("+12025550199", voice=True),))]
        async with running.ctx.db.write() as tx:
            source = await sources.add(tx, campaign_id, "rest", "test", running.ctx.clock())
            await contacts.load(tx, campaign_id, source, people, running.ctx.clock())
        await campaigns.publish(running.ctx, campaign_id)
        await over(running.ctx, 1)
        (failed,) = [row.data for row in await rows(running.ctx, tables.trail) if row.kind == "webhook-failed"]
    assert "webhooks.allowed_hosts" in failed["reason"]
    assert there.received == []


@pytest.mark.req("C6", "C7", "C8", "S3")
async def test_unpublishing_lets_no_more_out_and_publishing_goes_on(there: Receiver, tmp_path: Path) -> None:
    there.answering = slowly(0.1, [])
    async with engine(tmp_path, per_campaign=2) as running:
        campaign_id = await campaign(running.ctx, there)
        await until(lambda: len(there.received) >= 4, "the first webhooks")
        await campaigns.unpublish(running.ctx, campaign_id)
        await until(lambda: not running.webhooks.busy, "those under way to be recorded")
        sent = len(there.received)
        await asyncio.sleep(0.4)
        assert len(there.received) == sent < PEOPLE
        await campaigns.publish(running.ctx, campaign_id)
        await over(running.ctx)
    assert Counter(one.path for one in there.received) == {f"/P{n}": 1 for n in range(PEOPLE)}


@pytest.mark.req("A6", "S3")
@pytest.mark.parametrize("crash", [True, False])
async def test_after_a_crash_or_a_stop_the_same_key_comes_again(there: Receiver, tmp_path: Path, crash: bool) -> None:
    there.answering = slowly(30, [])
    async with engine(tmp_path, crash=crash, drain_s=0.2) as running:
        await campaign(running.ctx, there, 3, timeout_s=60)
        await until(lambda: len(there.received) == 3, "the webhooks to be under way")
        began = running.ctx.clock()
    assert datetime.now(UTC) - began < timedelta(seconds=10), "a stop does not wait for receivers"
    first = {one.path: one.key for one in there.received}
    there.answering = None
    async with engine(tmp_path) as running:
        await over(running.ctx, 3)
        kinds = Counter(row.kind for row in await rows(running.ctx, tables.trail))
    again = {one.path: one.key for one in there.received[3:]}
    assert again == first
    assert (kinds["webhook-withdrawn"], kinds["webhook-sending"], kinds["webhook-answered"]) == (3, 6, 3)


@pytest.mark.req("A6", "C6", "C13")
async def test_a_node_sees_what_another_one_published_and_edited(
    there: Receiver, databases: PostgresDatabases, tmp_path: Path
) -> None:
    """Both run when it happens. The one by which people work sends nothing itself, so that all comes from the other."""
    url = await databases.make(migrated=False)
    async with (
        engine(tmp_path, url=url, node="desk") as desk,
        engine(tmp_path, url=url, node="worker") as worker,
    ):
        desk.webhooks.draining = True
        campaign_id = await campaign(worker.ctx, there, 0)
        await campaigns.unpublish(desk.ctx, campaign_id)
        people = [NewContact(first_name="Q", addresses=(Address("+12025550199", voice=True),))]
        async with desk.ctx.db.write() as tx:
            source = await sources.add(tx, campaign_id, "rest", "test", desk.ctx.clock())
            await contacts.load(tx, campaign_id, source, people, desk.ctx.clock())
        await until(lambda: campaign_id not in worker.board.campaigns, "the worker to see the stop")
        later = datetime.now(UTC) + timedelta(days=1)
        await campaigns.edit(desk.ctx, campaign_id, {"validity": Validity(later, None)})
        await campaigns.publish(desk.ctx, campaign_id)
        await until(lambda: campaign_id in worker.board.campaigns, "the worker to see the start")
        assert there.received == []
        await campaigns.edit(desk.ctx, campaign_id, {"validity": Validity(None, None)})
        await over(desk.ctx, 1)
        counted = (desk.webhooks.snapshot()["sent"], worker.webhooks.snapshot()["sent"])
    assert counted == (0, 1)
    assert [one.path for one in there.received] == ["/Q"]
