"""Contacts that are in the system already, by a filter, as a source (K9)."""

import asyncio

import pytest
from sqlalchemy import delete, select

from dialer.domain.errors import IllegalTransition, InvalidInput
from dialer.operations import campaigns, removal, selections, sources
from dialer.operations.selections import Found
from dialer.store import sources as store_sources
from dialer.store import tables, trail
from dialer.store.types import AnyRow
from tests.support import builders, invariants
from tests.support.builders import person, persons
from tests.support.context import Bench


async def many(bench: Bench, number: int) -> int:
    """A campaign whose contacts are in the system; every third is of Bonn."""
    other = await builders.add_campaign(bench)
    people = [person(n, attributes={"city": "Bonn" if n % 3 == 0 else "Rome"}) for n in range(number)]
    for start in range(0, number, 100):
        await builders.load(bench, other, people[start : start + 100])
    return other


BONN = ["attributes.city:eq:Bonn"]


async def ran(bench: Bench, campaign_id: int, filters: list[str]) -> AnyRow:
    made = await selections.take(bench.ctx, campaign_id, filters, None, None)
    assert await selections.run(bench.ctx, made.id)
    return await sources.get(bench.ctx, campaign_id, made.id)


async def members(bench: Bench, campaign_id: int) -> int:
    return sum((await invariants.states(bench.ctx.db, campaign_id)).values())


@pytest.mark.req("K9")
async def test_those_that_fit_are_added_and_who_is_there_stays(bench: Bench) -> None:
    await many(bench, 420)
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, persons(6))
    assert await selections.preview(bench.ctx, campaign_id, BONN, None) == Found(140, 2)
    row = await ran(bench, campaign_id, BONN)
    assert (row.kind, row.state, row.rows_total, row.rows) == ("filter", "done", 140, 140)
    assert (row.created, row.merged, row.refused, row.name) == (138, 2, 0, "Contacts: attributes.city eq Bonn")
    assert row.started_at
    assert await members(bench, campaign_id) == 144
    async with bench.ctx.db.read() as tx:
        last = await tx.scalar(
            select(tables.enrollment.c.contact_id)
            .where(tables.enrollment.c.source_id == row.id)
            .order_by(tables.enrollment.c.id.desc())
        )
        told = (await trail.of_contact(tx, int(last or 0), campaign_id))[-1]
    assert (told["kind"], told["data"]) == ("enrolled", {"source": row.id})
    assert await selections.preview(bench.ctx, campaign_id, BONN, None) == Found(140, 140)
    await invariants.check(bench.ctx.db)


@pytest.mark.req("K9")
async def test_conditions_are_checked_before_anything_is_made(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    for wrong in ("nonsense", "id:eq:x", "id:like:3"):
        with pytest.raises(InvalidInput):
            await selections.take(bench.ctx, campaign_id, [wrong], None, None)
    assert (
        await selections.preview(bench.ctx, campaign_id, ["created_at:lt:2030-01-01T00:00:00Z"], None)
    ).already is None
    await campaigns.end(bench.ctx, campaign_id)
    with pytest.raises(IllegalTransition):
        await selections.take(bench.ctx, campaign_id, [], None, None)


@pytest.mark.req("K9", "A6")
async def test_cut_off_anywhere_it_ends_the_same(bench: Bench, second: Bench) -> None:
    """What came after it was made is not part of it; another node goes on, and contacts may be deleted meanwhile."""
    other = await many(bench, 630)
    campaign_id = await builders.add_campaign(bench)
    made = await selections.take(bench.ctx, campaign_id, [], None, "Everybody")
    running = asyncio.create_task(selections.run(bench.ctx, made.id))
    async with asyncio.timeout(60):
        while len(bench.engine.contacts) < 2:
            await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await builders.load(bench, other, persons(50, 2000))
    async with bench.ctx.db.write() as tx:
        newest = tables.contact.c.first_name == "P629"
        await tx.execute(delete(tables.contact).where(newest))
        assert await store_sources.unfinished(tx) == [made.id]
    half = await sources.get(bench.ctx, campaign_id, made.id)
    assert half.state == "running"
    assert 200 <= half.rows < 630
    assert await selections.run(second.ctx, made.id)
    done = await sources.get(bench.ctx, campaign_id, made.id)
    assert (done.state, done.rows, done.created, done.name) == ("done", 629, 629, "Everybody")
    assert await members(bench, campaign_id) == 629


@pytest.mark.req("K9", "C4")
async def test_an_end_a_cancel_and_a_removal(bench: Bench) -> None:
    await many(bench, 30)
    campaign_id, ended = await builders.add_campaign(bench), await builders.add_campaign(bench)
    made = await selections.take(bench.ctx, ended, [], None, None)
    await campaigns.end(bench.ctx, ended)
    assert await selections.run(bench.ctx, made.id)
    row = await sources.get(bench.ctx, ended, made.id)
    assert (row.state, row.created) == ("failed", 0)
    assert "ended" in row.error
    cancelled = await selections.take(bench.ctx, campaign_id, [], None, None)
    await sources.cancel(bench.ctx, campaign_id, cancelled.id)
    assert await selections.run(bench.ctx, cancelled.id)
    assert await members(bench, campaign_id) == 0
    row = await ran(bench, campaign_id, BONN)
    assert await removal.preview(bench.ctx, campaign_id, row.id) == removal.Preview(10, 0, 0, {})
    assert await removal.remove(bench.ctx, campaign_id, row.id) is None
    assert await members(bench, campaign_id) == 0


async def test_a_source_of_another_kind_is_left_to_others(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    async with bench.ctx.db.write() as tx:
        source_id = await store_sources.add(tx, campaign_id, "csv", "people.csv", bench.clock())
    assert not await selections.run(bench.ctx, source_id)
    assert await selections.run(bench.ctx, 99), "one that is gone"
