"""Contacts edited and erased on both stores: what is queued follows, nothing personal stays, all counts add up (K11)."""

from typing import Any

import pytest
from sqlalchemy import Table, select

from dialer.domain.contact import Address, NewContact
from dialer.domain.editing import Edit
from dialer.domain.errors import InvalidInput, NotFound, StaleEdit
from dialer.domain.outcome import Outcome
from dialer.domain.suppression import address_digest
from dialer.domain.transitions import MessageStatus
from dialer.domain.windows import WEEK, ExecutionTime
from dialer.operations import campaigns, do_not_contact, people, reports
from dialer.operations.do_not_contact import NewEntry
from dialer.operations.people import AddressTaken, UnderWay
from dialer.store import contacts, postponing, tables, trail
from dialer.store import do_not_contact as entries
from dialer.store.listing import Query
from dialer.store.tables import metadata
from dialer.store.types import AnyRow
from tests.support import builders, invariants
from tests.support.builders import number, person
from tests.support.context import Bench


async def _rows(bench: Bench, table: Table) -> list[AnyRow]:
    async with bench.ctx.db.read() as tx:
        return list(await tx.execute(select(table).order_by(*table.primary_key.columns)))


async def _trail(bench: Bench, contact_id: int) -> list[tuple[str, dict[str, Any]]]:
    async with bench.ctx.db.read() as tx:
        return [(entry["kind"], entry["data"]) for entry in await trail.of_contact(tx, contact_id, None)]


async def _running(bench: Bench, *people_: NewContact, document: dict[str, Any] | None = None) -> int:
    campaign_id = await builders.add_campaign(bench, document)
    await builders.load(bench, campaign_id, people_)
    await builders.publish(bench, campaign_id)
    return campaign_id


def _voice(*numbers: int) -> Edit:
    return Edit(addresses=[(channel, number(n)) for n in numbers for channel in ("voice", "sms")])


# -- edit ---------------------------------------------------------------------------------------------------------------


@pytest.mark.req("K11")
async def test_an_edit_is_stored_and_told_in_the_trail(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, [person(1, attributes={"city": "Bonn"})])
    wanted = Edit({"last_name": "Ah"}, {"city": None, "plan": "gold"}, [("voice", "202 555 0002")])
    await people.edit(bench.ctx, 1, wanted, revision=1, by="ann")
    async with bench.ctx.db.read() as tx:
        record = (await contacts.records(tx, [1]))[1]
    assert (record.last_name, record.attributes) == ("Ah", {"plan": "gold"})
    assert record.addresses == (Address(number(2), voice=True),)
    kind, data = (await _trail(bench, 1))[-1]
    assert (kind, data["by"]) == ("edited", "ann")
    assert {"field": "attributes.city", "old": "Bonn", "new": None} in data["changes"]
    with pytest.raises(StaleEdit):
        await people.edit(bench.ctx, 1, wanted, revision=1, by="ann")
    before = await _trail(bench, 1)
    await people.edit(bench.ctx, 1, wanted, by="ann")  # the same again changes nothing
    assert await _trail(bench, 1) == before
    with pytest.raises(NotFound):
        await people.edit(bench.ctx, 2, wanted, by="ann")


@pytest.mark.req("K11", "K2")
async def test_an_address_of_somebody_else_is_refused_by_naming_who(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, [person(1), person(2)])
    with pytest.raises(AddressTaken, match="the contact 2"):
        await people.edit(bench.ctx, 1, _voice(1, 2), by="ann")
    await invariants.check(bench.ctx.db)


@pytest.mark.req("K11", "D7")
async def test_an_address_on_the_list_can_not_be_added(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, [person(1)])
    await do_not_contact.add(bench.ctx, [NewEntry(number(1)), NewEntry(number(2))])
    with pytest.raises(InvalidInput, match="do-not-contact"):
        await people.edit(bench.ctx, 1, _voice(1, 2), by="ann")
    await people.edit(bench.ctx, 1, _voice(1, 3), by="ann")  # that of the contact itself may stay


@pytest.mark.req("K11")
@pytest.mark.parametrize("is_claimed", [False, True])
async def test_a_queued_call_goes_to_an_address_that_is_left(bench: Bench, is_claimed: bool) -> None:
    campaign_id = await _running(bench, person(1, 2))
    held = await builders.claim(bench, campaign_id) if is_claimed else []
    await people.edit(bench.ctx, 1, _voice(2, 3), by="ann")
    for request in held:  # the hopper's copy is dead
        assert await builders.intend_call(bench, request) is None
    (request,) = await builders.claim(bench, campaign_id)
    assert request.address == number(2)
    assert ("readdressed", number(1)) in [(kind, data.get("old")) for kind, data in await _trail(bench, 1)]
    await invariants.check(bench.ctx.db, settled=True)
    assert await builders.intend_call(bench, request) is not None


