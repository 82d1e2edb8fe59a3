"""Do-not-contact lists on both stores: who is on one is neither called nor texted, and goes on visibly (D7, K11)."""

from typing import Any

import pytest
from sqlalchemy import select, text

from dialer.domain.errors import InvalidInput, NotFound
from dialer.domain.outcome import Outcome
from dialer.domain.suppression import address_digest
from dialer.operations import attempts, campaigns, do_not_contact, messages, suppression, unreachable
from dialer.operations.do_not_contact import NewEntry
from dialer.store import do_not_contact as entries
from dialer.store import tables, trail
from dialer.store.listing import Query
from tests.support import builders, invariants
from tests.support.builders import number, person
from tests.support.context import Bench
from tests.support.databases import SqliteDatabases, opened


async def _kinds(bench: Bench, contact_id: int) -> list[tuple[str, Any]]:
    async with bench.ctx.db.read() as tx:
        found = await trail.of_contact(tx, contact_id, None)
    return [(entry["kind"], entry["data"].get("reason")) for entry in found]


async def _list(bench: Bench, *numbers: int, campaign_id: int | None = None) -> do_not_contact.Added:
    return await do_not_contact.add(bench.ctx, [NewEntry(number(n), campaign_id, "asked us to stop") for n in numbers])


@pytest.mark.req("D7")
async def test_an_entry_is_found_by_its_address_and_by_its_hash(bench: Bench) -> None:
    added = await do_not_contact.add(
        bench.ctx, [NewEntry("(202) 555-0001"), NewEntry(number(1)), NewEntry("Ann@Example.org")]
    )
    assert (added.added, added.known, added.refused) == (2, 0, 0)
    assert bench.engine.barred == {number(1), "ann@example.org"}
    assert (await _list(bench, 1)).known == 1
    page = await do_not_contact.page(bench.ctx, Query(), address="202 555 0001")
    assert [item["address"] for item in page.items] == [number(1)]
    async with bench.ctx.db.write() as tx:
        assert await entries.forget_addresses(tx, [number(1)]) == 1
    page = await do_not_contact.page(bench.ctx, Query(), address=number(1))
    assert [item["address"] for item in page.items] == [None]
    await _list(bench, 1)  # said again: shown again
    assert (await do_not_contact.find(bench.ctx, number(1), None)).address == number(1)


@pytest.mark.req("D7")
async def test_what_can_not_be_listed_is_told_and_nothing_is_listed(bench: Bench) -> None:
    with pytest.raises(InvalidInput) as refused:
        await do_not_contact.add(bench.ctx, [NewEntry(number(1)), NewEntry("12"), NewEntry(number(2), 99)])
    assert [fault.field for fault in refused.value.faults] == ["1.address", "2.campaign_id"]
    assert (await do_not_contact.page(bench.ctx, Query())).total == 0
    with pytest.raises(NotFound):
        await do_not_contact.remove(bench.ctx, 1)
    with pytest.raises(NotFound):
        await do_not_contact.find(bench.ctx, number(1), None)


@pytest.mark.req("D7")
async def test_a_list_of_one_campaign_is_not_that_of_another(bench: Bench) -> None:
    one, other = await builders.add_campaign(bench), await builders.add_campaign(bench, title="Other")
    await _list(bench, 1, campaign_id=one)
    await _list(bench, 2)
    by_digest = {address_digest(bench.ctx.secret, number(n)): n for n in (1, 2, 3)}
    async with bench.ctx.db.read() as tx:
        assert {by_digest[d] for d in await entries.digests(tx, one, by_digest)} == {1, 2}
        assert {by_digest[d] for d in await entries.digests(tx, other, by_digest)} == {2}
        assert await suppression.barred(tx, bench.ctx, None, [number(1), number(2)]) == {number(2)}
    await _list(bench, 1)  # the same address on both lists
    assert (await do_not_contact.page(bench.ctx, Query(), address=number(1))).total == 2


@pytest.mark.req("D7", "C6")
async def test_a_claimed_request_to_a_listed_number_is_not_dialed(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, builders.persons(2))
    await builders.publish(bench, campaign_id)
    listed, other = await builders.claim(bench, campaign_id)
    added = await _list(bench, 0)
    assert added.refused == 1
    assert await builders.intend_call(bench, listed) is None
    assert await builders.intend_call(bench, other) is not None
    assert ("refused", "do-not-contact") in await _kinds(bench, listed.contact_id)
    assert await invariants.states(bench.ctx.db, campaign_id) == {"done": 1, "in_progress": 1}
    await invariants.check(bench.ctx.db, settled=True)


@pytest.mark.req("D7")
async def test_an_entry_that_nobody_followed_up_holds_all_the_same(bench: Bench) -> None:
    """As after a crash between the entry and what follows from it: the intent is refused, and the contact goes on."""
    campaign_id = await builders.add_campaign(bench, builders.call_wait_text())
    await builders.load(bench, campaign_id, [person(1)])
    await builders.publish(bench, campaign_id)
    (request,) = await builders.claim(bench, campaign_id)
    row = {
        "digest": address_digest(bench.ctx.secret, number(1)), "address": number(1), "campaign_id": campaign_id,
        "reason": "", "created_at": bench.clock(),
    }  # fmt: skip
    async with bench.ctx.db.write() as tx:
        await entries.add_many(tx, [row])
    intent = attempts.Intent("01HZZZZZZZZZZZZZZZZZZZZZZZ", request, "carrier", "sales")
    assert await attempts.intend(bench.ctx, [intent]) == set()
    assert await unreachable.refuse_listed(bench.ctx, [request]) == {request.id}
    assert await unreachable.refuse_listed(bench.ctx, [request]) == set()
    assert await builders.claim(bench, campaign_id) == []
    assert await invariants.states(bench.ctx.db, campaign_id) == {"done": 1}
    await invariants.check(bench.ctx.db, settled=True)


