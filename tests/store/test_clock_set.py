"""The clock was set back: what was due stays due, in its order, and what waits for a moment waits for it."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from dialer.operations.clock import keep_due
from dialer.store.tables import contact_request
from tests.support import builders
from tests.support.context import MONDAY, Bench

HOUR, SOON = timedelta(hours=1), timedelta(minutes=15)


@pytest.mark.req("C9", "D3")
async def test_what_was_due_stays_due(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, builders.persons(4))
    await builders.publish(bench, campaign_id)
    due = {1: MONDAY - 2 * HOUR, 2: MONDAY - SOON, 3: MONDAY, 4: MONDAY + SOON}
    async with bench.ctx.db.write() as tx:
        ids = list((await tx.execute(select(contact_request.c.id).order_by(contact_request.c.id))).scalars())
        assert len(ids) == len(due)
        for id_, at in zip(ids, due.values(), strict=True):
            await tx.execute(update(contact_request).where(contact_request.c.id == id_).values(due_at=at))
    assert await keep_due(bench.ctx, [campaign_id], MONDAY, MONDAY - HOUR) == 2
    async with bench.ctx.db.read() as tx:
        found = list((await tx.execute(select(contact_request.c.due_at).order_by(contact_request.c.id))).scalars())
    assert found == [due[1], due[2] - HOUR, due[3] - HOUR, due[4]]
    assert await keep_due(bench.ctx, [campaign_id], MONDAY, MONDAY - HOUR) == 0
