"""`dialer trail-check`: a row that does not agree with its trail is named, with what differs."""

import pytest
from sqlalchemy import update

from dialer.domain.errors import NotFound
from dialer.domain.outcome import Outcome
from dialer.operations.trail_check import Checked, trail_check
from dialer.store.tables import contact, enrollment
from tests.support import builders
from tests.support.context import Bench

pytestmark = pytest.mark.req("S4")


async def checked(bench: Bench, campaign_id: int | None = None) -> list[Checked]:
    return [one async for some in trail_check(bench.ctx, campaign_id) for one in some]


async def running(bench: Bench) -> int:
    campaign_id = await builders.add_campaign(bench, builders.call_wait_text())
    await builders.load(bench, campaign_id, builders.persons(2))
    await builders.publish(bench, campaign_id)
    await builders.call_all(bench, campaign_id, Outcome.NO_ANSWER)
    return campaign_id


async def test_nothing_to_say_of_what_the_server_wrote(bench: Bench) -> None:
    campaign_id = await running(bench)
    assert await checked(bench) == [Checked(campaign_id, 1), Checked(campaign_id, 2)]
    assert await checked(bench, campaign_id) == await checked(bench)
    with pytest.raises(NotFound):
        await checked(bench, 99)


async def test_a_row_that_somebody_changed_by_hand(bench: Bench) -> None:
    await running(bench)
    async with bench.ctx.db.write() as tx:
        await tx.execute(update(enrollment).where(enrollment.c.contact_id == 2).values(state="done", attempts=0))
    first, second = await checked(bench)
    assert first.faults == ()
    assert second.faults == (
        "state is done, its trail says waiting",
        "due_at is None, its trail says 2026-05-04 10:00:00+00:00",
        "calls is 0, its trail says 1",
    )


async def test_an_attribute_that_a_step_set(bench: Bench) -> None:
    step = {"id": "set", "type": "set-attribute", "fields": {"attribute": "plan", "value": "gold"}}
    campaign_id = await builders.add_campaign(bench, builders.strategy(step))
    await builders.load(bench, campaign_id, builders.persons(1))
    await builders.publish(bench, campaign_id)
    assert await checked(bench) == [Checked(campaign_id, 1)]
    async with bench.ctx.db.write() as tx:
        await tx.execute(update(contact).values(attributes={"plan": "lead"}))
    ((one,),) = [found.faults for found in await checked(bench)]
    assert one == "the attribute plan is lead, its trail says gold"
