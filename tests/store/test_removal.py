"""Removing a source takes back exactly what it brought and had not been contacted, and says what stays (K8)."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select

from dialer.domain.contact import NewContact
from dialer.domain.errors import IllegalTransition, NotFound
from dialer.domain.outcome import Outcome
from dialer.domain.transitions import SourceState
from dialer.operations import contacts, pushes, removal, sources
from dialer.operations.removal import Preview
from dialer.operations.sources import NotRemovable
from dialer.store import contacts as stored
from dialer.store import sources as store_sources
from dialer.store import tables, trail
from dialer.store.types import AnyRow
from tests.store.test_pushes import body
from tests.support import builders, invariants
from tests.support.builders import number, person, persons
from tests.support.context import Bench


async def load(bench: Bench, campaign_id: int, batch: Sequence[NewContact]) -> int:
    """A source that is done, with these rows."""
    async with bench.ctx.db.write() as tx:
        source_id = await store_sources.add(tx, campaign_id, "csv", "people.csv", bench.clock(), state="done")
        for start in range(0, len(batch), 100):
            await contacts.load(tx, campaign_id, source_id, batch[start : start + 100], bench.clock())
    return source_id


async def people(bench: Bench) -> dict[str, tuple[tuple[str, ...], dict[str, str]]]:
    """Every contact: name → addresses and attributes."""
    async with bench.ctx.db.read() as tx:
        ids = list((await tx.execute(select(tables.contact.c.id))).scalars())
        held = await stored.records(tx, ids)
    return {r.first_name: (tuple(a.address for a in r.addresses), r.attributes) for r in held.values()}


async def in_campaign(bench: Bench, campaign_id: int) -> set[str]:
    query = select(tables.contact.c.first_name).join_from(tables.enrollment, tables.contact)
    async with bench.ctx.db.read() as tx:
        return set((await tx.execute(query.where(tables.enrollment.c.campaign_id == campaign_id))).scalars())


async def remove(bench: Bench, campaign_id: int, source_id: int) -> AnyRow | None:
    """Also proves that the preview said before what then came true."""
    told = await removal.preview(bench.ctx, campaign_id, source_id)
    before = await number_of(bench, tables.contact), await number_of(bench, tables.enrollment)
    row = await removal.remove(bench.ctx, campaign_id, source_id, at_once_s=60)
    after = await number_of(bench, tables.contact), await number_of(bench, tables.enrollment)
    assert (before[0] - after[0], before[1] - after[1]) == (told.deleted, told.leave)
    assert {why: n for why, n in told.kept.items() if why != "handed_over"} == (row.kept if row else {})
    await invariants.check(bench.ctx.db)
    return row


async def number_of(bench: Bench, table: object) -> int:
    async with bench.ctx.db.read() as tx:
        return await tx.scalar(select(func.count()).select_from(table)) or 0  # type: ignore[arg-type]


async def kinds(bench: Bench, name: str) -> list[str]:
    async with bench.ctx.db.read() as tx:
        contact_id = await tx.scalar(select(tables.contact.c.id).where(tables.contact.c.first_name == name))
        return [entry["kind"] for entry in await trail.of_contact(tx, int(contact_id or 0), None)]


@pytest.mark.req("K8")
async def test_a_source_that_nobody_was_contacted_of_leaves_nothing(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await load(bench, campaign_id, persons(3))
    source_id = await load(bench, campaign_id, persons(230, 100))
    await builders.publish(bench, campaign_id)  # all of them stand in the queue
    assert await remove(bench, campaign_id, source_id) is None
    assert await in_campaign(bench, campaign_id) == {"P0", "P1", "P2"} == set(await people(bench))
    assert await number_of(bench, tables.contact_request) == 3
    with pytest.raises(NotFound):
        await sources.get(bench.ctx, campaign_id, source_id)


@pytest.mark.req("K8")
async def test_who_was_contacted_stays_and_is_counted(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench, builders.call_wait_text())
    source_id = await load(bench, campaign_id, persons(5))
    await builders.publish(bench, campaign_id)
    called, rings, *claimed = await builders.claim(bench, campaign_id, limit=4)
    attempt_id = await builders.intend_call(bench, called)
    await builders.end_call(bench, attempt_id or "", Outcome.NO_ANSWER)
    assert await builders.intend_call(bench, rings)
    row = await remove(bench, campaign_id, source_id)
    assert row is not None
    assert (row.state, row.kept) == ("removed", {"contacted": 1, "in_progress": 1})
    assert await in_campaign(bench, campaign_id) == {"P0", "P1"}
    for request in claimed:
        assert await builders.intend_call(bench, request) is None, "what is in a hopper is never dialed then"
    with pytest.raises(NotRemovable, match="removed already"):
        await removal.remove(bench.ctx, campaign_id, source_id)


@pytest.mark.req("K8")
async def test_whoever_is_elsewhere_or_was_edited_leaves_the_campaign_only(bench: Bench) -> None:
    campaign_id, other = await builders.add_campaign(bench), await builders.add_campaign(bench)
    source_id = await load(bench, campaign_id, persons(4))
    await load(bench, other, [person(0, attributes={"city": "Bonn"})])
    async with bench.ctx.db.write() as tx:
        edited = await tx.scalar(select(tables.contact.c.id).where(tables.contact.c.first_name == "P1"))
        await trail.write(tx, [trail.Entry(bench.clock(), None, int(edited or 0), "edited")])
    row = await remove(bench, campaign_id, source_id)
    assert row is not None
    assert row.kept == {"shared": 1, "edited": 1}
    assert await in_campaign(bench, campaign_id) == set()
    assert set(await people(bench)) == {"P0", "P1"}
    assert await in_campaign(bench, other) == {"P0"}
    assert (await kinds(bench, "P0"))[-1] == "left"


@pytest.mark.req("K8")
async def test_whom_another_source_of_the_campaign_brought_too_is_that_ones_then(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    source_id = await load(bench, campaign_id, persons(3))
    second = await load(bench, campaign_id, [person(2, attributes={"city": "Bonn"}), person(9)])
    assert (await removal.preview(bench.ctx, campaign_id, source_id)).kept == {"handed_over": 1}
    assert await remove(bench, campaign_id, source_id) is None
    assert await in_campaign(bench, campaign_id) == {"P2", "P9"} == set(await people(bench))
    assert await remove(bench, campaign_id, second) is None
    assert await people(bench) == {}


@pytest.mark.req("K8")
async def test_a_source_that_was_removed_before_brought_nobody(bench: Bench) -> None:
    campaign_id, other = await builders.add_campaign(bench), await builders.add_campaign(bench)
    first = await load(bench, campaign_id, persons(3))
    second = await load(bench, campaign_id, [person(2, attributes={"city": "Bonn"})])
    third = await load(bench, other, [person(1, attributes={"city": "Bonn"})])
    assert await remove(bench, campaign_id, second) is None
    assert await remove(bench, other, third) is None
    assert all(attributes == {} for _, attributes in (await people(bench)).values())
    assert await remove(bench, campaign_id, first) is None
    assert await people(bench) == {}


@pytest.mark.req("K8")
async def test_values_are_set_back_where_they_are_still_those_that_it_gave(bench: Bench) -> None:
    campaign_id, other = await builders.add_campaign(bench), await builders.add_campaign(bench)
    await load(bench, other, [person(1, attributes={"city": "Rome", "size": "m"}), person(2), person(3)])
    changing = [
        person(1, 11, first_name="Q1", attributes={"city": "Bonn", "size": "l", "vip": "yes"}),
        person(1, attributes={"city": "Kiel"}, first_name=""),
        person(2),
        person(5),
    ]
    source_id = await load(bench, campaign_id, changing)
    await load(bench, other, [person(1, first_name="", attributes={"size": "xl"})])
    assert await remove(bench, campaign_id, source_id) is None
    assert await people(bench) == {
        "P1": ((number(1),), {"city": "Rome", "size": "xl"}),
        "P2": ((number(2),), {}),
        "P3": ((number(3),), {}),
    }


@pytest.mark.req("K8")
async def test_an_address_in_use_stays(bench: Bench) -> None:
    campaign_id, other = await builders.add_campaign(bench), await builders.add_campaign(bench)
    await load(bench, other, [person(1)])
    source_id = await load(bench, campaign_id, [NewContact(addresses=(*person(11).addresses, *person(1).addresses))])
    async with bench.ctx.db.write() as tx:  # it stands first, so the other campaign calls it
        await tx.execute(
            tables.channel_address.update().where(tables.channel_address.c.address == number(11)).values(position=-1)
        )
    await builders.publish(bench, other)
    assert await remove(bench, campaign_id, source_id) is None
    assert set((await people(bench))["P1"][0]) == {number(1), number(11)}


@pytest.mark.req("K8", "K2")
async def test_contacts_that_its_rows_joined_can_not_be_parted(bench: Bench) -> None:
    campaign_id, other = await builders.add_campaign(bench), await builders.add_campaign(bench)
    await load(bench, other, [person(1), person(2)])
    source_id = await load(bench, campaign_id, [person(1, 2, first_name="")])
    row = await remove(bench, campaign_id, source_id)
    assert row is not None
    assert row.kept == {"joined": 1}
    assert await in_campaign(bench, other) == {"P1"}
    assert await in_campaign(bench, campaign_id) == set()


@pytest.mark.req("K8")
async def test_older_contacts_whom_the_campaign_has_called_keep_their_values(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    first = await load(bench, campaign_id, [person(1)])
    await builders.publish(bench, campaign_id)
    await builders.call_all(bench, campaign_id, Outcome.ANSWERED)
    source_id = await load(bench, campaign_id, [person(1, attributes={"city": "Bonn"})])
    row = await remove(bench, campaign_id, source_id)
    assert row is not None
    assert row.kept == {"contacted": 1}
    assert (await people(bench))["P1"][1] == {"city": "Bonn"}
    kept = await remove(bench, campaign_id, first)
    assert kept is not None
    assert kept.kept == {"contacted": 1}


@pytest.mark.req("K8", "A6")
async def test_a_removal_that_was_cut_off_ends_the_same(bench: Bench, second: Bench) -> None:
    """Cut off after any chunk, in each of its phases, and taken up by another node."""
    campaign_id, other = await builders.add_campaign(bench), await builders.add_campaign(bench)
    await load(bench, other, persons(120, 500))
    changed = [person(n, attributes={"city": "Bonn"}) for n in range(500, 620)]
    source_id = await load(bench, campaign_id, [*persons(130), *changed])
    await load(bench, other, persons(60))
    assert (await removal.remove(bench.ctx, campaign_id, source_id, at_once_s=-1)).state == "removing"  # type: ignore[union-attr]
    assert bench.engine.sources == 1
    rounds, node = 0, bench
    while not await removal.run(node.ctx, source_id, at_most_s=-1 if rounds < 3 else 0.05):
        rounds, node = rounds + 1, second if node is bench else bench
        await invariants.check(bench.ctx.db)
        async with bench.ctx.db.read() as tx:
            assert await store_sources.removing(tx) == [source_id]
    row = await sources.get(bench.ctx, campaign_id, source_id)
    assert (row.state, row.kept) == ("removed", {"shared": 60})
    assert await in_campaign(bench, campaign_id) == set()
    assert await in_campaign(bench, other) == {f"P{n}" for n in (*range(60), *range(500, 620))}
    assert all(attributes == {} for _, attributes in (await people(bench)).values())


@pytest.mark.req("K8", "D3", "A6")
async def test_nobody_is_both_removed_and_dialed(bench: Bench, second: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    source_id = await load(bench, campaign_id, persons(150))
    await builders.publish(bench, campaign_id)
    claimed = await builders.claim(bench, campaign_id, limit=150)

    some = asyncio.Event()

    async def dial() -> int:
        dialed = 0
        for request in reversed(claimed):
            dialed += await builders.intend_call(second, request) is not None
            if dialed == 10:
                some.set()
            await asyncio.sleep(0.005)  # SQLite lets nobody else write who has just written, unless it rests
        return dialed

    async def remove_meanwhile() -> None:
        await some.wait()
        await removal.remove(bench.ctx, campaign_id, source_id)

    dialed, _ = await asyncio.gather(dial(), remove_meanwhile())
    await removal.run(bench.ctx, source_id)
    assert await number_of(bench, tables.attempt) == dialed
    assert await number_of(bench, tables.enrollment) == dialed
    row = await sources.get(bench.ctx, campaign_id, source_id)
    assert 0 < dialed < 150
    assert row.kept == {"in_progress": dialed}
    await invariants.check(bench.ctx.db)


@pytest.mark.req("K8", "K7")
async def test_a_rest_source_begins_anew(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await pushes.push(bench.ctx, campaign_id, body(persons(3)), None)
    async with bench.ctx.db.read() as tx:
        first = await tx.scalar(select(tables.source.c.id))
    with pytest.raises(IllegalTransition):
        await sources.cancel(bench.ctx, campaign_id, int(first or 0))
    assert await remove(bench, campaign_id, int(first or 0)) is None
    assert [i.result for i in await pushes.push(bench.ctx, campaign_id, body(persons(2)), None)] == ["created"] * 2
    async with bench.ctx.db.read() as tx:
        (row,) = await tx.execute(select(tables.source))
    assert (row.state, row.rows) == ("running", 2)
    assert row.id != first


@pytest.mark.req("K8")
async def test_an_import_is_cancelled_before_it_is_removed(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    async with bench.ctx.db.write() as tx:
        source_id = await store_sources.add(tx, campaign_id, "csv", "people.csv", bench.clock(), file="gone.csv")
        await store_sources.set_state(tx, source_id, SourceState.RUNNING)
        await contacts.load(tx, campaign_id, source_id, persons(3), bench.clock())
    with pytest.raises(NotRemovable, match="cancel it first"):
        await removal.remove(bench.ctx, campaign_id, source_id)
    assert (await sources.cancel(bench.ctx, campaign_id, source_id)).state == "cancelled"
    assert await in_campaign(bench, campaign_id) == {"P0", "P1", "P2"}
    with pytest.raises(IllegalTransition):
        await sources.cancel(bench.ctx, campaign_id, source_id)
    assert await remove(bench, campaign_id, source_id) is None
    for wrong in (removal.remove, removal.preview, sources.cancel):
        with pytest.raises(NotFound):
            await wrong(bench.ctx, campaign_id, source_id)  # type: ignore[operator]


async def test_a_preview_of_nothing(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    source_id = await load(bench, campaign_id, [])
    assert await removal.preview(bench.ctx, campaign_id, source_id) == Preview(0, 0, 0, {})