@pytest.mark.req("K11")
async def test_without_an_address_left_for_calls_the_strategy_goes_on_as_with_no_number(bench: Bench) -> None:
    text = {"id": "text", "type": "sms", "fields": {"text": "Hi"}}
    call = {"id": "call", "type": "call", "out": {"invalid": "text"}}
    campaign_id = await _running(bench, person(1), document=builders.strategy(call, text))
    held = await builders.claim(bench, campaign_id)
    await people.edit(bench.ctx, 1, Edit(addresses=[("sms", number(1))]), by="ann")
    assert await builders.intend_call(bench, held[0]) is None
    assert await builders.claim(bench, campaign_id) == []
    assert [request.address for request in await builders.claim(bench, campaign_id, "sms")] == [number(1)]
    assert ("refused", "address-removed") in [(kind, data.get("reason")) for kind, data in await _trail(bench, 1)]
    await invariants.check(bench.ctx.db, settled=True)


@pytest.mark.req("K11", "C8")
async def test_stopped_work_is_taken_up_with_the_address_that_is_left(bench: Bench) -> None:
    campaign_id = await _running(bench, person(1), person(2))
    await campaigns.unpublish(bench.ctx, campaign_id)
    await people.edit(bench.ctx, 1, _voice(3), by="ann")
    await people.edit(bench.ctx, 2, Edit(addresses=[("email", "a@example.org")]), by="ann")
    await builders.publish(bench, campaign_id)
    claimed = await builders.claim(bench, campaign_id)
    assert {request.contact_id: request.address for request in claimed} == {1: number(3), 2: ""}


@pytest.mark.req("K11", "C13")
async def test_another_time_zone_opens_the_window_anew(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench, execution=ExecutionTime.read("08:00", "18:00", WEEK))
    await builders.load(bench, campaign_id, [person(1, time_zone="Asia/Tokyo"), person(2, time_zone="Asia/Tokyo")])
    await builders.publish(bench, campaign_id)
    first, second = await builders.claim(bench, campaign_id)
    async with bench.ctx.db.write() as tx:  # as the hopper does with who may not be called now
        await postponing.postpone(tx, {first.id: bench.clock().replace(hour=23)})
    for contact_id in (1, 2):
        await people.edit(bench.ctx, contact_id, Edit({"time_zone": "Europe/Berlin"}), by="ann")
    assert await builders.intend_call(bench, second) is None  # it carries the old zone
    assert {request.zone for request in await builders.claim(bench, campaign_id)} == {"Europe/Berlin"}
    await invariants.check(bench.ctx.db, settled=True)


# -- erase --------------------------------------------------------------------------------------------------------------

ANN = NewContact(
    "Zerlina", "Quux", "Europe/Berlin", "EXT-4711", (Address(number(77), voice=True, sms=True), Address("z@quux.example", email=True)),
    {"city": "Xanten"},
)  # fmt: skip
PERSONAL = ("Zerlina", "Quux", "EXT-4711", number(77)[1:], "z@quux", "Xanten")


async def _everything(bench: Bench) -> str:
    return repr([row for table in metadata.sorted_tables for row in await _rows(bench, table)])


async def _called_and_texted(bench: Bench) -> int:
    """A contact who was called in vain, texted, and has a call of another campaign in the queue."""
    campaign_id = await _running(bench, ANN, document=builders.call_wait_text())
    await builders.load(bench, await builders.add_campaign(bench, title="Other"), [ANN])
    await builders.publish(bench, 2)
    (request,) = await builders.claim(bench, campaign_id)
    attempt_id = await builders.intend_call(bench, request)
    assert attempt_id is not None
    await builders.end_call(bench, attempt_id, Outcome.NO_ANSWER)
    bench.clock.advance(hours=2)
    await builders.settle(bench, campaign_id)
    await builders.text_all(bench, campaign_id)
    return campaign_id


@pytest.mark.req("K11")
async def test_erasure_leaves_nothing_personal_and_every_count_as_it_was(bench: Bench) -> None:
    campaign_id = await _called_and_texted(bench)
    counted = await reports.counts(bench.ctx)
    before = await _everything(bench)
    assert all(word in before for word in PERSONAL)
    await people.erase(bench.ctx, 1, by="ann")
    after = await _everything(bench)
    assert [word for word in PERSONAL if word in after] == []
    expected = reports.Counts({"no_answer": 1}, {"texter": {"submitted": 1}}, {})
    assert await reports.counts(bench.ctx) == counted == expected
    assert await invariants.states(bench.ctx.db, campaign_id) == {"done": 1}
    results = [place.result for place in await _rows(bench, tables.enrollment)]
    assert results == ["done", "erased"]
    assert [kind for kind, _ in await _trail(bench, 1)] == ["erased"]
    with pytest.raises(NotFound):
        await people.erase(bench.ctx, 1, by="ann")
    await invariants.check(bench.ctx.db)


