"""Loading contacts: create, merge, join, and who enters the campaign (K1-K4)."""

import asyncio
from itertools import product

import pytest
from sqlalchemy import Table, func, select, update
from sqlalchemy.exc import IntegrityError

from dialer.domain.contact import Address, ContactRecord
from dialer.domain.outcome import Outcome
from dialer.operations import attempts, campaigns
from dialer.store import contacts, tables, trail
from dialer.store.types import AnyRow
from tests.support import builders, invariants
from tests.support.builders import number, person
from tests.support.context import Bench


async def _records(bench: Bench) -> list[ContactRecord]:
    async with bench.ctx.db.read() as tx:
        ids = list((await tx.execute(select(tables.contact.c.id).order_by(tables.contact.c.id))).scalars())
        found = await contacts.records(tx, ids)
    return [found[contact_id] for contact_id in ids]


async def _rows(bench: Bench, table: Table) -> list[AnyRow]:
    async with bench.ctx.db.read() as tx:
        return list(await tx.execute(select(table).order_by(*table.primary_key.columns)))


async def _kinds(bench: Bench, contact_id: int) -> list[str]:
    async with bench.ctx.db.read() as tx:
        return [entry["kind"] for entry in await trail.of_contact(tx, contact_id, None)]


async def _places(bench: Bench, campaign_id: int) -> list[AnyRow]:
    return [row for row in await _rows(bench, tables.enrollment) if row.campaign_id == campaign_id]