@pytest.mark.req("D7")
async def test_a_listed_number_is_not_texted_and_the_next_step_is_taken(bench: Bench) -> None:
    sms = {"id": "text", "type": "sms", "fields": {"text": "Hi"}, "out": {"failed": "call", "otherwise": "call"}}
    call = {"id": "call", "type": "call", "fields": {"number": 2}}
    campaign_id = await builders.add_campaign(bench, builders.strategy(sms, call))
    await builders.load(bench, campaign_id, [person(1, 2)])
    await builders.publish(bench, campaign_id)
    (request,) = await builders.claim(bench, campaign_id, "sms")
    await _list(bench, 1)
    intent = messages.TextIntent("01HZZZZZZZZZZZZZZZZZZZZZZZ", request, "texter", "", "Hi", "gsm7", 1)
    assert not await messages.intend(bench.ctx, [intent])
    (call_request,) = await builders.claim(bench, campaign_id)
    assert call_request.address == number(2)
    await invariants.check(bench.ctx.db, settled=True)


@pytest.mark.req("D7")
async def test_no_request_is_written_to_a_listed_number_also_by_its_hash_alone(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench, builders.call_wait_text(tries=3))
    await builders.load(bench, campaign_id, builders.persons(3))
    await _list(bench, 0, 1)
    async with bench.ctx.db.write() as tx:
        await entries.forget_addresses(tx, [number(1)])
    await builders.publish(bench, campaign_id)
    assert [request.address for request in await builders.claim(bench, campaign_id)] == [number(2)]
    assert await invariants.states(bench.ctx.db, campaign_id) == {"done": 2, "pending": 1}
    async with bench.ctx.db.read() as tx:
        results = (await tx.execute(select(tables.enrollment.c.result).order_by(tables.enrollment.c.id))).scalars()
        assert list(results) == ["done", "done", None]
        hops = [e["data"]["why"] for e in await trail.of_contact(tx, 1, None) if e["kind"] == "step"]
    assert f"{number(0)} is on the do-not-contact list" in hops


@pytest.mark.req("D7", "D4")
async def test_who_comes_onto_the_list_during_a_call_is_not_called_again(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench, builders.call_wait_text(tries=3))
    await builders.load(bench, campaign_id, [person(1)])
    await builders.publish(bench, campaign_id)
    (request,) = await builders.claim(bench, campaign_id)
    attempt_id = await builders.intend_call(bench, request)
    assert attempt_id is not None
    assert (await _list(bench, 1)).refused == 0
    await builders.end_call(bench, attempt_id, Outcome.NO_ANSWER)
    assert await invariants.states(bench.ctx.db, campaign_id) == {"done": 1}
    await invariants.check(bench.ctx.db, settled=True)


@pytest.mark.req("D7", "C8")
async def test_stopped_work_to_a_listed_number_is_refused_when_it_is_taken_up(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, [person(1)])
    await builders.publish(bench, campaign_id)
    await campaigns.unpublish(bench.ctx, campaign_id)
    assert (await _list(bench, 1)).refused == 0
    await builders.publish(bench, campaign_id)
    (request,) = await builders.claim(bench, campaign_id)
    assert await builders.intend_call(bench, request) is None
    await unreachable.refuse_listed(bench.ctx, [request])
    assert await invariants.states(bench.ctx.db, campaign_id) == {"done": 1}


@pytest.mark.req("D7")
async def test_after_the_entry_was_removed_the_number_is_called_again(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await _list(bench, 1)
    await do_not_contact.remove(bench.ctx, (await do_not_contact.find(bench.ctx, number(1), None)).id)
    await builders.load(bench, campaign_id, [person(1)])
    await builders.publish(bench, campaign_id)
    assert await builders.call_all(bench, campaign_id, Outcome.ANSWERED) == 1


@pytest.mark.req("D7")
async def test_the_check_before_an_intent_is_one_look_into_an_index(sqlite_databases: SqliteDatabases) -> None:
    """The planner of PostgreSQL decides by the number of rows; SQLite's always takes the partial index."""
    query = (
        "EXPLAIN QUERY PLAN SELECT id FROM contact_request WHERE id IN (1) AND NOT EXISTS (SELECT * "
        "FROM do_not_contact WHERE do_not_contact.address = contact_request.address AND (do_not_contact.campaign_id IS "
        "NULL OR do_not_contact.campaign_id = contact_request.campaign_id))"
    )
    async with opened(await sqlite_databases.make()) as db, db.read() as tx:
        plan = " ".join(str(row) for row in await tx.execute(text(query)))
    assert "ix_do_not_contact_address" in plan
