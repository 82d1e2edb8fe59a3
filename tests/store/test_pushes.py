"""The REST source in the store: pushes of the same people at once, answers that are given once, crashes in the middle (K7)."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from sqlalchemy import func, select

from dialer.domain.contact import NewContact
from dialer.domain.errors import IllegalTransition, InvalidInput, NotFound
from dialer.intake.pushed import Body, Piece, Refused
from dialer.operations import campaigns, pushes, rest_keys
from dialer.operations.pushes import Item, Once, StillRunning
from dialer.store import pushes as stored_pushes
from dialer.store import sources, tables
from dialer.store.types import AnyRow
from tests.support import builders, invariants
from tests.support.builders import person, persons
from tests.support.context import Bench


class CrashError(Exception):
    """The process dies here."""


def body(items: Sequence[NewContact | Refused], *, size: int = 100, dies_after: int | None = None) -> Body:
    async def pieces() -> AsyncIterator[Piece]:
        for start in range(0, max(1, len(items)), size):
            if dies_after is not None and start >= dies_after:
                raise CrashError
            yield Piece(start, tuple(items[start : start + size]))

    return Body(len(items), len(items) == 1, pieces())


async def push(
    bench: Bench, campaign_id: int, items: Sequence[NewContact | Refused], once: Once | None = None
) -> list[Item]:
    return await pushes.push(bench.ctx, campaign_id, body(items), once)


async def the_source(bench: Bench) -> AnyRow:
    async with bench.ctx.db.read() as tx:
        return (await tx.execute(select(tables.source))).one()


async def number(bench: Bench, table: object) -> int:
    async with bench.ctx.db.read() as tx:
        return await tx.scalar(select(func.count()).select_from(table)) or 0  # type: ignore[arg-type]


@pytest.mark.req("K7")
async def test_every_item_is_told_in_its_order_and_all_count_as_one_source(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    first = await push(bench, campaign_id, [person(1), Refused("no address is given", "{}"), person(2), person(1, 3)])
    assert [item.result for item in first] == ["created", "refused", "created", "merged"]
    assert first[0].contact_id == first[3].contact_id != first[2].contact_id
    assert first[1].reason == "no address is given"
    second = await push(bench, campaign_id, [person(3)])
    assert second == [Item("merged", first[0].contact_id)]
    source = await the_source(bench)
    assert (source.kind, source.name, source.state) == ("rest", "REST", "running")
    assert (source.rows, source.created, source.merged, source.refused) == (5, 2, 2, 1)
    async with bench.ctx.db.read() as tx:
        (kept,) = await sources.refused(tx, source.id, 0, 10)
        assert await sources.unfinished(tx) == []
    assert (kept.row, kept.cells, kept.reason) == (2, ["{}"], "no address is given")
    assert bench.engine.contacts == [campaign_id] * 2
    await invariants.check(bench.ctx.db)


@pytest.mark.req("K7", "K2")
async def test_a_row_that_joins_two_new_ones_leaves_one_that_was_created(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    items = await push(bench, campaign_id, [person(1), person(2), person(1, 2), person(5)])
    assert [item.result for item in items] == ["created", "merged", "merged", "created"]
    assert len({item.contact_id for item in items}) == 2
    assert await number(bench, tables.contact) == 2


@pytest.mark.req("K7")
async def test_a_campaign_that_is_not_there_or_has_ended(bench: Bench) -> None:
    with pytest.raises(NotFound):
        await push(bench, 7, [person(1)])
    campaign_id = await builders.add_campaign(bench)
    await campaigns.end(bench.ctx, campaign_id)
    for once in (None, Once("k", "d")):
        with pytest.raises(IllegalTransition):
            await push(bench, campaign_id, [person(1)], once)
    assert await number(bench, tables.contact) == 0


@pytest.mark.req("K7")
async def test_the_same_call_again_is_answered_the_same_and_does_nothing(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    once = Once.of("key", b"body")
    people = [*persons(150), Refused("no", "{}")]
    first = await push(bench, campaign_id, people, once)
    assert await push(bench, campaign_id, people, once) == first
    assert {item.result for item in first} == {"created", "refused"}
    assert (await the_source(bench)).rows == 151
    with pytest.raises(InvalidInput) as refused:
        await push(bench, campaign_id, people, Once.of("key", b"another body"))
    assert refused.value.faults[0].field == "Idempotency-Key"
    other = await builders.add_campaign(bench)
    assert {item.result for item in await push(bench, other, people, once)} == {"merged", "refused"}


@pytest.mark.req("K7")
async def test_a_key_is_forgotten_after_a_day(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await push(bench, campaign_id, [person(1)], Once("old", "d"))
    bench.clock.advance(hours=23)
    await push(bench, campaign_id, [person(2)], Once("new", "d"))
    bench.clock.advance(hours=2)
    assert (await push(bench, campaign_id, [person(1)], Once("old", "e")))[0].result == "merged"
    assert await number(bench, tables.idempotent_request) == 2
    bench.clock.advance(hours=30)
    await push(bench, campaign_id, [person(2)], Once("newest", "d"))
    assert await number(bench, tables.idempotent_request) == 1


@pytest.mark.req("K7")
async def test_a_crash_in_the_middle_is_taken_up_where_it_was(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    once, people = Once("key", "digest"), persons(250)
    with pytest.raises(CrashError):
        await pushes.push(bench.ctx, campaign_id, body(people, dies_after=200), once)
    assert await number(bench, tables.contact) == 200
    with pytest.raises(StillRunning) as busy:
        await push(bench, campaign_id, people, once)
    assert 0 < busy.value.retry_after_s <= 30
    bench.clock.advance(seconds=31)
    items = await push(bench, campaign_id, people, once)
    assert [item.result for item in items] == ["created"] * 250, "nothing was loaded twice"
    assert (await the_source(bench)).rows == 250
    assert await push(bench, campaign_id, people, once) == items
    await invariants.check(bench.ctx.db)


@pytest.mark.req("K7")
async def test_one_that_was_taken_for_dead_does_not_go_on_beside_its_successor(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    once, people = Once("key", "digest"), persons(200)
    half, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[Piece]:
        yield Piece(0, tuple(people[:100]))
        half.set()
        await go_on.wait()
        yield Piece(100, tuple(people[100:]))

    first = asyncio.create_task(pushes.push(bench.ctx, campaign_id, Body(200, False, slow()), once))
    await half.wait()
    bench.clock.advance(seconds=31)
    assert len(await push(bench, campaign_id, people, once)) == 200
    go_on.set()
    with pytest.raises(StillRunning):
        await first
    assert (await the_source(bench)).rows == 200


@pytest.mark.req("K7", "K2", "A6")
async def test_two_nodes_push_the_same_people_at_once(bench: Bench, second: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    people = persons(120)
    nodes = [bench, second] * 3
    answers = await asyncio.gather(
        *(push(node, campaign_id, people if at % 2 else people[::-1]) for at, node in enumerate(nodes))
    )
    results = [item.result for items in answers for item in items]
    assert (results.count("created"), results.count("merged")) == (120, 600)
    source = await the_source(bench)
    assert (source.rows, source.created, source.merged) == (720, 120, 600)
    assert await invariants.states(bench.ctx.db, campaign_id) == {"pending": 120}
    await invariants.check(bench.ctx.db)


@pytest.mark.req("K7", "A6")
async def test_the_same_call_on_two_nodes_at_once_is_done_once(bench: Bench, second: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    once, people = Once("key", "digest"), persons(150)
    answers = await asyncio.gather(
        *(push(node, campaign_id, people, once) for node in (bench, second, bench)), return_exceptions=True
    )
    done = [answer for answer in answers if isinstance(answer, list)]
    assert done
    assert all(answer == done[0] for answer in done)
    assert all(isinstance(answer, StillRunning | list) for answer in answers), answers
    assert (await the_source(bench)).rows == 150
    assert await push(second, campaign_id, people, once) == done[0]


@pytest.mark.req("K7")
async def test_of_refused_items_the_newest_are_kept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_pushes, "MOST_REFUSED", 5)
    campaign_id = await builders.add_campaign(bench)
    for start in range(0, 12, 4):
        await push(bench, campaign_id, [person(start), *(Refused(f"no {start + n}", "{}") for n in range(3))])
    async with bench.ctx.db.read() as tx:
        kept = await sources.refused(tx, (await the_source(bench)).id, 0, 100)
    assert [row.reason for row in kept] == ["no 5", "no 6", "no 8", "no 9", "no 10"]
    assert (await the_source(bench)).refused == 9


@pytest.mark.req("K7")
async def test_a_key_opens_its_campaign_until_there_is_another(bench: Bench, second: Bench) -> None:
    one, other = await builders.add_campaign(bench), await builders.add_campaign(bench)
    key = await rest_keys.get(bench.ctx, one)
    assert key == await rest_keys.get(second.ctx, one) != await rest_keys.get(bench.ctx, other)
    assert await rest_keys.opens(bench.ctx, one, key)
    assert not await rest_keys.opens(bench.ctx, other, key)
    assert not await rest_keys.opens(bench.ctx, one, key + "é")
    renewed = [await rest_keys.renew(bench.ctx, one), await rest_keys.renew(second.ctx, one)]
    assert len({key, *renewed}) == 3
    assert [await rest_keys.opens(second.ctx, one, old) for old in (key, *renewed)] == [False, False, True]
    with pytest.raises(NotFound):
        await rest_keys.renew(bench.ctx, 99)
    with pytest.raises(NotFound):
        await rest_keys.get(bench.ctx, 99)