@pytest.mark.req("K1", "K4")
async def test_new_contacts_are_created_and_enrolled_in_order(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    loaded = await builders.load(bench, campaign_id, builders.persons(30))
    assert (loaded.created, loaded.merged) == (30, 0)
    assert [record.first_name for record in await _records(bench)] == [f"P{n}" for n in range(30)]
    places = await _places(bench, campaign_id)
    assert [place.contact_id for place in places] == [record.id for record in await _records(bench)]
    await invariants.check(bench.ctx.db)


@pytest.mark.req("K2")
async def test_a_known_number_merges(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, [person(1, last_name="Old", attributes={"city": "Rome", "kept": "yes"})])
    more = person(1, 2, first_name="", last_name="New", attributes={"city": "Oslo"}, time_zone="Europe/Oslo")
    loaded = await builders.load(bench, campaign_id, [more])
    assert (loaded.created, loaded.merged) == (0, 1)
    (record,) = await _records(bench)
    assert (record.first_name, record.last_name, record.time_zone) == ("P1", "New", "Europe/Oslo")
    assert record.attributes == {"city": "Oslo", "kept": "yes"}
    assert [address.address for address in record.addresses] == [number(1), number(2)]
    assert await _kinds(bench, record.id) == ["created", "enrolled", "merged"]


@pytest.mark.req("K2")
async def test_a_row_that_says_nothing_new_leaves_the_contact_as_it_is(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, [person(1), person(2)])
    stored = await _rows(bench, tables.contact), await _rows(bench, tables.channel_address)
    loaded = await builders.load(bench, campaign_id, [person(1), person(2)])
    assert (loaded.created, loaded.merged) == (0, 2)
    assert (await _rows(bench, tables.contact), await _rows(bench, tables.channel_address)) == stored
    assert await _kinds(bench, stored[0][0].id) == ["created", "enrolled", "merged"]


@pytest.mark.req("K1", "K2")
async def test_one_number_for_calls_and_texts_is_one_address(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    called = person(1, addresses=(Address(number(1), voice=True),))
    texted = person(1, addresses=(Address(number(1), sms=True), Address("a@example.org", email=True)))
    await builders.load(bench, campaign_id, [called])
    await builders.load(bench, campaign_id, [texted])
    (record,) = await _records(bench)
    assert record.addresses == (Address(number(1), voice=True, sms=True), Address("a@example.org", email=True))


@pytest.mark.req("K2")
async def test_doubles_within_a_batch(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    loaded = await builders.load(bench, campaign_id, [person(1), person(2), person(1, 3), person(3, 4)])
    assert (loaded.created, loaded.merged) == (2, 2)
    first, second = await _records(bench)
    assert [address.address for address in first.addresses] == [number(1), number(3), number(4)]
    assert [address.address for address in second.addresses] == [number(2)]
    assert len(await _places(bench, campaign_id)) == 2


@pytest.mark.req("K2")
async def test_the_last_row_joins_the_first_two_and_rows_after_it_are_their_own(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    batch = [person(1), person(2), person(3, 1, 2), person(4), person(5)]
    loaded = await builders.load(bench, campaign_id, batch)
    assert (loaded.created, loaded.merged) == (3, 2)
    records = await _records(bench)
    assert [[a.address for a in record.addresses] for record in records] == [
        [number(1), number(2), number(3)],
        [number(4)],
        [number(5)],
    ]
    assert [place.contact_id for place in await _places(bench, campaign_id)] == [record.id for record in records]
    assert "joined" in await _kinds(bench, records[0].id)
    assert await _kinds(bench, records[1].id) == ["created", "enrolled"]


@pytest.mark.req("K2")
async def test_two_existing_contacts_are_joined_and_the_trail_says_so(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await builders.load(
        bench, campaign_id, [person(1, attributes={"a": "1"}), person(2, attributes={"a": "2", "b": "2"})]
    )
    older, younger = await _records(bench)
    loaded = await builders.load(bench, campaign_id, [person(9, 1, 2)])
    assert (loaded.created, loaded.merged) == (0, 1)
    (record,) = await _records(bench)
    assert record.id == older.id
    assert record.attributes == {"a": "1", "b": "2"}
    assert {address.address for address in record.addresses} == {number(1), number(2), number(9)}
    kinds = await _kinds(bench, record.id)
    assert kinds == ["created", "created", "enrolled", "enrolled", "joined", "merged", "place-kept"]
    joined = [row.data for row in await _rows(bench, tables.trail) if row.kind == "joined"]
    assert joined[0]["absorbed"] == [younger.id]
    assert {"field": "attributes.a", "old": "2", "new": "1"} in joined[0]["dropped"]
    await invariants.check(bench.ctx.db)


@pytest.mark.req("K3")
async def test_the_same_load_twice_runs_the_strategy_once(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, builders.persons(5))
    await builders.publish(bench, campaign_id)
    await builders.call_all(bench, campaign_id, Outcome.ANSWERED)
    before = await _rows(bench, tables.contact_request)
    loaded = await builders.load(bench, campaign_id, [person(n, last_name="changed") for n in range(6)])
    assert (loaded.created, loaded.merged) == (1, 5)
    await builders.settle(bench, campaign_id)
    after = await _rows(bench, tables.contact_request)
    assert after[: len(before)] == before
    assert len(after) == len(before) + 1
    await invariants.check(bench.ctx.db, settled=True)


@pytest.mark.req("K2", "K3")
async def test_joining_while_a_request_is_in_the_hopper(bench: Bench) -> None:
    """The hopper holds a copy of the request as it was before its contact was absorbed by another."""
    first = await builders.add_campaign(bench)
    second = await builders.add_campaign(bench, title="Other")
    await builders.load(bench, first, [person(1)])
    await builders.load(bench, second, [person(2)])
    await builders.publish(bench, second)
    (request,) = await builders.claim(bench, second)
    await builders.load(bench, first, [person(3, 1, 2)])
    await invariants.check(bench.ctx.db)
    attempt_id = await builders.intend_call(bench, request)
    if attempt_id is None:
        (request,) = await builders.claim(bench, second)
        attempt_id = await builders.intend_call(bench, request)
    assert attempt_id is not None
    await invariants.check(bench.ctx.db)
    await builders.end_call(bench, attempt_id, Outcome.ANSWERED)
    await invariants.check(bench.ctx.db)


@pytest.mark.req("K2")
async def test_withdrawing_a_call_whose_contact_was_joined_meanwhile(bench: Bench) -> None:
    first = await builders.add_campaign(bench)
    second = await builders.add_campaign(bench, title="Other")
    await builders.load(bench, first, [person(1)])
    await builders.load(bench, second, [person(2)])
    await builders.publish(bench, second)
    (request,) = await builders.claim(bench, second)
    intent = attempts.Intent("01HZZZZZZZZZZZZZZZZZZZZZZZ", request, "carrier", "sales")
    assert await attempts.intend(bench.ctx, [intent])
    await builders.load(bench, first, [person(3, 1, 2)])
    await attempts.withdraw(bench.ctx, intent, "the link was down")
    await invariants.check(bench.ctx.db)
    assert len(await builders.claim(bench, second)) == 1


# Two contacts of one campaign in these states are joined; whose state stands further right, stays.
PLACES = ("stopped_unentered", "not_entered", "stopped", "pending", "waiting", "done", "in_progress")
PAIRS = list(product(PLACES, PLACES))


@pytest.mark.req("K2", "K3")
async def test_the_further_place_stays_when_contacts_are_joined(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench, builders.call_wait_text())
    await builders.publish(bench, campaign_id)
    for state in reversed(PLACES):
        numbers = [10 * n + side for n, pair in enumerate(PAIRS) for side in (1, 2) if pair[side - 1] == state]
        await _bring(bench, campaign_id, numbers, state)
    await invariants.check(bench.ctx.db)
    history = [await _number(bench, table) for table in (tables.attempt, tables.contact_request)]

    for n in range(len(PAIRS)):
        await builders.load(bench, campaign_id, [person(10 * n + 3, 10 * n + 1, 10 * n + 2)])
    await invariants.check(bench.ctx.db)
    assert [await _number(bench, table) for table in (tables.attempt, tables.contact_request)] == history
    places = await _places_by_number(bench, campaign_id)
    for n, pair in enumerate(PAIRS):
        further = max(pair, key=PLACES.index)
        place = places[number(10 * n + 1)]
        wanted = "pending" if further == "not_entered" else further.removesuffix("_unentered")
        assert (place.state, place.node is None) == (wanted, further in {"stopped_unentered", "not_entered"}), pair

    await _run_out(bench, campaign_id)
    await invariants.check(bench.ctx.db, settled=True)
    assert await invariants.states(bench.ctx.db, campaign_id) == {"done": len(PAIRS)}


async def _bring(bench: Bench, campaign_id: int, numbers: list[int], state: str) -> None:
    """Persons with these numbers into that state."""
    await builders.load(bench, campaign_id, [person(n) for n in numbers])
    if not state.endswith("entered"):
        await builders.settle(bench, campaign_id)
    if state in {"waiting", "done", "in_progress"}:
        for request in await builders.claim(bench, campaign_id):
            attempt_id = await builders.intend_call(bench, request)
            assert attempt_id is not None
            if state != "in_progress":
                await builders.end_call(
                    bench, attempt_id, Outcome.NO_ANSWER if state == "waiting" else Outcome.ANSWERED
                )
    elif state.startswith("stopped"):
        await _stop(bench, [number(n) for n in numbers])


async def _stop(bench: Bench, numbers: list[str]) -> None:
    """Only these, as an unpublish that was interrupted after them would leave it."""
    async with bench.ctx.db.write() as tx:
        owners = (await contacts.owners(tx, numbers)).values()
        for table in (tables.contact_request, tables.enrollment):
            stopped = update(table).where(table.c.contact_id.in_(owners))
            await tx.execute(stopped.values(state="stopped", stop_reason="campaign-unpublished"))


async def _number(bench: Bench, table: Table) -> int:
    async with bench.ctx.db.read() as tx:
        return await tx.scalar(select(func.count()).select_from(table)) or 0


async def _places_by_number(bench: Bench, campaign_id: int) -> dict[str, AnyRow]:
    held = {address.address: record.id for record in await _records(bench) for address in record.addresses}
    places = {place.contact_id: place for place in await _places(bench, campaign_id)}
    return {address: places[contact_id] for address, contact_id in held.items()}


async def _run_out(bench: Bench, campaign_id: int) -> None:
    """Everything under way ends and everything due is done, so that the campaign comes to its end."""
    for row in await _rows(bench, tables.attempt):
        await builders.end_call(bench, row.id, Outcome.NO_ANSWER)
    await campaigns.unpublish(bench.ctx, campaign_id)
    await builders.publish(bench, campaign_id)
    for _ in range(2):
        await builders.call_all(bench, campaign_id, Outcome.NO_ANSWER)
        bench.clock.advance(hours=2)
        await builders.settle(bench, campaign_id)
        await builders.text_all(bench, campaign_id)


@pytest.mark.req("K2", "C8")
async def test_three_queued_again_become_one(bench: Bench) -> None:
    """Keys of requests that hang on one place then must differ, also after it is queued again."""
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, builders.persons(3))
    await builders.publish(bench, campaign_id)
    for _ in range(2):
        await campaigns.unpublish(bench.ctx, campaign_id)
        await builders.publish(bench, campaign_id)
    await builders.load(bench, campaign_id, [person(9, 0, 1, 2)])
    await invariants.check(bench.ctx.db, settled=True)
    for _ in range(3):
        await campaigns.unpublish(bench.ctx, campaign_id)
        await builders.publish(bench, campaign_id)
        await invariants.check(bench.ctx.db, settled=True)
    assert await builders.call_all(bench, campaign_id, Outcome.ANSWERED) == 1


@pytest.mark.req("K2", "A6")
async def test_loads_at_the_same_time_lose_nothing(bench: Bench, second: Bench) -> None:
    """Two nodes add a number each to the same contact, and a new contact that both name."""
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, [person(1)])
    for round_ in range(10):
        one, other = 100 + 2 * round_, 101 + 2 * round_
        await asyncio.gather(
            builders.load(bench, campaign_id, [person(1, one), person(500 + round_)]),
            builders.load(second, campaign_id, [person(1, other), person(500 + round_)]),
        )
    held = {address.address for address in (await _records(bench))[0].addresses}
    assert held == {number(n) for n in (1, *range(100, 120))}
    assert len(await _records(bench)) == 11
    await invariants.check(bench.ctx.db)


async def test_an_address_that_somebody_holds_is_refused_by_the_store(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, [person(1)])
    with pytest.raises(IntegrityError):
        async with bench.ctx.db.write() as tx:
            await contacts.add_many(tx, [person(1)], bench.clock())
    async with bench.ctx.db.write() as tx:
        assert await contacts.number(tx) == 1


@pytest.mark.req("K8")
async def test_who_created_a_contact_and_who_changed_it_is_kept(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, [person(1)])
    await builders.load(bench, campaign_id, [person(1, last_name="New")])
    first, second = await _rows(bench, tables.source)
    (made,) = await _rows(bench, tables.contact)
    assert made.source_id == first.id
    entries = await _rows(bench, tables.trail)
    assert [(entry.kind, entry.source_id) for entry in entries] == [
        ("created", None), ("enrolled", None), ("merged", second.id),
    ]  # fmt: skip