@pytest.mark.req("K11", "C6")
@pytest.mark.parametrize("is_claimed", [False, True])
async def test_nobody_who_was_erased_is_called(bench: Bench, is_claimed: bool) -> None:
    campaign_id = await _running(bench, person(1))
    held = await builders.claim(bench, campaign_id) if is_claimed else []
    await people.erase(bench.ctx, 1, by="ann")
    for request in held:
        assert await builders.intend_call(bench, request) is None
    await campaigns.unpublish(bench.ctx, campaign_id)
    await builders.publish(bench, campaign_id)
    assert await builders.claim(bench, campaign_id) == []
    await invariants.check(bench.ctx.db, settled=True)


@pytest.mark.req("K11", "C8")
async def test_who_was_stopped_and_erased_is_not_taken_up(bench: Bench) -> None:
    campaign_id = await _running(bench, person(1), person(2))
    await campaigns.unpublish(bench.ctx, campaign_id)
    await people.erase(bench.ctx, 1, by="ann")
    await builders.publish(bench, campaign_id)
    assert [request.contact_id for request in await builders.claim(bench, campaign_id)] == [2]
    await invariants.check(bench.ctx.db, settled=True)


@pytest.mark.req("K11")
async def test_a_call_in_flight_is_waited_for_and_keeps_its_outcome(bench: Bench) -> None:
    campaign_id = await _running(bench, person(1))
    (request,) = await builders.claim(bench, campaign_id)
    attempt_id = await builders.intend_call(bench, request)
    assert attempt_id is not None
    with pytest.raises(UnderWay, match="repeat"):
        await people.erase(bench.ctx, 1, by="ann")
    await invariants.check(bench.ctx.db)  # nothing was changed
    await builders.end_call(bench, attempt_id, Outcome.ANSWERED)
    await people.erase(bench.ctx, 1, by="ann")
    (attempt,) = await _rows(bench, tables.attempt)
    assert (attempt.outcome, attempt.number, attempt.contact_id) == ("answered", "", 1)


@pytest.mark.req("K11", "M3")
async def test_a_receipt_that_comes_after_the_erasure_still_counts(bench: Bench) -> None:
    document = builders.strategy({"id": "text", "type": "sms", "fields": {"text": "Hi", "until": "delivered"}})
    campaign_id = await _running(bench, person(1), document=document)
    (request,) = await builders.claim(bench, campaign_id, "sms")
    message_id = await builders.intend_text(bench, request)
    assert message_id is not None
    with pytest.raises(UnderWay):
        await people.erase(bench.ctx, 1, by="ann")
    await builders.answer_text(bench, message_id)
    await people.erase(bench.ctx, 1, by="ann")
    await builders.answer_text(bench, message_id, MessageStatus.DELIVERED)
    (message,) = await _rows(bench, tables.message)
    assert (message.status, message.address, message.text) == ("delivered", "", "")
    bench.clock.advance(days=4)
    await builders.settle(bench, campaign_id)
    assert await builders.claim(bench, campaign_id, "sms") == []
    await invariants.check(bench.ctx.db)


@pytest.mark.req("K11", "D7")
async def test_of_a_listed_address_the_keyed_hash_stays_and_bars_it(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, [ANN])
    await do_not_contact.add(bench.ctx, [NewEntry(number(77)), NewEntry("z@quux.example", campaign_id)])
    await people.erase(bench.ctx, 1, by="ann")
    after = await _everything(bench)
    assert [word for word in PERSONAL if word in after] == []
    digest = address_digest(bench.ctx.secret, number(77))
    async with bench.ctx.db.read() as tx:
        assert await entries.digests(tx, campaign_id, [digest]) == {digest}
    page = await do_not_contact.page(bench.ctx, Query(), address=number(77))
    assert [item["address"] for item in page.items] == [None]


@pytest.mark.req("K11")
async def test_the_address_of_who_was_erased_is_free_for_somebody_else(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, [person(1)])
    await people.erase(bench.ctx, 1, by="ann")
    loaded = await builders.load(bench, campaign_id, [person(1)])
    assert (loaded.created, loaded.merged) == (1, 0)
    await invariants.check(bench.ctx.db)


# -- several ------------------------------------------------------------------------------------------------------------


@pytest.mark.req("K11")
async def test_several_are_edited_or_erased_each_for_itself(bench: Bench) -> None:
    campaign_id = await _running(bench, *builders.persons(3))
    (request, *_) = await builders.claim(bench, campaign_id)
    assert await builders.intend_call(bench, request) is not None
    results = await people.edit_many(bench.ctx, [1, 99, 2, 1], Edit({"time_zone": "Europe/Berlin"}), by="ann")
    assert [(one.id, one.done) for one in results] == [(1, True), (99, False), (2, True)]
    results = await people.erase_many(bench.ctx, [1, 2, 3], by="ann")
    assert [(one.id, one.done) for one in results] == [(1, False), (2, True), (3, True)]
    assert "being called" in (results[0].reason or "")
    wrong = await people.edit_many(bench.ctx, [1], Edit({"time_zone": "Mars"}), by="ann")
    assert [fault.field for fault in wrong[0].faults] == ["time_zone"]
    for ids in ([], list(range(1, 102))):
        with pytest.raises(InvalidInput):
            await people.erase_many(bench.ctx, ids, by="ann")
    await invariants.check(bench.ctx.db)
