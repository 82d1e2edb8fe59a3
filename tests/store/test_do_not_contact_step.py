"""A step that puts a contact on a do-not-contact list (S2's set attribute, D7)."""

from typing import Any

import pytest
from sqlalchemy import select

from dialer.domain.outcome import Outcome
from dialer.store import tables
from tests.support import builders, invariants
from tests.support.context import Bench


def _document(value: str) -> dict[str, Any]:
    return builders.strategy(
        {"id": "call", "type": "call", "fields": {}, "out": {"busy": "list", "otherwise": "end"}},
        {"id": "list", "type": "set-attribute", "fields": {"attribute": "do not contact", "value": value}, "out": {"next": "text"}},
        {"id": "text", "type": "sms", "fields": {"text": "Hello"}, "out": {"failed": "barred", "otherwise": "end"}},
        {"id": "barred", "type": "end", "fields": {"result": "barred"}},
        {"id": "end", "type": "end", "fields": {}},
    )  # fmt: skip


async def _listed(bench: Bench) -> list[tuple[str, int | None]]:
    async with bench.ctx.db.read() as tx:
        table = tables.do_not_contact
        return [
            tuple(row) for row in await tx.execute(select(table.c.address, table.c.campaign_id).order_by(table.c.id))
        ]


@pytest.mark.req("D7", "S3")
@pytest.mark.parametrize(("value", "own"), [("yes", False), ("campaign", True)])
async def test_who_is_listed_by_a_step_gets_nothing_more(bench: Bench, value: str, own: bool) -> None:
    first = await builders.add_campaign(bench, _document(value))
    await builders.load(bench, first, [builders.person(1, 1, 2)])
    await builders.publish(bench, first)
    second = await builders.add_campaign(bench)
    await builders.load(bench, second, [builders.person(1)])
    await builders.publish(bench, second)
    assert await builders.call_all(bench, first, Outcome.BUSY) == 1
    assert await _listed(bench) == [(builders.number(n), first if own else None) for n in (1, 2)]
    assert await invariants.states(bench.ctx.db, first) == {"done": 1}
    (request,) = await builders.claim(bench, second)
    intent = await builders.intend_call(bench, request)
    assert (intent is None) is not own, "everybody's list holds for other campaigns, too"


@pytest.mark.req("D7")
@pytest.mark.parametrize("value", ["no", "{{nothing}}"])
async def test_another_value_lists_nobody(bench: Bench, value: str) -> None:
    campaign_id = await builders.add_campaign(bench, _document(value))
    await builders.load(bench, campaign_id, [builders.person(1)])
    await builders.publish(bench, campaign_id)
    await builders.call_all(bench, campaign_id, Outcome.BUSY)
    assert await _listed(bench) == []
    assert await builders.text_all(bench, campaign_id) == 1
