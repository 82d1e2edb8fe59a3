"""A contact's time zone becomes another: whatever is queued, claimed or stopped goes by the new one, on both stores (C9)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from dialer.domain.editing import Edit
from dialer.operations import campaigns, people
from dialer.store import postponing, tables
from tests.support import builders, invariants
from tests.support.builders import person
from tests.support.context import Bench

TOKYO, NEW_YORK = "Asia/Tokyo", "America/New_York"


@pytest.fixture(autouse=True)
def noon(bench: Bench) -> None:
    bench.clock.now = datetime(2026, 5, 6, 16, tzinfo=UTC)  # noon in New York, where all calls may be made


async def _running(bench: Bench, *contacts: Any, document: dict[str, Any] | None = None) -> int:
    campaign_id = await builders.add_campaign(bench, document, rule_pack="us-federal", time_zone=NEW_YORK)
    await builders.load(bench, campaign_id, contacts)
    await builders.publish(bench, campaign_id)
    return campaign_id


async def _zones(bench: Bench, state: str = "pending") -> list[str | None]:
    request = tables.contact_request
    async with bench.ctx.db.read() as tx:
        query = select(request.c.zone).where(request.c.state == state).order_by(request.c.id)
        return list((await tx.execute(query)).scalars())


async def _edited(bench: Bench, _campaign_id: int) -> None:
    await people.edit(bench.ctx, 1, Edit(named={"time_zone": TOKYO}), by="test")


async def _loaded_again(bench: Bench, campaign_id: int) -> None:
    await builders.load(bench, campaign_id, [person(1, time_zone=TOKYO)])


@pytest.mark.req("C9", "C8", "D7")
@pytest.mark.parametrize("change", [_edited, _loaded_again])
async def test_a_zone_that_changed_in_a_pause_holds_when_work_is_queued_again(bench: Bench, change: Any) -> None:
    campaign_id = await _running(bench, person(1))
    await campaigns.unpublish(bench.ctx, campaign_id)
    await builders.settle(bench, campaign_id)
    await change(bench, campaign_id)
    await builders.publish(bench, campaign_id)
    assert await _zones(bench) == [TOKYO]


@pytest.mark.req("C9", "D7")
@pytest.mark.parametrize("channel", ["call", "sms"])
async def test_nothing_leaves_by_the_zone_that_it_was_claimed_with(bench: Bench, channel: str) -> None:
    """It is in a hopper when a file says where the contact lives: at night there, and claimed as if it were noon."""
    text = builders.strategy({"id": "text", "type": "sms", "fields": {"text": "Hello"}})
    campaign_id = await _running(bench, person(1), document=text if channel == "sms" else None)
    (claimed,) = await builders.claim(bench, campaign_id, channel)
    await _loaded_again(bench, campaign_id)
    intend = builders.intend_text if channel == "sms" else builders.intend_call
    assert await intend(bench, claimed) is None
    (again,) = await builders.claim(bench, campaign_id, channel)
    assert (again.id, again.zone) == (claimed.id, TOKYO)
    bench.clock.advance(hours=9)  # ten in the morning there
    assert await intend(bench, again) is not None
    await invariants.check(bench.ctx.db)


@pytest.mark.req("C9", "K2", "D7")
async def test_the_work_of_joined_contacts_goes_by_the_zone_of_the_one_that_stays(bench: Bench) -> None:
    await _running(bench, person(1, time_zone=TOKYO))
    second = await _running(bench, person(2))
    assert await _zones(bench) == [TOKYO, None]
    await builders.load(bench, second, [person(1, 2)])
    assert await _zones(bench) == [TOKYO, TOKYO]


@pytest.mark.req("C9", "C13")
async def test_what_waits_for_an_opening_of_the_old_zone_is_looked_at_again(bench: Bench) -> None:
    campaign_id = await _running(bench, person(1, time_zone=TOKYO))
    (claimed,) = await builders.claim(bench, campaign_id)
    later = bench.clock().replace(hour=23)
    async with bench.ctx.db.write() as tx:
        await postponing.postpone(tx, {claimed.id: later})
    assert await builders.claim(bench, campaign_id) == []
    await builders.load(bench, campaign_id, [person(1, time_zone=NEW_YORK)])
    (again,) = await builders.claim(bench, campaign_id)
    assert again.zone == NEW_YORK
